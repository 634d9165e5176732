"""The copies of a fan-out that one session sends: built, waited for, answered (RFC 4975 §7.1, §7.2).

Hot, pure, alone here so that a compiled twin can replace it: one message in a room of a hundred comes by here
two hundred times. What waits is kept by the very octets of the answer that nearly always comes, so that this
answer is recognised by one look into a dict.
"""

from crossroom.machine import LocalProtocolError
from crossroom.msrp.message import SharedBody

Copy = tuple[float, SharedBody]
"""(when it expires, what it was)"""

_LAST = b"$\r\n"  # of every copy, and of every answer


class Copies:
    """A copy's transaction id is `seed` and a count, its Message-ID the seed, a dot and the same count.

    `waiting` is a wheel: all have the same patience, so those that were sent first come first.
    """

    __slots__ = ("_begin", "_end", "_head", "_seconds", "_seed", "_usual", "count", "waiting")

    def __init__(self, seed: str, response_seconds: float) -> None:
        self.waiting: dict[bytes, Copy] = {}
        self.count = 0  # of all ids of the session
        self._seconds = response_seconds
        self._seed = seed.encode()
        self._begin = b"MSRP " + self._seed
        self._end = b"\r\n-------" + self._seed
        self._head = b""
        self._usual = b""

    def set_paths(self, local: str, remote: str, next_hop: str) -> None:
        """Learn our URI, the peer's path, and its first URI, from which the answers come (RFC 4975 §7.2)."""
        head = f" SEND\r\nTo-Path: {remote}\r\nFrom-Path: {local}\r\nMessage-ID: "
        self._head = head.encode() + self._seed + b"."
        before = [(self._count_in(answer), copy) for answer, copy in self.waiting.items()]
        self._usual = f" 200 OK\r\nTo-Path: {local}\r\nFrom-Path: {next_hop}".encode() + self._end
        self.waiting = {self._answer_to(count): copy for count, copy in before}

    def send(self, shared: SharedBody, now: float) -> bytes:
        """One recipient's copy, whole in one chunk, and waited for if it is to be answered: hot."""
        if not self._head:
            raise LocalProtocolError("the remote path is not known yet")
        self.count += 1
        count = b"%x" % self.count
        while shared.has_dashes and self._end[2:] + count in shared.body:
            # RFC 4975 §7.1: another id is picked when the end-line would appear in the body.
            self.count += 1
            count = b"%x" % self.count
        begin = self._begin
        if shared.is_answered:
            answer = b"".join((begin, count, self._usual, count, _LAST))
            self.waiting[answer] = now + self._seconds, shared
        return b"".join((begin, count, self._head, count, shared.tail, self._end, count, _LAST))

    def take_usual(self, octets: bytes) -> int:
        """Take the answers that copies usually get from the beginning of `octets`; gives where they end: hot.

        Whatever is not, octet for octet, the 200 to a copy that waits for it is left to `answered`.
        """
        waiting = self.waiting
        if octets in waiting:  # one answer: what comes when one message is in flight
            del waiting[octets]
            return len(octets)
        at = 0
        while waiting:
            first = next(iter(waiting))  # answers come in the order of what they answer
            if not octets.startswith(first, at):
                break
            del waiting[first]
            at += len(first)
        return at

    def answered(self, transaction_id: str) -> tuple[Copy, str] | None:
        """The copy that waited for this answer, and its Message-ID; None for an unknown one."""
        answer = self._answer_to(self._count_in(b"MSRP %b " % transaction_id.encode()))
        copy = self.waiting.pop(answer, None)
        return (copy, self.message_id(answer)) if copy is not None else None

    def message_id(self, answer: bytes) -> str:
        """The Message-ID of the copy that waits for this answer."""
        return (self._seed + b"." + self._count_in(answer)).decode()

    def count_of(self, answer: bytes) -> int:
        """The count in the ids of the copy that waits for this answer."""
        return int(self._count_in(answer), 16)

    def _count_in(self, frame: bytes) -> bytes:
        return frame[: frame.index(b" ", 5)].removeprefix(self._begin)

    def _answer_to(self, count: bytes) -> bytes:
        return b"".join((self._begin, count, self._usual, count, _LAST))
