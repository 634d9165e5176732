"""The receiving side of a session: SEND and NICKNAME to events, decisions to responses and REPORTs.

RFC 4975 §7.3, RFC 7701 §7. Knows no transactions of our own and no connection.
"""

from dataclasses import dataclass, field

from msgspec.structs import replace

from crossroom.machine import Deliver, Ended, ParseError, Send
from crossroom.msrp.chunk import (
    ByteRange,
    Flag,
    MsrpRequest,
    MsrpResponse,
    Oversized,
    answer,
    parse_status,
)
from crossroom.msrp.message import Message
from crossroom.msrp.nickname import parse_nickname
from crossroom.msrp.reassembly import Inbox, InboxLimits, TooLarge
from crossroom.msrp.session_events import (
    EndReason,
    MessageReceived,
    NicknameRequested,
    Report,
    SessionEvent,
    TooLargeRefused,
)

Output = Send[MsrpRequest | MsrpResponse] | Deliver[SessionEvent] | Ended[EndReason]

_ABORTED = Flag.ABORTED
_MAX_SMALL_BODY = 10240  # RFC 4975 §7.1: only a SEND may carry more
_MAX_TOO_LARGE = 32  # refused messages whose late chunks we recognise; their senders stop at the first 413


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What one session may cost us, and how patient it is."""

    inbox: InboxLimits = field(default_factory=InboxLimits)
    response_seconds: float = 30.0  # RFC 4975 §7.1.1
    decision_seconds: float = 25.0  # before the sender's own 30 s are over, it hears 408 from us
    dedupe_window: int = (
        256  # messages; those in flight when a connection broke come twice, a room takes 100 at once
    )
    max_undecided: int = 256  # requests that wait for `respond`; the next is answered 408 at once


Undecided = tuple[float, MsrpRequest, MessageReceived | NicknameRequested]
"""(when it is answered 408, what waits for the answer, what the user was told of it)"""


class Receiving:
    """What came in and is not finished yet; `undecided` by handle, `seen` as in Session."""

    __slots__ = ("_handles", "_inbox", "_limits", "_local", "_too_large", "seen", "undecided")

    def __init__(self, local: str, limits: SessionLimits, seen: dict[str, bytes] | None = None) -> None:
        self._local = local
        self._limits = limits
        self._inbox = Inbox(limits.inbox)
        self._too_large: tuple[str, ...] = ()
        self._handles = 0
        self.undecided: dict[int, Undecided] = {}
        self.seen: dict[str, bytes] = {} if seen is None else seen

    def receive(self, request: MsrpRequest, now: float) -> list[Output]:
        """Take one request that is for this session."""
        if request.method == "SEND":
            return self._send(request, now)
        if len(request.body or b"") > _MAX_SMALL_BODY or request.flag is not Flag.COMPLETE:
            return self.refuse(request, 400)
        if request.method == "NICKNAME":
            return self._nickname(request, now)
        if request.method == "REPORT":
            return _report_received(request)
        return self.refuse(request, 501)

    def oversized(self, item: Oversized) -> list[Output]:
        """A chunk that is larger than we read: 413, and nothing of its message is wanted any more."""
        return self._give_up(item.request)

    def has_taken(self, message_id: str) -> bool:
        """True for a message that was received and accepted before."""
        return message_id in self.seen and not any(
            isinstance(event, MessageReceived) and event.message.id == message_id
            for _, _, event in self.undecided.values()
        )

    def respond(self, handle: int, status: int, comment: str) -> list[Output]:
        """Answer a whole message or a NICKNAME; nothing for one that was answered (also by time) before."""
        undecided = self.undecided.pop(handle, None)
        if undecided is None:
            return []
        _, request, event = undecided
        if status != 200 and isinstance(event, MessageReceived):
            self.seen.pop(event.message.id, None)  # it may come again and be taken
        return refuse(request, status, self._local, comment)

    def keep(self, message_id: str, wrapper: bytes) -> None:
        """What REPORTs about this message carry, should it come again."""
        if message_id in self.seen and len(wrapper) <= _MAX_SMALL_BODY:
            self.seen[message_id] = wrapper

    def tick(self, now: float) -> list[Output]:
        """Answer 408 where nobody decided, and forget messages whose next chunk did not come."""
        self._inbox.tick(now)
        late = [handle for handle, (deadline, _, _) in self.undecided.items() if deadline <= now]
        return [output for handle in late for output in self.respond(handle, 408, "")]

    def deadline(self) -> float | None:
        """When tick() is next due."""
        first = next((deadline for deadline, _, _ in self.undecided.values()), None)
        return min((due for due in (first, self._inbox.deadline()) if due is not None), default=None)

    def refuse(self, request: MsrpRequest, status: int, comment: str = "") -> list[Output]:
        """The response with this status, where one may be sent."""
        return refuse(request, status, self._local, comment)

    def _send(self, request: MsrpRequest, now: float) -> list[Output]:
        message_id = request.message_id
        if request.flag is _ABORTED:
            self._inbox.discard(message_id)  # RFC 4975 §7.1: no more of it will come
            return self.refuse(request, 200)
        if request.body is None:
            return self.refuse(request, 200)  # it binds, or keeps alive; nothing to deliver
        if not message_id:
            return self.refuse(request, 400, "Message-ID is missing")
        if message_id in self._too_large:
            return self.refuse(request, 413)
        if message_id in self.seen:
            return self.refuse(request, 200)  # RFC 4975 §5.4: acknowledged again, not shown again
        try:
            whole = self._inbox.add(request, now)
        except ParseError as error:
            return self.refuse(request, 400, str(error))
        except TooLarge:
            return self._give_up(request)
        if whole is None:
            return self.refuse(request, 200)
        content_type, body = whole
        reports = request.wants_success_report, request.failure_report
        return self._deliver(request, Message(message_id, content_type, body, *reports), now)

    def _deliver(self, request: MsrpRequest, message: Message, now: float) -> list[Output]:
        if len(self.undecided) >= self._limits.max_undecided:
            return self.refuse(request, 408)
        seen = self.seen
        seen[message.id] = b""
        if len(seen) > self._limits.dedupe_window:
            del seen[next(iter(seen))]
        handle = self._handles = self._handles + 1
        return self._await_decision(request, MessageReceived(handle, message, request.from_path), now)

    def _nickname(self, request: MsrpRequest, now: float) -> list[Output]:
        try:
            nickname = parse_nickname(request.header("Use-Nickname"))
        except ParseError as error:
            return self.refuse(request, 424, str(error))
        if len(self.undecided) >= self._limits.max_undecided:
            return self.refuse(request, 408)
        handle = self._handles = self._handles + 1
        return self._await_decision(request, NicknameRequested(handle, nickname), now)

    def _await_decision(
        self, request: MsrpRequest, event: MessageReceived | NicknameRequested, now: float
    ) -> list[Output]:
        self.undecided[event.handle] = now + self._limits.decision_seconds, request, event
        return [Deliver(event)]

    def _give_up(self, request: MsrpRequest) -> list[Output]:
        message_id = request.message_id
        self._inbox.discard(message_id)
        self._too_large = (*self._too_large, message_id)[-_MAX_TOO_LARGE:]
        return [*self.refuse(request, 413), Deliver(TooLargeRefused(message_id))]


def refuse(request: MsrpRequest, status: int, local: str, comment: str = "") -> list[Output]:
    """The response of the session with this URI, where one may be sent."""
    response = answer(request, status, local, comment)
    return [Send(response)] if response else []


def report_on(
    received: MessageReceived, status: int, comment: str, local: str, transaction_id: str
) -> MsrpRequest:
    """A REPORT over all octets of a message."""
    size = len(received.message.body)
    headers = _about(received.message.id, ByteRange(1, size, size), status, comment)
    # RFC 4975 §7.1.3: To-Path is the whole From-Path of the SEND; §7.1.2: no report headers.
    return MsrpRequest(transaction_id, "REPORT", received.from_path, local, headers)


def report_again(request: MsrpRequest, local: str, transaction_id: str) -> MsrpRequest:
    """A success REPORT over the octets of one chunk; raises ParseError for a Byte-Range that cannot be read."""
    start = request.byte_range.start
    span = ByteRange(start, start + len(request.body or b"") - 1, request.byte_range.total)
    headers = _about(request.message_id, span, 200, "")
    return MsrpRequest(transaction_id, "REPORT", request.from_path, local, headers)


def carrying(report: MsrpRequest, wrapper: bytes) -> MsrpRequest:
    """A REPORT with these octets of message/cpim (RFC 7701 §6.2), if there are any and a REPORT may have as many."""
    if not wrapper or len(wrapper) > _MAX_SMALL_BODY:
        return report
    return replace(report, headers=(*report.headers, ("Content-Type", "message/cpim")), body=wrapper)


def _about(message_id: str, span: ByteRange, status: int, comment: str) -> tuple[tuple[str, str], ...]:
    said = f"{status} {comment or 'OK'}" if status == 200 else f"{status} {comment}".rstrip()
    # RFC 4975 §7.1.3: namespace 000, then a response code.
    return ("Message-ID", message_id), ("Byte-Range", str(span)), ("Status", f"000 {said}")


def _report_received(request: MsrpRequest) -> list[Output]:
    try:
        status, comment = parse_status(request.header("Status") or "")
        byte_range = request.byte_range if request.header("Byte-Range") else None
    except ParseError:
        return []  # RFC 4975 §7.1.2: a REPORT is never answered, so one that cannot be read is ignored
    return [Deliver(Report(request.message_id, status, comment, byte_range))]
