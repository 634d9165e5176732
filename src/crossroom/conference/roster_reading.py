"""Who is in a conference according to its roster: a conference-info document to the endpoints that are present.

Lives here: reading one document, of any focus. Not here: what changed between two (roster_diff.py).
Rules: docs/mapping.md §3.3; RFC 4575 §5.6 to §5.8.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from crossroom.bodies.conference_info import (
    ConferenceInfo,
    Endpoint,
    EndpointStatus,
    Execution,
    MediaStatus,
    User,
)
from crossroom.conference.addresses import Policy, address_of
from crossroom.conference.departures import Cause, departure_of_disconnection, text_of
from crossroom.conference.roster_entry import ANONYMOUS_LABEL, affiliation_of, role_of
from crossroom.machine import ParseError
from crossroom.room.address import Address
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, JoiningMethod, Role
from crossroom.sip.uri import parse_uri

# RFC 4575 §5.7.2: the rest is on its way in or out. A word that we do not know is no reason to hide somebody.
_ABSENT = frozenset(
    {
        EndpointStatus.PENDING,
        EndpointStatus.DIALING_IN,
        EndpointStatus.DIALING_OUT,
        EndpointStatus.ALERTING,
        EndpointStatus.DISCONNECTING,
        EndpointStatus.DISCONNECTED,
    }
)
_POLICY = Policy(allows_sips=True, allows_ip_literals=True)  # these addresses are shown, not routed to

SeatKey = tuple[str, str]
"""What makes an endpoint the same in two documents: its user's key and its own entity."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An endpoint in the room. `names` are what it may be called, the best first."""

    key: SeatKey
    names: tuple[str, ...]
    role: Role
    affiliation: Affiliation
    address: Address | None = None
    id: str = ""
    display_name: str = ""
    joining: JoiningMethod = JoiningMethod.DIALED_IN
    referred_by: Address | None = None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """How an endpoint went; `by` is the key of the user who removed it."""

    departure: Departure
    text: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole document: who is there, and of whom it says how they went. `users` are the entries as read."""

    present: dict[SeatKey, Seen] = field(default_factory=dict)
    gone: dict[SeatKey, Disconnected] = field(default_factory=dict)
    users: dict[str, "_Entry"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    user: User
    present: dict[SeatKey, Seen]
    gone: dict[SeatKey, Disconnected]


def read_roster(document: ConferenceInfo, room: Address, previous: Reading | None = None) -> Reading:
    """Find the endpoints of a full document (the subscriber's copy); never raises.

    What `previous` has read already, in the same room, is not read again.
    """
    reading = Reading()
    before = previous.users if previous else {}
    for user in document.users.users if document.users else ():
        known = before.get(user.entity)
        entry = known if known and known.user == user else _entry(user, room)
        reading.users[user.entity] = entry
        reading.present.update(entry.present)
        reading.gone.update(entry.gone)
    return reading


def _entry(user: User, room: Address) -> _Entry:
    entry = _Entry(user, {}, {})
    key = user_key(user.entity)
    for endpoint in user.endpoints or (Endpoint(user.entity),):  # some say no more than who is there
        seat = key, endpoint.entity
        if endpoint.status not in _ABSENT:
            entry.present[seat] = _seen(seat, user, endpoint, room)
        elif endpoint.status == EndpointStatus.DISCONNECTED:
            entry.gone[seat] = _disconnected(endpoint)
    return entry


def user_key(entity: str) -> str:
    """What makes two entities of users the same one: person and `gr`, whatever the case and parameters."""
    address = _address(entity)
    if address is None:
        return entity
    user, domain = address.key
    return f"{user}@{domain}/{address.device}"


def _seen(key: SeatKey, user: User, endpoint: Endpoint, room: Address) -> Seen:
    words = user.roles or ()
    return Seen(
        key=key,
        names=tuple(_names(user, room)),
        role=role_of(words, receives_only=_only_receives(endpoint)),
        affiliation=affiliation_of(words),
        address=_real_address(user, endpoint, room),
        id=_token(user, room),
        display_name=endpoint.display_text or "",
        joining=_joining(endpoint),
        referred_by=_address(endpoint.referred.by) if endpoint.referred else None,
    )


def _names(user: User, room: Address) -> Iterator[str]:
    # RFC 7701 §7.4, then docs/mapping.md §3.3: xcon:nickname, display-text, and only then the URI
    address = _address(user.entity)
    yield from (name for name in (user.nickname, user.display_text) if name)
    if address is not None:
        yield (address.device if address.is_same_person(room) else address.user) or address.domain
    yield user.entity


def _only_receives(endpoint: Endpoint) -> bool:
    messages = [media for media in endpoint.media if media.type in {"message", None}]
    return any(media.status == MediaStatus.RECVONLY for media in messages)


def _joining(endpoint: Endpoint) -> JoiningMethod:
    is_out = endpoint.joining_method == JoiningMethod.DIALED_OUT
    return JoiningMethod.DIALED_OUT if is_out else JoiningMethod.DIALED_IN


def _real_address(user: User, endpoint: Endpoint, room: Address) -> Address | None:
    """The person behind an entry, as far as the focus shows it, with the endpoint's own device."""
    person = next(filter(None, (_address(entry.uri) for entry in user.associated_aors or ())), None)
    shown = _address(user.entity)
    if person is None and shown is not None and _is_person(shown, room):
        person = shown
    if person is None:
        return None
    device = _address(endpoint.entity)
    own = device.device if device and device.is_same_person(person) else ""
    return Address(person.user, person.domain, own or person.device, person.network)


def _is_person(address: Address, room: Address) -> bool:
    # RFC 4575 §5.6: a focus may use a URI that identifies without telling who it is
    is_hidden = address.domain.startswith(f"{ANONYMOUS_LABEL}.") or address.domain.endswith(".invalid")
    return bool(address.user) and not is_hidden and not address.is_same_person(room)


def _token(user: User, room: Address) -> str:
    address = _address(user.entity)
    is_token = address is not None and address.domain == f"{ANONYMOUS_LABEL}.{room.domain.lower()}"
    return address.user if address is not None and is_token else ""


def _disconnected(endpoint: Endpoint) -> Disconnected:
    execution = endpoint.disconnection or Execution()
    departure = departure_of_disconnection(endpoint.disconnection_method, execution.reason)
    by = user_key(execution.by) if execution.by else ""
    return Disconnected(departure, text_of(Cause.find(execution.reason)), by)


def _address(uri: str) -> Address | None:
    try:
        return address_of(parse_uri(uri), _POLICY)
    except ParseError:
        return None
