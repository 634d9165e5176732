"""A subscription of ours, for any event package: the subscriber's half. RFC 6665 §4.1.

Also the implicit subscription that a REFER of ours makes (RFC 3515 §2.4.4): the same but for its first request.
"""

from collections.abc import Callable
from enum import StrEnum, auto

from crossroom.machine import ParseError
from crossroom.sip.address import NameAddr
from crossroom.sip.agenda import Entry
from crossroom.sip.answer import Account, HeaderLines, OutgoingSubscription
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.dialog import Dialog
from crossroom.sip.event import Event as EventHeader
from crossroom.sip.event import SubscriptionState
from crossroom.sip.events import Event, Listener, NotifyReceived, SubscriberActive, SubscriberEnded
from crossroom.sip.hop import Flow, Hop
from crossroom.sip.initial import finish, first_hops, initial_request
from crossroom.sip.message import Request, Response
from crossroom.sip.pending import PendingRequest
from crossroom.sip.stack import Stack


class Phase(StrEnum):
    """LEAVING: our Expires: 0 is sent, the last NOTIFY is awaited."""

    STARTING = auto()
    ACTIVE = auto()
    LEAVING = auto()
    OVER = auto()


_LONGEST_WAIT = 86_400
"""Seconds: who wants us back later than tomorrow does not want us back."""


