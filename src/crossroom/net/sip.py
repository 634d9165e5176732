"""The driver of the SIP user agent: sockets and time on one side, the face on the other. RFC 3261.

Every decision is made in sip/agent.py; here messages are carried in and out, one timer is kept for the
agent's next deadline, and events are handed to the objects of the facade.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from structlog.typing import FilteringBoundLogger

from crossroom.machine import Deliver, Send
from crossroom.net.clock import Clock
from crossroom.net.dns import Resolver
from crossroom.net.ids import Ids
from crossroom.net.sip_driver import Listener
from crossroom.net.sip_face import IncomingRequest, SipFace
from crossroom.net.sip_refer import IncomingRefer, ReferOutcome
from crossroom.net.sip_session import IncomingCall, InviteSession, OutgoingInvite
from crossroom.net.sip_settings import Listening, SipSettings
from crossroom.net.sip_subscription import IncomingSubscription, OnNotify, SubscriberSession
from crossroom.net.sip_transport import SipTransport
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission
from crossroom.sip.agent import UserAgent
from crossroom.sip.answer import OutgoingCall, OutgoingRefer, OutgoingRequest, OutgoingSubscription
from crossroom.sip.events import (
    Event,
    InviteAnswered,
    InviteReceived,
    ReferReceived,
    RequestAnswered,
    RequestReceived,
    SubscribeReceived,
)
from crossroom.sip.hop import TLS, UDP, Flow, Hop, SentBy
from crossroom.sip.message import Request, Response
from crossroom.sip.stack import Output, Resolve, Resolving
from crossroom.sip.transaction_layer import LiveTransaction
from crossroom.sip.uri import SipUri

_IDLE_CHECK = 30.0


class SipAgent:
    """The user agent of this process. Set `face` before start(); after stop() nothing of it is left."""

    face: SipFace

    def __init__(
        self, settings: SipSettings, clock: Clock, ids: Ids, resolver: Resolver, log: FilteringBoundLogger
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._resolver = resolver
        self._log = log
        self.core = UserAgent(settings.agent, ids, self._admit)
        self.listening: tuple[Listening, ...] = ()
        self._transport = SipTransport(settings, self, self._start_task, log)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: dict[object, Listener] = {}
        self._answers: dict[object, asyncio.Future[Response]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._flushing = False
        self._running = False

    async def start(self) -> None:
        """Listen on every address of the settings. Raises OSError, with nothing left open."""
        opened: list[Listening] = []
        try:
            for wanted in self._settings.listen:
                opened.append(await self._transport.listen(wanted))
        except OSError:
            await self._transport.close()
            raise
        self.listening = tuple(opened)
        for entry in reversed(opened):  # the first of each transport is the one that is shown
            self.core.stack.hosts[entry.transport] = SentBy(_in_uri(entry.advertised), entry.port)
        if self._settings.outbound_proxy is not None:
            proxy = self._settings.outbound_proxy
            route = proxy if proxy.is_loose_router else proxy.with_param("lr")
            self.core.stack.preloaded = (NameAddr(route),)
        self._running = True
        self._start_task(self._close_idle_streams())

    async def stop(self) -> None:
        """Close everything at once. Open calls should have got their BYE before."""
        self._running = False
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close()
        for future in self._answers.values():
            future.cancel()
        self._answers.clear()
        self._listeners.clear()

    def now(self) -> float:
        """The time that the core is given."""
        return self._clock.now()

    def contact_uri(self, user: str | None, transport: str | None = None) -> SipUri:
        """A URI of ours to advertise; the transport defaults to the first one that we listen on."""
        entry = self._entry(transport)
        uri = SipUri(_in_uri(entry.advertised), user=user, port=entry.port)
        if entry.transport == TLS:
            return uri.with_param("transport", "tls")
        return uri if entry.transport == UDP else uri.with_param("transport", entry.transport.lower())

    def contact_for(self, user: str | None, flow: Flow) -> NameAddr:
        """See `Driver.contact_for`."""
        return NameAddr(self.contact_uri(user, flow.transport))

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

    def bind(self, usage: object, listener: Listener) -> None:
        """See `Driver.bind`."""
        self._listeners[usage] = listener

    def unbind(self, usage: object) -> None:
        """See `Driver.unbind`."""
        self._listeners.pop(usage, None)

    def flush(self) -> None:
        """See `Driver.flush`. A call from inside an event queues behind it."""
        if self._flushing:
            return
        self._flushing = True
        try:
            while outputs := self.core.drain():
                for output in outputs:
                    self._carry_out(output)
        finally:
            self._flushing = False
        self._set_timer()

    def message_received(self, message: Request | Response, flow: Flow) -> None:
        """See `TransportUser.message_received`."""
        self._run(self.core.receive(message, flow, self.now()))

    def sending_failed(self, sender: LiveTransaction) -> None:
        """See `TransportUser.sending_failed`."""
        self._run(self.core.send_failed(sender, self.now()))

    def _run(self, outputs: list[Output]) -> None:
        self._flushing = True
        try:
            for output in outputs:
                self._carry_out(output)
        finally:
            self._flushing = False
        self.flush()

    def _carry_out(self, output: Output) -> None:
        match output:
            case Send(message=transmission):
                self._transport.send(transmission)
            case Deliver(event=event):
                self._deliver(event)
            case Resolve(asker=asker, uri=uri):
                self._start_task(self._resolve(asker, uri))

    def _deliver(self, event: Event) -> None:
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
                self._tell(caller, event)
            case _:
                self._tell(event.usage, event)

    def _tell(self, usage: object, event: Event) -> None:
        listener = self._listeners.get(usage)
        if listener is not None:
            listener.deliver(event)

    def _contact(self, request: Request, flow: Flow) -> NameAddr:
        user = request.uri.user if isinstance(request.uri, SipUri) else None
        return self.contact_for(user, flow)

    def _admit(self, request: Request, flow: Flow, proven: str | None) -> Admission:
        return self.face.identity(request, flow, proven)

    def _entry(self, transport: str | None) -> Listening:
        wanted = transport.upper() if transport else None
        for entry in self.listening:
            if wanted in {None, entry.transport}:
                return entry
        return self.listening[0]

    async def _resolve(self, asker: Resolving, uri: SipUri) -> None:
        hops: list[Hop] = await self._resolver.hops(uri)
        if not hops:
            self._log.warning("sip name leads nowhere", uri=str(uri))
        self._run(self.core.resolved(asker, hops, self.now()))

    async def _close_idle_streams(self) -> None:
        loop = asyncio.get_running_loop()
        while self._running:
            await asyncio.sleep(_IDLE_CHECK)
            self._transport.close_idle(loop.time())

    def _set_timer(self) -> None:
        due = self.core.deadline() if self._running else None
        if due == self._due and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = due
        if due is not None:
            delay = max(due - self.now(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._due = None
        self._run(self.core.tick(self.now()))

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("sip task failed", exc_info=error)


def _in_uri(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
