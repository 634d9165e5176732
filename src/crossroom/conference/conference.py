"""The SIP side of one room: what its seats have in common.

Two audiences, one per view (who sees real addresses, and who does not), and the last copy made for a fan-out.
Every seat reports the events it was given; since seats with one view are given one and the same event, telling
a roster twice changes nothing.
"""

from collections.abc import Callable
from datetime import datetime

from crossroom.bodies.imdn import IMDN
from crossroom.bodies.iscomposing import IS_COMPOSING
from crossroom.conference.addresses import uri_of
from crossroom.conference.notices import notice_of
from crossroom.conference.notify import Audience, Subscription
from crossroom.conference.reasons import sip_status
from crossroom.conference.receipts import imdn_of
from crossroom.conference.roster import Roster
from crossroom.conference.roster_entry import EntityForm, preferred_entity
from crossroom.conference.switch import Copy, copy_of, is_wordless, typing_of
from crossroom.net.sip_subscription import IncomingSubscription
from crossroom.room.address import Address, Nickname
from crossroom.room.events import Acknowledged, ComposingChanged, Posted, RoomEvent
from crossroom.room.nickname import comparison_key
from crossroom.room.reasons import Departure, Reason
from crossroom.sip.uri import Uri

Said = Posted | ComposingChanged | Acknowledged
"""What is sent to endpoints as a message."""


