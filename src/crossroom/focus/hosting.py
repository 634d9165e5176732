"""The rooms that are open in this process: found or begun at a join, closed behind the last one who leaves.

The engine room of local.py: everything here is synchronous, so nothing happens between two lines.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from crossroom.focus.expected import ExpectedGuests
from crossroom.focus.interface import Deliver, Reach
from crossroom.focus.limits import Buckets, Founders, Limits, Noted, unnoted
from crossroom.focus.outbox import Outbox
from crossroom.focus.shelf import ReportFault, Shelf
from crossroom.focus.store import Store
from crossroom.room.address import Address, ArchiveId, EndpointId
from crossroom.room.commands import (
    Acknowledge,
    Command,
    Compose,
    Configure,
    Destroy,
    Invite,
    Join,
    Joiner,
    Leave,
    Moderate,
    Post,
    SetSubject,
)
from crossroom.room.configuration import Configuration
from crossroom.room.events import Delivery, Ended
from crossroom.room.reasons import LIMITS, Departure, Reason, Refused
from crossroom.room.room import Room

LASTING = (Configure, Moderate, SetSubject, Invite)
"""The commands after which a persistent room is written at once; posts are written with them and at the end."""

SAYING = (Post, Compose, Acknowledge)
"""The commands that neither last nor end anything; nearly all that there are."""

RoomKey = tuple[str, str]
Identity = tuple[str, str, str]
"""See room.address.Address.identity."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a focus needs from outside. `clock` gives POSIX seconds, `entropy` that many random octets."""

    clock: Callable[[], float]
    entropy: Callable[[int], bytes]
    reach: Reach
    store: Store
    report: ReportFault
    noted: Noted = unnoted

    def note(self, refused: Refused, person: Identity, room: Address) -> None:
        """Tell the operator when somebody in a room has reached a limit; a join that did is told by its face."""
        if refused.reason in LIMITS:
            user, domain, _ = person
            self.noted(refused.reason, f"{user}@{domain}", room)


