"""A stateful proxy that lets several telephones ring at once, and stays out of the dialogs. RFC 3261 §16.

Only what a forking call needs: INVITE and CANCEL. The ACK for a 2xx, and all that follows, goes past it.
"""

from dataclasses import dataclass, field

from crossroom.machine import Send
from crossroom.sip.agenda import Agenda, Entry
from crossroom.sip.client_transaction import inside
from crossroom.sip.hop import Flow, Hop, SentBy, literal_hop, stamp_received, via_for
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import Ids, Timers
from crossroom.sip.stack import Output, Resolving
from crossroom.sip.transaction import Done
from crossroom.sip.transaction_layer import LiveTransaction, TransactionLayer
from crossroom.sip.uri import SipUri
from crossroom.sip.via import MAGIC_COOKIE

TIMER_C = 181.0  # RFC 3261 §16.6: "MUST be larger than 3 minutes"


class ForkingProxy:
    """`targets`: the telephones. Shaped like a user agent, so that a network carries its messages."""

    def __init__(self, host: str, targets: tuple[SipUri, ...], ids: Ids) -> None:
        self.sent_by = SentBy(host, 5060)
        self.targets = targets
        self.ids = ids
        self.agenda = Agenda()
        self.forks: dict[LiveTransaction, Fork] = {}
        self._outputs: list[Output] = []
        self.layer = TransactionLayer(Timers(), self.agenda, lambda sent: self._outputs.append(Send(sent)))

    def is_clean(self) -> bool:
        return not self.forks and not len(self.layer) and self.deadline() is None

    def receive(self, message: Request | Response, flow: Flow, now: float) -> list[Output]:
        if isinstance(message, Response):
            self.layer.receive_response(message, flow, now)
        else:
            self._receive_request(stamp_received(message, flow), flow, now)
        return self.drain()

    def tick(self, now: float) -> list[Output]:
        for machine in self.agenda.due(now):
            if isinstance(machine, LiveTransaction):
                self.layer.tick(machine, now)
            elif isinstance(machine, Branch):
                machine.tick(now)
        return self.drain()

    def deadline(self) -> float | None:
        return self.agenda.next()

    def drain(self) -> list[Output]:
        outputs, self._outputs = self._outputs, []
        return outputs

    def send_failed(self, sender: LiveTransaction | None, now: float) -> list[Output]:
        if sender is not None:
            self.layer.transport_failed(sender, now)
        return self.drain()

    def resolved(self, asker: Resolving, hops: list[Hop], now: float) -> list[Output]:
        raise NotImplementedError("targets are addresses")

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        known = self.layer.find_server(request)
        if known is not None:
            self.layer.absorb(known, request, now)
        elif request.method == "CANCEL":
            self._cancel(request, flow, now)
        elif request.method == "INVITE":
            live = self.layer.accept(request, flow, now)
            self.forks[live] = Fork(self, request, live)
            self.layer.respond(live, Response.answering(request, 100), now)
            self.forks[live].start(now)

    def _cancel(self, cancel: Request, flow: Flow, now: float) -> None:
        live = self.layer.accept(cancel, flow, now)
        invite = self.layer.invite_of(cancel)
        self.layer.respond(live, Response.answering(cancel, 200 if invite else 481), now)
        if invite is not None and invite in self.forks:
            self.forks[invite].cancel(now)


@dataclass(eq=False)
class Fork:
    """One INVITE and its branches."""

    proxy: ForkingProxy
    request: Request
    live: LiveTransaction
    branches: list["Branch"] = field(default_factory=list)
    answered: bool = False

    def start(self, now: float) -> None:
        self.branches = [Branch(self, target) for target in self.proxy.targets]
        for branch in self.branches:
            branch.start(now)

    def pass_up(self, response: Response, now: float) -> None:
        """Provisional responses and every 2xx go up at once. RFC 3261 §16.7 step 5."""
        self.proxy.layer.respond(self.live, without_top_via(response), now)
        if response.is_success:
            self.answered = True
            self.cancel(now)

    def cancel(self, now: float) -> None:
        for branch in self.branches:
            branch.cancel(now)

    def conclude(self, now: float) -> None:
        """Once no branch waits any more: the best failure goes up, the lowest status. RFC 3261 §16.7 step 6."""
        finals = [branch.final for branch in self.branches if branch.final is not None]
        if len(finals) < len(self.branches):
            return
        self.proxy.forks.pop(self.live, None)
        if not self.answered:
            self.answered = True
            best = min(finals, key=lambda final: final.status)
            self.proxy.layer.respond(self.live, without_top_via(best), now)


class Branch:
    """One telephone. `final`: how it ended."""

    def __init__(self, fork: Fork, target: SipUri) -> None:
        self.fork = fork
        self.proxy = fork.proxy
        self.final: Response | None = None
        self._proceeding = self._wants_cancel = self._cancel_sent = False
        self._due: float | None = None
        self.entry: Entry | None = None
        hop = literal_hop(target)
        assert hop
        self.hop = hop
        via = via_for(hop, self.proxy.sent_by, MAGIC_COOKIE + self.proxy.ids.token())
        self.request = Request(
            "INVITE", target, fork.request.headers.prepending("Via", str(via)), fork.request.body
        )
        self._live: LiveTransaction | None = None

    def start(self, now: float) -> None:
        self._due = now + TIMER_C
        self.proxy.agenda.put(self)
        self._live = self.proxy.layer.start(self.request, self.hop, self, now)

    def deadline(self) -> float | None:
        return self._due

    def tick(self, now: float) -> None:
        """Timer C: whoever says no more is taken for gone."""
        if self._live is not None:
            self.proxy.layer.discard(self._live)
        self._end(Response.answering(self.request, 408), now)

    def received(self, response: Response, now: float) -> None:
        if response.is_provisional:
            self._proceeding = True
            if response.status > 100 and not self.fork.answered:
                self.fork.pass_up(response, now)
            if self._wants_cancel:
                self.cancel(now)
        else:
            if response.is_success:
                self.fork.pass_up(response, now)
            self._end(response, now)

    def gave_up(self, done: Done, now: float) -> None:
        self._end(Response.answering(self.request, 408 if done is Done.TIMED_OUT else 503), now)

    def cancel(self, now: float) -> None:
        """RFC 3261 §9.1: not before a provisional response."""
        self._wants_cancel = True
        if self._proceeding and not self._cancel_sent and self.final is None:
            self._cancel_sent = True
            cancel = inside(self.request, "CANCEL", self.request.headers.get("To") or "")
            self.proxy.layer.start(cancel, self.hop, Ignored(), now)

    def _end(self, final: Response, now: float) -> None:
        if self.final is None:
            self.final = final
            self._due = None
            self.proxy.agenda.drop(self)
            self.fork.conclude(now)


class Ignored:
    """Nobody asks how a CANCEL went."""

    def received(self, response: Response, now: float) -> None: ...
    def gave_up(self, done: Done, now: float) -> None: ...


def without_top_via(response: Response) -> Response:
    below = response.headers.all("Via")[1:]
    return response.with_headers(response.headers.without("Via").adding_all("Via", below))
