"""A subscription to us, for any event package: the notifier's half. RFC 6665 §4.2, §4.4.

One NOTIFY is on its way at a time (docs/conformance.md, sip-7.9); what the bodies say is the user's affair.
"""

from collections.abc import Callable
from enum import StrEnum, auto

from crossroom.machine import LocalProtocolError
from crossroom.sip.address import NameAddr
from crossroom.sip.agenda import Entry
from crossroom.sip.answer import NO_BODY, Body, HeaderLines, Rejection
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.dialog import Dialog
from crossroom.sip.event import Event as EventHeader
from crossroom.sip.event import SubscriptionState
from crossroom.sip.events import Event, Listener, NotifierEnded, NotifierReady, SubscriptionRefreshed
from crossroom.sip.initial import finish
from crossroom.sip.message import Request, Response
from crossroom.sip.pending import PendingRequest


class Phase(StrEnum):
    """LAST: the terminating NOTIFY is on its way or due."""

    WAITING = auto()
    ACTIVE = auto()
    LAST = auto()
    OVER = auto()


REMOVING = frozenset({404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 503, 604})
"""Answers to a NOTIFY that remove the subscription. RFC 6665 §4.2.2, RFC 5057; 408 and 503: nobody there."""

TIMED_OUT = SubscriptionState.terminated("timeout")
"""How a subscription ends that nobody ends. RFC 6665 §4.4.3."""


