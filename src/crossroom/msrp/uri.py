"""MSRP URIs and paths (RFC 4975 §6, §9): read, write, compare. No resolving, no sessions."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

from crossroom.machine import ParseError

MAX_URI = 1024  # octets; a session-id is some 20, a host name at most 255
MAX_PATH = 16  # URIs in one path: endpoint and relays; nobody has more than four

_SHOWN = 8  # characters of a session-id in a log
_SECRET = re.compile(rf"(?<=[^/]/[A-Za-z0-9._~+=-]{{{_SHOWN}}})[A-Za-z0-9._~+=/-]+")

_URI = re.compile(
    r"(?P<scheme>msrps?)://(?:(?P<userinfo>[^\s@/;?#\[\]]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%-]+)(?::(?P<port>\d{1,5}))?"
    r"(?:/(?P<session>[A-Za-z0-9._~+=/-]+))?"  # RFC 4975 §9: session-id = 1*( unreserved / "+" / "=" / "/" )
    r";(?P<transport>[A-Za-z0-9]+)(?P<params>(?:;[^\s;=<>\"]+(?:=[^\s;=<>\"]*)?)*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MsrpUri:
    """One `msrp:` or `msrps:` URI (RFC 4975 §6).

    `host` keeps the brackets off an IPv6 literal; `port` is None when absent (2855 is only recommended, never
    a default); `session_id` is empty for a relay's own URI; `params` are kept in order, value None without `=`.
    """

    host: str
    port: int | None
    session_id: str = ""
    transport: str = "tcp"
    is_secure: bool = False
    userinfo: str = ""
    params: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "MsrpUri":
        """Read one URI; raises ParseError."""
        match = _URI.fullmatch(text) if len(text) <= MAX_URI and text.isascii() else None
        if match is None:
            raise ParseError(f"not an MSRP URI: {text[:80]!r}")
        port = int(match["port"]) if match["port"] else None
        if port is not None and port > 65535:
            raise ParseError(f"port out of range: {port}")
        return cls(
            host=_host(match["host"]),
            port=port,
            session_id=match["session"] or "",
            transport=match["transport"].lower(),
            is_secure=match["scheme"].lower() == "msrps",
            userinfo=match["userinfo"] or "",
            params=_params(match["params"]),
        )

    @property
    def key(self) -> tuple[bool, str, int | None, str, str]:
        """What RFC 4975 §6.1 compares: scheme, host, port, session-id, transport; nothing else."""
        # §6.1: userinfo is not considered; a port that is absent differs from every port that is present.
        return self.is_secure, _comparable(self.host), self.port, self.session_id, self.transport

    def is_same(self, other: "MsrpUri") -> bool:
        """True when both name the same session (RFC 4975 §6.1); `==` compares the spelling instead."""
        return self.key == other.key

    def __str__(self) -> str:
        userinfo = f"{self.userinfo}@" if self.userinfo else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        session = f"/{self.session_id}" if self.session_id else ""
        params = "".join(f";{name}" if value is None else f";{name}={value}" for name, value in self.params)
        scheme = "msrps" if self.is_secure else "msrp"
        return f"{scheme}://{userinfo}{host}{port}{session};{self.transport}{params}"


Path = tuple[MsrpUri, ...]
"""A To-Path or From-Path, leftmost (next hop) first."""


def parse_path(text: str) -> Path:
    """Read the URIs of a To-Path, From-Path or a=path value; raises ParseError (also for an empty one)."""
    parts = text.split()
    if not 0 < len(parts) <= MAX_PATH:
        raise ParseError(f"a path of {len(parts)} URIs")
    return tuple(map(MsrpUri.parse, parts))


def format_path(path: Path) -> str:
    """Write a path as a header or a=path value."""
    return " ".join(map(str, path))


def _host(text: str) -> str:
    if not text.startswith("["):
        return text
    try:
        ipaddress.IPv6Address(text[1:-1])
    except ValueError as error:
        raise ParseError(f"not an IPv6 address: {text}") from error
    return text[1:-1]


def shown(text: str) -> str:
    """A path, or what somebody says is one, as a log may have it: who knows a whole session-id can speak on it.

    RFC 4975 §14.1: the session-id is what keeps others out.
    """
    return _SECRET.sub("…", text[:MAX_URI])


def _comparable(host: str) -> str:
    # RFC 4975 §6.1: IP addresses compare as numbers, however they are written.
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return unquote(host).lower()


def _params(text: str) -> tuple[tuple[str, str | None], ...]:
    pairs = (param.partition("=") for param in text.split(";")[1:])
    return tuple((name, value if equals else None) for name, equals, value in pairs)
