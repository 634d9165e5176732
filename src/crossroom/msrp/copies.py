"""The copies of a fan-out that one session sends: built, waited for, answered (RFC 4975 §7.1, §7.2).

Hot, pure, alone here: one message in a room of a hundred comes by two hundred times. Of a copy only the two paths
and the seed of its ids are this session's own; all else was built once for everybody (SharedBody), and nothing is
made for it here but its octets: no entry, no time.
"""

from bisect import bisect_left
from itertools import takewhile
from math import inf

from crossroom.machine import LocalProtocolError
from crossroom.msrp.message import SharedBody


class Copies:
    """Transaction id and Message-ID of a copy are both the seed and the number of the shared body.

    `waiting` are those without an answer, in the order of sending, which is that of their serials. Their time runs
    from the first `expired` after they were sent: that is called once a second, so none is given up too early.
    """

    __slots__ = ("_begin", "_dated", "_end", "_head", "_seconds", "_usual", "newest", "waiting")

    def __init__(self, seed: str, response_seconds: float) -> None:
        self.waiting: list[SharedBody] = []
        self.newest = 0  # serial of the last one sent
        self._dated: list[tuple[int, float]] = []  # what was the newest then
        self._seconds = response_seconds
        self._begin = b"MSRP " + seed.encode()
        self._end = b"\r\n-------" + seed.encode()
        self._head = b""
        self._usual = b""

    def set_paths(self, local: str, remote: str, next_hop: str) -> None:
        """Learn our URI, the peer's path, and its first URI, from which the answers come (RFC 4975 §7.2)."""
        head = f" SEND\r\nTo-Path: {remote}\r\nFrom-Path: {local}\r\nMessage-ID: "
        self._head = head.encode() + self._seed
        self._usual = f" 200 OK\r\nTo-Path: {local}\r\nFrom-Path: {next_hop}".encode() + self._end

    def send(self, shared: SharedBody) -> bytes | None:
        """One recipient's copy, whole in one chunk, and waited for if it is to be answered: hot.

        None for what needs ids of its own (Sending.send_shared): a body that could hold an end-line, or one that
        comes a second time, or later than one that was made after it.
        """
        if not self._head:
            raise LocalProtocolError("the remote path is not known yet")
        if shared.serial <= self.newest:
            return None
        self.newest = shared.serial
        if shared.is_answered:
            self.waiting.append(shared)
        return b"".join(
            (self._begin, shared.number, self._head, shared.numbered_tail, self._end, shared.numbered_end)
        )

    def take_usual(self, octets: bytes | bytearray, end: int) -> int:
        """Take the answers that copies usually get from the beginning of `octets`; gives where they stop: hot.

        Only what is before `end` was received. Whatever is not, octet for octet, the 200 to the copy that has
        waited longest is left to `answered`.
        """
        waiting, at = self.waiting, 0
        while waiting:
            first = waiting[0]  # answers come in the order of what they answer
            usual = b"".join((self._begin, first.number, self._usual, first.numbered_end))
            if not octets.startswith(usual, at, end):
                break
            del waiting[0]
            at += len(usual)
        return at

    def answered(self, transaction_id: str) -> SharedBody | None:
        """The copy that waited for this answer; None for an unknown one."""
        seed, _, digits = transaction_id.encode().partition(b"-")
        try:
            at = bisect_left(self.waiting, int(digits, 16), key=lambda shared: shared.serial)
        except ValueError:
            return None
        is_ours = seed == self._seed and at < len(self.waiting) and self.waiting[at].number == b"-" + digits
        return self.waiting.pop(at) if is_ours else None

    def message_id(self, shared: SharedBody) -> str:
        """The Message-ID of this session's copy."""
        return (self._seed + shared.number).decode()

    def expired(self, now: float) -> list[SharedBody]:
        """Those that waited in vain; the time of what was sent since the last call runs from now."""
        if self.waiting and not self._is_dated:
            self._dated.append((self.newest, now))
        oldest = 0
        while self._dated and self._dated[0][1] + self._seconds <= now:
            oldest, _ = self._dated.pop(0)
        late = list(takewhile(lambda shared: shared.serial <= oldest, self.waiting))
        del self.waiting[: len(late)]
        return late

    def drain(self) -> list[SharedBody]:
        """All that wait; none does afterwards."""
        drained, self.waiting = self.waiting, []
        return drained

    def deadline(self) -> float | None:
        """When expired() is next due: at once where something has no date yet."""
        if not self.waiting:
            return None
        return self._dated[0][1] + self._seconds if self._is_dated else -inf

    @property
    def _seed(self) -> bytes:
        return self._begin[len(b"MSRP ") :]

    @property
    def _is_dated(self) -> bool:
        return bool(self._dated) and self._dated[-1][0] >= self.newest