class Notifier:
    """One subscription. `tell` hears its events: the REFER whose progress this is; without it the agent's user.

    flow, identity: where the first request came from, and who the policy believes its sender to be.
    full_state: what a refresh is answered with; None asks the user by SubscriptionRefreshed.
    """

    __slots__ = (
        "_end",
        "_expires_at",
        "_limit",
        "_next",
        "_pending",
        "_refresh",
        "_stack",
        "_tell",
        "busy",
        "dialog",
        "entry",
        "event",
        "flow",
        "full_state",
        "identity",
        "listener",
        "phase",
    )

    def __init__(
        self, pending: PendingRequest, event: EventHeader, tell: Callable[[Event], None] | None = None
    ) -> None:
        self._pending: PendingRequest | None = pending
        self.flow = pending.flow
        self.identity = pending.identity
        self._stack = pending.stack
        self.entry: Entry | None = None
        self.listener: Listener | None = None
        self._tell = tell
        self.event = event
        self.phase = Phase.WAITING
        self.busy = False
        self.full_state: Body | None = None
        self._refresh: PendingRequest | None = None
        self._next: Body | None = None
        self._end = TIMED_OUT
        self._limit = 0
        self._expires_at: float | None = None
        self.dialog = pending.dialog or _new_dialog(pending)

    @property
    def request(self) -> Request:
        """The first SUBSCRIBE, or the REFER, until it is accepted: a subscription of hours does not keep it.

        Raises:
            LocalProtocolError: asked for too late.

        """
        if self._pending is None:
            raise LocalProtocolError("the request was accepted already")
        return self._pending.request

    def deadline(self) -> float | None:
        """When the subscription expires."""
        return self._expires_at if self.phase is Phase.ACTIVE else None

    def tick(self, now: float) -> None:
        """End it with `terminated;reason=timeout` when it has expired. RFC 6665 §4.4.3."""
        if self._expires_at is not None and now >= self._expires_at and self.phase is Phase.ACTIVE:
            self.terminate("timeout", NO_BODY, now)

    def accept(self, contact: NameAddr, expires: int, body: Body, headers: HeaderLines, now: float) -> None:
        """Answer 200 and notify at once. RFC 6665 §4.2.1.2: never longer than was asked for."""
        pending = self._pending
        if pending is None or pending.answered or self.phase is not Phase.WAITING:
            return
        self._begin(pending, contact, expires)
        self._grant(pending, headers, now)
        self._first(body, now)

    def reject(self, rejection: Rejection, now: float) -> None:
        """A final answer that is not 2xx."""
        if self.phase is Phase.WAITING and self._pending is not None:
            self.phase = Phase.OVER
            self._pending.reject(rejection, now)

    def begin(self, contact: NameAddr, expires: int, body: Body, now: float) -> None:
        """Start notifying without a SUBSCRIBE to answer: the REFER was answered already. RFC 3515 §2.4.4."""
        if self._pending is not None:
            self._begin(self._pending, contact, expires)
            self._expires_at = now + expires
            self._first(body, now)

    def notify(self, body: Body, now: float) -> None:
        """Send this, or keep it until the NOTIFY on its way is answered: the newest body wins."""
        if self.phase is Phase.ACTIVE:
            self._put(body, now)

    def terminate(self, reason: str, body: Body, now: float, retry_after: int | None = None) -> None:
        """The last NOTIFY. RFC 6665 §4.1.3: reason noresource, rejected, timeout, deactivated, probation…"""
        if self.phase is Phase.ACTIVE:
            self.phase = Phase.LAST
            self._end = SubscriptionState.terminated(reason, retry_after)
            self._put(body, now)
            self._stack.watch(self)

    def refreshed(self, body: Body, now: float) -> None:
        """The user's full body after SubscriptionRefreshed: answer, and notify at once. RFC 6665 §4.2.1."""
        pending, self._refresh = self._refresh, None
        if pending is None:
            return
        if self.phase is not Phase.ACTIVE:
            pending.reply(481, now)
            return
        self._grant(pending, (), now)
        self._put(body, now)

    def handles(self, request: Request) -> bool:
        """See `Usage.handles`."""
        event = request.event
        return request.method == "SUBSCRIBE" and event is not None and event.matches(self.event)

    def receive(self, pending: PendingRequest, now: float) -> None:
        """See `Usage.receive`."""
        if self.phase is not Phase.ACTIVE or self._refresh is not None:
            pending.reply(481 if self._refresh is None else 500, now)
            return
        self.dialog.refresh_target(pending.request)
        self._refresh = pending
        if self.full_state is None:
            self._say(SubscriptionRefreshed(self))
        else:
            self.refreshed(self.full_state, now)

    def answered(self, _request: ClientRequest, response: Response, now: float) -> None:
        """The answer to a NOTIFY."""
        if response.is_provisional:
            return
        self.busy = False
        if self.phase is Phase.OVER:
            return
        if response.status in REMOVING:
            self._close("failed")
        elif self._next is not None:
            body, self._next = self._next, None
            self._put(body, now)
        elif self.phase is Phase.LAST:
            self._close(self._end.reason or "")
        else:
            self._say(NotifierReady(self))

    def _say(self, event: Event) -> None:
        tell = self._tell or self._stack.deliver
        tell(event)

    def _begin(self, pending: PendingRequest, contact: NameAddr, expires: int) -> None:
        if pending.dialog is None:
            self.dialog.contact = contact
        self._stack.hold(self.dialog, self)
        self._limit = expires
        self._pending = None

    def _grant(self, pending: PendingRequest, headers: HeaderLines, now: float) -> None:
        asked = pending.request.expires
        granted = self._limit if asked is None else min(asked, self._limit)
        self._expires_at = now + granted
        lines = (*headers, ("Expires", str(granted)))
        pending.send(pending.answer(200, headers=lines, contact=self.dialog.contact), now)
        if granted == 0:
            # RFC 6665 §4.4.3: Expires 0 asks for the state once, or ends the subscription
            self.phase = Phase.LAST
        self._stack.watch(self)

    def _first(self, body: Body, now: float) -> None:
        if self.phase is Phase.WAITING:
            self.phase = Phase.ACTIVE
        self._stack.watch(self)
        self._put(body, now)

    def _put(self, body: Body, now: float) -> None:
        if self.busy:
            self._next = body
            return
        self.busy = True
        request = finish(self._stack, self.dialog.request("NOTIFY"), self._state(now), body)
        flow = self.dialog.flow_to_use()
        ClientRequest(self._stack, request, self, flow=flow, next_cseq=self.dialog.next_cseq).start(now)

    def _state(self, now: float) -> HeaderLines:
        if self.phase is Phase.LAST:
            state = self._end
        else:
            left = max(int((self._expires_at or now) - now), 0)
            state = SubscriptionState.active(left)
        return (("Event", str(self.event)), ("Subscription-State", str(state)))

    def _close(self, reason: str) -> None:
        self.phase = Phase.OVER
        self._next = None
        self._stack.release(self.dialog, self)
        self._stack.agenda.drop(self)
        self._say(NotifierEnded(self, reason))


def _new_dialog(pending: PendingRequest) -> Dialog:
    contact = NameAddr(pending.request.uri)
    dialog = Dialog.as_uas(pending.request, pending.tag, contact, pending.flow)
    dialog.identity = pending.identity
    return dialog
