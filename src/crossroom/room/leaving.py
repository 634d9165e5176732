"""Giving a seat up, and being removed: XEP-0045 §7.14, §11.1; the one place where a seat ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from crossroom.room.address import Address, Nickname
from crossroom.room.commands import Destroy, Leave
from crossroom.room.events import Delivery, Ended, Left, Occupant
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.roster import Seat
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomState
from crossroom.room.visibility import fan_out, sees_addresses, views


@dataclass(frozen=True, slots=True)
class Farewell:
    """Why seats end, for those who go and those who stay."""

    departure: Departure
    text: str = ""
    by: Nickname | None = None
    alternative: Address | None = None

    def left(self, occupant: Occupant, *, is_last: bool) -> Left:
        """Say it of one occupant."""
        return Left(occupant, self.departure, self.text, self.by, is_last, self.alternative)


def leave(state: RoomState, command: Leave, now: float) -> list[Delivery]:
    """Give one's own seat up."""
    seat = state.seat(command.endpoint)
    # leaving is never refused: a status that nobody would read to the end is cut
    status = command.status.encode()[: state.limits.text_octets].decode(errors="ignore")
    return remove(state, [seat], Farewell(command.departure, status), now)


def remove(state: RoomState, seats: Sequence[Seat], farewell: Farewell, now: float) -> list[Delivery]:
    """End seats: each one's own `Left` and `Ended` first, then the others are told (XEP-0045 §8.2)."""
    gone: list[tuple[tuple[Occupant, Occupant], bool]] = []
    deliveries: list[Delivery] = []
    for seat in seats:
        seat.views = None  # a ban has changed the affiliation since the last look
        full, plain = (replace(occupant, role=Role.NONE) for occupant in views(state, seat))
        own = full if sees_addresses(state, seat.participant) else plain
        is_last = state.roster.remove(seat)
        if is_last and farewell.departure is Departure.LINK_LOST:
            state.roster.hold(seat.participant, now + state.limits.hold_seconds, now)
        deliveries += _own_end(seat, farewell.left(own, is_last=is_last))
        gone.append(((full, plain), is_last))
    for about, is_last in gone:
        deliveries += fan_out(state, about, partial(farewell.left, is_last=is_last))
    return deliveries


def destroy(state: RoomState, command: Destroy) -> list[Delivery]:
    """End the room: everybody hears of the own end only (XEP-0045 §10.9)."""
    by = None
    if command.endpoint is not None:
        participant = state.seat(command.endpoint).participant
        if participant.affiliation is not Affiliation.OWNER:
            raise Refused(Reason.NOT_ALLOWED)
        state.must_fit(command.text)
        by = participant.nickname
    farewell = Farewell(command.departure, command.text, by, command.alternative)
    deliveries: list[Delivery] = []
    for seat in list(state.roster):
        occupant = views(state, seat)[0 if sees_addresses(state, seat.participant) else 1]
        # XEP-0045 §10.9: item affiliation and role are both none
        nobody = replace(occupant, role=Role.NONE, affiliation=Affiliation.NONE)
        deliveries += _own_end(seat, farewell.left(nobody, is_last=state.roster.remove(seat)))
    state.is_destroyed = True
    return deliveries


def _own_end(seat: Seat, left: Left) -> list[Delivery]:
    to = (seat.endpoint,)
    return [Delivery(left, to), Delivery(Ended(left.departure, left.text), to)]
