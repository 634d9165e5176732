"""A defect in one room costs that room and nothing else, on both networks, with everything in flight."""

import asyncio
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest

from chaos_sip import SipPerson
from chaos_xmpp import DOMAIN, XmppPerson
from crossroom.room.address import Address
from simulated import Simulated, running
from virtual_loop import VirtualLoop


@dataclass
class Party:
    """Two people of each network in one room."""

    sip: list[SipPerson] = field(default_factory=list)
    xmpp: list[XmppPerson] = field(default_factory=list)


class TwoRooms:
    """`broken` is tea, in which a post meets a defect while everybody talks; `sound` is coffee; `again` is tea anew."""

    def __init__(self, seed: int) -> None:
        self.world = Simulated(seed)
        self.loop = self.world.loop
        self.broken, self.sound, self.again = Party(), Party(), Party()
        self.left_after = self.left = {"": 0}
        self.tasks: list[str] = []

    async def play(self) -> None:
        await self.world.start()
        await self._gather(self.broken, "tea")
        await self._gather(self.sound, "coffee")
        room = self.world.server.focus._hosting.find(Address("tea", DOMAIN))
        assert room is not None
        for _ in range(5):
            self._talk(self.broken)
            self._talk(self.sound)
            await asyncio.sleep(0.05)
        with patch.object(room, "handle", side_effect=ZeroDivisionError):
            for _ in range(5):
                self._talk(self.broken)
                self._talk(self.sound)
                await asyncio.sleep(0.3)
        await asyncio.sleep(60)
        self.left_after = self.world.left()
        await self._gather(self.again, "tea")
        self._talk(self.again)
        self._talk(self.sound)
        await asyncio.sleep(60)
        await self._go_home()

    async def _gather(self, party: Party, room: str) -> None:
        for number in range(2):
            person = self.world.sip_person(f"{room}{number}", listens=bool(number), room=room)
            await person.join(subscribes=True)
            party.sip.append(person)
        for number in range(2):
            other = self.world.xmpp_person(f"{room}x{number}", room=room)
            await other.join()
            party.xmpp.append(other)

    def _talk(self, party: Party) -> None:
        everybody: list[SipPerson | XmppPerson] = [*party.sip, *party.xmpp]
        for number, person in enumerate(everybody):
            person.say(f"m{person.name}.{number}.{self.loop.time():.2f} hello")

    async def _go_home(self) -> None:
        for party in (self.broken, self.again, self.sound):
            for person in party.sip:
                await person.close()
            for other in party.xmpp:
                other.leave()
        await asyncio.sleep(60)
        self.left = self.world.left()
        await self.world.server.stop()
        await asyncio.sleep(60)
        self.tasks = running()


@pytest.fixture(scope="module", params=[1, 2])
def rooms(request: pytest.FixtureRequest) -> TwoRooms:
    async def play(seed: int) -> TwoRooms:
        rooms = TwoRooms(seed)
        await rooms.play()
        return rooms

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(request.param), debug=False) as runner:
        return runner.run(play(request.param))


def test_everybody_in_the_broken_room_is_told_that_it_was_no_fault_of_theirs(rooms: TwoRooms) -> None:
    for person in rooms.broken.sip:
        assert person.reason.startswith('SIP;cause=500;text="Internal fault'), person.name
        assert person.subscription is not None
        assert person.subscription.roster.deleted
    for other in rooms.broken.xmpp:
        assert "333" in other.ended_with, (other.name, other.ended_with)


def test_whoever_was_speaking_there_is_told_that_it_failed(rooms: TwoRooms) -> None:
    statuses = {status for person in rooms.broken.sip for status in person.told.refused.values()}
    lost = {word for person in rooms.broken.sip for word in person.unanswered}
    assert statuses or lost
    assert not any(status.startswith("200") for status in statuses)
    assert any(other.refused for other in rooms.broken.xmpp)


def test_the_other_room_notices_nothing(rooms: TwoRooms) -> None:
    first, second = rooms.sound.xmpp
    assert first.heard == second.heard
    assert len(first.heard) == 4 * 11
    for person in rooms.sound.sip:
        assert not person.was_dropped
        assert not person.told.refused
        assert person.heard == [word for word in first.heard if not word.startswith(f"m{person.name}.")]


def test_the_room_can_be_begun_anew(rooms: TwoRooms) -> None:
    first, second = rooms.again.xmpp
    assert first.heard == second.heard
    assert len(first.heard) == 4


def test_the_defect_is_reported_once_and_nothing_is_left(rooms: TwoRooms) -> None:
    [fault] = rooms.world.faults
    assert fault["event"] == "room tea@conference.example ended by a fault"
    assert rooms.left_after["focus.rooms"] == rooms.left_after["conference.conferences"] == 1
    assert rooms.left_after["focus.seats"] == 4
    assert rooms.left == {}
    assert (rooms.tasks, rooms.loop.timers, rooms.loop.broken) == ([], 0, [])
