"""Which transaction a message belongs to. RFC 3261 §17.1.3, §17.2.3, §8.2.2.2; RFC 6026 §8.

Holds every open transaction and its timers; knows nothing of dialogs. What goes out is handed to `send`.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Protocol

from msgspec import structs

from crossroom.machine import Deliver, Ended, Send
from crossroom.sip.agenda import Agenda, Entry
from crossroom.sip.client_transaction import ClientTransaction, InviteClient, NonInviteClient
from crossroom.sip.hop import Flow, Hop, response_hop
from crossroom.sip.message import Request, Response
from crossroom.sip.server_transaction import InviteServer, NonInviteServer, ServerTransaction
from crossroom.sip.settings import Timers
from crossroom.sip.transaction import Done, Output


class TransactionUser(Protocol):
    """Who started a client transaction."""

    def received(self, response: Response, now: float) -> None:
        """A response, provisional or final; an INVITE may get several 2xx."""

    def gave_up(self, done: Done, now: float) -> None:
        """No final response will come: TIMED_OUT or TRANSPORT_FAILED."""


@dataclass(frozen=True, slots=True)
class Transmission:
    """A message and where it goes. `sender`: whose transport failure it would be; None for nobody's."""

    message: Request | Response
    hop: Hop
    sender: "LiveTransaction | None" = None


class LiveTransaction:
    """A transaction with its place: the hop it talks to and, for a client one, who started it."""

    __slots__ = ("entry", "hop", "key", "machine", "merge_key", "user")

    def __init__(
        self,
        machine: ClientTransaction | ServerTransaction,
        key: Hashable,
        hop: Hop,
        user: TransactionUser | None = None,
        merge_key: Hashable = None,
    ) -> None:
        self.machine = machine
        self.key = key
        self.hop = hop
        self.user = user
        self.merge_key = merge_key
        self.entry: Entry | None = None

    def deadline(self) -> float | None:
        """When the machine is due."""
        return self.machine.deadline()


class TransactionLayer:
    """All transactions of one user agent."""

    def __init__(self, timers: Timers, agenda: Agenda, send: Callable[[Transmission], None]) -> None:
        self._timers = timers
        self._agenda = agenda
        self._send = send
        self._clients: dict[Hashable, LiveTransaction] = {}
        self._servers: dict[Hashable, LiveTransaction] = {}
        self._merged: dict[Hashable, Hashable] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def start(self, request: Request, hop: Hop, user: TransactionUser, now: float) -> LiveTransaction:
        """Send a request that already has its Via, and wait for its responses."""
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        machine = kind(request, reliable=hop.reliable, timers=self._timers)
        live = LiveTransaction(machine, client_key(request), hop, user)
        self._clients[live.key] = live
        self._carry_out(live, machine.start(now), now)
        return live

    def receive_response(self, response: Response, flow: Flow, now: float) -> bool:
        """Hand a response to its transaction; False when there is none."""
        live = self._clients.get(client_key(response))
        if live is None or not isinstance(live.machine, ClientTransaction):
            return False
        if flow.reliable:  # what follows (ACK, CANCEL) stays on this connection
            live.hop = replace(live.hop, flow=flow)
        self._carry_out(live, live.machine.receive(response, now), now)
        return True

    def find_server(self, request: Request) -> LiveTransaction | None:
        """The transaction that this request repeats or acknowledges."""
        return self._servers.get(server_key(request))

    def absorb(self, live: LiveTransaction, request: Request, now: float) -> None:
        """A retransmission, or the ACK for a response that is not 2xx."""
        if isinstance(live.machine, ServerTransaction):
            self._carry_out(live, live.machine.receive(request, now), now)

    def is_merged(self, request: Request) -> bool:
        """Whether the same request came by another way already. RFC 3261 §8.2.2.2: 482."""
        return request.to.tag is None and merge_key(request) in self._merged

    def accept(self, request: Request, flow: Flow, now: float) -> LiveTransaction:
        """Open a server transaction for a new request."""
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        machine = kind(request, reliable=flow.reliable, timers=self._timers)
        merge = merge_key(request) if request.to.tag is None else None
        live = LiveTransaction(machine, server_key(request), response_hop(request, flow), merge_key=merge)
        self._servers[live.key] = live
        if merge is not None:
            self._merged.setdefault(merge, live.key)
        self._carry_out(live, machine.start(now), now)
        return live

    def invite_of(self, cancel: Request) -> LiveTransaction | None:
        """The INVITE that a CANCEL means. RFC 3261 §9.2: the same key with the method INVITE."""
        return self._servers.get(server_key(cancel, "INVITE"))

    def respond(self, live: LiveTransaction, response: Response, now: float) -> None:
        """Send a response through its server transaction."""
        if isinstance(live.machine, ServerTransaction):
            self._carry_out(live, live.machine.respond(response, now), now)

    def discard(self, live: LiveTransaction) -> None:
        """Forget a transaction that has nothing more to do: a request answered without one, an INVITE given up."""
        self._forget(live)

    def transport_failed(self, live: LiveTransaction, now: float) -> None:
        """What this transaction sent could not be sent."""
        if self._clients.get(live.key) is live or self._servers.get(live.key) is live:
            self._carry_out(live, live.machine.transport_failed(now), now)

    def tick(self, live: LiveTransaction, now: float) -> None:
        """Let the timers of one transaction fire."""
        self._carry_out(live, live.machine.tick(now), now)

    def _carry_out(self, live: LiveTransaction, outputs: list[Output], now: float) -> None:
        done: Done | None = None
        for output in outputs:
            match output:
                case Send(message=message):
                    self._send(Transmission(message, live.hop, live))
                case Deliver(event=Response() as response) if live.user is not None:
                    live.user.received(response, now)
                case Ended(reason=reason):
                    done = reason
                case _:
                    pass  # a server's own request: whoever called accept() has it already
        if done is None:
            self._agenda.put(live)
            return
        user = live.user
        self._forget(live)
        if user is not None and done is not Done.FINISHED:
            user.gave_up(done, now)

    def _forget(self, live: LiveTransaction) -> None:
        live.user = (
            None  # which knows the transaction too: what is over shall not wait for the garbage collector
        )
        self._agenda.drop(live)
        table = self._clients if isinstance(live.machine, ClientTransaction) else self._servers
        if table.get(live.key) is live:
            del table[live.key]
        if live.merge_key is not None and self._merged.get(live.merge_key) == live.key:
            del self._merged[live.merge_key]


def client_key(message: Request | Response) -> Hashable:
    """RFC 3261 §17.1.3: the branch of the top Via and the method in CSeq."""
    return (message.via.branch, message.cseq.method)


def server_key(request: Request, method: str = "") -> Hashable:
    """RFC 3261 §17.2.3: branch, sent-by and method, an ACK counting as INVITE; RFC 2543 peers by more."""
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    via = request.via
    if via.has_cookie:
        host, port = via.sent_by
        return f"{method} {via.branch} {host}:{port}"  # one text is less to keep than a tuple of them
    # RFC 2543: Request-URI, From tag, Call-ID, CSeq number and the whole top Via
    plain = structs.replace(via, params=via.params.without("received", "rport"))
    return (str(request.uri), request.from_.tag, request.call_id, request.cseq.number, str(plain), method)


def merge_key(request: Request) -> Hashable:
    """RFC 3261 §8.2.2.2: From tag, Call-ID and CSeq."""
    return f"{request.cseq} {request.call_id} {request.from_.tag or ''}"
