"""What an MSRP session tells its user: values only."""

from enum import StrEnum

from msgspec import Struct

from crossroom.msrp.chunk import ByteRange
from crossroom.msrp.message import Message


class Outcome(StrEnum):
    """How the sending of a message ended."""

    ACCEPTED = "accepted"  # every chunk was answered 200
    REFUSED = "refused"  # a failure status came
    TIMED_OUT = "timed-out"  # silence for 30 seconds, or 408: probably failed (RFC 4975 §7.1.1, §10.4)
    LOST = "lost"  # the connection or the session ended first


class Result(Struct, frozen=True, gc=False):
    """The end of a sent message, told exactly once. `status` is 408 when nothing came.

    `refused` is the message itself where the peer does not take its type (415).
    """

    message_id: str
    outcome: Outcome
    status: int
    comment: str = ""
    refused: Message | None = None


class MessageReceived(Struct, frozen=True, gc=False):
    """A whole message came; its last chunk waits for `Session.respond(handle, ...)`.

    `from_path` is where a REPORT about it goes.
    """

    handle: int
    message: Message
    from_path: str


class NicknameRequested(Struct, frozen=True, gc=False):
    """The peer asks for a nickname, empty to give it up; waits for `Session.respond(handle, ...)`."""

    handle: int
    nickname: str


class NicknameAnswered(Struct, frozen=True, gc=False):
    """Our own NICKNAME was answered; 408 for silence, 481 when the session ended first."""

    status: int
    comment: str = ""


class Report(Struct, frozen=True, gc=False):
    """A REPORT about a message that we sent; 200 is success (RFC 4975 §7.1.3). `refused` as in Result."""

    message_id: str
    status: int
    comment: str = ""
    byte_range: ByteRange | None = None
    refused: Message | None = None


class Bound(Struct, frozen=True, gc=False):
    """The peer answered our binding SEND: the session is up."""


class TooLargeRefused(Struct, frozen=True, gc=False):
    """A message of the peer is larger than we take; it was answered 413."""

    message_id: str


SessionEvent = (
    MessageReceived | NicknameRequested | NicknameAnswered | Report | Bound | Result | TooLargeRefused
)


class EndReason(StrEnum):
    """Why a session ended."""

    CLOSED = "closed"  # by us, as asked
    NO_SUCH_SESSION = "no-such-session"  # the peer answered 481
    BOUND_ELSEWHERE = "bound-elsewhere"  # the peer answered 506
    REFUSED = "refused"  # the peer answered the binding SEND with another failure
    UNRESPONSIVE = "unresponsive"  # a binding or keepalive SEND stayed unanswered
    CONNECTION_LOST = "connection-lost"
    MALFORMED = "malformed"  # the peer's octets cannot be followed
    CONGESTED = "congested"  # the peer reads too slowly
    NEVER_BOUND = "never-bound"  # nobody connected in time
    FLOODED = "flooded"  # too much came before the session was ready
    UNTRUSTED = "untrusted"  # the certificate is not the announced one
    STOPPED = "stopped"  # the endpoint stops
    FAULT = "fault"  # a defect of ours
