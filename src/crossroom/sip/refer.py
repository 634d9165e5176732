"""REFER, both ends: who is asked to call somebody, and the progress told back. RFC 3515, 4488, 7647.

The progress is an implicit subscription to the event package `refer`; its machines are notifier.py and
subscriber.py. What a Refer-To asks for is read in refer_to.py and done by the face.
"""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip.address import NameAddr
from crossroom.sip.agenda import Entry
from crossroom.sip.answer import Body, HeaderLines, OutgoingRefer, Rejection
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.dialog import Dialog
from crossroom.sip.event import Event as EventHeader
from crossroom.sip.events import (
    Event,
    Listener,
    NotifierEnded,
    NotifyReceived,
    ReferEnded,
    ReferProgressed,
    SubscriberActive,
    SubscriberEnded,
)
from crossroom.sip.hop import Flow
from crossroom.sip.initial import finish, first_hops, initial_request
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request, Response
from crossroom.sip.notifier import Notifier
from crossroom.sip.params import Params
from crossroom.sip.pending import PendingRequest
from crossroom.sip.refer_to import ReferTo, has_no_subscription
from crossroom.sip.sipfrag import CONTENT_TYPE, SipFragment
from crossroom.sip.stack import Stack
from crossroom.sip.subscriber import Subscriber

REFER_EXPIRES = 240
"""Seconds of the implicit subscription. RFC 3515 §3.4: longer than the INVITE can take."""


@dataclass(frozen=True, slots=True)
class ReferStatus:
    """How far the referred request has come."""

    status: int
    reason: str = ""


class ReferReceiver:
    """A REFER that came in. Raises ParseError unless there is exactly one Refer-To (RFC 3515 §2.4.2)."""

    def __init__(self, pending: PendingRequest, session: InviteUsage | None) -> None:
        self._pending = pending
        self._stack = pending.stack
        self.session = session
        self.refer_to: NameAddr = ReferTo.of(pending.request.headers).address
        self._notifier: Notifier | None = None
        self._finished = False
        self._last = ReferStatus(100, "Trying")

    @property
    def request(self) -> Request:
        """The REFER."""
        return self._pending.request

    @property
    def flow(self) -> Flow:
        """Where it came from."""
        return self._pending.flow

    @property
    def identity(self) -> str | None:
        """Who the policy believes the referrer to be."""
        return self._pending.identity

    def accept(self, contact: NameAddr, headers: HeaderLines, now: float) -> None:
        """Answer 200, and notify `100 Trying` at once unless no subscription is wanted. RFC 7647 §5."""
        if self._pending.answered:
            return
        silent = has_no_subscription(self.request.headers)
        if silent:  # RFC 4488 §4: said back in the 2xx, then no NOTIFY and no dialog
            headers = (*headers, ("Refer-Sub", "false"))
        silent = silent or "nosub" in self.request.require  # RFC 7614 §4
        if self._pending.dialog is not None:
            contact = self._pending.dialog.contact
        self._pending.send(self._pending.answer(200, headers=headers, contact=contact), now)
        if silent:
            return
        params = Params()
        if self._pending.dialog is not None:
            # RFC 3515 §2.4.6: the id tells several REFERs in one dialog apart
            params = params.with_("id", str(self.request.cseq.number))
        self._notifier = Notifier(self._pending, EventHeader("refer", params), self._hear)
        self._notifier.full_state = _fragment(self._last)
        self._notifier.begin(contact, REFER_EXPIRES, self._notifier.full_state, now)

    def reject(self, rejection: Rejection, now: float) -> None:
        """A final answer that is not 2xx."""
        self._pending.reject(rejection, now)

    def progress(self, status: int, reason: str, now: float) -> None:
        """A provisional status."""
        self._last = ReferStatus(status, reason)
        if self._notifier is not None and not self._finished:
            self._notifier.full_state = _fragment(self._last)
            self._notifier.notify(self._notifier.full_state, now)

    def final(self, status: int, reason: str, now: float) -> None:
        """The last status. RFC 3515 §2.4.7: `terminated;reason=noresource`."""
        if self._notifier is not None and not self._finished:
            self._notifier.terminate("noresource", _fragment(ReferStatus(status, reason)), now)
        self._finished = True

    def _hear(self, event: Event) -> None:
        if isinstance(event, NotifierEnded):
            self._finished = True


