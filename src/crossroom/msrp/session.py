"""One MSRP session: SEND, REPORT and NICKNAME in both directions (RFC 4975 §7, RFC 7701 §7).

Sans-I/O: which connection it is bound to, and queues, are the driver's. A whole message is answered when the
user has decided (`respond`); the chunks before the last are answered at once.
"""

from crossroom.machine import Deliver, ParseError, Send
from crossroom.msrp.chunk import (
    PHRASES,
    FailureReport,
    Flag,
    FrameItem,
    MsrpRequest,
    MsrpResponse,
    Oversized,
    Unintelligible,
)
from crossroom.msrp.message import Message
from crossroom.msrp.receiving import (
    Output,
    Receiving,
    SessionLimits,
    carrying,
    refuse,
    report_again,
    report_on,
)
from crossroom.msrp.sending import Sending
from crossroom.msrp.session_events import MessageReceived, Report
from crossroom.msrp.uri import MsrpUri


class Session:
    """The machine: `sending` starts what goes out, everything else comes in by `receive`.

    `local` is our own URI with its unguessable session-id; `seed` an unguessable token (see Outbox); `seen`
    the Message-IDs that the session which this one replaces has received (RFC 4975 §5.4), each with what REPORTs about it
    carry. They are one table for both: the other may still receive while this one is only offered.
    """

    __slots__ = ("_limits", "_receiving", "local_text", "sending")

    def __init__(
        self,
        local: MsrpUri,
        seed: str,
        limits: SessionLimits | None = None,
        seen: dict[str, bytes] | None = None,
    ) -> None:
        limits = limits or SessionLimits()
        self.local_text = str(local)
        self.sending = Sending(self.local_text, seed, limits.response_seconds)
        self._limits = limits
        # Until there is something to remember of what came in: many only read.
        self._receiving = None if seen is None else Receiving(self.local_text, limits, seen)

    @property
    def local(self) -> MsrpUri:
        """Our own URI; read anew, as it is asked for only when a connection begins or ends."""
        return MsrpUri.parse(self.local_text)

    @property
    def seen(self) -> dict[str, bytes]:
        """The Message-IDs received lately, for a session that replaces this one."""
        return self._remembering().seen

    @property
    def unanswered(self) -> tuple[Message, ...]:
        """Messages that may not have arrived: to be sent again, with the same ids, by a replacement."""
        return self.sending.unanswered()

    def receive(self, item: FrameItem, now: float) -> list[Output]:
        """Take one frame that is for this session."""
        if isinstance(item, MsrpRequest):
            if item.body is None and item.method == "SEND" and self._receiving is None:
                return refuse(item, 200, self.local_text)  # it binds, or keeps alive; nothing to remember
            outputs = (self._receiving or self._remembering()).receive(item, now)
            if item.method == "SEND" and not (outputs and isinstance(outputs[0], Deliver)):
                outputs += self._reported_again(item)
            return outputs if item.method != "REPORT" else self._heeded(outputs)
        if isinstance(item, MsrpResponse):
            return self.sending.answered(item)
        if isinstance(item, Oversized):
            return self._remembering().oversized(item)
        return _unintelligible(item, self.local_text)

    def respond(
        self, handle: int, status: int, comment: str = "", *, report: bool = True, wrapper: bytes = b""
    ) -> list[Output]:
        """Answer a MessageReceived or NicknameRequested; with 200 the success REPORT follows if asked for.

        `report=False` keeps the REPORT for later (`report`); `wrapper` are the octets of message/cpim that it carries,
        also when the message comes again. A second answer, or a late one, is nothing.
        """
        receiving = self._receiving or self._remembering()
        undecided = receiving.undecided.get(handle)
        outputs = receiving.respond(handle, status, comment)
        if status == 200 and undecided is not None and isinstance(undecided[2], MessageReceived):
            if wrapper:
                receiving.keep(undecided[2].message.id, wrapper)
            if report:
                outputs += self.report(undecided[2], status, comment, wrapper=wrapper)
        return outputs

    def report(
        self, received: MessageReceived, status: int = 200, comment: str = "", *, wrapper: bytes = b""
    ) -> list[Output]:
        """Tell the sender what became of a whole message, if it asked to hear of that; `wrapper` as in `respond`."""
        message = received.message
        wanted = message.success_report if status == 200 else message.failure_report is not FailureReport.NO
        if not wanted:
            return []
        transaction_id = self.sending.outbox.transaction_id(wrapper)
        report = report_on(received, status, comment, self.local_text, transaction_id)
        return [Send(carrying(report, wrapper))]

    def tick(self, now: float) -> list[Output]:
        """Let time pass."""
        received = [] if self._receiving is None else self._receiving.tick(now)
        return received + self.sending.tick(now)

    def deadline(self) -> float | None:
        """When tick() is next due."""
        received = None if self._receiving is None else self._receiving.deadline()
        dues = (self.sending.outbox.deadline(), received)
        return min((due for due in dues if due is not None), default=None)

    def lost(self) -> list[Output]:
        """The connection broke: everything that waits fails at once (RFC 4975 §5.4)."""
        return self.sending.lost()

    def _reported_again(self, request: MsrpRequest) -> list[Output]:
        """RFC 4975 §5.4: reports "are still necessary even for requests containing duplicate content"."""
        if not request.wants_success_report or request.body is None or request.flag is Flag.ABORTED:
            return []
        receiving = self._remembering()
        if not receiving.has_taken(request.message_id):
            return []
        wrapper = receiving.seen[request.message_id]
        try:
            report = report_again(request, self.local_text, self.sending.outbox.transaction_id(wrapper))
        except ParseError:
            return []  # as nobody put this chunk in its place
        return [Send(carrying(report, wrapper))]

    def _heeded(self, outputs: list[Output]) -> list[Output]:
        """With what a REPORT means for the message that it is about."""
        reports = [o.event for o in outputs if isinstance(o, Deliver) and isinstance(o.event, Report)]
        return outputs + [failed for report in reports for failed in self.sending.heed(report)]

    def _remembering(self) -> Receiving:
        if self._receiving is None:
            self._receiving = Receiving(self.local_text, self._limits)
        return self._receiving


def _unintelligible(item: Unintelligible, local: str) -> list[Output]:
    if not item.from_path:
        return []
    return [Send(MsrpResponse(item.transaction_id, 400, item.from_path, local, PHRASES[400]))]
