"""What chunks add up to, and cutting it into chunks again (RFC 4975 §5.1, §7.1.1). No transactions here."""

from dataclasses import dataclass
from itertools import count

from msgspec import Struct

from crossroom.machine import LocalProtocolError
from crossroom.msrp.chunk import ByteRange, FailureReport, Flag
from crossroom.msrp.frame_writer import is_line

SHORT = 2048
"""RFC 4975 §7.1.1: a chunk of more octets must be interruptible."""


class Message(Struct, frozen=True, gc=False):
    """A whole message. `body` may be empty, `content_type` not; `id` is unique in its session."""

    id: str
    content_type: str
    body: bytes
    success_report: bool = False
    failure_report: FailureReport = FailureReport.YES

    @property
    def report_headers(self) -> tuple[tuple[str, str], ...]:
        """The same in all chunks of a message (RFC 4975 §7.1.1); what is the default is not written."""
        success = (("Success-Report", "yes"),) if self.success_report else ()
        if self.failure_report is FailureReport.YES:
            return success
        return (*success, ("Failure-Report", str(self.failure_report)))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a message, ready but for its transaction id and paths."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    flag: Flag


Begun = tuple[int, int]
"""(the serial of the last copy of a fan-out before it, the count of ids before it): orders what a session has begun."""


class Transfer:
    """A message on its way out, chunk by chunk; it may stop after any chunk and go on later."""

    __slots__ = ("_offset", "began", "failed", "is_done", "message", "unanswered")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.began: Begun | None = None  # once its first chunk was cut off
        self.unanswered = 0
        self.failed = False  # RFC 4975 §7.3.2: nothing more of it should be sent
        self.is_done = False
        self._offset = 0

    @property
    def has_begun(self) -> bool:
        """True once a chunk was cut off."""
        return self._offset > 0

    def cut(self, size: int) -> Chunk:
        """The next chunk of at most `size` octets, or the one that aborts a transfer that failed."""
        body = self.message.body
        total = len(body)
        begin = self._offset
        piece = b"" if self.failed else body[begin : begin + size]
        self._offset = begin + len(piece)
        is_last = self._offset >= total
        flag = Flag.ABORTED if self.failed else Flag.COMPLETE if is_last else Flag.MORE
        self.is_done = flag is not Flag.MORE
        # RFC 4975 §7.1.1: the end of a chunk that is interrupted, or could have been, is not known before.
        is_interruptible = len(piece) > SHORT or self.failed
        byte_range = ByteRange(begin + 1, None if is_interruptible else self._offset, total)
        return Chunk(_chunk_headers(self.message, byte_range), piece, flag)


_SERIALS = count(1)


class SharedBody:
    """One message for many recipients: everything of a copy that is not its session's own is built once.

    `serial` tells it from all others of this process, later ones are higher; 0 where an end-line could be in the
    body, and every copy needs ids of its own. `number` is the serial as it ends the ids of every copy, `numbered_tail`
    the octets from it to the end of the body, `numbered_end` those from it to the end of the frame; `size` the octets of the body.
    """

    __slots__ = (
        "body",
        "content_type",
        "failure_report",
        "is_answered",
        "number",
        "numbered_end",
        "numbered_tail",
        "serial",
        "size",
    )

    def __init__(
        self, content_type: str, body: bytes, failure_report: FailureReport = FailureReport.YES
    ) -> None:
        self.content_type = content_type
        self.body = body
        self.size = len(body)
        self.failure_report = failure_report
        self.is_answered = failure_report is not FailureReport.NO
        # RFC 4975 §7.1: another id is picked when the end-line would appear in the body.
        self.serial = 0 if b"-------" in body else next(_SERIALS)
        self.number = b"-%x" % self.serial
        end = len(body) if len(body) <= SHORT else "*"
        # what _chunk_headers says of a whole message, written at one go
        if not is_line(content_type):
            raise LocalProtocolError(f"not a content type: {content_type!r}")
        report = "" if failure_report is FailureReport.YES else f"Failure-Report: {failure_report}\r\n"
        head = f"\r\n{report}Byte-Range: 1-{end}/{len(body)}\r\nContent-Type: {content_type}\r\n\r\n"
        self.numbered_tail = self.number + head.encode() + body
        self.numbered_end = self.number + b"$\r\n"

    def message(self, message_id: str) -> Message:
        """One recipient's copy as a message of its own."""
        return Message(message_id, self.content_type, self.body, failure_report=self.failure_report)


def _chunk_headers(message: Message, byte_range: ByteRange) -> tuple[tuple[str, str], ...]:
    if not message.content_type:
        raise LocalProtocolError("a message without a content type")
    return (
        ("Message-ID", message.id),
        *message.report_headers,
        ("Byte-Range", str(byte_range)),
        ("Content-Type", message.content_type),  # RFC 4975 §7.1: the last header before the body
    )