class ReferSender:
    """A REFER of ours, inside a dialog or outside."""

    def __init__(self, stack: Stack, refer: OutgoingRefer, session: InviteUsage | None, now: float) -> None:
        self._stack = stack
        self.entry: Entry | None = None
        self.listener: Listener | None = None
        self._subscriber: Subscriber | None = None
        self._over = False
        self._accepted = False
        self._status = ReferStatus(100)
        self._silent = any(name.lower() == "refer-sub" and value == "false" for name, value in refer.headers)
        self._due: float | None = now + refer.timeout
        dialog = session.dialog if session is not None else None
        request = _inside(stack, refer, dialog) if dialog else _outside(stack, refer)
        stack.watch(self)
        if self._silent:
            self._ask_silently(request, refer, dialog, now)
        else:
            self._subscriber = Subscriber(
                stack,
                request,
                _event_of(request, dialog),
                contact=dialog.contact if dialog else refer.contact,
                expires=REFER_EXPIRES,
                tell=self._hear,
                account=refer.credentials,
                flow=refer.flow,
                dialog=dialog,
            )
            self._subscriber.start(now)

    def deadline(self) -> float | None:
        """When the patience for a final status is over."""
        return self._due

    def tick(self, now: float) -> None:
        """Give up waiting."""
        if self._due is not None and now >= self._due:
            if self._subscriber is not None:
                self._subscriber.unsubscribe(now)
            self._end(ReferStatus(408, "No final status"))

    def stop(self, now: float) -> None:
        """No further interest. RFC 3515 §2.4.4: what was asked for goes on."""
        if self._subscriber is not None and not self._over:
            self._subscriber.unsubscribe(now)
            self._end(ReferStatus(487, "Not waited for"))

    def answered(self, _request: ClientRequest, response: Response, _now: float) -> None:
        """The answer to a REFER that asked for no subscription."""
        if response.is_final:
            self._accepted = response.is_success
            self._end(ReferStatus(response.status, response.reason))

    def _ask_silently(
        self, request: Request, refer: OutgoingRefer, dialog: Dialog | None, now: float
    ) -> None:
        flow = dialog.flow_to_use() if dialog else refer.flow
        number = dialog.next_cseq if dialog else (lambda: request.cseq.number + 1)
        ClientRequest(
            self._stack, request, self, flow=flow, account=refer.credentials, next_cseq=number
        ).start(now)

    def _hear(self, event: Event) -> None:
        match event:
            case SubscriberActive() if not self._accepted:
                self._accepted = True
                self._stack.deliver(ReferProgressed(self, None))
            case NotifyReceived(request=request, state=state):
                self._notified(request, last=state == "terminated")
            case SubscriberEnded(reason=reason, status=status):
                self._end(ReferStatus(status or 480, reason))
            case _:
                pass

    def _notified(self, request: Request, *, last: bool) -> None:
        self._accepted = True
        try:
            fragment = SipFragment.from_bytes(request.body)
        except ParseError:
            return
        self._status = ReferStatus(fragment.status, fragment.reason)
        if fragment.is_final:
            # a final status is the end, whatever the state says
            if not last and self._subscriber is not None:
                self._subscriber.abandon()
            self._end(self._status)
        elif not self._over:
            self._stack.deliver(ReferProgressed(self, self._status))

    def _end(self, status: ReferStatus) -> None:
        if self._over:
            return
        self._over = True
        self._due = None
        self._stack.agenda.drop(self)
        self._stack.deliver(ReferEnded(self, status, self._accepted))


def _fragment(status: ReferStatus) -> Body:
    return Body(bytes(SipFragment(status.status, status.reason)), CONTENT_TYPE)


def _event_of(request: Request, dialog: Dialog | None) -> EventHeader:
    params = Params().with_("id", str(request.cseq.number)) if dialog else Params()
    return EventHeader("refer", params)


def _outside(stack: Stack, refer: OutgoingRefer) -> Request:
    return initial_request(
        stack,
        "REFER",
        refer.target,
        from_=refer.from_,
        to=refer.to,
        contact=refer.contact,
        route=first_hops(stack, refer.route, has_flow=refer.flow is not None),
        headers=(("Refer-To", str(refer.refer_to)), *refer.headers),
    )


def _inside(stack: Stack, refer: OutgoingRefer, dialog: Dialog) -> Request:
    lines = (("Refer-To", str(refer.refer_to)), *refer.headers)
    return finish(stack, dialog.request("REFER"), lines)
