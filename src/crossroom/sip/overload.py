"""What is turned away before any work is done for it: floods, and everything when we are full.

RFC 3261 §21.5.4 (503 with Retry-After), §8.2.7 (answers that keep no state: a flood must not fill our tables).
Requests inside dialogs of ours are not counted: who is in a room can always speak and leave.
"""

import math
from dataclasses import dataclass

from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from crossroom.sip.throttle import Throttle, source_of
from crossroom.sip.trust import Trusted


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests outside dialogs, for each source and method: a second in the long run, and at once.

    trusted, trusted_burst: for sources that are believed, such as a proxy with all its users behind it.
    failures: wrong passwords a minute that a source may send before nothing of it is tried any more;
    account_failures: the same for one account, from all sources that never knew its password.
    """

    requests: float = 50.0
    burst: int = 200
    trusted: float = 1000.0
    trusted_burst: int = 4000
    failures: int = 30
    account_failures: int = 100


FULL_RETRY = 10
"""Seconds for Retry-After when all transactions are taken: those of UDP last 32, most of them less."""


class Overload:
    """Counts what comes in. `refused` is how many requests were turned away so far."""

    def __init__(self, rates: Rates, trusted: Trusted, limit: int) -> None:
        self._trusted = trusted
        self._limit = limit
        # what belongs to dialogs may still come in when nothing new can: a BYE makes room
        self._hard_limit = limit + limit // 4 + 1
        self._strangers = Throttle(rates.requests, rates.burst)
        self._friends = Throttle(rates.trusted, rates.trusted_burst)
        self.refused = 0

    def __len__(self) -> int:
        return len(self._strangers) + len(self._friends)

    def retry_after(self, request: Request, flow: Flow, now: float, *, inside: bool, open_now: int) -> int:
        """Seconds to say in Retry-After of a 503; 0 to let the request in.

        inside: it belongs to a dialog or a call of ours. open_now: transactions that are open.
        """
        seconds = self._seconds(request, flow, now, inside=inside, open_now=open_now)
        self.refused += seconds > 0
        return seconds

    def _seconds(self, request: Request, flow: Flow, now: float, *, inside: bool, open_now: int) -> int:
        if open_now >= (self._hard_limit if inside else self._limit):
            return FULL_RETRY
        if inside:
            return 0
        throttle = self._friends if self._trusted.includes(flow.remote_host) else self._strangers
        return math.ceil(throttle.take((source_of(flow.remote_host), request.method), now))
