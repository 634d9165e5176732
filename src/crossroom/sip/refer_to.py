"""Refer-To and Referred-By (RFC 3515 §2.1, RFC 3892 §3, RFC 4579 §5)."""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr
from crossroom.sip.headers import Headers, canonical
from crossroom.sip.uri import SipUri, Uri

# RFC 3261 §19.1.5: headers of a URI are a request by a stranger. Only these are ever applied.
SAFE_HEADERS = frozenset(
    {"Accept-Contact", "Call-Info", "Refer-To", "Replaces", "Require", "Subject", "Target-Dialog"}
)


@dataclass(frozen=True, slots=True)
class ReferTo:
    """Who is to be asked, and for what."""

    address: NameAddr

    @classmethod
    def parse(cls, text: str) -> "ReferTo":
        """Read one value; raises ParseError."""
        return cls(NameAddr.parse(text))

    @classmethod
    def of(cls, headers: Headers) -> "ReferTo":
        """Read the one Refer-To of a REFER.

        Raises:
            ParseError: RFC 3515 §2.4.2: there is none, or more than one.

        """
        values = headers.all("Refer-To")
        if len(values) != 1:
            raise ParseError(f"{len(values)} Refer-To values")
        return cls.parse(values[0])

    @property
    def method(self) -> str:
        """What to send: INVITE by default; read in the URI, or behind it, where some endpoints put it."""
        inside = self.address.uri.params.get("method") if isinstance(self.address.uri, SipUri) else None
        method = inside or self.address.params.text("method") or "INVITE"
        return method if grammar.is_token(method) else "INVITE"

    @property
    def target(self) -> Uri:
        """The URI to call: without method and embedded headers."""
        uri = self.address.uri
        return uri.without_params("method").without_headers() if isinstance(uri, SipUri) else uri

    @property
    def embedded(self) -> tuple[tuple[str, str], ...]:
        """Headers to put into the request, canonical names, only those of SAFE_HEADERS; safe to write."""
        if not isinstance(self.address.uri, SipUri):
            return ()
        named = ((canonical(name), value) for name, value in self.address.uri.headers)
        return tuple((name, grammar.clean_text(value)) for name, value in named if name in SAFE_HEADERS)

    def __str__(self) -> str:
        return str(self.address)


def referred_by(headers: Headers) -> NameAddr | None:
    """Read who asked for this request; None if nobody says so.

    Raises:
        ParseError: it is unreadable, or there twice (RFC 3892 §2.2).

    """
    lines = headers.lines("Referred-By")
    if len(lines) > 1:
        raise ParseError("Referred-By twice")
    return NameAddr.parse(lines[0]) if lines else None


def has_no_subscription(headers: Headers) -> bool:
    """True for `Refer-Sub: false` (RFC 4488 §4)."""
    return (headers.get("Refer-Sub") or "").partition(";")[0].strip().lower() == "false"
