"""The SIP side of one room: what its seats have in common.

Two audiences, one per view (who sees real addresses, and who does not), and the last copy made for a fan-out.
Every seat reports the events it was given; since seats with one view are given one and the same event, telling
a roster twice changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crossroom.bodies.iscomposing import IS_COMPOSING
from crossroom.conference.addresses import uri_of
from crossroom.conference.notify import Audience, Subscription
from crossroom.conference.roster import Roster
from crossroom.conference.roster_entry import EntityForm, preferred_entity
from crossroom.conference.switch import copy_of, typing_of, wrapped_type_of
from crossroom.msrp.message import SharedBody
from crossroom.net.sip_subscription import IncomingSubscription
from crossroom.room.address import Address, Nickname
from crossroom.room.events import ComposingChanged, Occupant, Posted, RoomEvent
from crossroom.sip.uri import SipUri, Uri


@dataclass(frozen=True, slots=True)
class Copy:
    """A message ready for every SIP endpoint, and the media type inside that an endpoint must accept."""

    shared: SharedBody
    wrapped_type: str


class Conference:
    """One room as SIP sees it. `wall` is now in UTC."""

    def __init__(self, room: Address, form: EntityForm, wall: Callable[[], datetime]) -> None:
        self.room = room
        self.uri = uri_of(room)
        self._form = form
        self._wall = wall
        self._audiences: dict[bool, Audience] = {}
        self._last: tuple[Posted | ComposingChanged, Copy] | None = None

    def audience(self, *, sees_addresses: bool) -> Audience:
        """The roster and the subscribers of one view."""
        if sees_addresses not in self._audiences:
            self._audiences[sees_addresses] = Audience(Roster(self.room, self._form), self._wall)
        return self._audiences[sees_addresses]

    @property
    def subscriptions(self) -> int:
        """How many subscriptions there are."""
        return sum(len(audience) for audience in self._audiences.values())

    def report(self, event: RoomEvent, *, sees_addresses: bool) -> None:
        """Take note of what a seat with this view was told."""
        self.audience(sees_addresses=sees_addresses).receive(event)

    def subscribe(
        self, incoming: IncomingSubscription, person: Address, expires: int, *, sees_addresses: bool
    ) -> None:
        """Accept a subscription: the whole roster first, then every change."""
        audience = self.audience(sees_addresses=sees_addresses)
        audience.prepare()
        session = incoming.accept(expires, audience.full)
        if session.ended is None:
            audience.add(Subscription(session, person, audience.full))

    def copy_of(self, event: Posted | ComposingChanged, *, sees_addresses: bool) -> Copy:
        """The copy for the SIP endpoints: made once, however many there are."""
        if self._last is None or self._last[0] is not event:
            self._last = event, self._copy(event, sees_addresses=sees_addresses)
        return self._last[1]

    def nickname_of(self, uri: Uri, *, sees_addresses: bool) -> Nickname | None:
        """Who is meant by a URI."""
        return self.audience(sees_addresses=sees_addresses).roster.nickname_of(uri)

    def dismiss(self, person: Address) -> None:
        """Somebody's last seat is gone: end their subscriptions."""
        for audience in self._audiences.values():
            audience.dismiss(person, "rejected")

    def close(self) -> None:
        """The room is over, or nobody is here by SIP any more."""
        for audience in self._audiences.values():
            audience.close()

    def _copy(self, event: Posted | ComposingChanged, *, sees_addresses: bool) -> Copy:
        is_present = not (isinstance(event, Posted) and event.delayed)
        author = self._entity(event.author, sees_addresses=sees_addresses, is_present=is_present)
        to = self.uri
        if event.to is not None:
            roster = self.audience(sees_addresses=sees_addresses).roster
            to = roster.entity_of(event.to) or self.uri
        if isinstance(event, ComposingChanged):
            shared = typing_of(event, author, to)
            return Copy(shared, IS_COMPOSING)
        return Copy(copy_of(event, author, to), wrapped_type_of(event))

    def _entity(self, author: Occupant, *, sees_addresses: bool, is_present: bool) -> SipUri:
        # what the roster shows; in history the nickname may be somebody else's by now
        roster = self.audience(sees_addresses=sees_addresses).roster
        shown = roster.entity_of(author.nickname) if is_present else None
        return shown or preferred_entity(self.room, author, self._form)
