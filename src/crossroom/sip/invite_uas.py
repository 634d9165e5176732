"""An INVITE that came in and is not answered yet. RFC 3261 §13.3, §9.2; RFC 3262 §3; RFC 3891."""

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Body, HeaderLines, Rejection
from crossroom.sip.dialog import Dialog
from crossroom.sip.events import InviteCancelled
from crossroom.sip.hop import Flow
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request
from crossroom.sip.pending import PendingRequest, capabilities
from crossroom.sip.session_timer import answer_timer
from crossroom.sip.success import RepeatedSuccess


class InviteUas:
    """The callee's half of a call being set up: ring, then accept or reject, once.

    Keeps the early dialog, so that the caller's BYE or a second INVITE finds it.
    """

    def __init__(self, pending: PendingRequest, replaces: InviteUsage | None, now: float) -> None:
        self._pending = pending
        self._stack = pending.stack
        self.replaces = replaces
        request = pending.request
        self._dialog = Dialog.as_uas(request, pending.tag, NameAddr(request.uri), pending.flow)
        self._dialog.identity = pending.identity
        # RFC 3261 §13.3.1: an Expires that passes ends the INVITE with 487
        self._expires = None if request.expires is None else now + request.expires
        self._stack.hold(self._dialog, self)
        self._stack.calls[pending.live] = self
        self._stack.watch(self)

    @property
    def tag(self) -> str:
        """Our tag in every answer."""
        return self._pending.tag

    @property
    def request(self) -> Request:
        """The INVITE."""
        return self._pending.request

    @property
    def flow(self) -> Flow:
        """Where it came from."""
        return self._pending.flow

    @property
    def identity(self) -> str | None:
        """Who the policy believes the caller to be."""
        return self._pending.identity

    @property
    def answered(self) -> bool:
        """Whether a final response was sent."""
        return self._pending.answered

    def deadline(self) -> float | None:
        """When the INVITE's own Expires passes."""
        return self._expires

    def tick(self, now: float) -> None:
        """End it if its Expires has passed."""
        if self._expires is not None and now >= self._expires:
            self.cancelled(now)

    def ring(self, status: int, contact: NameAddr, headers: HeaderLines, now: float) -> None:
        """A provisional response; none to a caller that requires reliable ones, which we do not send."""
        if self.answered or "100rel" in self.request.require:
            return
        self._pending.send(self._pending.answer(status, headers=headers, contact=contact), now)

    def accept(self, contact: NameAddr, body: Body, headers: HeaderLines, now: float) -> InviteUsage:
        """Answer 200."""
        self._dialog.contact = contact
        timer_lines, timer = answer_timer(self.request, self._stack.settings, now)
        lines = (*headers, *timer_lines, *capabilities(self._stack))
        response = self._pending.answer(200, headers=lines, body=body, contact=contact)
        self._leave()
        usage = InviteUsage(self._stack, self._dialog, body, caller=False, timer=timer)
        usage.peer_allows_update = "UPDATE" in self.request.allow
        self._pending.send(response, now)
        usage.succeed(RepeatedSuccess(self._pending, response, now))
        if self.replaces is not None:
            self.replaces.bye(now)  # RFC 3891 §3: the old call gives way to the new
        return usage

    def reject(self, rejection: Rejection, now: float) -> None:
        """A final answer that is not 2xx."""
        self._leave()
        self._pending.reject(rejection, now)

    def cancelled(self, now: float) -> None:
        """The caller gave up. RFC 3261 §9.2: 487, unless it was answered."""
        if self.answered:
            return
        self._leave()
        self._pending.reply(487, now)
        self._stack.deliver(InviteCancelled(self))

    def handles(self, request: Request) -> bool:
        """See `Usage.handles`."""
        return request.method in {"BYE", "INVITE", "UPDATE"}

    def receive(self, pending: PendingRequest, now: float) -> None:
        """See `Usage.receive`."""
        if pending.request.method == "BYE":  # RFC 3261 §15: a caller may end an early dialog so
            pending.reply(200, now)
            self.cancelled(now)
        else:
            # RFC 3261 §14.2: a second INVITE before the first is answered
            pending.reply(500, now, headers=(("Retry-After", "5"),))

    def _leave(self) -> None:
        self._expires = None
        self._stack.calls.pop(self._pending.live, None)
        self._stack.agenda.drop(self)
        self._stack.release(self._dialog, self)
