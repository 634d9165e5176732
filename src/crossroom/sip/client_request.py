"""One request of ours until somebody answers it: next hop, failover, transport by size, credentials.

RFC 3263 §4.3 (the next server is tried with a new transaction), RFC 3261 §18.1.1 (size), §22.2 (challenges),
§8.1.3.1 (a timeout is a 408, a transport failure a 503). One transaction at a time; knows no dialogs.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from crossroom.machine import ParseError
from crossroom.sip.agenda import Entry
from crossroom.sip.answer import Account
from crossroom.sip.client_transaction import inside
from crossroom.sip.hop import TCP, UDP, Flow, Hop, literal_hop, next_hop_uri, via_for, with_top_via
from crossroom.sip.message import Request, Response
from crossroom.sip.proving import Proofs
from crossroom.sip.reason import RetryAfter
from crossroom.sip.stack import Stack
from crossroom.sip.transaction import Done
from crossroom.sip.transaction_layer import LiveTransaction
from crossroom.sip.via import MAGIC_COOKIE


class RequestUser(Protocol):
    """Who wants the answer."""

    def answered(self, request: "ClientRequest", response: Response, now: float, /) -> None:
        """A response: provisional ones too; exactly one final one, but an INVITE may get more 2xx."""


class ClientRequest:
    """Sends `request` (without Via) and reports to `user`. `next_cseq` numbers a repetition."""

    def __init__(  # noqa: PLR0913 - one call site per kind of request, each names what it passes
        self,
        stack: Stack,
        request: Request,
        user: RequestUser,
        *,
        flow: Flow | None = None,
        account: Account | None = None,
        next_cseq: Callable[[], int] | None = None,
    ) -> None:
        self.request = request
        self.sent: Request | None = None
        self._stack = stack
        self.entry: Entry | None = None
        self._user = user
        self._flow = flow
        self._proofs = Proofs(((account,) if account is not None else ()) + stack.settings.accounts)
        self._next_cseq = next_cseq
        self._hops: list[Hop] = []
        self._unavailable: set[tuple[str, int]] = set()
        self._refusal: Response | None = None  # the last 503
        self._resolved = False
        self._live: LiveTransaction | None = None
        self._answered = False
        self._patience: float | None = None

    @property
    def hop(self) -> Hop | None:
        """Where the last attempt went."""
        return self._live.hop if self._live else None

    def start(self, now: float) -> None:
        """Send it, or ask for addresses first."""
        if self._flow is not None:
            self._hops = [Hop.back_on(self._flow)]
            self._attempt(now)
        else:
            self._resolve(now)

    def resolved(self, hops: list[Hop], now: float) -> None:
        """The addresses of the next hop, best first; none: nobody can be reached."""
        self._resolved = True
        self._hops = self._stack.best_first(self._by_size(hops), now)
        if self.request.to.tag is None:  # what is said inside a dialog has nobody else to say it to
            self._skip_closed(now)
        self._skip_unavailable()
        self._attempt(now)

    def deadline(self) -> float | None:
        """When an INVITE that rings is taken for lost."""
        return self._patience

    def tick(self, now: float) -> None:
        """Nothing came for too long after a provisional response: forget the transaction, which has no timer left."""
        if self._patience is None or now < self._patience or self._live is None:
            return
        self._patience = None
        self._stack.transactions.discard(self._live)
        self._report(Response.answering(self.request, 408), now)

    def received(self, response: Response, now: float) -> None:
        """See `TransactionUser.received`."""
        if response.cseq.method == "INVITE":
            self._patience = now + _LONGEST_SILENCE if response.is_provisional else None
            self._stack.watch(self)
        if response.status == 503:
            # RFC 3261 §21.5.4: not this server until Retry-After. Where a proxy is in between it may be the word of
            # anybody behind it (§16.7 step 6 is not obeyed by all): that one is only the last choice then
            seconds = _retry_after(response)
            self._stack.avoid(self.hop, seconds, now)
            if not self.request.routes:
                self._stack.close(self.hop, seconds, now)
            self._unavailable |= {(self.hop.host, self.hop.port)} if self.hop else set()
            self._refusal = response
            self._skip_unavailable()
            if self._hops or not self._resolved:
                self._next(now)
                return
        if response.status in {401, 407} and self._prove(response, now):
            return
        self._report(response, now)

    def gave_up(self, done: Done, now: float) -> None:
        """See `TransactionUser.gave_up`."""
        if self._answered:
            return
        self._stack.avoid(self._live.hop if self._live else None, _PENALTY, now)
        if self._hops or not self._resolved:
            self._next(now)
            return
        if done is Done.TIMED_OUT:
            self._report(Response.answering(self.request, 408), now)
        else:
            self._report(Response.answering(self.request, 503, NO_SERVER), now)

    def cancel(self, now: float, reason: str = "") -> None:
        """Send CANCEL for this INVITE. RFC 3261 §9.1: the same hop, branch and numbers; no failover."""
        if self._live is None or self.sent is None:
            return
        cancel = inside(self.sent, "CANCEL", self.sent.headers.get("To") or "")
        if reason:
            cancel = cancel.with_header("Reason", reason)
        self._hops = []
        self._resolved = True
        self._stack.transactions.start(cancel, self._live.hop, _Nobody(), now)

    def _resolve(self, now: float) -> None:
        uri = next_hop_uri(self.request)
        if uri is None:
            self._resolved = True
            self._report(Response.answering(self.request, 416), now)
        elif (hop := literal_hop(uri)) is not None:
            self.resolved([hop], now)
        else:
            self._stack.resolve(self, uri)

    def _next(self, now: float) -> None:
        if self._hops:
            self._attempt(now)
        else:
            self._resolve(now)

    def _attempt(self, now: float) -> None:
        while self._hops:
            hop = self._hops.pop(0)
            sent_by = self._stack.sent_by(hop)
            if sent_by is None:  # a transport that we do not have
                continue
            # RFC 3263 §4.3: a new branch for each server
            via = via_for(hop, sent_by, MAGIC_COOKIE + self._stack.ids.token())
            self.sent = with_top_via(self.request, via)
            self._live = self._stack.transactions.start(self.sent, hop, self, now)
            return
        if self._resolved:
            self._report(self._refusal or Response.answering(self.request, 503, NO_SERVER), now)
        else:
            self._resolve(now)

    def _skip_closed(self, now: float) -> None:
        wait = self._stack.open_again(self._hops, now)
        self._hops = self._stack.without_closed(self._hops, now)
        if wait > 0:
            lines = (("Retry-After", str(math.ceil(wait))),)
            self._refusal = Response.answering(self.request, 503, NO_SERVER, lines)

    def _skip_unavailable(self) -> None:
        # RFC 3263 §4.3: after a 503 another server is tried, not the same one by another transport
        self._hops = [hop for hop in self._hops if (hop.host, hop.port) not in self._unavailable]

    def _by_size(self, hops: list[Hop]) -> list[Hop]:
        """RFC 3261 §18.1.1: a large request goes by TCP, and by UDP only if that cannot be had."""
        if len(bytes(self.request)) + _VIA_ROOM <= self._stack.settings.datagram_limit:
            return hops
        return [
            way
            for hop in hops
            for way in ((replace(hop, transport=TCP), hop) if hop.transport == UDP else (hop,))
        ]

    def _prove(self, response: Response, now: float) -> bool:
        """Answer a challenge with the same request and the next number. RFC 3261 §22.2."""
        if self._next_cseq is None or not self._proofs.learn(response):
            return False
        again = self._proofs.added_to(self.request, self._stack.ids.token)
        self.request = again.with_header("CSeq", f"{self._next_cseq()} {again.method}")
        if self._live is not None:
            self._hops.insert(0, self._live.hop)
        self._attempt(now)
        return True

    def _report(self, response: Response, now: float) -> None:
        self._answered = self._answered or response.is_final
        self._user.answered(self, response, now)


NO_SERVER = "No Server Can Be Reached"
"""The phrase of our own 503: tells it from one that a server sent (RFC 3261 §8.1.3.1)."""
_PENALTY = 30.0
"""Seconds for which a server that did not answer is only a last choice."""
_LONGEST_SILENCE = 181.0
"""Seconds after a provisional response to INVITE. RFC 3261 §16.6: timer C "MUST be larger than 3 minutes", and
§13.3.1.1: who takes longer says so "every minute"."""
_VIA_ROOM = 150
"""Octets that our Via adds to the request."""


class _Nobody:
    """Whoever sent CANCEL wants the INVITE's answer, not this one's."""

    def received(self, response: Response, now: float) -> None:
        """Nothing follows from it: RFC 3261 §9.1."""

    def gave_up(self, done: Done, now: float) -> None:
        """Nothing follows from it: RFC 3261 §9.1."""


def _retry_after(response: Response) -> float:
    try:
        return float(min(RetryAfter.parse(response.headers.get("Retry-After") or "").seconds, 3600))
    except ParseError:
        return 0.0
