"""The invite usage: an answered call from its 2xx to its BYE. RFC 3261 §13-15, RFC 3311, RFC 4028.

Both sides of the call are the same here but for `caller`. How the call was set up is in invite_uac.py and
invite_uas.py; a re-INVITE of ours is in reinvite.py, the repeated 2xx in success.py.
"""

from enum import StrEnum, auto

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.agenda import Entry
from crossroom.sip.answer import Body, Rejection
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.dialog import Dialog
from crossroom.sip.events import Listener, ReinviteAnswered, ReinviteReceived, SessionConfirmed, SessionEnded
from crossroom.sip.initial import finish
from crossroom.sip.message import Request, Response
from crossroom.sip.pending import PendingRequest, capabilities, soon
from crossroom.sip.reinvite import Refresh, Reinvite
from crossroom.sip.reliable import ReliableResponses, receive_prack
from crossroom.sip.session_timer import SessionTimer, answer_timer, too_brief
from crossroom.sip.stack import Stack
from crossroom.sip.success import RepeatedSuccess


class Phase(StrEnum):
    """LEAVING: our BYE is not answered yet."""

    ALIVE = auto()
    LEAVING = auto()
    OVER = auto()


OURS = frozenset({"INVITE", "ACK", "BYE", "UPDATE", "CANCEL", "PRACK"})


