"""Which addresses are believed: the networks of one's own proxies (RFC 3325 §2.3, a Spec(T) of one line)."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Trusted:
    """A list of networks."""

    networks: tuple[Network, ...] = ()

    def includes(self, host: str) -> bool:
        """Whether a numeric address is in one of them; an IPv4 address also where IPv6 wraps it."""
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)
