"""SIP and SIPS URIs (RFC 3261 §19.1), and every other URI as an opaque pair.

The user part is plain text here; escaping belongs to parse() and str() (docs/mapping.md §1.2).
"""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address

from msgspec import Struct
from msgspec.structs import force_setattr

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.params import NO_PARAMS, Params

# RFC 3261 §25.1, mark + user-unreserved; letters, digits and -_.~ are always safe.
_USER_SAFE = "!*'()&=+$,;?/"
_PASSWORD_SAFE = "!*'()&=+$,"  # noqa: S105 -- the characters a password may show raw
_PARAM_SAFE = "!*'()[]/:&+$"  # paramchar
_HEADER_SAFE = "!*'()[]/?:+$"  # hnv-unreserved and mark

_URI = re.compile(
    rf"""(?:([^@:\s<>"]++)(?::([^@\s<>"]*+))?@)?   # userinfo: an "@" never stands raw in it
    ({grammar.HOST})(?::([0-9]++))?
    (;[^?\s<>"]*+)?
    (?:\?([^\s<>"]*+))?""",
    re.VERBOSE,
)
_OTHER = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*+):([^\s<>"\x00-\x1f\x7f\ud800-\udfff]++)')
_MAX_PORT = 65535
# RFC 3261 §19.1.4: these count as different when only one of two URIs has them.
_SIGNIFICANT = ("user", "ttl", "method", "maddr", "transport")


class SipUri(Struct, frozen=True, gc=False):
    """A `sip:` or `sips:` URI.

    `user` and `password` are percent-decoded text; `host` keeps the brackets of an IPv6 reference; `params`
    are as written; `headers` are decoded pairs, in order.

    Raises:
        LocalProtocolError: a scheme, host or port that cannot be written.

    """

    host: str
    user: str | None = None
    password: str | None = None
    port: int | None = None
    params: Params = NO_PARAMS
    headers: tuple[tuple[str, str], ...] = ()
    scheme: str = "sip"

    def __post_init__(self) -> None:
        if self.scheme not in {"sip", "sips"} or not grammar.is_host(self.host) or self.user == "":
            raise LocalProtocolError(f"not a SIP URI: {self.scheme!r}, {self.user!r}, {self.host!r}")
        if self.port is not None and not 0 <= self.port <= _MAX_PORT:
            raise LocalProtocolError(f"not a port: {self.port}")

    @classmethod
    def parse(cls, text: str) -> "SipUri":
        """Read a URI.

        Raises:
            ParseError: another scheme, a bad host or port, a broken escape, escapes that are not UTF-8.

        """
        uri = parse_uri(text)
        if isinstance(uri, OtherUri):
            raise ParseError(f"not a SIP URI: {text!r}")
        return uri

    @property
    def gr(self) -> str | None:
        """The instance that a GRUU names (RFC 5627), decoded; "" for a bare `;gr`; None if it is no GRUU.

        Raises:
            ParseError: the value has a broken escape.

        """
        if (value := self.params.get("gr")) is not None:
            return grammar.unescape(value)
        return "" if self.params.has("gr") else None

    @property
    def transport(self) -> str | None:
        """The `transport` parameter in lower case."""
        value = self.params.get("transport")
        return None if value is None else value.lower()

    @property
    def is_loose_router(self) -> bool:
        """True with `lr` (RFC 3261 §16.12)."""
        return self.params.has("lr")

    @property
    def address_of_record(self) -> "SipUri":
        """Scheme, user, host and port alone: what names the person."""
        return SipUri(self.host, self.user, port=self.port, scheme=self.scheme)

    def with_param(self, name: str, value: str | None = None) -> "SipUri":
        """Set a parameter; `value` is plain text and is escaped here."""
        escaped = None if value is None else grammar.escape(value, _PARAM_SAFE)
        params = self.params.with_(grammar.escape(name, _PARAM_SAFE), escaped)
        return SipUri(self.host, self.user, self.password, self.port, params, self.headers, self.scheme)

    def without_params(self, *names: str) -> "SipUri":
        """Leave parameters out."""
        params = self.params.without(*names)
        return SipUri(self.host, self.user, self.password, self.port, params, self.headers, self.scheme)

    def without_headers(self) -> "SipUri":
        """Leave the embedded headers out, as a Request-URI must (RFC 3261 §19.1.1)."""
        return SipUri(self.host, self.user, self.password, self.port, self.params, (), self.scheme)

    def matches(self, other: "SipUri | OtherUri") -> bool:
        """Compare by the rules of RFC 3261 §19.1.4 (not transitive, so this is not `==`)."""
        if not isinstance(other, SipUri):
            return False
        # User and password: case-sensitive. No port is not the same as the default port.
        if (self.scheme, self.user, self.password, self.port) != (
            other.scheme,
            other.user,
            other.password,
            other.port,
        ):
            return False
        return (
            comparable_host(self.host) == comparable_host(other.host)
            and _params_match(self.params, other.params)
            and _comparable_headers(self) == _comparable_headers(other)
        )

    def __str__(self) -> str:
        userinfo = ""
        if self.user is not None:
            userinfo = grammar.escape(self.user, _USER_SAFE)
            if self.password is not None:
                userinfo += ":" + grammar.escape(self.password, _PASSWORD_SAFE)
            userinfo += "@"
        port = "" if self.port is None else f":{self.port}"
        text = f"{self.scheme}:{userinfo}{self.host}{port}{self.params}"
        if not self.headers:
            return text
        pairs = [
            f"{grammar.escape(name, _HEADER_SAFE)}={grammar.escape(value, _HEADER_SAFE)}"
            for name, value in self.headers
        ]
        return f"{text}?{'&'.join(pairs)}"


class OtherUri(Struct, frozen=True, gc=False):
    """A URI of another scheme (tel, xmpp, im, cid, http…), kept as written. `scheme` is in lower case.

    Raises:
        LocalProtocolError: it has white space, controls, quotes or angle brackets.

    """

    scheme: str
    rest: str

    def __post_init__(self) -> None:
        if not _OTHER.fullmatch(f"{self.scheme}:{self.rest}"):
            raise LocalProtocolError(f"not a URI: {self.scheme!r}:{self.rest!r}")

    def matches(self, other: "SipUri | OtherUri") -> bool:
        """Compare as written."""
        return self == other

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | OtherUri
_blank: Callable[[], SipUri] = SipUri("invalid").__copy__  # type: ignore[attr-defined]  # not in msgspec's stubs


def parse_uri(text: str) -> SipUri | OtherUri:
    """Read any absolute URI.

    Raises:
        ParseError: it is no URI, or no correct SIP URI.

    """
    if not (text.isprintable() or grammar.is_line(text)):
        raise ParseError(f"not a URI: {text!r}")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in {"sip", "sips"}:
        if not (found := _OTHER.fullmatch(text)):
            raise ParseError(f"not a URI: {text!r}")
        return OtherUri(found[1].lower(), found[2])
    if (parts := _URI.fullmatch(rest)) is None:
        raise ParseError(f"not a SIP URI: {text!r}")
    uri = _read_parts(parts)
    if scheme == "sips":
        force_setattr(uri, "scheme", scheme)
    return uri


def _read_parts(parts: re.Match[str]) -> SipUri:
    user, password, host, port, params, headers = parts.groups()
    if host[0] == "[":
        _check_ipv6(host)
    uri = _blank()  # what was just matched needs no second look
    force_setattr(uri, "host", host)
    if user is not None:
        force_setattr(uri, "user", grammar.unescape(user))
    if password is not None:
        force_setattr(uri, "password", grammar.unescape(password))
    if port is not None:
        force_setattr(uri, "port", grammar.number(port, _MAX_PORT, "port"))
    if params:
        force_setattr(uri, "params", Params.parse(params))
    if headers:
        force_setattr(uri, "headers", _parse_headers(headers))
    return uri


def comparable_host(host: str) -> str:
    """Fold a host for comparison: case, the final dot, and the spellings of one IPv6 address (RFC 5954 §4)."""
    if host.startswith("["):
        try:
            return str(IPv6Address(host[1:-1]))
        except AddressValueError:
            return host.lower()
    return host.lower().removesuffix(".")


def _check_ipv6(host: str) -> None:
    try:
        IPv6Address(host[1:-1])
    except AddressValueError as error:
        raise ParseError(f"not an IPv6 reference: {host!r}") from error


def _parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ParseError(f"not URI headers: {text!r}")
        pairs.append((grammar.unescape(name), grammar.unescape(value)))
    return tuple(pairs)


def _params_match(ours: Params, theirs: Params) -> bool:
    if any(ours.has(name) != theirs.has(name) for name in _SIGNIFICANT):
        return False
    # Any other parameter counts only when both have it. Values compare without case.
    return all(_folded(value) == _folded(theirs.get(name)) for name, value in ours if theirs.has(name))


def _folded(value: str | None) -> str | None:
    return None if value is None else grammar.unescape(value).lower()


def _comparable_headers(uri: SipUri) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in uri.headers)