class InviteUsage:
    """One call. `body`: our last offer or answer, said again when a refresh needs one.

    refresh: ours, while it waits for its answer. `unacknowledged`: provisional responses whose PRACK may still come.
    """

    __slots__ = (
        "_bye_reason",
        "_incoming",
        "_outgoing",
        "_success",
        "body",
        "caller",
        "dialog",
        "entry",
        "listener",
        "peer_allows_update",
        "phase",
        "refresh",
        "stack",
        "timer",
        "unacknowledged",
    )

    def __init__(
        self, stack: Stack, dialog: Dialog, body: Body, *, caller: bool, timer: SessionTimer | None
    ) -> None:
        self.stack = stack
        self.entry: Entry | None = None
        self.listener: Listener | None = None
        self.dialog = dialog
        self.body = body
        self.caller = caller
        self.timer = timer
        self.phase = Phase.ALIVE
        self.peer_allows_update = False
        self.unacknowledged: ReliableResponses | None = None
        self._success: RepeatedSuccess | None = None
        self._incoming: PendingRequest | None = None
        self._outgoing: Reinvite | None = None
        self.refresh: Refresh | None = None
        self._bye_reason: str | None = None
        stack.hold(dialog, self)

    def deadline(self) -> float | None:
        """When tick() is due."""
        due: list[float | None] = []
        if self._success is not None:
            due.append(self._success.deadline())
        if self._outgoing is not None:
            due.append(self._outgoing.deadline())
        if self.timer is not None and self.phase is Phase.ALIVE:
            due += [
                None if self.refresh or self._outgoing else self.timer.refresh_at(),
                self.timer.expires_at(),
            ]
        return min((when for when in due if when is not None), default=None)

    def tick(self, now: float) -> None:
        """Repeat a 2xx, retry a re-INVITE, refresh the session, or give it up."""
        if self._success is not None:
            self._tick_success(self._success, now)
        if self._outgoing is not None:
            self._outgoing.tick(now)
        timer = self.timer
        if timer is not None and self.phase is Phase.ALIVE:
            refresh_at = timer.refresh_at()
            expires_at = timer.expires_at()
            if expires_at is not None and now >= expires_at:
                self.end("timeout", 408, now, 'SIP;cause=408;text="Session timer expired"')
            elif refresh_at is not None and now >= refresh_at and not (self.refresh or self._outgoing):
                self.refresh = Refresh(self, now)
        self.stack.watch(self)

    def succeed(self, success: RepeatedSuccess) -> None:
        """Our 2xx was sent: repeat it until the ACK comes."""
        self._success = success
        self.stack.watch(self)

    def bye(self, now: float, reason_header: str = "") -> None:
        """End the call. RFC 3261 §15: not before the ACK for our 2xx, or its timeout."""
        if self.phase is Phase.ALIVE:
            self.end("local", 0, now, reason_header)

    def reinvite(self, body: Body, now: float) -> None:
        """Offer something new; ReinviteAnswered tells the outcome. A call that is ending is offered nothing.

        Raises:
            LocalProtocolError: RFC 3261 §14.1: the last offer has no answer yet.

        """
        if self._outgoing is not None:
            raise LocalProtocolError("a re-INVITE before the answer to the last one")
        if self.phase is Phase.ALIVE:
            self._outgoing = Reinvite(self, body, now)

    def answer_reinvite(self, answer: Body | Rejection, now: float) -> None:
        """The user's answer to ReinviteReceived."""
        pending, self._incoming = self._incoming, None
        if pending is None or pending.answered:
            return
        if isinstance(answer, Rejection):
            pending.reject(answer, now)  # RFC 3261 §14.2: the session stays as it was
            return
        self.body = answer
        self._accept_refresh(pending, answer, now)

    def handles(self, request: Request) -> bool:
        """See `Usage.handles`."""
        return request.method in OURS

    def receive(self, pending: PendingRequest, now: float) -> None:
        """See `Usage.receive`."""
        match pending.request.method:
            case "BYE":
                self._receive_bye(pending, now)
            case "PRACK":  # RFC 3262 §3: it may come after the 2xx
                receive_prack(self.unacknowledged, pending, now)
            case "INVITE" | "UPDATE" if self.phase is Phase.ALIVE:
                self._receive_offer(pending, now)
            case _:
                pending.reply(481, now)
        self.stack.watch(self)

    def acknowledged(self, ack: Request, now: float) -> None:
        """The ACK for our 2xx."""
        if self._success is None or ack.cseq.number != self._success.cseq:
            return
        self._success = None
        self.stack.deliver(SessionConfirmed(self, ack.body))
        self._send_waiting_bye(now)
        self.stack.watch(self)

    def reinvited(self, response: Response) -> None:
        """A re-INVITE of ours has its answer; nobody is told of it after the end of the call."""
        self._outgoing = None
        if self.phase is not Phase.OVER:
            self.stack.watch(self)
            self.stack.deliver(ReinviteAnswered(self, response))

    def refreshed(self, timer: SessionTimer | None) -> None:
        """A refresh was answered: with the timer to run from now on, or none."""
        self.refresh = None
        self.timer = timer
        self.stack.watch(self)

    def end(self, cause: str, status: int, now: float, reason_header: str = "") -> None:
        """End the call for a reason of ours: tell the user, send BYE, wait for its answer."""
        if self.phase is not Phase.ALIVE:
            return
        self.phase = Phase.LEAVING
        self._bye_reason = reason_header
        self.stack.deliver(SessionEnded(self, cause, status, reason_header, closed=False))
        if self._incoming is not None:
            self._incoming.reply(487, now)
        if self._outgoing is not None:
            self._outgoing.abandon()
        self._send_waiting_bye(now)

    def answered(self, _request: ClientRequest, response: Response, _now: float) -> None:
        """The answer to our BYE. RFC 3261 §15.1.1: whatever it says, the session is over."""
        if response.is_final:
            self._close("local", 0, "")

    def _send_waiting_bye(self, now: float) -> None:
        if self.phase is not Phase.LEAVING or self._success is not None or self._bye_reason is None:
            return
        reason, self._bye_reason = self._bye_reason, None
        lines = (("Reason", reason),) if reason else ()
        bye = finish(self.stack, self.dialog.request("BYE"), lines)
        flow = self.dialog.flow_to_use()
        ClientRequest(self.stack, bye, self, flow=flow, next_cseq=self.dialog.next_cseq).start(now)

    def _close(self, cause: str, status: int, reason_header: str) -> None:
        if self.phase is Phase.OVER:
            return
        self.phase = Phase.OVER
        self._success = None
        if self._outgoing is not None:
            self._outgoing.abandon()
        self._outgoing = None
        self.stack.release(self.dialog, self)
        self.stack.agenda.drop(self)
        self.stack.deliver(SessionEnded(self, cause, status, reason_header, closed=True))

    def _receive_bye(self, pending: PendingRequest, now: float) -> None:
        pending.reply(200, now)
        if self._incoming is not None:
            self._incoming.reply(487, now)  # RFC 3261 §15.1.2: pending requests are answered too
        if self.phase is Phase.ALIVE:
            self._close("bye", 0, pending.request.headers.get("Reason") or "")
        elif self._bye_reason is not None:  # ours was still waiting for the ACK: theirs is enough
            self._close("local", 0, "")

    def _receive_offer(self, pending: PendingRequest, now: float) -> None:
        request = pending.request
        # RFC 3311 §5.2: an UPDATE without an offer is in nobody's way
        is_offer = request.method == "INVITE" or bool(request.body)
        if is_offer and _is_on_its_way(self.refresh, self._outgoing):
            pending.reply(491, now)  # RFC 3261 §14.2: glare
            return
        if is_offer and self._incoming is not None and not self._incoming.answered:
            pending.reply(500, now, headers=soon(self.stack))
            return
        try:
            brief = too_brief(request, self.stack.settings)
        except ParseError:
            pending.reply(400, now)
            return
        if brief:
            pending.reply(422, now, headers=(("Min-SE", str(self.stack.settings.min_se)),))
            return
        self.dialog.refresh_target(request)
        if not is_offer:
            self._accept_refresh(pending, Body(), now)
            return
        self._incoming = pending
        self.stack.deliver(ReinviteReceived(self, request.body, request))

    def _accept_refresh(self, pending: PendingRequest, body: Body, now: float) -> None:
        lines, self.timer = answer_timer(pending.request, self.stack.settings, now)
        lines = (*lines, *capabilities(self.stack))
        response = pending.answer(200, headers=lines, body=body, contact=self.dialog.contact)
        pending.send(response, now)
        if pending.request.method == "INVITE":
            self.succeed(RepeatedSuccess(pending, response, now))
        self.stack.watch(self)

    def _tick_success(self, success: RepeatedSuccess, now: float) -> None:
        if success.tick(now):
            return
        # RFC 3261 §13.3.1.4: no ACK in 64*T1: the session is confirmed, and ended
        self._success = None
        self.end("failed", 408, now, 'SIP;cause=408;text="No ACK"')
        self._send_waiting_bye(now)


def _is_on_its_way(refresh: Refresh | None, outgoing: Reinvite | None) -> bool:
    """Whether an offer of ours waits for its answer."""
    return (refresh is not None and refresh.is_offer) or (outgoing is not None and outgoing.waiting)
