"""An INVITE that came in and is not answered yet. RFC 3261 §13.3, §9.2; RFC 3262 §3; RFC 3891."""

from typing import Protocol

from crossroom.sip.address import NameAddr
from crossroom.sip.agenda import Entry
from crossroom.sip.answer import Body, HeaderLines, Rejection
from crossroom.sip.dialog import Dialog
from crossroom.sip.events import InviteCancelled, Listener
from crossroom.sip.hop import Flow
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request
from crossroom.sip.pending import PendingRequest, capabilities, soon
from crossroom.sip.rack import RELIABLE
from crossroom.sip.reliable import ReliableResponses, receive_prack
from crossroom.sip.session_timer import answer_timer
from crossroom.sip.success import RepeatedSuccess


class Replaceable(Protocol):
    """A call of ours, answered or still ringing, that another one may take the place of. RFC 3891 §3."""

    def bye(self, now: float, /) -> None:
        """The other call was answered: end this one."""


class InviteUas:
    """The callee's half of a call being set up: ring, then accept or reject, once.

    Keeps the early dialog, so that the caller's BYE or a second INVITE finds it.
    """

    def __init__(self, pending: PendingRequest, replaces: Replaceable | None, now: float) -> None:
        self._pending = pending
        self._stack = pending.stack
        self.entry: Entry | None = None
        self.listener: Listener | None = None
        self.replaces = replaces
        request = pending.request
        self._dialog = Dialog.as_uas(request, pending.tag, NameAddr(request.uri), pending.flow)
        self._dialog.identity = pending.identity
        # RFC 3261 §13.3.1: an Expires that passes ends the INVITE with 487
        self._expires = None if request.expires is None else now + request.expires
        self._ringing: tuple[int, NameAddr, HeaderLines] | None = None
        self._ring_again = 0.0
        self._reliable = ReliableResponses(pending) if RELIABLE in request.require else None
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
        """When the INVITE's own Expires passes, or a provisional response is due again."""
        if self.answered:
            return None
        again = self._ring_again if self._ringing else None
        repeated = self._reliable.deadline() if self._reliable else None
        return min((when for when in (self._expires, again, repeated) if when is not None), default=None)

    def tick(self, now: float) -> None:
        """End it if its Expires has passed; say again that it rings."""
        if self._expires is not None and now >= self._expires:
            self.cancelled(now)
        elif self._reliable is not None and not self._reliable.tick(now):
            self._end(
                504, now
            )  # RFC 3262 §3: no PRACK in 64*T1, "SHOULD reject the original request with a 5xx"
        elif self._ringing is not None and now >= self._ring_again:
            self._ring(now)

    def ring(self, status: int, contact: NameAddr, headers: HeaderLines, now: float) -> None:
        """A provisional response, said again from time to time until the final one.

        Reliable where the caller requires that; but not to an INVITE without an offer, where it would have to
        carry ours (RFC 3262 §5) before anybody is there to make one: that caller hears 100 only.
        """
        if not self.answered and not (self._reliable is not None and not self.request.body):
            self._ringing = (status, contact, headers)
            self._ring(now)

    def accept(self, contact: NameAddr, body: Body, headers: HeaderLines, now: float) -> InviteUsage:
        """Answer 200."""
        self._dialog.contact = contact
        timer_lines, timer = answer_timer(self.request, self._stack.settings, now)
        lines = (*headers, *timer_lines, *capabilities(self._stack))
        response = self._pending.answer(200, headers=lines, body=body, contact=contact)
        self._leave()
        usage = InviteUsage(self._stack, self._dialog, body, caller=False, timer=timer)
        usage.peer_allows_update = "UPDATE" in self.request.allow
        if self._reliable is not None and self._reliable.deadline() is not None:
            usage.unacknowledged = self._reliable
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
        self._end(487, now)

    def handles(self, request: Request) -> bool:
        """See `Usage.handles`."""
        return request.method in {"BYE", "INVITE", "UPDATE", "PRACK"}

    def receive(self, pending: PendingRequest, now: float) -> None:
        """See `Usage.receive`."""
        match pending.request.method:
            case "BYE":  # RFC 3261 §15: a caller may end an early dialog so
                pending.reply(200, now)
                self.cancelled(now)
            case "PRACK":
                receive_prack(self._reliable, pending, now)
                self._stack.watch(self)
            case "UPDATE" if not pending.request.body:  # RFC 3311 §5.2: a new target, or a sign of life
                self._dialog.refresh_target(pending.request)
                contact = self._ringing[1] if self._ringing else self._dialog.contact
                pending.send(pending.answer(200, contact=contact), now)
            case _:
                # RFC 3261 §14.2, RFC 3311 §5.2: a second offer before the first is answered
                pending.reply(500, now, headers=soon(self._stack))

    def _ring(self, now: float) -> None:
        if self._ringing is None:
            return
        status, contact, headers = self._ringing
        response = self._pending.answer(status, headers=headers, contact=contact)
        if self._reliable is not None:
            self._reliable.say(response, now)
        else:
            self._pending.send(response, now)
        self._ring_again = now + (_RING_UNRELIABLY if self._reliable is None else _RING_RELIABLY)
        self._stack.watch(self)

    def _end(self, status: int, now: float) -> None:
        """Give the final answer that nobody asked us for."""
        if self.answered:
            return
        self._leave()
        self._pending.reply(status, now)
        self._stack.deliver(InviteCancelled(self))

    def _leave(self) -> None:
        self._expires = self._ringing = None
        self._stack.calls.pop(self._pending.live, None)
        self._stack.agenda.drop(self)
        self._stack.release(self._dialog, self)


# RFC 3261 §13.3.1.1: a proxy ends an INVITE that it hears nothing of for three minutes
_RING_UNRELIABLY = 60.0
_RING_RELIABLY = 150.0
"""Seconds. RFC 3262 §3: reliable ones need to be said "once every two and a half minutes" only."""
