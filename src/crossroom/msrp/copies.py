"""The copies of a fan-out that one session sends: built, waited for, answered (RFC 4975 §7.1, §7.2).

Hot, pure, alone here: one message in a room of a hundred comes by two hundred times. Of a copy only the two paths
and the seed of its ids are this session's own; all else was built once for everybody (SharedBody).
"""

from crossroom.machine import LocalProtocolError
from crossroom.msrp.message import SharedBody

Copy = tuple[float, SharedBody, int]
"""(when it expires, what it was, the count with which it was begun)"""


class Copies:
    """Transaction id and Message-ID of a copy are both the seed and the number of the shared body.

    `waiting` is a wheel, by that number: all have the same patience, so those that were sent first come first.
    `count` is of everything that the session has begun, and orders it.
    """

    __slots__ = ("_begin", "_end", "_head", "_newest", "_seconds", "_usual", "count", "waiting")

    def __init__(self, seed: str, response_seconds: float) -> None:
        self.waiting: dict[bytes, Copy] = {}
        self.count = 0
        self._newest = 0  # serial of the last one sent
        self._seconds = response_seconds
        self._begin = b"MSRP " + seed.encode()
        self._end = b"\r\n-------" + seed.encode()
        self._head = b""
        self._usual = b""

    def set_paths(self, local: str, remote: str, next_hop: str) -> None:
        """Learn our URI, the peer's path, and its first URI, from which the answers come (RFC 4975 §7.2)."""
        head = f" SEND\r\nTo-Path: {remote}\r\nFrom-Path: {local}\r\nMessage-ID: "
        self._head = head.encode() + self._begin[len(b"MSRP ") :]
        self._usual = f" 200 OK\r\nTo-Path: {local}\r\nFrom-Path: {next_hop}".encode() + self._end

    def send(self, shared: SharedBody, now: float) -> bytes | None:
        """One recipient's copy, whole in one chunk, and waited for if it is to be answered: hot.

        None for what needs ids of its own (Sending.send_shared): a body that could hold an end-line, or one that
        comes a second time, or later than one that was made after it.
        """
        if not self._head:
            raise LocalProtocolError("the remote path is not known yet")
        if shared.serial <= self._newest:
            return None
        self._newest = shared.serial
        self.count = count = self.count + 1
        if shared.is_answered:
            self.waiting[shared.number] = now + self._seconds, shared, count
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
            number = next(iter(waiting))  # answers come in the order of what they answer
            usual = b"".join((self._begin, number, self._usual, number, b"$\r\n"))
            if not octets.startswith(usual, at, end):
                break
            del waiting[number]
            at += len(usual)
        return at

    def answered(self, transaction_id: str) -> tuple[Copy, str] | None:
        """The copy that waited for this answer, and its Message-ID; None for an unknown one."""
        octets, seed = transaction_id.encode(), self._begin[len(b"MSRP ") :]
        copy = self.waiting.pop(octets.removeprefix(seed), None) if octets.startswith(seed) else None
        return (copy, transaction_id) if copy is not None else None

    def message_id(self, number: bytes) -> str:
        """The Message-ID of this session's copy of a shared body."""
        return (self._begin[len(b"MSRP ") :] + number).decode()
