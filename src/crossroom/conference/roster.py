"""The conference roster as one kind of subscriber sees it: room events in, conference-info documents out.

One Roster serves all subscribers with the same view, so that a document is built once for all of them; the
versions count for all. A change costs work in proportion to what changed, never to the size of the room.
Rules: docs/mapping.md §3.3, RFC 4575 §4.4 to §5.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, assert_never

from crossroom.bodies.conference_info import (
    ConferenceInfo,
    ConferenceState,
    State,
    User,
    Users,
)
from crossroom.conference.addresses import nickname_in, occupant_uri, uri_of
from crossroom.conference.roster_entry import EntityForm, Gone, user_of
from crossroom.conference.roster_keys import RosterKeys
from crossroom.conference.topic import Topic
from crossroom.machine import ParseError
from crossroom.room.address import Address, EndpointId, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.events import (
    Acknowledged,
    Changed,
    ComposingChanged,
    Configured,
    Ended,
    Joined,
    Left,
    Occupant,
    Posted,
    Renamed,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.history import unnamed
from crossroom.room.reasons import Departure
from crossroom.sip.uri import SipUri
from crossroom.sip.uri import Uri as AnyUri

_UNTOLD = frozenset({Departure.LEFT, Departure.REPLACED})


class _Seat(NamedTuple):
    """One endpoint of an entry, and the number that it keeps there."""

    number: int
    occupant: Occupant


@dataclass(slots=True)
class _Entry:
    """One nickname: who names it in the roster, and its endpoints; nearly always just one."""

    entity: str
    seats: tuple[_Seat, ...] = ()
    gone: tuple[tuple[int, Gone], ...] = ()
    next_seat: int = 1

    def seat_of(self, endpoint: EndpointId) -> _Seat | None:
        return next((seat for seat in self.seats if seat.occupant.endpoint == endpoint), None)

    def put(self, occupant: Occupant, number: int | None) -> None:
        """Show an endpoint as it is now; a new one gets a number unless it brings one."""
        known = self.seat_of(occupant.endpoint)
        if known is None:
            number = number or self.next_seat
            self.next_seat = max(self.next_seat, number + 1)
            self.seats += (_Seat(number, occupant),)
        else:
            now = _Seat(known.number, occupant)
            self.seats = tuple(now if seat is known else seat for seat in self.seats)

    def take(self, endpoint: EndpointId) -> _Seat | None:
        """Take an endpoint out; None when it is not here."""
        taken = self.seat_of(endpoint)
        self.seats = tuple(seat for seat in self.seats if seat is not taken)
        return taken

    def user(self, gone: tuple[tuple[int, Gone], ...] = ()) -> User | None:
        """The entry in a document, with those of the endpoints which left that are told in it."""
        if not self.seats and not gone:
            return None
        occupants = [seat.occupant for seat in self.seats]
        return user_of(self.entity, occupants, [seat.number for seat in self.seats], gone)


class Roster:
    """The roster of one room for one view; feed it every event of one seat with that view, or of several."""

    def __init__(self, room: Address, form: EntityForm, configuration: Configuration | None = None) -> None:
        self._room = room
        self._form = form
        self._topic = Topic(room, configuration or Configuration())
        self._version = 0
        self._entries: dict[Nickname, _Entry] = {}
        self._keys = RosterKeys(room, form)
        self._told: dict[Nickname, str] = {}
        self._dirty: dict[Nickname, None] = {}

    @property
    def has_changes(self) -> bool:
        """True if `changes` has something to tell."""
        return bool(self._dirty) or self._topic.is_due

    @property
    def version(self) -> int:
        """The version of the last document, of either kind."""
        return self._version

    @property
    def occupants(self) -> tuple[Occupant, ...]:
        """Every endpoint that is in, as this view shows it."""
        return tuple(seat.occupant for entry in self._entries.values() for seat in entry.seats)

    def seen_otherwise(self, shows_addresses: bool) -> "Roster":  # noqa: FBT001 -- the one thing it is about
        """The same people for the other view, told to nobody yet; addresses are taken out, never invented."""
        other = Roster(self._room, self._form)
        other._topic.take(self._topic)
        for occupant in self.occupants:
            other._put(occupant if shows_addresses else unnamed(occupant))
        return other

    def receive(self, event: RoomEvent, when: str = "") -> None:
        """Take note of an event; told twice, it changes nothing more. `when` is now, as a dateTime in UTC."""
        match event:
            case Joined(occupant, configuration):
                self._topic.configure(configuration)
                self._put(occupant)
            case Left():
                self._remove(event, when)
            case Renamed(occupant, old):
                self._rename(occupant, old)
            case Changed(occupant):
                entry = self._entries.get(occupant.nickname)
                if entry and entry.seat_of(occupant.endpoint):
                    self._put(occupant)
            case SubjectChanged(subject):
                self._topic.set_subject(subject)
            case Configured(_, after):
                self._topic.configure(after)
            case Posted() | Acknowledged() | ComposingChanged() | Ended():
                pass  # nothing of this is in a roster
            case _:
                assert_never(event)

    def full(self) -> ConferenceInfo:
        """Everything as it is now, for a new or refreshed subscription (RFC 4575 §3.2).

        Take `changes` first, for the subscribers there are: the document has the version of the last partial
        one, and whatever is not told yet comes again in the next.
        """
        users = (entry.user() for entry in self._entries.values())
        return ConferenceInfo(
            entity=str(uri_of(self._room)),
            version=self._version,
            description=self._topic.description,
            conference_state=_state_of(self._entries.values()),
            users=Users(tuple(user for user in users if user)),
        )

    def changes(self) -> ConferenceInfo | None:
        """What changed since the last call, as the next version; None if nothing did.

        Who was removed is told first as a disconnected endpoint that says why, then (the next time) as
        deleted: look at `has_changes` afterwards.
        """
        if not self.has_changes:
            return None
        users = self._changed_users()
        self._version += 1
        description = self._topic.tell() if self._topic.is_due else None
        return ConferenceInfo(
            entity=str(uri_of(self._room)),
            version=self._version,
            state=State.PARTIAL,
            description=description,
            conference_state=_state_of(self._entries.values()) if users else None,
            # RFC 4575 §4.4: the default is full, which would delete everybody else
            users=Users(users, State.PARTIAL) if users else None,
        )

    def ended(self) -> ConferenceInfo:
        """The last document: the conference is gone (RFC 4575 §5.2)."""
        self._version += 1
        return ConferenceInfo(str(uri_of(self._room)), self._version, State.DELETED)

    def entity_of(self, nickname: Nickname) -> str | None:
        """The URI that names somebody in these documents, and so in the From of a message."""
        entry = self._entries.get(nickname)
        return entry.entity if entry and entry.seats else None

    def nickname_of(self, uri: AnyUri) -> Nickname | None:
        """Who is meant by a URI: an entity of the roster, or an occupant's URI in this room; never raises."""
        if not isinstance(uri, SipUri):
            return None
        try:
            found = self._keys.owner_of(uri) or nickname_in(uri, self._room)
        except ParseError:  # an escape in `gr` that cannot be read
            return None
        found = found or self._keys.owner_of(uri.address_of_record)
        entry = self._entries.get(found) if found is not None else None
        return found if entry and entry.seats else None

    def _put(self, occupant: Occupant, number: int | None = None) -> None:
        entry = self._entry_for(occupant)
        known = entry.seat_of(occupant.endpoint)
        entry.put(occupant, number)
        # availability has no place in a roster (docs/mapping.md §3.3)
        if known is None or replace(known.occupant, presence=None) != replace(occupant, presence=None):
            self._dirty[occupant.nickname] = None

    def _entry_for(self, occupant: Occupant) -> _Entry:
        entry = self._entries.get(occupant.nickname)
        if entry and not entry.seats and self._keys.preferred(occupant) != entry.entity:
            self._forget(occupant.nickname)  # the nickname of somebody just removed, taken by somebody else
            entry = None
        elif entry and _is_uncovered(entry.seat_of(occupant.endpoint), occupant):
            self._keys.disown(entry.entity, occupant.nickname)
            entry.entity = self._keys.claim(occupant)
        if entry is None:
            entry = self._entries[occupant.nickname] = _Entry(self._keys.claim(occupant))
        return entry

    def _remove(self, event: Left, when: str) -> None:
        nickname = event.occupant.nickname
        entry = self._entries.get(nickname)
        seat = entry.take(event.occupant.endpoint) if entry else None
        if entry is None or seat is None:
            return
        self._dirty[nickname] = None
        if event.departure not in _UNTOLD and nickname in self._told:
            actor = event.by and (self.entity_of(event.by) or occupant_uri(self._room, event.by))
            entry.gone += ((seat.number, Gone(event, when, str(actor or ""))),)
        elif not entry.seats and not entry.gone:
            self._forget(nickname)

    def _rename(self, occupant: Occupant, old: Nickname) -> None:
        source = self._entries.get(old)
        seat = source.take(occupant.endpoint) if source else None
        if source is None or seat is None:
            return
        self._dirty[old] = None
        if occupant.nickname not in self._entries and self._keys.preferred(occupant) == source.entity:
            self._keys.pass_on(source.entity, occupant.nickname)
            # the URI goes with the participant, and so does what is still to be told of it
            now = _Entry(source.entity, gone=source.gone, next_seat=source.next_seat)
            self._entries[occupant.nickname], source.gone = now, ()
        target = self._entries.get(occupant.nickname)
        is_same = target is not None and target.entity == source.entity
        if not source.seats and not source.gone:
            self._forget(old)
        # with its number, so that nobody takes it for another endpoint
        self._put(occupant, seat.number if is_same else None)

    def _forget(self, nickname: Nickname) -> None:
        self._keys.disown(self._entries.pop(nickname).entity, nickname)
        if nickname not in self._told:
            self._dirty.pop(nickname, None)  # came and went unseen

    def _changed_users(self) -> tuple[User, ...]:
        dirty, self._dirty = list(self._dirty), {}
        deleted: dict[str, User] = {}
        present: dict[str, User] = {}
        for nickname in dirty:
            told = self._told.pop(nickname, None)
            if told:
                deleted[told] = User(told, State.DELETED)
            entry = self._entries.get(nickname)
            user = entry.user(entry.gone) if entry else None
            if entry and user:
                present[user.entity] = user
                self._told[nickname] = entry.entity
                self._tell_once(nickname, entry)
        return tuple({**deleted, **present}.values())

    def _tell_once(self, nickname: Nickname, entry: _Entry) -> None:
        """Let those who are gone be told in this document and no more."""
        if entry.gone:
            entry.gone = ()
            self._dirty[nickname] = None
            if not entry.seats:
                self._forget(nickname)


def _state_of(entries: Iterable[_Entry]) -> ConferenceState:
    return ConferenceState(user_count=sum(1 for entry in entries if entry.seats), active=True)


def _is_uncovered(known: _Seat | None, now: Occupant) -> bool:
    """True if a real address is shown from now on: it names the participant then (RFC 4575 §5.6)."""
    return known is not None and known.occupant.address is None and now.address is not None
