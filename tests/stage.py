"""A room with named people on it, for the room's unit tests: commands go in, what each one saw is kept."""

from dataclasses import replace
from typing import TypeVar

import pytest
from msgspec import structs

from crossroom.room.address import Address, ArchiveId, EndpointId, MessageId, Nickname
from crossroom.room.commands import (
    Command,
    Configure,
    Draft,
    Join,
    Joiner,
    Moderate,
    Order,
    Post,
    SetAffiliation,
    SetRole,
)
from crossroom.room.configuration import Configuration
from crossroom.room.content import Content
from crossroom.room.events import Delivery, Joined, Left, Posted, Renamed, RoomEvent
from crossroom.room.reasons import Reason, Refused
from crossroom.room.room import Room
from crossroom.room.snapshot import RoomSnapshot
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomLimits

EventT = TypeVar("EventT", bound=RoomEvent)
HOME = Address("tea", "conference.example")
SECRET = b"a secret of at least sixteen octets"


def endpoint(name: str) -> EndpointId:
    return EndpointId(name)


def nick(name: str) -> Nickname:
    return Nickname(name)


def address(name: str, device: str = "phone") -> Address:
    return Address(name.lower(), "x.example", device=device)


def joiner(name: str, **how: object) -> Joiner:
    who = Joiner(address(name), Nickname(name), insists_on_nickname=True)
    return replace(who, **how)  # type: ignore[arg-type]  # a wrong name fails at once


class Stage:
    """The room and its audience. The first who joins owns the room."""

    def __init__(self, limits: RoomLimits | None = None, **settings: object) -> None:
        configuration = replace(Configuration(), **settings)  # type: ignore[arg-type]  # as in joiner
        self.room = Room.begin(HOME, SECRET, configuration, limits)
        self.now = 1000.0
        self.seen: dict[EndpointId, list[RoomEvent]] = {}

    def do(self, command: Command) -> list[Delivery]:
        deliveries = self.room.handle(command, self.now)
        for delivery in deliveries:
            assert delivery.to, "a delivery to nobody"
            for each in delivery.to:
                self.seen.setdefault(each, []).append(delivery.event)
        return deliveries

    def join(self, name: str, seat: str = "", **how: object) -> EndpointId:
        place = endpoint(seat or name)
        self.do(Join(place, joiner(name, **how)))
        return place

    def refuses(self, command: Command) -> Reason:
        """Expect a no, and that nothing has changed."""
        before = self._look()
        with pytest.raises(Refused) as refused:
            self.room.handle(command, self.now)
        assert self._look() == before
        return refused.value.reason

    def refuses_join(self, name: str, **how: object) -> Reason:
        return self.refuses(Join(endpoint("new"), joiner(name, **how)))

    def say(self, name: str, text: str = "hello", message_id: str = "m1", **how: object) -> list[Delivery]:
        return self.do(self.saying(name, text, message_id, **how))

    def saying(self, name: str, text: str = "hello", message_id: str = "m1", **how: object) -> Post:
        draft = structs.replace(Draft(MessageId(message_id), Content("text/plain", text)), **how)
        return Post(endpoint(name), draft, ArchiveId(f"a-{message_id}"))

    def configure(self, by: str, **settings: object) -> list[Delivery]:
        changed = replace(self.room.configuration, **settings)  # type: ignore[arg-type]  # as in joiner
        return self.do(Configure(endpoint(by), changed))

    def affiliate(self, by: str, whom: Address, affiliation: Affiliation, text: str = "") -> list[Delivery]:
        return self.do(SetAffiliation(endpoint(by), whom, affiliation, text))

    def role(self, by: str, whom: str, role: Role, text: str = "") -> list[Delivery]:
        return self.do(SetRole(endpoint(by), nick(whom), role, text))

    def order(self, by: str, *orders: Order) -> Moderate:
        return Moderate(endpoint(by), orders)

    def forget(self) -> None:
        """What was seen so far is of no interest."""
        self.seen.clear()

    def of(self, name: str, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.seen.get(endpoint(name), []) if isinstance(event, kind)]

    def kinds(self, name: str) -> list[type[RoomEvent]]:
        return [type(event) for event in self.seen.get(endpoint(name), [])]

    def texts(self, name: str) -> list[object]:
        return [event.content.body for event in self.of(name, Posted) if event.content]

    def roster(self, name: str) -> dict[str, str]:
        """Nicknames by endpoint, as one participant learned them from differences."""
        present: dict[str, str] = {}
        for event in self.seen[endpoint(name)]:
            match event:
                case Joined(occupant):
                    assert occupant.endpoint not in present
                    present[occupant.endpoint] = occupant.nickname
                case Left(occupant):
                    del present[occupant.endpoint]
                case Renamed(occupant, old):
                    assert present[occupant.endpoint] == old
                    present[occupant.endpoint] = occupant.nickname
                case _:
                    continue
        return present

    def _look(self) -> tuple[RoomSnapshot, tuple[EndpointId, ...], tuple[Nickname, ...], bool]:
        return self.room.snapshot(), self.room.endpoints, self.room.nicknames, self.room.is_locked
