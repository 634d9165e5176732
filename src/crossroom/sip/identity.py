"""Who is calling and who may know it: P-Asserted-Identity and Privacy (RFC 3325, RFC 3323)."""

from crossroom.sip.address import NameAddr
from crossroom.sip.headers import Headers
from crossroom.sip.uri import SipUri, comparable_host

_HIDING = frozenset({"user", "id", "header"})  # RFC 3323 §4.2, RFC 3325 §9.3


def asserted_identities(headers: Headers) -> tuple[NameAddr, ...]:
    """Read P-Asserted-Identity. Believe it only from a trusted hop (RFC 3325 §5).

    Raises:
        ParseError: a value is no address.

    """
    return tuple(NameAddr.parse(value) for value in headers.all("P-Asserted-Identity"))


def privacy(headers: Headers) -> frozenset[str]:
    """Return the asked-for kinds of privacy in lower case: none, id, user, header, session, critical."""
    # RFC 3323 §4.2 separates with semicolons; commas are met too.
    words = ";".join(headers.lines("Privacy")).replace(",", ";").split(";")
    return frozenset(word.strip().lower() for word in words if word.strip())


def is_anonymous(from_: NameAddr, headers: Headers) -> bool:
    """True if the caller does not want to be known: RFC 3323 §4.1.1.3 (anonymous.invalid) or Privacy."""
    if isinstance(from_.uri, SipUri) and comparable_host(from_.uri.host) == "anonymous.invalid":
        return True
    asked = privacy(headers)
    return "none" not in asked and bool(asked & _HIDING)
