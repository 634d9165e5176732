"""Who is here by SIP: the conferences, and the seats in each. Bookkeeping only."""

from collections.abc import Callable, Iterator
from datetime import datetime

from crossroom.conference.conference import Conference
from crossroom.conference.roster_entry import EntityForm
from crossroom.conference.seat import Seat
from crossroom.room.address import Address
from crossroom.sip.invite import InviteUsage

Key = tuple[str, str]


class Registry:
    """The seats of the SIP face. A conference is here as long as it has a seat."""

    def __init__(self, form: EntityForm, wall: Callable[[], datetime]) -> None:
        self._form = form
        self._wall = wall
        self._conferences: dict[Key, Conference] = {}
        self._seats: dict[Key, dict[Seat, None]] = {}

    def __iter__(self) -> Iterator[Seat]:
        for seats in list(self._seats.values()):
            yield from list(seats)

    def __contains__(self, room: Address) -> bool:
        """True for a conference that has a seat."""
        return room.key in self._conferences

    def conference(self, room: Address) -> Conference:
        """The SIP side of a room, made when it is first asked for."""
        if room.key not in self._conferences:
            self._conferences[room.key] = Conference(room, self._form, self._wall)
            self._seats[room.key] = {}
        return self._conferences[room.key]

    def enter(self, seat: Seat) -> None:
        """Count a seat; it is taken away again when it is gone."""
        self.conference(seat.conference.room)
        self._seats[seat.conference.room.key][seat] = None
        seat.conference.persons[seat] = seat.person
        seat.keeper = self

    def leave(self, seat: Seat) -> None:
        """A seat is gone."""
        room, conference = seat.conference.room, seat.conference
        self._seats.get(room.key, {}).pop(seat, None)
        conference.persons.pop(seat, None)
        goes_on = self._seats.get(room.key) or not conference.is_deserted
        if goes_on and not self.seats_of(room, seat.person):
            conference.dismiss(seat.person)
        self.discard_if_empty(room)
        if self._conferences.get(room.key) is conference:
            conference.leave(seat)

    def discard_if_empty(self, room: Address) -> None:
        """Forget a conference in which nobody took a seat after all."""
        if room.key in self._seats and not self._seats[room.key]:
            del self._seats[room.key]
            self._conferences.pop(room.key).close()

    def seats_of(self, room: Address, person: Address) -> tuple[Seat, ...]:
        """The seats of a person in a room, whatever the device."""
        seats = self._seats.get(room.key, {})
        return tuple(seat for seat in seats if seat.person.is_same_person(person) and not seat.is_gone)

    def seat_of(self, room: Address, usage: InviteUsage) -> Seat | None:
        """The seat of a SIP session, for what is asked inside its dialog."""
        seats = self._seats.get(room.key, {})
        found = (seat for seat in seats if seat.session is not None and seat.session.usage is usage)
        return next(found, None)

    def tables(self) -> dict[str, int]:
        """Count everything that could leak."""
        return {
            "conferences": len(self._conferences),
            "seats": sum(len(seats) for seats in self._seats.values()),
            "subscriptions": sum(each.subscriptions for each in self._conferences.values()),
        }
