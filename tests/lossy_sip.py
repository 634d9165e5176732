"""Pure SIP user agents joined by a bad network, in virtual time.

Datagrams are lost, repeated and reordered. Connections keep their order, and break: what was on its way is lost.
Either kind may refuse a message at once, which its sender is told.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Protocol

from crossroom.machine import Deliver, Send
from crossroom.net.ids import SeededIds
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import admit_all
from crossroom.sip.agent import UserAgent
from crossroom.sip.events import Event
from crossroom.sip.hop import TCP, UDP, Flow, Hop, SentBy
from crossroom.sip.message import Request, Response, parse_datagram
from crossroom.sip.params import Params
from crossroom.sip.settings import AgentSettings
from crossroom.sip.stack import Output, Resolve, Resolving
from crossroom.sip.transaction_layer import LiveTransaction, Transmission
from crossroom.sip.uri import SipUri

Script = Callable[["End", Event, float], None]
PORT = 5060


class Element(Protocol):
    """What stands at an address: a user agent, or a proxy."""

    def receive(self, message: Request | Response, flow: Flow, now: float) -> list[Output]: ...
    def tick(self, now: float) -> list[Output]: ...
    def deadline(self) -> float | None: ...
    def drain(self) -> list[Output]: ...
    def send_failed(self, sender: LiveTransaction | None, now: float) -> list[Output]: ...
    def resolved(self, asker: Resolving, hops: list[Hop], now: float) -> list[Output]: ...


@dataclass
class Place:
    """An address on the network."""

    host: str
    element: Element
    transport: str = UDP

    @property
    def uri(self) -> SipUri:
        params = Params((("transport", "tcp"),)) if self.transport == TCP else Params()
        return SipUri(self.host, user="user", port=PORT, params=params)

    @property
    def address(self) -> NameAddr:
        return NameAddr(self.uri)

    def hears(self, event: Event, now: float) -> None:
        """What a user agent tells its user; a proxy has none."""


class End(Place):
    """One user agent on the network, and what it told its user. `react` plays the user."""

    def __init__(self, host: str, agent: UserAgent, transport: str) -> None:
        super().__init__(host, agent, transport)
        self.agent = agent
        self.events: list[Event] = []
        self.react: Script = lambda _end, _event, _now: None

    def hears(self, event: Event, now: float) -> None:
        self.events.append(event)
        self.react(self, event, now)

    def is_clean(self) -> bool:
        """Whether no transaction, dialog, timer or waiting object is left."""
        stack = self.agent.stack
        left = stack.dialogs or stack.waiting or stack.calls or len(stack.transactions) or len(stack.agenda)
        return not left and self.agent.deadline() is None


@dataclass
class Weather:
    """How bad the network is. `loss`, `repeat`, `refusal`: probabilities for each message; delays: 0 to `spread`.

    refusal: the sender is told at once that a message cannot be sent (an ICMP error, a refused connection).
    """

    loss: float = 0.0
    repeat: float = 0.0
    spread: float = 0.02
    refusal: float = 0.0


@dataclass
class Network:
    """Carries messages between the places. The same seed gives the same history."""

    seed: int
    weather: Weather = field(default_factory=Weather)
    transport: str = UDP

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.now = 1000.0
        self.places: dict[str, Place] = {}
        self.sent: list[tuple[float, str, Request | Response]] = []
        self.silent: set[str] = set()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._connections: dict[frozenset[str], int] = {}
        self._last: dict[tuple[str, str], float] = {}
        self._due: dict[str, float] = {}

    def add(self, host: str, settings: AgentSettings | None = None) -> End:
        agent = UserAgent(settings or AgentSettings(), self.ids(), admit_all)
        agent.stack.hosts[UDP] = agent.stack.hosts[TCP] = SentBy(host, PORT)
        end = End(host, agent, self.transport)
        self.places[host] = end
        return end

    def ids(self) -> SeededIds:
        """A source of identifiers for the next place."""
        return SeededIds(self.seed * 1000 + len(self.places))

    def at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._order), action))

    def flush(self, place: Place) -> None:
        """Carry out what a direct call into a usage wants done."""
        self._carry_out(place, place.element.drain())

    def cut(self, one: str, other: str) -> None:
        """Break the connection between two: what is on its way is lost; the next message opens a new one."""
        key = frozenset((one, other))
        self._connections[key] = self._connections.get(key, 1) + 1

    def run(self, until: float) -> None:
        """Let everything happen up to that moment."""
        while (when := self._next()) is not None and when <= until:
            self.now = max(self.now, when)
            heapq.heappop(self._queue)[2]()
        self.now = max(self.now, until)

    def run_out(self, most: float = 100_000) -> None:
        """Until nothing is left to happen."""
        limit = self.now + most
        while (when := self._next()) is not None and when <= limit:
            self.run(when)

    def _next(self) -> float | None:
        return self._queue[0][0] if self._queue else None

    def _watch(self, place: Place) -> None:
        """Note when the place is due, unless that is noted already."""
        due = place.element.deadline()
        if due is not None and due < self._due.get(place.host, float("inf")):
            self._due[place.host] = due
            self.at(due, lambda: self._tick(place, due))

    def _tick(self, place: Place, noted: float) -> None:
        if self._due.get(place.host) == noted:
            del self._due[place.host]
            self._carry_out(place, place.element.tick(self.now))

    def _carry_out(self, place: Place, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(message=transmission):
                    self._transmit(place, transmission)
                case Deliver(event=event):
                    place.hears(event, self.now)
                case Resolve(asker=asker):
                    self._carry_out(place, place.element.resolved(asker, [], self.now))
        rest = place.element.drain()
        if rest:
            self._carry_out(place, rest)
        else:
            self._watch(place)

    def _transmit(self, place: Place, transmission: Transmission) -> None:
        self.sent.append((self.now, place.host, transmission.message))
        hop = transmission.hop
        if self.random.random() < self.weather.refusal:
            self._carry_out(place, place.element.send_failed(transmission.sender, self.now))
        elif hop.reliable:
            self._stream(place.host, hop.host, bytes(transmission.message))
        else:
            self._scatter(place.host, hop.host, bytes(transmission.message))

    def _scatter(self, source: str, target: str, data: bytes) -> None:
        flow = Flow(UDP, source, PORT, target, PORT)
        copies = 0 if self.random.random() < self.weather.loss else 1
        copies += self.random.random() < self.weather.repeat
        for _ in range(copies):
            self.at(self.now + self._delay(), lambda: self._arrive(flow, data))

    def _stream(self, source: str, target: str, data: bytes) -> None:
        pair = frozenset((source, target))
        serial = self._connections.setdefault(pair, 1)
        flow = Flow(TCP, source, PORT, target, PORT, serial)
        when = max(self.now + self._delay(), self._last.get((source, target), 0.0))
        self._last[source, target] = when
        self.at(when, lambda: self._arrive(flow, data) if self._connections[pair] == serial else None)

    def _delay(self) -> float:
        return 0.001 + self.random.random() * self.weather.spread

    def _arrive(self, flow: Flow, data: bytes) -> None:
        place = self.places.get(flow.local_host)
        if place is None or flow.local_host in self.silent or flow.remote_host in self.silent:
            return
        message = parse_datagram(data)
        assert isinstance(message, Request | Response), message
        self._carry_out(place, place.element.receive(message, flow, self.now))
