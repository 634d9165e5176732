"""Who may see what: two views of every occupant, and one shared event per view (XEP-0045 §4.2 semi-anonymous).

The only module that puts a real address into an event.
"""

from collections.abc import Callable, Iterable

from crossroom.room.address import EndpointId
from crossroom.room.events import Changed, Delivery, Occupant, RoomEvent
from crossroom.room.history import unnamed
from crossroom.room.roster import Participant, Recipients, Seat
from crossroom.room.standing import Role
from crossroom.room.state import RoomState

MakeEvent = Callable[[Occupant], RoomEvent]
"""Builds an event around the view of the occupant that it is about."""


def sees_addresses(state: RoomState, participant: Participant) -> bool:
    """True for moderators, and for all where the room is not anonymous."""
    return not state.configuration.is_anonymous or participant.role >= Role.MODERATOR


def views(state: RoomState, seat: Seat) -> tuple[Occupant, Occupant]:
    """What of a seat is seen by those who see addresses, and by the others."""
    if seat.views is None:
        full = _occupant(seat)
        plain = unnamed(full)
        if full.referred_by and full.referred_by.key == state.address.key:
            # an occupant's address inside this room tells nothing that the roster does not
            plain = _occupant(seat, is_full=False)
        seat.views = full, plain
    return seat.views


def view(state: RoomState, seat: Seat, *, is_full: bool) -> Occupant:
    """One of the two views."""
    return views(state, seat)[0 if is_full else 1]


def recipients(state: RoomState) -> Recipients:
    """Everybody in the room by view; built once per change of the roster, not per post."""
    if state.roster.recipients is None:
        full: list[EndpointId] = []
        plain: list[EndpointId] = []
        for seat in state.roster:
            (full if sees_addresses(state, seat.participant) else plain).append(seat.endpoint)
        state.roster.recipients = Recipients(tuple(full), tuple(plain), (*full, *plain))
    return state.roster.recipients


def enter(state: RoomState, seat: Seat) -> None:
    """Seat somebody, and add to the recipients instead of counting everybody again."""
    to, own = recipients(state), (seat.endpoint,)
    state.roster.enter(seat)
    full, plain = (
        (to.full + own, to.plain) if sees_addresses(state, seat.participant) else (to.full, to.plain + own)
    )
    state.roster.recipients = Recipients(full, plain, full + plain)


def fan_out(state: RoomState, about: tuple[Occupant, Occupant], make: MakeEvent) -> list[Delivery]:
    """Tell everybody: at most two events, each shared by all who have the same view."""
    to = recipients(state)
    sides = zip(about, (to.full, to.plain), strict=True)
    return [Delivery(make(occupant), endpoints) for occupant, endpoints in sides if endpoints]


def changed(state: RoomState, seat: Seat, make: MakeEvent = Changed) -> list[Delivery]:
    """Tell everybody how a seat looks now."""
    seat.views = None
    return fan_out(state, views(state, seat), make)


def reveal(state: RoomState, viewers: Iterable[Seat]) -> list[Delivery]:
    """Tell those who may see addresses from now on the addresses of all the others."""
    return [
        Delivery(Changed(view(state, seat, is_full=True)), (viewer.endpoint,))
        for viewer in viewers
        for seat in state.roster
        if seat is not viewer
    ]


def _occupant(seat: Seat, *, is_full: bool = True) -> Occupant:
    participant = seat.participant
    return Occupant(
        endpoint=seat.endpoint,
        nickname=participant.nickname,
        role=participant.role,
        affiliation=participant.affiliation,
        id=seat.occupant_id,
        # RFC 3323 §4.3: who asked for privacy is shown to nobody, moderators included
        address=seat.address if is_full and not seat.is_anonymous else None,
        display_name=seat.display_name,
        joining=seat.joining,
        referred_by=seat.referred_by,
        presence=seat.presence,
    )
