"""What every usage stands on: transactions, timers, dialogs, identifiers, and the list of outputs.

Pure: names to resolve and messages to send are only asked for here, the driver carries them out.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from crossroom.machine import Deliver, Send
from crossroom.sip.address import NameAddr
from crossroom.sip.agenda import Agenda, Timed
from crossroom.sip.dialog import Dialog, DialogId
from crossroom.sip.events import Event
from crossroom.sip.hop import (
    Flow,
    Hop,
    SentBy,
    literal_hop,
    next_hop_uri,
    response_hop,
    via_for,
    with_top_via,
)
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import AgentSettings, Ids, Timers
from crossroom.sip.transaction_layer import LiveTransaction, TransactionLayer, Transmission
from crossroom.sip.uri import SipUri
from crossroom.sip.via import MAGIC_COOKIE

if TYPE_CHECKING:  # all are built on the stack, which only keeps them and passes them on
    from crossroom.sip.invite_uas import InviteUas
    from crossroom.sip.pending import PendingRequest
    from crossroom.sip.subscriber import Subscriber


class Resolving(Protocol):
    """Who waits for addresses."""

    def resolved(self, hops: list[Hop], now: float) -> None:
        """The addresses, best first."""


@dataclass(frozen=True, slots=True)
class Resolve:
    """Look up the hops of this URI (RFC 3263) and call `UserAgent.resolved` with the same `asker`."""

    asker: Resolving
    uri: SipUri


Output = Send[Transmission] | Deliver[Event] | Resolve


class Usage(Protocol):
    """One use of a dialog. RFC 5057."""

    def handles(self, request: Request) -> bool:
        """Whether a request inside the dialog is for this usage."""

    def receive(self, pending: "PendingRequest", now: float) -> None:
        """Take such a request and see that it is answered."""


@runtime_checkable
class Ticking(Timed, Protocol):
    """A usage with timers of its own."""

    def tick(self, now: float) -> None:
        """The time has come."""


class Stack:
    """The floor of the user agent. `hosts`: what our Via shows, by transport, set when we listen; `hosts6` to IPv6.

    dialogs: all of them. waiting: subscriptions of ours that have no dialog yet, by Call-ID and our tag.
    calls: incoming calls that wait for an answer, by the transaction that a CANCEL would name.
    preloaded: the Route of every request outside a dialog, our outbound proxy (docs/conformance.md, sip-2.16).
    """

    def __init__(self, settings: AgentSettings, ids: Ids) -> None:
        self.settings = settings
        self.ids = ids
        self.agenda = Agenda()
        self.hosts: dict[str, SentBy] = {}
        self.hosts6: dict[str, SentBy] = {}
        self.preloaded: tuple[NameAddr, ...] = ()
        self.dialogs: dict[DialogId, Dialog] = {}
        self.waiting: dict[tuple[str, str | None], Subscriber] = {}
        self.calls: dict[LiveTransaction, InviteUas] = {}
        self.transactions = TransactionLayer(settings.timers, self.agenda, self._send)
        self._secret = ids.token().encode()[:64]
        self._outputs: list[Output] = []
        self._avoided: dict[tuple[str, str, int], float] = {}
        self._closed: dict[tuple[str, str, int], float] = {}

    @property
    def timers(self) -> Timers:
        """RFC 3261 table 4."""
        return self.settings.timers

    def drain(self) -> list[Output]:
        """What is to be done, in order; each output once."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def deliver(self, event: Event) -> None:
        """Tell the user."""
        self._outputs.append(Deliver(event))

    def answer_once(self, request: Request, flow: Flow, response: Response) -> None:
        """Send an answer that nothing is remembered of. RFC 3261 §8.2.7: each repetition gets it anew."""
        tagged = response if response.to.tag else response.with_to_tag(self._tag_of(request))
        self.send(Transmission(tagged, response_hop(request, flow)))

    def _tag_of(self, request: Request) -> str:
        """RFC 3261 §8.2.7: a tag that is the same for each copy of a request, and that nobody can guess."""
        names = (request.call_id, request.from_.tag or "", str(request.cseq), request.via.branch or "")
        text = "\0".join(names).encode("utf-8", "replace")
        return hashlib.blake2b(text, key=self._secret, digest_size=10).hexdigest()

    def resolve(self, asker: Resolving, uri: SipUri) -> None:
        """Ask for addresses."""
        self._outputs.append(Resolve(asker, uri))

    def respond(self, live: LiveTransaction, response: Response, now: float) -> None:
        """Answer a request."""
        self.transactions.respond(live, response, now)

    def sent_by(self, hop: Hop) -> SentBy | None:
        """What Via shows for this hop; None when we do not speak its transport."""
        families = (self.hosts6, self.hosts) if ":" in hop.host else (self.hosts, self.hosts6)
        return families[0].get(hop.transport) or families[1].get(hop.transport)

    def watch(self, usage: Ticking) -> None:
        """Note when the usage is due."""
        self.agenda.put(usage)

    def hold(self, dialog: Dialog, usage: Usage) -> None:
        """The usage keeps the dialog alive."""
        self.dialogs.setdefault(dialog.id, dialog)
        if usage not in dialog.usages:
            dialog.usages = (*dialog.usages, usage)

    def release(self, dialog: Dialog, usage: Usage) -> None:
        """The usage is over; with the last one the dialog is too."""
        dialog.usages = tuple(one for one in dialog.usages if one is not usage)
        if not dialog.usages and self.dialogs.get(dialog.id) is dialog:
            del self.dialogs[dialog.id]

    def send_ack(self, ack: Request, flow: Flow | None) -> "StatelessAck":
        """Send an ACK for a 2xx: no transaction, RFC 3261 §13.2.2.4. Call its `repeat()` for each copy."""
        sending = StatelessAck(self, ack, flow)
        sending.repeat()
        return sending

    def send(self, transmission: Transmission) -> None:
        """Put a message on the wire past all transactions."""
        self._send(transmission)

    def avoid(self, hop: Hop | None, seconds: float, now: float) -> None:
        """Make a server the last choice for so long."""
        if hop is not None and seconds > 0:
            self._avoided = {place: until for place, until in self._avoided.items() if until > now}
            self._avoided[_place(hop)] = now + seconds

    def best_first(self, hops: list[Hop], now: float) -> list[Hop]:
        """The same hops, those to be avoided last."""
        return sorted(hops, key=lambda hop: self._avoided.get(_place(hop), now) > now)

    def close(self, hop: Hop | None, seconds: float, now: float) -> None:
        """Send a server nothing new for so long. RFC 3261 §21.5.4: it said 503, and when to come back."""
        if hop is not None and seconds > 0:
            self._closed = {place: until for place, until in self._closed.items() if until > now}
            self._closed[_place(hop)] = now + seconds

    def open_again(self, hops: list[Hop], now: float) -> float:
        """Seconds until the first of these servers wants to be asked again; 0.0 when one may be asked now."""
        return min((max(self._closed.get(_place(hop), now) - now, 0.0) for hop in hops), default=0.0)

    def without_closed(self, hops: list[Hop], now: float) -> list[Hop]:
        """The servers that may be asked now."""
        return [hop for hop in hops if self._closed.get(_place(hop), now) <= now]

    def _send(self, transmission: Transmission) -> None:
        self._outputs.append(Send(transmission))


