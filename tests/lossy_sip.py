"""Pure SIP user agents joined by a network that loses, repeats and reorders datagrams, in virtual time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from crossroom.machine import Deliver, Send
from crossroom.net.ids import SeededIds
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import admit_all
from crossroom.sip.agent import UserAgent
from crossroom.sip.events import Event
from crossroom.sip.hop import UDP, Flow, SentBy
from crossroom.sip.message import Request, Response, parse_datagram
from crossroom.sip.settings import AgentSettings
from crossroom.sip.stack import Output, Resolve
from crossroom.sip.transaction_layer import Transmission
from crossroom.sip.uri import SipUri

Script = Callable[["End", Event, float], None]


@dataclass
class End:
    """One user agent on the network, and what it told its user. `react` plays the user."""

    host: str
    agent: UserAgent
    events: list[Event] = field(default_factory=list)
    react: Script = lambda _end, _event, _now: None

    @property
    def uri(self) -> SipUri:
        return SipUri(self.host, user="user", port=5060)

    @property
    def address(self) -> NameAddr:
        return NameAddr(self.uri)

    def is_clean(self) -> bool:
        """Whether no transaction, dialog, timer or waiting object is left."""
        stack = self.agent.stack
        return not (
            stack.dialogs or stack.waiting or stack.calls or len(stack.transactions) or len(stack.agenda)
        )


class Network:
    """Carries datagrams between the ends. `loss` and `repeat` are probabilities; delays are 0 to `spread`."""

    def __init__(self, seed: int, *, loss: float = 0.0, repeat: float = 0.0, spread: float = 0.02) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.loss = loss
        self.repeat = repeat
        self.spread = spread
        self.now = 1000.0
        self.ends: dict[str, End] = {}
        self.sent: list[tuple[float, str, Request | Response]] = []
        self.silent: set[str] = set()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def add(self, host: str, settings: AgentSettings | None = None) -> End:
        ids = SeededIds(self.seed * 1000 + len(self.ends))
        agent = UserAgent(settings or AgentSettings(), ids, admit_all)
        agent.stack.hosts[UDP] = SentBy(host, 5060)
        end = End(host, agent)
        self.ends[host] = end
        return end

    def at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._order), action))

    def flush(self, end: End) -> None:
        """Carry out what a direct call into a usage wants done."""
        while outputs := end.agent.drain():
            self._carry_out(end, outputs)

    def run(self, until: float) -> None:
        """Let everything happen up to that moment."""
        while (when := self._next()) is not None and when <= until:
            self.now = max(self.now, when)
            for end in self.ends.values():
                due = end.agent.deadline()
                if due is not None and due <= self.now:
                    self._carry_out(end, end.agent.tick(self.now))
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
        self.now = max(self.now, until)

    def run_out(self, most: float = 100_000) -> None:
        """Until nothing is left to happen."""
        limit = self.now + most
        while (when := self._next()) is not None and when <= limit:
            self.run(when)

    def _next(self) -> float | None:
        due = [d for end in self.ends.values() if (d := end.agent.deadline()) is not None]
        if self._queue:
            due.append(self._queue[0][0])
        return min(due, default=None)

    def _carry_out(self, end: End, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(message=transmission):
                    self._transmit(end, transmission)
                case Deliver(event=event):
                    end.events.append(event)
                    end.react(end, event, self.now)
                case Resolve(asker=asker):
                    self._carry_out(end, end.agent.resolved(asker, [], self.now))
        rest = end.agent.drain()
        if rest:
            self._carry_out(end, rest)

    def _transmit(self, end: End, transmission: Transmission) -> None:
        self.sent.append((self.now, end.host, transmission.message))
        data = bytes(transmission.message)
        copies = 0 if self.random.random() < self.loss else 1
        copies += self.random.random() < self.repeat
        for _ in range(copies):
            delay = 0.001 + self.random.random() * self.spread
            self.at(self.now + delay, lambda: self._arrive(end.host, transmission.hop.host, data))

    def _arrive(self, source: str, target: str, data: bytes) -> None:
        end = self.ends.get(target)
        if end is None or target in self.silent or source in self.silent:
            return
        message = parse_datagram(data)
        assert isinstance(message, Request | Response), message
        flow = Flow(UDP, source, 5060, target, 5060)
        self._carry_out(end, end.agent.receive(message, flow, self.now))