class Hosting:
    """All open rooms, the outbox in front of them, the shelf behind them."""

    def __init__(self, around: Surroundings, limits: Limits, new_room: Configuration) -> None:
        self.around = around
        self.limits = limits
        self.shelf = Shelf(around.store, around.report)
        self.outbox = Outbox(self._drop)
        self.expected = ExpectedGuests()
        self.is_closing = False
        self._new_room = new_room
        self._rooms: dict[RoomKey, Room] = {}
        self._room_of: dict[EndpointId, Room] = {}
        self._joins = Buckets(limits.joins)
        self._invitations = Buckets(limits.invitations)
        self._founders = Founders()

    def enter(self, address: Address, joiner: Joiner, deliver: Deliver) -> tuple[Room, EndpointId]:
        """Seat somebody, in a room that is open, kept, or new; raises Refused with nothing left behind."""
        if self.is_closing:
            raise Refused(Reason.SHUTTING_DOWN)
        if not self._joins.take(joiner.address.identity, self.around.clock()):
            raise Refused(Reason.RATE_EXCEEDED, "too many joins")
        is_begun = address.key not in self._rooms and address not in self.shelf
        room = self._rooms.get(address.key) or self._open(address, joiner)
        endpoint = EndpointId(self.around.entropy(12).hex())
        deliveries = self._handle(room, Join(endpoint, self._referred(room, joiner)))
        self._rooms[address.key] = room
        if is_begun:
            self._founders.note(address.key, joiner.address.identity)
        self._room_of[endpoint] = room
        if room.configuration.is_persistent and not room.is_locked and room.address not in self.shelf:
            # persistent from the start: a fault must not hand it to somebody else
            self.shelf.keep(room.snapshot())
        self.outbox.open(endpoint, deliver)
        self._finish(room, deliveries)
        return room, endpoint

    def perform(self, room: Room, command: Command) -> None:
        """Let an open room obey; raises Refused, also when the room is closed by now."""
        if self._rooms.get(room.key) is not room:
            raise Refused(Reason.NOT_IN_ROOM)
        deliveries = self._handle(room, command)
        if isinstance(command, SAYING):
            self.outbox.put(deliveries)
            return
        self._keep(room, command)
        self._finish(room, deliveries)

    def give_up(
        self, room: Room, endpoint: EndpointId, departure: Departure = Departure.LEFT, text: str = ""
    ) -> None:
        """Take a seat back, if it is still there."""
        if endpoint in self._room_of:
            self.perform(room, Leave(endpoint, departure, text))

    def find(self, address: Address) -> Room | None:
        """The open room of this address."""
        return self._rooms.get(address.key)

    def archive_id(self) -> ArchiveId:
        """A new id for a post."""
        return ArchiveId(self.around.entropy(10).hex())

    def discard(self, address: Address) -> None:
        """Forget a room that is kept and not open."""
        self.shelf.drop(address)
        self._founders.forget(address.key)

    def allow_invitation(self, inviter: Identity) -> None:
        """Let a person ask one more person in, whatever the nickname; raises Refused(RATE_EXCEEDED)."""
        if not self._invitations.take(inviter, self.around.clock()):
            raise Refused(Reason.RATE_EXCEEDED, "too many invitations")

    def close(self) -> None:
        """End every room for a shutdown; persistent ones are kept on the shelf."""
        self.is_closing = True
        for room in list(self._rooms.values()):
            if room.configuration.is_persistent and not room.is_locked:
                self.shelf.keep(room.snapshot())
            self.perform(room, Destroy(None, departure=Departure.SHUTDOWN))

    def tables(self) -> dict[str, int]:
        """Count everything that could leak."""
        return {
            "rooms": len(self._rooms),
            "seats": len(self.outbox),
            "endpoints": len(self._room_of),
            "expected": len(self.expected),
            "kept": len(self.shelf),
            "begun": len(self._founders),
        }

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    def _open(self, address: Address, founder: Joiner) -> Room:
        kept = self.shelf.get(address)
        if kept:
            return Room.restored(kept, self.limits.room)
        if not self.limits.creators.include(founder.address, address):
            raise Refused(Reason.MAY_NOT_CREATE)
        if self._founders.rooms_of(founder.address.identity) >= self.limits.rooms_per_person:
            raise Refused(Reason.TOO_MANY_ROOMS, "too many rooms of one person")
        count = len(self._rooms) + sum(
            1 for snapshot in self.shelf if snapshot.address.key not in self._rooms
        )
        if count >= self.limits.rooms:
            raise Refused(Reason.TOO_MANY_ROOMS)
        return Room.begin(address, self.around.entropy(32), self._new_room, self.limits.room)

    def _referred(self, room: Room, joiner: Joiner) -> Joiner:
        inviter = self.expected.inviter_of(room.address, joiner.address)
        return joiner if inviter is None or joiner.referred_by else replace(joiner, referred_by=inviter)

    def _handle(self, room: Room, command: Command) -> list[Delivery]:
        try:
            return room.handle(command, self.around.clock())
        except Refused:
            raise
        except Exception as error:
            self._fail(room, error)
            raise Refused(Reason.INTERNAL_FAULT) from error

    def _fail(self, room: Room, error: Exception) -> None:
        """A defect in one room ends this room: its state may be wrong. What was kept of it before stays."""
        self.around.report(f"room {room.address} ended by a fault", error)
        self._rooms.pop(room.key, None)
        self._forget_founder(room)
        seats = tuple(endpoint for endpoint, own in self._room_of.items() if own is room)
        for endpoint in seats:
            del self._room_of[endpoint]
        self.outbox.put([Delivery(Ended(Departure.FAULT), seats)])

    def _finish(self, room: Room, deliveries: list[Delivery]) -> None:
        """Bring the tables in order first: a `deliver` may call back at once."""
        for delivery in deliveries:
            if isinstance(delivery.event, Ended):
                for endpoint in delivery.to:
                    self._room_of.pop(endpoint, None)
        if room.is_empty:
            self._close(room)
        self.outbox.put(deliveries)

    def _keep(self, room: Room, command: Command) -> None:
        if isinstance(command, LASTING):
            if room.configuration.is_persistent:
                self.shelf.keep(room.snapshot())
            else:
                self.shelf.drop(room.address)
        elif isinstance(command, Destroy) and command.departure is not Departure.SHUTDOWN:
            self.shelf.drop(room.address)

    def _close(self, room: Room) -> None:
        del self._rooms[room.key]
        # XEP-0045 §10.1: a room whose creator never configured it has never begun
        if room.configuration.is_persistent and not room.is_destroyed and not room.is_locked:
            self.shelf.keep(room.snapshot())
        self._forget_founder(room)

    def _forget_founder(self, room: Room) -> None:
        if room.address not in self.shelf:
            self._founders.forget(room.key)

    def _drop(self, endpoint: EndpointId, error: Exception) -> None:
        """Give up a seat whose `deliver` failed; the others see it leave."""
        self.around.report(f"deliver of endpoint {endpoint} failed", error)
        room = self._room_of.get(endpoint)
        if room is not None:
            with suppress(Refused):  # the room fails as a whole: then this seat has ended with it
                self.perform(room, Leave(endpoint, Departure.FAULT))
