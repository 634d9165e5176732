r"""SIP's addresses and the room's: what a URI says of a person or a room, and how a person is written as one.

A neutral Address holds plain text: the user part decoded, the domain with U-labels, the device from `gr` or a
resource. Rules: docs/mapping.md §1.1 to §1.3 (RFC 7247 §6, RFC 5627, XEP-0106), which rule the loop as well.
"""

import re
from dataclasses import dataclass
from sys import intern
from typing import Protocol, cast
from urllib.parse import quote

from precis_i18n import get_profile

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.room.address import Address, Network, Nickname
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr
from crossroom.sip.uri import OtherUri, SipUri, Uri, comparable_host

_ESCAPED = {" ": r"\20", '"': r"\22", "&": r"\26", "'": r"\27", "/": r"\2f"}
_ESCAPED |= {":": r"\3a", "<": r"\3c", ">": r"\3e", "@": r"\40"}
_PLAIN = {escape: char for char, escape in _ESCAPED.items()} | {r"\5c": "\\"}
# XEP-0106 §4: a backslash is escaped only where it would begin one of the ten sequences
_TO_ESCAPE = re.compile(r"""[ "&'/:<>@]|\\(?=(?:20|22|26|27|2f|3a|3c|3e|40|5c))""")
_TO_UNESCAPE = re.compile(r"\\(?:20|22|26|27|2f|3a|3c|3e|40|5c)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_PHONE = re.compile(r"\+?[0-9A-Fa-f*#().-]+")
_DOMAIN_SAFE = "[]:."
_VISUAL = re.compile(r"[().-]")  # RFC 3966 §3: visual separators mean nothing


class _Profile(Protocol):
    """The one call that we make of a PRECIS profile."""

    def enforce(self, value: str) -> str:
        """Enforce the profile; raises UnicodeError."""
        ...


_LOCALPART = cast("_Profile", get_profile("UsernameCasePreserved"))
_LONGEST_LOCALPART = 1023  # RFC 7622 §3.3


class UnsupportedScheme(ParseError):  # noqa: N818 -- what it is, not an error of ours: the answer is 416
    """A URI that may not or cannot name anybody here (RFC 7247 §8: sips is never translated)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator agreed to. `phone_domain` is where tel: numbers live, empty for nowhere."""

    phone_domain: str = ""
    allows_sips: bool = False
    allows_ip_literals: bool = False


DEFAULT_POLICY = Policy()
NAMELESS = Nickname("Guest")
"""Who has neither chosen a nickname nor shows a name that could be one."""


def address_of(uri: Uri, policy: Policy = DEFAULT_POLICY, network: Network | None = None) -> Address:
    """Who a URI names.

    `network` is what the caller knows of a sip: URI: a SIP client can write nothing else for a person who is
    on XMPP, so the scheme alone says nothing. An xmpp: URI is always XMPP.

    Raises:
        UnsupportedScheme: answer 416.
        ParseError: nobody can have this address; answer 400.

    """
    if isinstance(uri, SipUri):
        return _address_of_sip(uri, policy, network)
    match uri.scheme:
        case "xmpp":
            return _address_of_xmpp(uri, policy)
        case "im" | "pres":  # RFC 3862: a CPIM may carry these
            user, _, domain = uri.rest.partition("?")[0].rpartition("@")
            return _address(grammar.unescape(user), domain, "", policy, network)
        case "tel" if policy.phone_domain:
            return _address_of_tel(uri, policy)
        case _:
            raise UnsupportedScheme(f"{uri.scheme}: names nobody here")


def uri_of(address: Address) -> SipUri:
    """The person, or the person's device by `gr` (RFC 7247 §6.5): for Contact and in-room identities.

    Raises:
        ParseError: the domain cannot be written as a SIP host.

    """
    try:
        uri = SipUri(_host_of(address.domain), address.user or None)
        return uri.with_param("gr", address.device) if address.device else uri
    except LocalProtocolError as error:
        raise ParseError(f"{address} cannot be written as a SIP URI") from error


def aor_of(address: Address) -> SipUri:
    """The person alone: for From and To. Raises ParseError like `uri_of`."""
    return uri_of(address.bare)


def identity_of(address: Address) -> Uri:
    """The URI of the person on their own network: `xmpp:` for XMPP, else `sip:`. Raises ParseError."""
    if address.network is not Network.XMPP:
        return uri_of(address)
    local = f"{quote(escape_local(address.user), safe='')}@" if address.user else ""
    device = f"/{quote(address.device, safe='')}" if address.device else ""
    try:
        return OtherUri("xmpp", f"{local}{quote(address.domain, safe=_DOMAIN_SAFE)}{device}")
    except LocalProtocolError as error:
        raise ParseError(f"{address} cannot be written as an XMPP URI") from error


def room_of(uri: Uri, policy: Policy = DEFAULT_POLICY) -> Address:
    """The room that a Request-URI, To or CPIM To names, whatever device it names. Raises like `address_of`.

    Spellings that XMPP takes for one name are one room, and what XMPP cannot name is none.
    """
    address = address_of(uri, policy)
    return Address(canonical_user(address.user), address.domain)


def canonical_user(user: str) -> str:
    """The user part in the one form that XMPP gives to all its spellings, in its own case (RFC 7622 §3.3).

    Raises ParseError for what no localpart can hold.
    """
    if not user:
        return user
    try:
        local = _LOCALPART.enforce(escape_local(user))
    except UnicodeError as error:
        raise ParseError(f"{user!r} is a name that XMPP cannot have") from error
    if len(local.encode()) > _LONGEST_LOCALPART:
        raise ParseError(f"a name of more than {_LONGEST_LOCALPART} octets")
    return unescape_local(local)


def occupant_uri(room: Address, nickname: Nickname) -> SipUri:
    """Somebody in a room by nickname: `sip:tea@conf.example;gr=Bob` (RFC 7702 §5.4). Raises ParseError."""
    return uri_of(Address(room.user, room.domain, nickname))


def nickname_in(uri: Uri, room: Address) -> Nickname | None:
    """The nickname, if the URI is that of an occupant of this room; never raises."""
    try:
        address = address_of(uri, Policy(allows_ip_literals=True))
    except ParseError:
        return None
    is_occupant = address.is_same_person(room) and address.device
    return Nickname(address.device) if is_occupant else None


def is_same_person(one: Uri, other: Uri) -> bool:
    """True if two URIs name one person or room, whatever the device, case or parameters; never raises."""
    policy = Policy(allows_ip_literals=True)
    try:
        return address_of(one, policy).is_same_person(address_of(other, policy))
    except ParseError:
        return str(one) == str(other)


def name_of(caller: NameAddr) -> str:
    """What to call somebody who chose no nickname: the display name, else the user part, else nothing."""
    shown = grammar.clean_text(caller.display_name)
    if shown or not isinstance(caller.uri, SipUri):
        return shown
    return grammar.clean_text(caller.uri.user or "")


def escape_local(user: str) -> str:
    """The user part as an XMPP localpart (XEP-0106 §4)."""
    return _TO_ESCAPE.sub(lambda match: _ESCAPED.get(match[0], r"\5c"), user)


def unescape_local(local: str) -> str:
    """An XMPP localpart as plain text, in one pass from the left (XEP-0106 §4)."""
    return _TO_UNESCAPE.sub(lambda match: _PLAIN[match[0]], local)


def _address_of_sip(uri: SipUri, policy: Policy, network: Network | None) -> Address:
    if uri.scheme == "sips" and not policy.allows_sips:
        raise UnsupportedScheme("sips: is not translated")  # RFC 7247 §8
    if uri.params.get("user") == "phone" and not uri.user:
        raise ParseError("a phone number without digits")
    return _address(uri.user or "", uri.host, uri.gr or "", policy, network)


def _address_of_xmpp(uri: OtherUri, policy: Policy) -> Address:
    bare, _, resource = uri.rest.partition("?")[0].removeprefix("//").partition("/")
    local, _, domain = bare.rpartition("@")
    user = unescape_local(grammar.unescape(local))
    return _address(user, grammar.unescape(domain), grammar.unescape(resource), policy, Network.XMPP)


def _address_of_tel(uri: OtherUri, policy: Policy) -> Address:
    number = uri.rest.partition(";")[0]
    if not _PHONE.fullmatch(number):
        raise ParseError(f"{number!r} is no phone number")
    return Address(_VISUAL.sub("", number), policy.phone_domain, network=Network.SIP)


def _address(user: str, host: str, device: str, policy: Policy, network: Network | None) -> Address:
    if user != user.strip(" "):
        raise ParseError("no localpart begins or ends in a space")  # XEP-0106 §4
    if _CONTROL.search(user + device):
        raise ParseError("control characters in an address")
    return Address(user, _domain_of(host, policy), device, network)


def _domain_of(host: str, policy: Policy) -> str:
    if host.startswith("[") or _IPV4.fullmatch(host):
        if not policy.allows_ip_literals:
            raise ParseError("addresses at IP literals are not accepted here")
        return comparable_host(host) if _IPV4.fullmatch(host) else f"[{comparable_host(host)}]"
    labels = host.removesuffix(".").split(".")
    if not all(labels):
        raise ParseError(f"{host!r} is no domain")
    return intern(".".join(_u_label(label) for label in labels))  # kept with each of a domain's users


def _u_label(label: str) -> str:
    lowered = label.lower()
    if not lowered.startswith("xn--"):
        return lowered
    try:
        shown = lowered.encode().decode("idna")
        # what does not come back as it was is some other encoding: leave it alone
        return shown if shown.encode("idna").decode() == lowered else lowered
    except UnicodeError:
        return lowered


def _host_of(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()  # SIP carries A-labels (docs/mapping.md §1.1)
    except UnicodeError as error:
        raise ParseError(f"{domain!r} has no A-labels") from error
