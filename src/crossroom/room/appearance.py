"""How an occupant shows in the room: the nickname (XEP-0045 §7.6) and the availability (§7.7)."""

from functools import partial

from crossroom.room.commands import Rename, SetPresence
from crossroom.room.events import Delivery, Renamed
from crossroom.room.reasons import Reason, Refused
from crossroom.room.state import RoomState
from crossroom.room.visibility import changed, fan_out, reveal, sees_addresses, views


def rename(state: RoomState, command: Rename, now: float) -> list[Delivery]:
    """Give a participant another nickname, with all its endpoints; one that it has already changes nothing."""
    participant = state.seat(command.endpoint).participant
    if command.nickname == participant.nickname:
        return []
    if not state.is_open(command.nickname, participant.person, now):
        raise Refused(Reason.NICKNAME_TAKEN)
    old, seats, saw = (
        participant.nickname,
        list(participant.seats),
        sees_addresses(state, participant),
    )
    merged = state.roster.rename(participant, command.nickname)
    deliveries: list[Delivery] = []
    for seat in seats:
        is_last = seat is seats[-1]
        deliveries += fan_out(state, views(state, seat), partial(Renamed, old=old, is_last_endpoint=is_last))
    return deliveries + (reveal(state, seats) if sees_addresses(state, merged) and not saw else [])


def set_presence(state: RoomState, command: SetPresence) -> list[Delivery]:
    """Show an endpoint's new availability to everybody."""
    seat = state.seat(command.endpoint)
    seat.presence = command.presence
    return changed(state, seat)
