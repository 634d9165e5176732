"""The Via header field: where a response goes (RFC 3261 §18.2, §20.42; RFC 3581)."""

import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.params import NO_PARAMS, Params
from crossroom.sip.uri import comparable_host

_VIA = re.compile(
    rf"\s*+[Ss][Ii][Pp]\s*+/\s*+2\.0\s*+/\s*+({grammar.TOKEN})\s++"
    rf"({grammar.HOST})\s*+(?::\s*+([0-9]++)\s*+)?(;.*+)?",
    re.DOTALL,
)
_MAX_PORT = 65535
DEFAULT_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 80, "WSS": 443}
"""RFC 3261 §19.1.2; RFC 7118 §5.5. Transports that we do not know are taken for UDP's."""
MAGIC_COOKIE = "z9hG4bK"
"""RFC 3261 §8.1.1.7: every branch of ours starts so."""


class Via(Struct, frozen=True, gc=False):
    """One hop. `transport` in upper case (`UDP`, `TCP`, `TLS`, `WS`, `WSS`); `host` and `port` are sent-by."""

    transport: str
    host: str
    port: int | None = None
    params: Params = NO_PARAMS

    def __post_init__(self) -> None:
        port_fits = self.port is None or 0 <= self.port <= _MAX_PORT
        if not (grammar.is_token(self.transport) and grammar.is_host(self.host) and port_fits):
            raise LocalProtocolError(f"not a Via: {self.transport!r} {self.host!r}:{self.port}")

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Read one Via value.

        Raises:
            ParseError: another protocol or version, a bad sent-by or parameter list.

        """
        if (found := _VIA.fullmatch(text)) is None:
            raise ParseError(f"not a Via: {text!r}")
        transport, host, digits, params = found.groups()
        port = None if digits is None else grammar.number(digits, _MAX_PORT, "Via port")
        via = _blank()  # what was just matched needs no second look
        force_setattr(via, "transport", transport.upper())
        force_setattr(via, "host", host)
        force_setattr(via, "port", port)
        if params:
            force_setattr(via, "params", Params.parse(params))
        return via

    @property
    def branch(self) -> str | None:
        """The branch, compared with case."""
        return self.params.get("branch")

    @property
    def has_cookie(self) -> bool:
        """True if the branch is a transaction id by itself (RFC 3261 §17.2.3).

        A cookie with nothing behind it names no transaction (RFC 4475 §3.2.1): as good as none.
        """
        branch = (self.branch or "").lower()
        return branch.startswith(MAGIC_COOKIE.lower()) and len(branch) > len(MAGIC_COOKIE)

    @property
    def received(self) -> str | None:
        """The source address that the next hop saw, without brackets (RFC 5118 §4.5: both forms are met)."""
        value = self.params.get("received")
        return None if value is None else value.removeprefix("[").removesuffix("]")

    @property
    def wants_rport(self) -> bool:
        """True for `rport` in any form (RFC 3581 §3)."""
        return self.params.has("rport")

    @property
    def rport(self) -> int | None:
        """The source port that the next hop filled in; None if missing, empty or nonsense."""
        value = self.params.get("rport")
        if not value or not (value.isascii() and value.isdigit()) or len(value) > 5:
            return None
        return int(value) if int(value) <= _MAX_PORT else None

    @property
    def sent_by(self) -> tuple[str, int]:
        """Host (folded) and port (default filled in), for transaction matching."""
        return comparable_host(self.host), self.default_port if self.port is None else self.port

    @property
    def default_port(self) -> int:
        """The port of this transport when sent-by has none."""
        return DEFAULT_PORTS.get(self.transport, 5060)

    def stamped(self, source: str, port: int) -> "Via":
        """Note where the request really came from. `source` is an IP address without brackets.

        RFC 3261 §18.2.1: `received` when sent-by is another address; RFC 3581 §4: an empty `rport` is filled,
        and then `received` is there always.
        """
        params = self.params.without("received")
        if self.wants_rport:
            params = params.with_("rport", str(port)).with_("received", source)
        elif comparable_host(self.host) != comparable_host(f"[{source}]" if ":" in source else source):
            params = params.with_("received", source)
        return self if params == self.params else replace(self, params=params)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{self.params}"


_blank: Callable[[], Via] = Via("UDP", "invalid").__copy__  # type: ignore[attr-defined]  # not in msgspec's stubs
