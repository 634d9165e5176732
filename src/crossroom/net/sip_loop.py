"""The loop under the SIP user agent: messages in and out, one timer, names to look up. No event is read here."""

import asyncio
from collections import deque
from collections.abc import Callable

from crossroom.machine import Deliver, Send
from crossroom.net.alarm import Alarm
from crossroom.net.clock import Clock
from crossroom.net.dns import Resolver
from crossroom.net.ids import Ids
from crossroom.net.sip_settings import Listening, SipSettings
from crossroom.net.sip_transport import SipTransport
from crossroom.net.sip_turned_away import TurnedAway
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log, Tasks
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission
from crossroom.sip.agent import UserAgent
from crossroom.sip.events import Event
from crossroom.sip.hop import UDP, WS, WSS, Flow, Hop, SentBy, transport_for
from crossroom.sip.message import Request, Response
from crossroom.sip.stack import Output, Resolve, Resolving
from crossroom.sip.transaction_layer import LiveTransaction
from crossroom.sip.uri import SipUri, comparable_host

_ROUND = 30.0
"""Seconds between two looks at what nobody tells us of: silent streams, and how much was turned away."""


class SipLoop:
    """Drives the pure agent. `deliver` and `admit` are left to whoever knows the face.

    keeps: asked now and then for the serials of connections that others need, however silent they are.
    own_hosts: what a URI of ours may have as its host, in lower case; the addresses that we listen on and advertise.
    """

    def __init__(self, settings: SipSettings, clock: Clock, ids: Ids, resolver: Resolver, log: Log) -> None:
        self._settings = settings
        self._clock = clock
        self._resolver = resolver
        self._log = log
        self.core = UserAgent(settings.agent, ids, self.admit)
        self.listening: tuple[Listening, ...] = ()
        self.own_hosts: frozenset[str] = frozenset()
        self.keeps: Callable[[], frozenset[int]] = frozenset
        self._tasks = Tasks(log)
        self._transport = SipTransport(settings, self, self._tasks, SparseLog(log, clock.now))
        self._alarm = Alarm(clock.now, self._tick)
        self._outputs: deque[Output] = deque()
        self._flushing = False
        self._running = False
        self._quiet: asyncio.Future[None] | None = None  # when no dialog is left
        self.turned_away = TurnedAway(self.core, log)

    async def start(self) -> None:
        """Listen on every address of the settings. Raises OSError, with nothing left open."""
        try:
            opened = [await self._transport.listen(wanted) for wanted in self._settings.listen]
        except OSError:
            await self._transport.close()
            raise
        self.listening = tuple(opened)
        hosts = {host for entry in opened for host in (entry.advertised, entry.host)}
        self.own_hosts = frozenset(_in_uri(comparable_host(_in_uri(host))) for host in hosts)
        for entry in reversed(opened):  # the first of each transport and family is the one that is shown
            shown = SentBy(_in_uri(entry.advertised), entry.port)
            (self.core.stack.hosts6 if ":" in entry.host else self.core.stack.hosts)[entry.transport] = shown
        if self._settings.outbound_proxy is not None:
            proxy = self._settings.outbound_proxy
            route = proxy if proxy.is_loose_router else proxy.with_param("lr")
            self.core.stack.preloaded = (NameAddr(route),)
        self._running = True
        self._tasks.start(self._make_rounds(), "sip rounds")

    async def stop(self) -> None:
        """Close everything at once. Open calls should have got their BYE before."""
        self._running = False
        self.flush()
        await self._tasks.stop()
        await self._transport.close()

    def is_open(self, flow: Flow) -> bool:
        """Whether the connection that something came by is still there."""
        return self._transport.is_open(flow)

    def now(self) -> float:
        """The time that the core is given."""
        return self._clock.now()

    def contact_uri(self, user: str | None, transport: str | None = None) -> SipUri:
        """A URI of ours to advertise; without a transport, that of the outbound proxy or the first that we listen on."""
        return _uri_of(self._entry(transport or self._usual()), user)

    def contact_for(self, user: str | None, flow: Flow) -> NameAddr:
        """See `Driver.contact_for`."""
        return NameAddr(_uri_of(self._entry(flow.transport, is_ipv6=":" in flow.remote_host), user))

    def flush(self) -> None:
        """See `Driver.flush`. A call from inside an event queues behind it."""
        if self._flushing:
            return
        self._flushing = True
        try:
            while True:
                self._outputs += self.core.drain()
                if not self._outputs:
                    break
                self._carry_out(self._outputs.popleft())
        finally:
            self._flushing = False
            self._alarm.set(self.core.deadline() if self._running else None)
            if self._quiet is not None and not self._quiet.done() and not self.core.stack.dialogs:
                self._quiet.set_result(None)
            if self._outputs:  # a fault in the face stops one event, not the others
                asyncio.get_running_loop().call_soon(self.flush)

    def deliver(self, event: Event) -> None:
        """Hand an event to whom it concerns."""
        raise NotImplementedError

    def admit(self, request: Request, flow: Flow, proven: str | None) -> Admission:
        """Ask the policy."""
        raise NotImplementedError

    def message_received(self, message: Request | Response, flow: Flow) -> None:
        """See `TransportUser.message_received`."""
        self._run(self.core.receive(message, flow, self.now()))

    def sending_failed(self, sender: LiveTransaction) -> None:
        """See `TransportUser.sending_failed`."""
        self._run(self.core.send_failed(sender, self.now()))

    def _run(self, outputs: list[Output]) -> None:
        self._outputs += outputs
        self.flush()

    def _carry_out(self, output: Output) -> None:
        match output:
            case Send(message=transmission):
                self._transport.send(transmission)
            case Deliver(event=event):
                self.deliver(event)
            case Resolve(asker=asker, uri=uri):
                self._tasks.start(self._resolve(asker, uri), "sip resolve")

    def _usual(self) -> str:
        """The transport of a URI that is for anybody: nobody but a browser can use ws (RFC 7118 §5.2)."""
        if self._settings.outbound_proxy is not None:
            return transport_for(self._settings.outbound_proxy)
        return next((each.transport for each in self.listening if each.transport not in {WS, WSS}), UDP)

    def _entry(self, transport: str, *, is_ipv6: bool = False) -> Listening:
        """Where we listen by this transport, and if there is a choice in this family."""
        streams = [each for each in self.listening if each.transport not in {WS, WSS}]
        fitting = [each for each in self.listening if each.transport == transport.upper()]
        fitting = fitting or streams or [*self.listening]
        return next((each for each in fitting if (":" in each.host) == is_ipv6), fitting[0])

    async def _resolve(self, asker: Resolving, uri: SipUri) -> None:
        hops: list[Hop] = await self._resolver.hops(uri)
        if not hops:
            self._log.warning("sip name leads nowhere", uri=str(uri))
        self._run(self.core.resolved(asker, hops, self.now()))

    async def _make_rounds(self) -> None:
        loop = asyncio.get_running_loop()
        while self._running:
            await asyncio.sleep(_ROUND)
            self.turned_away.tell()
            self.close_idle(loop.time())

    def close_idle(self, now: float) -> None:
        """Close the silent connections that no dialog and nobody else needs; `now` is the time of the loop."""
        flows = [dialog.flow for dialog in self.core.stack.dialogs.values()]
        needed = frozenset(flow.serial for flow in flows if flow is not None)
        self._transport.close_idle(now, needed | self.keeps())

    def _tick(self) -> None:
        self._run(self.core.tick(self.now()))


def _uri_of(entry: Listening, user: str | None) -> SipUri:
    uri = SipUri(_in_uri(entry.advertised), user=user, port=entry.port)
    # RFC 3261 §26.2.2: "tls" is deprecated there, and what everybody understands
    return uri if entry.transport == UDP else uri.with_param("transport", entry.transport.lower())


def _in_uri(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
