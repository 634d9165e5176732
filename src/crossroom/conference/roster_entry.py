"""One participant as an entry of the conference roster: occupants of one nickname to a conference-info user.

Lives here: which URI names somebody in the roster, roles as words, endpoints and their media. Not here: what
changed (roster.py), reading rosters (roster_diff.py). Rules: docs/mapping.md §3.3 and its decision C1.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from crossroom.bodies.conference_info import (
    Endpoint,
    EndpointStatus,
    Execution,
    Media,
    MediaStatus,
    Uri,
    User,
)
from crossroom.conference.addresses import aor_of, identity_of, occupant_uri, uri_of
from crossroom.conference.departures import cause_of, disconnection_method
from crossroom.machine import ParseError
from crossroom.room.address import Address
from crossroom.room.events import Left, Occupant
from crossroom.room.standing import Affiliation, Role
from crossroom.sip.uri import SipUri

ANONYMOUS_LABEL = "anonymous"  # the first label of the domain of those whose address is not shown

_ROLE_WORDS = {
    Role.MODERATOR: ("moderator",),
    Role.PARTICIPANT: ("participant",),
    Role.VISITOR: ("visitor",),
    Role.NONE: (),
}
_AFFILIATION_WORDS = {
    Affiliation.OWNER: ("owner",),
    Affiliation.ADMIN: ("administrator",),
    Affiliation.MEMBER: ("member",),
    Affiliation.NONE: (),
    Affiliation.OUTCAST: (),
}
_WORDS = {
    (role, affiliation): (*of_role, *of_affiliation) or None
    for role, of_role in _ROLE_WORDS.items()
    for affiliation, of_affiliation in _AFFILIATION_WORDS.items()
}
# Every entry shares these: a roster is kept for as long as somebody is in the room.
_SPEAKS = (Media("1", "message", MediaStatus.SENDRECV),)
_ONLY_READS = (Media("1", "message", MediaStatus.RECVONLY),)


class EntityForm(Enum):
    """What names those whose real address a subscriber may not see (docs/mapping.md §6 C1).

    TOKEN: `sip:<occupant id>@anonymous.<room domain>`, the same through changes of the nickname, and told
    apart also by endpoints that ignore `gr`. OCCUPANT: the room's URI with `gr=<nickname>` (RFC 7702 §5.4).
    """

    TOKEN = "token"  # noqa: S105 -- a form of URI, not a secret
    OCCUPANT = "occupant"


@dataclass(frozen=True, slots=True)
class Gone:
    """An endpoint that left in a way which the roster tells.

    `when` is a dateTime in UTC, `by` the URI of whoever removed it; both may be empty.
    """

    left: Left
    when: str = ""
    by: str = ""


def preferred_entity(room: Address, occupant: Occupant, form: EntityForm) -> SipUri:
    """The URI that should name this participant, unless somebody has it already.

    With a visible address it is the person's own (RFC 4575 §5.6).
    """
    if occupant.address:
        try:
            return aor_of(occupant.address)
        except ParseError:
            return occupant_uri(room, occupant.nickname)  # a domain that SIP cannot write
    if form is EntityForm.TOKEN and occupant.id:
        return aor_of(Address(occupant.id, f"{ANONYMOUS_LABEL}.{room.domain}"))
    return occupant_uri(room, occupant.nickname)


def user_of(
    entity: str, occupants: Sequence[Occupant], seats: Sequence[int], gone: Sequence[tuple[int, Gone]] = ()
) -> User:
    """The entry of one participant with all its endpoints, at least one of either kind.

    `seats` numbers the endpoints, so that those which show nothing else differ.
    """
    shown = occupants[0] if occupants else gone[0][1].left.occupant
    connected = [_connected(entity, occupant, seat) for occupant, seat in zip(occupants, seats, strict=True)]
    return User(
        entity=entity,
        nickname=shown.nickname,
        # RFC 7701 §7.4: many endpoints show nothing but the display-text
        display_text=shown.nickname,
        associated_aors=_associated(shown),
        roles=_WORDS[shown.role, shown.affiliation],
        endpoints=(*connected, *(_disconnected(entity, entry, seat) for seat, entry in gone)),
    )


def _associated(occupant: Occupant) -> tuple[Uri, ...] | None:
    if occupant.address is None:
        return None
    try:
        return (Uri(str(identity_of(occupant.address.bare))),)
    except ParseError:
        return None


def endpoint_entity(entity: str, occupant: Occupant, seat: int) -> str:
    """What names an endpoint within its user: its own GRUU, or a number (RFC 4575 §5.7)."""
    if occupant.address and occupant.address.device:
        with suppress(ParseError):  # a domain that SIP cannot write
            return str(uri_of(occupant.address))
    return f"{entity};endpoint={seat}"


def _connected(entity: str, occupant: Occupant, seat: int) -> Endpoint:
    speaks = occupant.role > Role.VISITOR
    return Endpoint(
        entity=endpoint_entity(entity, occupant, seat),
        display_text=occupant.display_name or None,
        referred=_referred(occupant),
        status=EndpointStatus.CONNECTED,
        joining_method=occupant.joining,
        # RFC 4575 §5.8.5: who has no voice only receives
        media=_SPEAKS if speaks else _ONLY_READS,
    )


def _referred(occupant: Occupant) -> Execution | None:
    if occupant.referred_by is None:
        return None
    try:
        return Execution(by=str(identity_of(occupant.referred_by)))
    except ParseError:
        return None


def _disconnected(entity: str, gone: Gone, seat: int) -> Endpoint:
    left = gone.left
    return Endpoint(
        entity=endpoint_entity(entity, left.occupant, seat),
        status=EndpointStatus.DISCONNECTED,
        disconnection_method=disconnection_method(left.departure),
        # RFC 4575 §5.7.6: the reason in the form of RFC 3326
        disconnection=Execution(gone.when, str(cause_of(left.departure, left.by, left.text)), gone.by),
    )


def role_of(words: Sequence[str], *, receives_only: bool) -> Role:
    """The role behind the free words of a roster (docs/mapping.md §3.3); participant when they say nothing."""
    known = {word.strip().lower() for word in words}
    if "moderator" in known:
        return Role.MODERATOR
    if receives_only or known & {"visitor", "observer"}:
        return Role.VISITOR
    # a focus that says no more than who owns the conference
    is_leading = known & {"owner", "administrator", "admin"} and "participant" not in known
    return Role.MODERATOR if is_leading else Role.PARTICIPANT


def affiliation_of(words: Sequence[str]) -> Affiliation:
    """The affiliation behind the words, NONE when it is unknown (RFC 7702 table 3)."""
    known = {word.strip().lower() for word in words}
    if "owner" in known:
        return Affiliation.OWNER
    if known & {"administrator", "admin"}:
        return Affiliation.ADMIN
    return Affiliation.MEMBER if "member" in known else Affiliation.NONE