class Conference:
    """One room as SIP sees it. `wall` is now in UTC."""

    def __init__(self, room: Address, form: EntityForm, wall: Callable[[], datetime]) -> None:
        self.room = room
        self.uri = uri_of(room)
        self.uri_text = str(self.uri)
        self._form = form
        self._wall = wall
        self.persons: dict[object, Address] = {}  # of every seat, whether the room shows them or not
        self._audiences: dict[bool, Audience] = {}
        self._views: dict[object, bool] = {}  # which of the audiences each seat reports to
        self.last: tuple[Said, Copy | None] | None = None  # all but the first of a fan-out find it made
        self._notice: tuple[str, datetime, Copy] | None = None

    def audience(self, *, sees_addresses: bool) -> Audience:
        """The roster and the subscribers of one view."""
        if sees_addresses not in self._audiences:
            self._audiences[sees_addresses] = Audience(Roster(self.room, self._form), self._wall)
        return self._audiences[sees_addresses]

    @property
    def is_deserted(self) -> bool:
        """True when nobody is in it any more, on whichever network."""
        return not any(audience.roster.occupants for audience in self._audiences.values())

    @property
    def subscriptions(self) -> int:
        """How many subscriptions there are."""
        return sum(len(audience) for audience in self._audiences.values())

    def subscriptions_of(self, person: Address) -> int:
        """How many of them one person has."""
        return sum(audience.subscriptions_of(person) for audience in self._audiences.values())

    def enter(self, seat: object, *, sees_addresses: bool) -> None:
        """From now on a seat reports what this view is told; its report begins with the whole roster."""
        self._views[seat] = sees_addresses

    def leave(self, seat: object) -> None:
        """A seat reports no more. A roster that nobody keeps up to date is not kept."""
        view = self._views.pop(seat, None)
        if view is not None and view in self._audiences and view not in self._views.values():
            self._audiences.pop(view).retire()

    def move(self, seat: object, *, sees_addresses: bool) -> None:
        """A seat is given the other view from now on; its person must subscribe again to see it too."""
        before = not sees_addresses
        if sees_addresses not in self._views.values():
            known = self.audience(sees_addresses=before).roster
            self._audiences[sees_addresses] = Audience(known.seen_otherwise(sees_addresses), self._wall)
        if seat in self.persons:
            # RFC 6665 §4.1.3: deactivated means: subscribe again at once
            self.audience(sees_addresses=before).dismiss(self.persons[seat], "deactivated")
        self.leave(seat)
        self.enter(seat, sees_addresses=sees_addresses)

    def report(self, event: RoomEvent, *, sees_addresses: bool) -> None:
        """Take note of what a seat with this view was told."""
        self.audience(sees_addresses=sees_addresses).receive(event)

    def subscribe(
        self,
        incoming: IncomingSubscription,
        person: Address,
        expires: int,
        *,
        sees_addresses: bool,
        kind: type[Subscription] = Subscription,
    ) -> None:
        """Accept a subscription: the whole roster first, then every change."""
        audience = self.audience(sees_addresses=sees_addresses)
        audience.prepare()
        subscription = kind(audience, person)
        subscription.begin(incoming.accept(expires, subscription))

    def copy_of(self, event: Said | Copy, *, sees_addresses: bool) -> Copy | None:
        """The copy for the SIP endpoints, one for everybody made once; None: there is nothing they could show."""
        if isinstance(event, Copy):
            return event
        if event.to is not None:
            return self._copy(event, sees_addresses=sees_addresses)
        if self.last is None or self.last[0] is not event:
            self.last = event, self._copy(event, sees_addresses=sees_addresses)
        return self.last[1]

    def notice(self, text: str) -> Copy:
        """A text of the room itself, made once for all who get it."""
        now = self._wall().replace(microsecond=0)
        if self._notice is None or self._notice[:2] != (text, now):
            self._notice = text, now, Copy(notice_of(text, self.uri, now), "text/plain")
        return self._notice[2]

    def nicknames(self, *, sees_addresses: bool) -> tuple[Nickname, ...]:
        """Who is here."""
        occupants = self.audience(sees_addresses=sees_addresses).roster.occupants
        return tuple(dict.fromkeys(occupant.nickname for occupant in occupants))

    def is_reserved(self, nickname: Nickname, person: Address) -> bool:
        """True for what would pass for the room or for somebody else's address (RFC 7701 §7.1: 425)."""
        known = [*self.persons.values()]
        for audience in self._audiences.values():
            known += (occupant.address for occupant in audience.roster.occupants if occupant.address)
        others = [self.room, *(each for each in known if not each.is_same_person(person))]
        return comparison_key(nickname) in {key for each in others for key in _reserved_by(each, self.room)}

    def nickname_of(self, uri: Uri, *, sees_addresses: bool) -> Nickname | None:
        """Who is meant by a URI."""
        return self.audience(sees_addresses=sees_addresses).roster.nickname_of(uri)

    def dismiss(self, person: Address) -> None:
        """Somebody's last seat is gone: end their subscriptions."""
        for audience in self._audiences.values():
            audience.dismiss(person, "rejected")

    def end(self, departure: Departure) -> None:
        """Everybody's seat ends at once: the conference is over, or the service goes down for a while."""
        if departure is not Departure.SHUTDOWN:
            self.close()
            return
        seconds = sip_status(Reason.SHUTTING_DOWN).retry_after or 0
        for audience in self._audiences.values():
            audience.pause(seconds)

    def close(self) -> None:
        """The conference is over (RFC 4575 §3.3)."""
        for audience in self._audiences.values():
            audience.close()

    def _copy(self, event: Said, *, sees_addresses: bool) -> Copy | None:
        roster = self.audience(sees_addresses=sees_addresses).roster
        # what the roster shows; in history the nickname may be somebody else's by now
        is_past = isinstance(event, Posted) and event.delayed
        shown = None if is_past else roster.entity_of(event.author.nickname)
        author = shown or str(preferred_entity(self.room, event.author, self._form))
        to = self.uri_text if event.to is None else roster.entity_of(event.to) or self.uri_text
        if isinstance(event, Posted):
            return None if is_wordless(event) else copy_of(event, author, to)
        if isinstance(event, ComposingChanged):
            return Copy(typing_of(event, author, to), IS_COMPOSING, is_fleeting=True)
        return Copy(imdn_of(event, author, to, self._wall()), IMDN)


def _reserved_by(address: Address, room: Address) -> tuple[str, ...]:
    plain = f"{address.user}@{address.domain}".lower()
    name = (address.user.lower(),) if address.is_same_person(room) else ()
    return (plain, f"sip:{plain}", f"xmpp:{plain}", *name)
