"""Where to listen or connect: `transport://host:port`, the one form for every address in the file."""

import ipaddress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

TRANSPORTS = frozenset({"udp", "tcp", "tls", "ws", "wss"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A transport, a host (IPv6 without brackets) and a port (0: any free one)."""

    transport: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `tcp://0.0.0.0:5060`; raises ValueError with what is accepted."""
        wanted = (
            f"{text!r} is not of the form transport://host:port with one of {', '.join(sorted(TRANSPORTS))}"
        )
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise ValueError(wanted) from None
        if parts.scheme not in TRANSPORTS or not parts.hostname or port is None or parts.path.strip("/"):
            raise ValueError(wanted)
        return cls(parts.scheme, parts.hostname, port)

    @property
    def is_loopback(self) -> bool:
        """True where nobody on another machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}://{host}:{self.port}"