class StatelessAck:
    """The ACK for one 2xx, and its one address. RFC 3261 §13.2.2.4: repeated for each copy of the 2xx."""

    def __init__(self, stack: Stack, ack: Request, flow: Flow | None) -> None:
        self._stack = stack
        self._ack = ack
        self._hop = Hop.back_on(flow) if flow is not None else None

    def repeat(self) -> None:
        """Send it, or ask for its address first."""
        uri = next_hop_uri(self._ack)
        if self._hop is None and uri is not None:
            self._hop = literal_hop(uri)
        if self._hop is not None:
            self._transmit(self._hop)
        elif uri is not None:
            self._stack.resolve(self, uri)

    def resolved(self, hops: list[Hop], now: float) -> None:
        """See `Resolving.resolved`. Without any address nothing is sent: the peer's own timer ends the call."""
        best = self._stack.best_first(hops, now)
        if best:
            self._hop = best[0]
            self._transmit(best[0])

    def _transmit(self, hop: Hop) -> None:
        sent_by = self._stack.sent_by(hop)
        if sent_by is None:
            return
        via = via_for(hop, sent_by, MAGIC_COOKIE + self._stack.ids.token())
        self._stack.send(Transmission(with_top_via(self._ack, via), hop))


def _place(hop: Hop) -> tuple[str, str, int]:
    return (hop.transport, hop.host, hop.port)
