"""The conference roster as one kind of subscriber sees it: room events in, conference-info documents out.

One Roster serves all subscribers with the same view, so that a document is built once for all of them; the
versions count for all. A change costs work in proportion to what changed, never to the size of the room.
Rules: docs/mapping.md §3.3, RFC 4575 §4.4 to §5.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

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


@dataclass(slots=True)
class _Entry:
    """One nickname: who names it in the roster, and its endpoints by id, each with its number."""

    entity: str
    occupants: dict[EndpointId, Occupant] = field(default_factory=dict)
    seats: dict[EndpointId, int] = field(default_factory=dict)
    gone: list[tuple[int, Gone]] = field(default_factory=list)
    next_seat: int = 1

    def user(self) -> User | None:
        if not self.occupants and not self.gone:
            return None
        seats = [self.seats[endpoint] for endpoint in self.occupants]
        return user_of(self.entity, list(self.occupants.values()), seats, self.gone)


class Roster:
    """The roster of one room for one view; feed it every event of one seat with that view, or of several."""

    def __init__(self, room: Address, form: EntityForm, configuration: Configuration | None = None) -> None:
        self._room = room
        self._form = form
        self._topic = Topic(room, configuration or Configuration())
        self._version = 0
        self._entries: dict[Nickname, _Entry] = {}
        self._keys = RosterKeys(room, form)
        self._told: dict[Nickname, User] = {}
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
        return tuple(one for entry in self._entries.values() for one in entry.occupants.values())

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
                if occupant.endpoint in self._seats_of(occupant.nickname):
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
        users = (self._user(nickname, entry) for nickname, entry in self._entries.items())
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
        return entry.entity if entry and entry.occupants else None

    def nickname_of(self, uri: AnyUri) -> Nickname | None:
        """Who is meant by a URI: an entity of the roster, or an occupant's URI in this room; never raises."""
        if not isinstance(uri, SipUri):
            return None
        try:
            found = self._keys.owner_of(uri) or nickname_in(uri, self._room)
        except ParseError:  # an escape in `gr` that cannot be read
            return None
        found = found or self._keys.owner_of(uri.address_of_record)
        return found if found is not None and self._seats_of(found) else None

    def _seats_of(self, nickname: Nickname) -> dict[EndpointId, Occupant]:
        entry = self._entries.get(nickname)
        return entry.occupants if entry else {}

    def _put(self, occupant: Occupant) -> None:
        entry = self._entry_for(occupant)
        known = entry.occupants.get(occupant.endpoint)
        if occupant.endpoint not in entry.seats:
            entry.seats[occupant.endpoint] = entry.next_seat
            entry.next_seat += 1
        entry.occupants[occupant.endpoint] = occupant
        # availability has no place in a roster (docs/mapping.md §3.3)
        if known is None or replace(known, presence=None) != replace(occupant, presence=None):
            self._dirty[occupant.nickname] = None

    def _entry_for(self, occupant: Occupant) -> _Entry:
        entry = self._entries.get(occupant.nickname)
        if entry and not entry.occupants and self._keys.preferred(occupant) != entry.entity:
            self._forget(occupant.nickname)  # the nickname of somebody just removed, taken by somebody else
            entry = None
        elif entry and _is_uncovered(entry.occupants.get(occupant.endpoint), occupant):
            self._keys.disown(entry.entity, occupant.nickname)
            entry.entity = self._keys.claim(occupant)
        if entry is None:
            entry = self._entries[occupant.nickname] = _Entry(self._keys.claim(occupant))
        return entry

    def _remove(self, event: Left, when: str) -> None:
        nickname = event.occupant.nickname
        entry = self._entries.get(nickname)
        if entry is None or event.occupant.endpoint not in entry.occupants:
            return
        seat = entry.seats.pop(event.occupant.endpoint)
        del entry.occupants[event.occupant.endpoint]
        self._dirty[nickname] = None
        if event.departure not in _UNTOLD and nickname in self._told:
            actor = event.by and (self.entity_of(event.by) or occupant_uri(self._room, event.by))
            entry.gone.append((seat, Gone(event, when, str(actor or ""))))
        elif not entry.occupants and not entry.gone:
            self._forget(nickname)

    def _rename(self, occupant: Occupant, old: Nickname) -> None:
        source = self._entries.get(old)
        if source is None or occupant.endpoint not in source.occupants:
            return
        del source.occupants[occupant.endpoint]
        seat = source.seats.pop(occupant.endpoint)
        self._dirty[old] = None
        if occupant.nickname not in self._entries and self._keys.preferred(occupant) == source.entity:
            self._keys.pass_on(source.entity, occupant.nickname)
            self._entries[occupant.nickname] = _Entry(source.entity, next_seat=source.next_seat)
        target = self._entries.get(occupant.nickname)
        if target and target.entity == source.entity:
            target.seats[occupant.endpoint] = seat  # so that nobody takes it for another endpoint
        if not source.occupants and not source.gone:
            self._forget(old)
        self._put(occupant)

    def _forget(self, nickname: Nickname) -> None:
        self._keys.disown(self._entries.pop(nickname).entity, nickname)
        if nickname not in self._told:
            self._dirty.pop(nickname, None)  # came and went unseen

    def _user(self, nickname: Nickname, entry: _Entry) -> User | None:
        if nickname not in self._dirty:
            return self._told[nickname]
        return replace(entry, gone=[]).user()

    def _changed_users(self) -> tuple[User, ...]:
        dirty, self._dirty = list(self._dirty), {}
        deleted: dict[str, User] = {}
        present: dict[str, User] = {}
        for nickname in dirty:
            told = self._told.pop(nickname, None)
            if told:
                deleted[told.entity] = User(told.entity, State.DELETED)
            entry = self._entries.get(nickname)
            user = entry.user() if entry else None
            if entry and user:
                present[user.entity] = self._told[nickname] = user
                self._tell_once(nickname, entry)
        return tuple({**deleted, **present}.values())

    def _tell_once(self, nickname: Nickname, entry: _Entry) -> None:
        """Let those who are gone be told in this document and no more."""
        if entry.gone:
            entry.gone.clear()
            self._dirty[nickname] = None
            if not entry.occupants:
                self._forget(nickname)


def _state_of(entries: Iterable[_Entry]) -> ConferenceState:
    return ConferenceState(user_count=sum(1 for entry in entries if entry.occupants), active=True)


def _is_uncovered(known: Occupant | None, now: Occupant) -> bool:
    """True if a real address is shown from now on: it names the participant then (RFC 4575 §5.6)."""
    return known is not None and known.address is None and now.address is not None
