"""From one state of a conference to the next, in room events: nobody joins twice, nobody leaves unseen.

Feed it the subscriber's copy after each applied document (bodies/conference_state.py). It knows which seat is
this one, gives every user a nickname, and says the own `Joined` last. Rules: docs/mapping.md §3.3 (X2S).
"""

from collections import Counter
from dataclasses import dataclass, replace

from crossroom.bodies.conference_info import ConferenceInfo, State
from crossroom.conference.roster_names import RosterNames
from crossroom.conference.roster_reading import Disconnected, Reading, SeatKey, Seen, read_roster, user_key
from crossroom.room.address import Address, EndpointId, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.events import (
    Changed,
    Configured,
    Joined,
    Left,
    Occupant,
    Renamed,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, Role

_ASSUMED: SeatKey = ("", "")  # no entity is empty, so no other user has this key
_UNSAID = Disconnected(Departure.LEFT)


@dataclass(frozen=True, slots=True)
class Own:
    """The seat that this roster is read for. `address` is what the focus knows: the AOR and our GRUU's device."""

    endpoint: EndpointId
    address: Address
    nickname: Nickname


class RosterDiff:
    """The occupants of one conference, as one seat in it has been told."""

    def __init__(self, room: Address, own: Own, configuration: Configuration | None = None) -> None:
        self._room = room
        self._own = own
        self._own_key = _ASSUMED
        self._configuration = configuration or Configuration()
        self._subject = ""
        self._known: dict[SeatKey, Occupant] = {}
        self._reading = Reading()
        self._names = RosterNames()
        self._names.assign(_ASSUMED[0], (own.nickname,))
        self._is_joined = False

    @property
    def is_complete(self) -> bool:
        """True once the own `Joined` has been said."""
        return self._is_joined

    @property
    def configuration(self) -> Configuration:
        """The settings, as far as the focus shows them."""
        return self._configuration

    @property
    def own(self) -> Occupant:
        """This seat as the roster shows it, or as it must be as long as the roster does not."""
        own = self._own
        return self._known.get(self._own_key) or Occupant(
            own.endpoint, own.nickname, Role.PARTICIPANT, Affiliation.NONE, address=own.address
        )

    @property
    def occupants(self) -> tuple[Occupant, ...]:
        """Everybody who has been told of."""
        return tuple(self._known.values())

    def receive(self, document: ConferenceInfo) -> list[RoomEvent]:
        """What changed since the last document; the first one that shows this seat ends the first batch."""
        if document.state is State.DELETED:
            return []
        self._reading, before = read_roster(document, self._room, self._reading), self._reading
        reading = self._reading
        self._find_own(reading)
        events = self._described(document)
        events += self._departures(reading)
        return self._own_last(events + self._meet_all(reading, before))

    def assume_own(self) -> list[RoomEvent]:
        """Go on without being in the roster: for a focus that does not show this seat in time."""
        if self._is_joined:
            return []
        own = self._known[self._own_key] = self.own
        self._is_joined = True
        return [self._joined(own), SubjectChanged(self._subject, delayed=True)]

    def rename_own(self, nickname: Nickname) -> list[RoomEvent]:
        """Take note of a nickname that the focus has granted, before any roster says so."""
        old = self.own.nickname
        self._own = replace(self._own, nickname=nickname)
        if nickname == old:
            return []
        self._names.grant(self._own_key[0], nickname)
        seats = [key for key in self._known if key[0] == self._own_key[0]]
        for key in seats:
            self._known[key] = replace(self._known[key], nickname=nickname)
        return [Renamed(self._known[key], old, is_last_endpoint=key == seats[-1]) for key in seats]

    def nickname_of(self, entity: str) -> Nickname | None:
        """Who a CPIM From names, None for somebody whom no roster has shown yet."""
        key = user_key(entity)
        return self._names.of(key) or self._names.of(key.rpartition("/")[0] + "/")

    def entity_of(self, nickname: Nickname) -> str | None:
        """By which URI the focus knows somebody; None for one whom its roster has not shown."""
        entities = (entry.user.entity for entry in self._reading.users.values())
        return next((entity for entity in entities if self.nickname_of(entity) == nickname), None)

    def _find_own(self, reading: Reading) -> None:
        if self._own_key in reading.present:
            return
        candidates = [seen for key, seen in reading.present.items() if key not in self._known]
        found = next(filter(None, (match(self._own, candidates) for match in _OWN_MATCHES)), None)
        if found is None:
            return
        old, self._own_key = self._own_key, found.key
        if old in self._known:
            self._known[found.key] = self._known.pop(old)
        if old[0] != found.key[0] and not any(key[0] == old[0] for key in self._known):
            self._names.pass_on(old[0], found.key[0])

    def _described(self, document: ConferenceInfo) -> list[RoomEvent]:
        description = document.description
        if description is None:
            return []
        events: list[RoomEvent] = []
        before = self._configuration
        self._configuration = replace(
            before,
            name=description.display_text or "",
            description=description.free_text or "",
            max_occupants=description.maximum_user_count or 0,
        )
        if self._configuration != before:
            events.append(Configured(before, self._configuration))
        subject = description.subject or ""
        if subject != self._subject:
            self._subject = subject
            events.append(SubjectChanged(subject))
        # before this seat is in the room, `Joined` and the first subject say all of this
        return events if self._is_joined else []

    def _departures(self, reading: Reading) -> list[RoomEvent]:
        gone = [key for key in self._known if key not in reading.present and key != self._own_key]
        actors = {key: self._names.of(reading.gone.get(key, _UNSAID).by) for key in gone}
        staying = {key[0] for key in reading.present} | {self._own_key[0]}
        left = Counter(key[0] for key in gone)
        events: list[RoomEvent] = []
        for key in gone:
            left[key[0]] -= 1
            is_last = not left[key[0]] and key[0] not in staying
            events.append(self._left(key, reading.gone.get(key, _UNSAID), actors[key], is_last=is_last))
        return events

    def _left(self, key: SeatKey, told: Disconnected, by: Nickname | None, *, is_last: bool) -> Left:
        occupant = self._known.pop(key)
        if is_last:
            self._names.release(key[0])
        return Left(replace(occupant, role=Role.NONE), told.departure, told.text, by, is_last)

    def _meet_all(self, reading: Reading, before: Reading) -> list[RoomEvent]:
        news = (seen for key, seen in reading.present.items() if self._is_news(seen, before.present.get(key)))
        # this seat first, because the nickname that it asked for is its own
        order = sorted(news, key=lambda seen: seen.key[0] != self._own_key[0])
        self._names.release_changed({seen.key[0]: seen.names for seen in order})
        last = {seen.key[0]: seen.key for seen in order}
        events: list[RoomEvent] = []
        for seen in order:
            events += self._meet(seen, is_last=last[seen.key[0]] == seen.key)
        return events

    def _is_news(self, seen: Seen, before: Seen | None) -> bool:
        # most of a roster is as it was: the very objects that were read before
        return seen is not before or seen.key not in self._known or seen.key[0] == self._own_key[0]

    def _meet(self, seen: Seen, *, is_last: bool) -> list[RoomEvent]:
        occupant = self._occupant(seen)
        known = self._known.get(seen.key)
        self._known[seen.key] = occupant
        if known is None:
            return [self._joined(occupant)]
        events: list[RoomEvent] = []
        if occupant.nickname != known.nickname:
            events.append(Renamed(occupant, known.nickname, is_last_endpoint=is_last))
        if occupant != replace(known, nickname=occupant.nickname):
            events.append(Changed(occupant))
        return events

    def _joined(self, occupant: Occupant) -> Joined:
        is_own = occupant.endpoint == self._own.endpoint
        assigned = is_own and occupant.nickname != self._own.nickname
        return Joined(occupant, self._configuration, assigned=assigned)

    def _occupant(self, seen: Seen) -> Occupant:
        is_own = seen.key == self._own_key
        return Occupant(
            endpoint=self._own.endpoint if is_own else EndpointId(" ".join(seen.key)),
            nickname=self._names.assign(seen.key[0], seen.names),
            role=seen.role,
            affiliation=seen.affiliation,
            id=seen.id,
            # who we are is known here, also where the roster hides it
            address=self._own.address if is_own else seen.address,
            display_name=seen.display_name,
            joining=seen.joining,
            referred_by=seen.referred_by,
        )

    def _own_last(self, events: list[RoomEvent]) -> list[RoomEvent]:
        if self._is_joined or self._own_key not in self._known:
            return events
        self._is_joined = True
        own = self._joined(self._known[self._own_key])
        others = [event for event in events if event != own]
        return [*others, own, SubjectChanged(self._subject, delayed=True)]


def _by_device(own: Own, candidates: list[Seen]) -> Seen | None:
    device = own.address.device
    return next((seen for seen in candidates if _is_of(own, seen) and device == _device(seen) != ""), None)


def _by_nickname(own: Own, candidates: list[Seen]) -> Seen | None:
    hidden = (seen for seen in candidates if seen.address is None)
    return next((seen for seen in hidden if seen.names[0].casefold() == own.nickname.casefold()), None)


def _by_person(own: Own, candidates: list[Seen]) -> Seen | None:
    # an endpoint that is clearly another device of the same person is not this seat
    same = [it for it in candidates if _is_of(own, it) and not (_device(it) and own.address.device)]
    return same[-1] if same else None  # the newest one


_OWN_MATCHES = (_by_device, _by_nickname, _by_person)


def _is_of(own: Own, seen: Seen) -> bool:
    return seen.address is not None and seen.address.is_same_person(own.address)


def _device(seen: Seen) -> str:
    return seen.address.device if seen.address else ""
