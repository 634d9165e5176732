"""Who is calling: from a SIP request to a person, a device and a name; which room was called."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from crossroom.conference.addresses import Policy, address_of, canonical_user, name_of, room_of
from crossroom.machine import ParseError
from crossroom.room.address import ANONYMOUS_DOMAIN, Address, Network
from crossroom.sip.address import NameAddr
from crossroom.sip.contact import instance
from crossroom.sip.identity import is_anonymous
from crossroom.sip.message import Request
from crossroom.sip.uri import SipUri, parse_uri

ANYWHERE = Policy(allows_ip_literals=True)
ANONYMOUS = Address("anonymous", ANONYMOUS_DOMAIN, network=Network.SIP)


@dataclass(frozen=True, slots=True)
class Caller:
    """A person at a device. `name` is what they would like to be called; empty for those who hide."""

    person: Address
    name: str
    is_anonymous: bool


def caller_of(request: Request, identity: str | None) -> Caller:
    """Who sent this; `identity` is what the policy believes. Raises ParseError for an address nobody can have."""
    hides = is_anonymous(request.from_, request.headers)
    believed = parse_uri(identity) if identity else request.from_.uri
    try:
        person = _unmistakable(address_of(believed, ANYWHERE))
    except ParseError:
        if not hides:
            raise
        person = ANONYMOUS
    contact = request.contact
    device = device_of(contact) if contact else ""
    name = "" if hides else name_of(request.from_)
    return Caller(Address(person.user, person.domain, device), name, hides)


def _unmistakable(person: Address) -> Address:
    """Raises ParseError for nobody in particular, and for a spelling that XMPP would take for somebody else's."""
    if not person.user:
        raise ParseError("an address without a user")
    try:
        canonical = canonical_user(person.user)
    except ParseError:
        return person  # XMPP shows no address at all
    if canonical != person.user:
        raise ParseError("an address that is written another way on XMPP")
    return person


def device_of(contact: NameAddr) -> str:
    """Which device of a person: its GRUU, or a name made from what stays the same when it calls again.

    docs/mapping.md §1.3: a stable generated resource where the Contact has no GRUU.
    """
    if isinstance(contact.uri, SipUri) and contact.uri.gr:
        return contact.uri.gr
    stable = instance(contact) or str(contact.uri)
    return hashlib.sha256(stable.encode()).hexdigest()[:12]


def called_room(
    request: Request,
    room_domains: tuple[str, ...],
    own_hosts: frozenset[str],
    is_here: Callable[[Address], bool] = lambda _: False,
) -> Address:
    """The room of a Request-URI; at a host of our own (our Contact) the domain comes from To, or is the first.

    Who knows nothing but the Contact writes it into To as well: then a room of that name which is here is meant.

    Raises:
        ParseError: the Request-URI names nobody.

    """
    room = room_of(request.uri, ANYWHERE)
    if room.domain not in own_hosts or room.domain in room_domains:
        return room
    named = room_of(request.to.uri, ANYWHERE)
    if named.domain in room_domains:
        return named
    candidates = [Address(room.user, domain) for domain in room_domains]
    return next((each for each in candidates if is_here(each)), candidates[0])
