"""The driver of the SIP user agent: sockets and time on one side, the face on the other. RFC 3261.

Every decision is made in sip/agent.py; here messages are carried in and out, one timer is kept for the
agent's next deadline, and events are handed to the objects of the facade.
"""

import asyncio

from crossroom.net.clock import Clock
from crossroom.net.dns import Resolver
from crossroom.net.ids import Ids
from crossroom.net.sip_face import IncomingRequest, SipFace
from crossroom.net.sip_loop import SipLoop
from crossroom.net.sip_refer import IncomingRefer, ReferOutcome
from crossroom.net.sip_session import IncomingCall, InviteSession, OutgoingInvite
from crossroom.net.sip_settings import SipSettings
from crossroom.net.sip_subscription import IncomingSubscription, OnNotify, SubscriberSession
from crossroom.net.tasks import Log
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission
from crossroom.sip.answer import OutgoingCall, OutgoingRefer, OutgoingRequest, OutgoingSubscription
from crossroom.sip.events import (
    Event,
    InviteAnswered,
    InviteReceived,
    Listener,
    ReferReceived,
    RequestAnswered,
    RequestReceived,
    SubscribeReceived,
)
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request, Response
from crossroom.sip.uri import SipUri


class SipAgent(SipLoop):
    """The user agent of this process. Set `face` before start(); after stop() nothing of it is left."""

    face: SipFace

    def __init__(self, settings: SipSettings, clock: Clock, ids: Ids, resolver: Resolver, log: Log) -> None:
        super().__init__(settings, clock, ids, resolver, log)
        self._answers: dict[object, asyncio.Future[Response]] = {}

    async def stop(self) -> None:
        """Close everything at once. Open calls should have got their BYE before."""
        await super().stop()
        for future in self._answers.values():
            future.cancel()
        self._answers.clear()

    async def quiet(self) -> None:
        """Wait until no dialog is left: every BYE and every last NOTIFY is answered, or given up."""
        while self.core.stack.dialogs:
            self._quiet = asyncio.get_running_loop().create_future()
            await self._quiet

    async def invite(self, call: OutgoingCall) -> OutgoingInvite:
        """Call somebody; await `outcome()` of what is returned."""
        uac = self.core.invite(call, self.now())
        outgoing = OutgoingInvite(self, uac)
        self.flush()
        return outgoing

    async def subscribe(self, wanted: OutgoingSubscription, on_notify: OnNotify) -> SubscriberSession:
        """Subscribe, and wait for the 2xx. Raises SubscribeFailed, or ParseError for a bad event."""
        subscriber = self.core.subscribe(wanted, self.now())
        session = SubscriberSession(self, subscriber, on_notify)
        self.flush()
        return await session.active()

    async def refer(self, refer: OutgoingRefer, session: InviteSession | None = None) -> ReferOutcome:
        """Send REFER, and wait for the 2xx. Raises ReferFailed."""
        sender = self.core.refer(refer, session.usage if session else None, self.now())
        outcome = ReferOutcome(self, sender)
        self.flush()
        return await outcome.accepted()

    async def request(self, wanted: OutgoingRequest, session: InviteSession | None = None) -> Response:
        """Send any other request and wait for its final response; 408 and 503 may be our own."""
        plain = self.core.request(wanted, session.usage if session else None, self.now())
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._answers[plain] = answer
        self.flush()
        try:
            return await answer
        finally:
            self._answers.pop(plain, None)

    def tables(self) -> dict[str, int]:
        """Count what is held for others: empty again when they are gone. What is bounded by time is in the core's."""
        core = self.core.tables()
        return {name: core[name] for name in ("dialogs", "calls", "waiting")} | {
            "answers": len(self._answers),
        }

    def deliver(self, event: Event) -> None:
        """See `SipLoop.deliver`."""
        match event:
            case InviteReceived(usage=uas):
                self.face.on_invite(IncomingCall(self, uas, self._contact(uas.request, uas.flow)))
            case SubscribeReceived(usage=notifier):
                contact = self._contact(notifier.request, notifier.flow)
                self.face.on_subscribe(IncomingSubscription(self, notifier, contact))
            case ReferReceived(usage=receiver):
                contact = self._contact(receiver.request, receiver.flow)
                self.face.on_refer(IncomingRefer(self, receiver, contact))
            case RequestReceived(usage=pending):
                contact = self._contact(pending.request, pending.flow)
                self.face.on_request(IncomingRequest(self, pending, contact))
            case RequestAnswered(usage=plain, response=response):
                future = self._answers.get(plain)
                if future is not None and not future.done():
                    future.set_result(response)
            case InviteAnswered(caller=caller):
                _tell(caller.listener, event)
            case _:
                _tell(event.usage.listener, event)

    def _contact(self, request: Request, flow: Flow) -> NameAddr:
        user = request.uri.user if isinstance(request.uri, SipUri) else None
        return self.contact_for(user, flow)

    def admit(self, request: Request, flow: Flow, proven: str | None) -> Admission:
        """See `SipLoop.admit`."""
        return self.face.identity(request, flow, proven)


def _tell(listener: Listener | None, event: Event) -> None:
    if listener is not None:  # nobody may be interested any more
        listener.deliver(event)
