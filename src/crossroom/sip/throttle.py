"""How often a source may do something: a rate and a burst for each, in bounded memory. Time is an argument.

Used against floods (overload.py) and against guessed passwords (gate.py).
"""

from collections.abc import Hashable
from ipaddress import IPv6Address, ip_address, ip_network

_CAPACITY = 10_000
"""Sources remembered. The one unused for longest is forgotten first: at worst it gets its burst anew."""


class Throttle:
    """`rate` a second in the long run, `burst` at once. One number is kept for each source.

    That number is when the source would have paid for all it did, at one every 1/rate seconds; it may run
    ahead of the clock by a burst (the generic cell rate algorithm, ITU-T I.371).
    """

    def __init__(self, rate: float, burst: int, capacity: int = _CAPACITY) -> None:
        self._interval = 1.0 / rate
        self._ahead = (burst - 1) * self._interval
        self._capacity = capacity
        self._paid: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self._paid)

    def wait(self, source: Hashable, now: float) -> float:
        """Seconds until the source may do it once more; 0.0 if it may now."""
        # a remainder below a microsecond is rounding, not debt
        left = self._paid.get(source, now) - self._ahead - now
        return left if left > 1e-6 else 0.0

    def take(self, source: Hashable, now: float) -> float:
        """The same, and count it if it may."""
        left = self.wait(source, now)
        if left <= 0:
            paid = self._paid.pop(source, now)
            self._paid[source] = max(paid, now) + self._interval
            if len(self._paid) > self._capacity:
                del self._paid[next(iter(self._paid))]
        return left


def source_of(host: str) -> str:
    """Whom a numeric address counts for: itself, and in IPv6 the whole /64 that one site has (RFC 6177)."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), 64), strict=False))
    return host