class Subscriber:
    """One subscription. `request`: the first one, without Via; `dialog` when it goes inside one.

    expires: what to ask for in refreshes. `tell` hears its events.
    """

    def __init__(  # noqa: PLR0913 - the parts of a subscription, each named at the two call sites
        self,
        stack: Stack,
        request: Request,
        event: EventHeader,
        *,
        contact: NameAddr,
        expires: int,
        tell: Callable[[Event], None],
        account: Account | None = None,
        flow: Flow | None = None,
        dialog: Dialog | None = None,
    ) -> None:
        self._stack = stack
        self.entry: Entry | None = None
        self.listener: Listener | None = None
        self._request = request
        self.event = event
        self._contact = contact
        self._expires = expires
        self._tell = tell
        self._account = account
        self._flow = flow
        self.dialog = dialog
        self.phase = Phase.STARTING
        self.accepted = False
        self._notified = False
        self._cseq = request.cseq.number
        self._due: float | None = None
        self._key = (request.call_id, request.from_.tag)
        self._lines: HeaderLines = tuple(
            (name, value) for name, value in request.headers if name in {"Accept", "Event", "Supported"}
        )

    def start(self, now: float) -> None:
        """Send the first request, and wait for its answer and the first NOTIFY."""
        if self.dialog is not None:
            self._stack.hold(self.dialog, self)
        else:
            self._stack.waiting[self._key] = self
        # RFC 6665 §4.1.2.4, timer N: the NOTIFY may come first, or never
        self._due = now + self._stack.timers.timeout
        self._stack.watch(self)
        self._send(self._request, now)

    def deadline(self) -> float | None:
        """When a refresh is due, or patience ends."""
        return self._due

    def tick(self, now: float) -> None:
        """Refresh, or give up."""
        if self._due is None or now < self._due:
            return
        self._due = None
        if self.phase is Phase.ACTIVE and self._notified:
            self.refresh(now)
        elif self.phase is Phase.ACTIVE:
            self._close("no NOTIFY", 408)
        elif self.phase is Phase.LEAVING:
            self._close("local", 0)
        else:
            self._due = now + self._stack.timers.timeout  # the transaction reports its own timeout first
        self._stack.watch(self)

    def refresh(self, now: float) -> None:
        """SUBSCRIBE again."""
        if self.phase is Phase.ACTIVE:
            self._subscribe(self._expires, now)

    def unsubscribe(self, now: float) -> None:
        """SUBSCRIBE with Expires: 0. RFC 6665 §4.1.2.3."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.LEAVING  # said as soon as there is a dialog to say it in
            self._due = now + self._stack.timers.timeout
        elif self.phase is Phase.ACTIVE:
            self.phase = Phase.LEAVING
            self._due = now + self._stack.timers.timeout
            self._subscribe(0, now)
        self._stack.watch(self)

    def abandon(self) -> None:
        """Forget it without a word: a later NOTIFY gets 481, which ends it at the other end too."""
        self.phase = Phase.OVER
        self._release()

    def handles(self, request: Request) -> bool:
        """See `Usage.handles`. An id that we never gave is forgiven for the first of its kind."""
        event = request.event
        if request.method != "NOTIFY" or event is None or event.package != self.event.package:
            return False
        return event.id == self.event.id or (self.event.id is None) or event.id is None

    def receive(self, pending: PendingRequest, now: float) -> None:
        """See `Usage.receive`."""
        if self.phase is Phase.OVER:
            pending.reply(481, now)
            return
        try:
            state = SubscriptionState.parse(pending.request.headers.get("Subscription-State") or "")
        except ParseError:
            pending.reply(400, now)
            return
        if self.dialog is None:
            self._make_dialog(Dialog.from_notify(self._request, pending.request, self._contact))
        if self.dialog is not None:
            self.dialog.refresh_target(pending.request)
        pending.reply(200, now)
        self._notified = True
        self._tell(NotifyReceived(self, pending.request, state.state))
        self._follow(state, now)

    def answered(self, request: ClientRequest, response: Response, now: float) -> None:
        """The answer to a SUBSCRIBE, or to the REFER."""
        if response.is_provisional or self.phase is Phase.OVER:
            return
        if response.is_success:
            self._accept(request.request, request.hop, response, now)
        elif not self.accepted or response.status in {404, 405, 408, 410, 416, 480, 481, 489, 501, 503, 604}:
            self._close(response.reason or "refused", response.status)
        self._stack.watch(self)

    def _accept(self, request: Request, hop: Hop | None, response: Response, now: float) -> None:
        if self.dialog is None:
            self._make_dialog(Dialog.as_uac(request, response, self._contact))
        elif self.accepted:
            self.dialog.refresh_target(response)
        if self.dialog is not None and hop is not None:
            self.dialog.stay_on(hop.flow)
        first, self.accepted = not self.accepted, True
        if first and self.event.id is not None:
            # RFC 3515 §2.4.6: the id is the CSeq of the REFER that was accepted, after any challenge
            self.event = EventHeader(
                self.event.package, self.event.params.with_("id", str(request.cseq.number))
            )
        if self.phase is Phase.STARTING:
            self.phase = Phase.ACTIVE
        elif self.phase is Phase.LEAVING and first:
            self._subscribe(0, now)
            return
        granted = self._expires if response.expires is None else min(response.expires, self._expires)
        if self.phase is Phase.ACTIVE:
            self._schedule(granted, now)
            self._tell(SubscriberActive(self, granted))

    def _schedule(self, granted: int, now: float) -> None:
        if not self._notified:  # timer N, RFC 6665 §4.1.2.4
            self._due = now + self._stack.timers.timeout
        else:
            # early enough for a SUBSCRIBE that needs all its retransmissions
            margin = min(granted / 2, self._stack.timers.timeout + 5)
            self._due = now + max(granted - margin, 1.0)
        self._stack.watch(self)

    def _follow(self, state: SubscriptionState, now: float) -> None:
        if state.is_terminated:
            self._close(state.reason or "terminated", 0, _retry_after(state))
        elif self.phase is Phase.ACTIVE:
            left = self._expires if state.expires is None else min(state.expires, self._expires)
            self._schedule(left, now)

    def _subscribe(self, expires: int, now: float) -> None:
        if self.dialog is None:
            return
        lines = (*self._lines, ("Expires", str(expires)))
        if not any(name == "Event" for name, _ in lines):
            lines = (("Event", str(self.event)), *lines)
        self._send(finish(self._stack, self.dialog.request("SUBSCRIBE"), lines), now)

    def _send(self, request: Request, now: float) -> None:
        flow = self._flow if self.dialog is None else self.dialog.flow_to_use() or self._flow
        ClientRequest(
            self._stack, request, self, flow=flow, account=self._account, next_cseq=self._next_cseq
        ).start(now)

    def _next_cseq(self) -> int:
        if self.dialog is not None:
            return self.dialog.next_cseq()
        self._cseq += 1
        return self._cseq

    def _make_dialog(self, dialog: Dialog) -> None:
        dialog.local_cseq = max(dialog.local_cseq, self._cseq)
        known = self._stack.dialogs.get(dialog.id)
        self.dialog = known or dialog
        self._stack.waiting.pop(self._key, None)
        self._stack.hold(self.dialog, self)

    def _close(self, reason: str, status: int, retry_after: int = 0) -> None:
        self.phase = Phase.OVER
        self._release()
        self._tell(SubscriberEnded(self, reason, status, retry_after))

    def _release(self) -> None:
        self._due = None
        if self._stack.waiting.get(self._key) is self:
            del self._stack.waiting[self._key]
        self._stack.agenda.drop(self)
        if self.dialog is not None:
            self._stack.release(self.dialog, self)


def _retry_after(state: SubscriptionState) -> int:
    try:
        return min(state.retry_after or 0, _LONGEST_WAIT)
    except ParseError:
        return 0


def waiting_for(stack: Stack, notify: Request) -> "Subscriber | None":
    """The subscription of ours that a NOTIFY outside any known dialog belongs to. RFC 6665 §4.4.1.

    Only one that has no dialog yet: a second notifier behind a fork is told 481 (docs/conformance.md, sip-7.6).
    """
    subscriber = stack.waiting.get((notify.call_id, notify.to.tag))
    return subscriber if subscriber is not None and subscriber.handles(notify) else None


def subscribe(
    stack: Stack, wanted: OutgoingSubscription, tell: Callable[[Event], None], now: float
) -> Subscriber:
    """Begin a subscription outside any dialog."""
    event = EventHeader.parse(wanted.event)
    lines: HeaderLines = (("Event", str(event)), ("Expires", str(wanted.expires)), *wanted.headers)
    if wanted.accept:
        lines = (*lines, ("Accept", ", ".join(wanted.accept)))
    request = initial_request(
        stack,
        "SUBSCRIBE",
        wanted.target,
        from_=wanted.from_,
        to=wanted.to,
        contact=wanted.contact,
        route=first_hops(stack, wanted.route, has_flow=wanted.flow is not None),
        headers=lines,
    )
    subscriber = Subscriber(
        stack,
        request,
        event,
        contact=wanted.contact,
        expires=wanted.expires,
        tell=tell,
        account=wanted.credentials,
        flow=wanted.flow,
    )
    subscriber.start(now)
    return subscriber
