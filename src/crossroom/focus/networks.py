"""Which network an address is on: its own scheme, the configured table, our own user domains, DNS (RFC 7247 §5).

Never a silent guess: an address that is on neither network is refused.
"""

from collections.abc import Awaitable, Callable, Mapping

from crossroom.room.address import Address, Network
from crossroom.room.reasons import Reason, Refused

Lookup = Callable[[str], Awaitable[Network | None]]
"""Asks DNS which network a domain is on; None when on neither. May raise Refused."""

MAX_REMEMBERED = (
    1024  # domains; past it the oldest answer is forgotten, and asked for again: a round trip, no failure
)


class Networks:
    """The choice. `configured` and `own` map domains; answers of `lookup` are kept for `keep` seconds."""

    def __init__(
        self,
        configured: Mapping[str, Network],
        own: Mapping[str, Network],
        lookup: Lookup,
        clock: Callable[[], float],
        keep: float = 300.0,  # a domain that moves to another network is found within minutes
    ) -> None:
        # the configured table is asked first: it may say otherwise even of a domain of our own
        self._known = {domain.lower(): network for domain, network in {**own, **configured}.items()}
        self._lookup = lookup
        self._clock = clock
        self._keep = keep
        self._answers: dict[str, tuple[Network | None, float]] = {}

    async def network_of(self, address: Address) -> Network:
        """Choose; raises Refused(UNREACHABLE) when nobody knows."""
        if address.network is not None:
            return address.network
        domain = address.domain.lower()
        network = self._known.get(domain) or await self._asked(domain)
        if network is None:
            raise Refused(Reason.UNREACHABLE, f"{domain} is on no known network")
        return network

    async def _asked(self, domain: str) -> Network | None:
        kept = self._answers.get(domain)
        if kept is not None and kept[1] > self._clock():
            return kept[0]
        answer = await self._lookup(domain)
        self._answers.pop(domain, None)
        if len(self._answers) >= MAX_REMEMBERED:
            del self._answers[next(iter(self._answers))]
        self._answers[domain] = (answer, self._clock() + self._keep)
        return answer
