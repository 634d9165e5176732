"""The server stops in the middle of everything: everybody is told, nothing hangs, nothing is left.

The whole server on a network in memory (virtual_loop.py), people who share no code with it, and a random moment.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest

from chaos_sip import SipPerson
from chaos_xmpp import XmppPerson
from peers.sip_subscription import Referral, refer
from peers.sip_ua import SipUA
from peers.transcript import PeerFailure
from simulated import SIP, Simulated, running
from virtual_loop import VirtualLoop

SEEDS = 6 * int(os.environ.get("CHAOS_SEEDS", "1"))


class LastHour:
    """A room in full swing, some who come and go, and invitations that wait, when the server stops."""

    def __init__(self, seed: int) -> None:
        self.world = Simulated(seed)
        self.loop, self.network = self.world.loop, self.world.network
        self.random = self.network.random
        self.left: dict[str, int] = {}
        self.sip: list[SipPerson] = []
        self.late: list[SipPerson] = []  # on the way in
        self.too_late: list[SipPerson] = []  # nobody may be there any more to answer
        self.xmpp: list[XmppPerson] = []
        self.invited: list[SipUA] = []
        self.referrals: list[Referral] = []
        self.untold: list[str] = []  # who was in, and heard of no end
        self.stopped_at: float | None = None
        self.seconds = 0.0  # that stopping took
        self.tasks: list[str] = []
        self.has_dead = seed % 3 == 0  # one endpoint is gone without a word

    async def play(self) -> None:
        await self.world.start()
        await self._arrive()
        acts: list[Callable[[], Awaitable[None]]] = [
            *(self._late_comer(number) for number in range(5)),
            *(self._move(person) for person in self.sip[:3]),
            *(self._say(person) for person in self.sip),
            self.sip[4].leave,
            self._cut(self.sip[5]),
            self._refer,
            self._late_occupant,
        ]
        if self.has_dead:
            await self.sip[1].die()
        async with asyncio.TaskGroup() as group:
            for act in acts:
                group.create_task(self._soon(act))
            group.create_task(self._soon(self._stop))
        await asyncio.sleep(60)
        self.untold = [one.name for one in self.sip if not (one.is_gone or one.was_dropped or one.is_dead)]
        for person in (*self.sip, *self.late, *self.too_late):
            await person.close()
        for ua in self.invited:
            await ua.__aexit__()
        await asyncio.sleep(60)
        self.tasks = running()

    async def _soon(self, act: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self.random.uniform(0.0, 0.8))
        await act()

    async def _stop(self) -> None:
        self.stopped_at = self.loop.time()
        await asyncio.sleep(self.network.slowest)  # who was on the way in by then has arrived
        before = self.loop.time()
        async with asyncio.timeout(self.world.configuration.server.shutdown_seconds):
            await self.world.server.stop()
        self.seconds = self.loop.time() - before
        self.left = self.world.left()

    async def _arrive(self) -> None:
        for number in range(6):
            person = self.world.sip_person(f"s{number}", listens=number % 3 == 2)
            await person.join(subscribes=True)
            self.sip.append(person)
        for number in range(4):
            other = self.world.xmpp_person(f"x{number}")
            await other.join()
            self.xmpp.append(other)
        for number in range(2):
            ua = SipUA(f"guest{number}", "sip.example", server=SIP)
            await ua.__aenter__()
            await ua.register()
            self.invited.append(ua)
        self.world.link.people["asked@xmpp.example"] = lambda _: None  # is invited, and thinks about it

    # -- what goes on --------------------------------------------------------------------------------------

    def _late_comer(self, number: int) -> Callable[[], Awaitable[None]]:
        async def come() -> None:
            person = self.world.sip_person(f"late{number}")
            (self.late if self.stopped_at is None else self.too_late).append(person)
            try:
                await person.join()
            except (PeerFailure, ConnectionError):
                return  # it is told how: test_whoever_called_was_answered

        return come

    def _move(self, person: SipPerson) -> Callable[[], Awaitable[None]]:
        async def move() -> None:
            person.move()
            await asyncio.sleep(0)

        return move

    def _cut(self, person: SipPerson) -> Callable[[], Awaitable[None]]:
        async def cut() -> None:
            person.cut()
            await asyncio.sleep(0)

        return cut

    def _say(self, person: SipPerson) -> Callable[[], Awaitable[None]]:
        async def say() -> None:
            for number in range(5):
                person.say(f"m{person.name}.{number} hello")
                self.xmpp[number % 4].say(f"mx{number}.{person.name} hello")
                await asyncio.sleep(0.1)

        return say

    async def _refer(self) -> None:
        for who in ("sip:guest0@sip.example", "sip:guest1@sip.example", "xmpp:asked@xmpp.example"):
            try:
                response, referral = await refer(self.sip[3].ua, self.sip[3].room, f"<{who}>")
            except PeerFailure:
                return  # it came after the end
            if response.status == 200 and referral is not None:
                self.referrals.append(referral)

    async def _late_occupant(self) -> None:
        other = self.world.xmpp_person("late")
        if self.stopped_at is None:  # what comes after the end of the stream is for the XMPP server to answer
            self.xmpp.append(other)
        other.enter()
        await asyncio.sleep(0)


@pytest.fixture(scope="module", params=range(1, SEEDS + 1))
def hour(request: pytest.FixtureRequest) -> LastHour:
    async def play(seed: int) -> LastHour:
        hour = LastHour(seed)
        await hour.play()
        return hour

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(request.param), debug=False) as runner:
        return runner.run(play(request.param))


def test_stopping_takes_no_longer_than_a_few_round_trips(hour: LastHour) -> None:
    limit = 1.5 if not hour.has_dead else 10.0  # server.shutdown_seconds
    assert 0.0 < hour.seconds < limit


def test_nothing_is_left(hour: LastHour) -> None:
    assert hour.world.faults == []
    assert hour.loop.broken == []
    assert hour.left.keys() <= ({"sip.dialogs"} if hour.has_dead else set())
    assert hour.network.wires == set()
    assert (hour.tasks, hour.loop.timers) == ([], 0)


def test_everybody_who_was_in_is_told_that_the_service_goes_down(hour: LastHour) -> None:
    assert hour.untold == []
    for person in hour.sip:
        if person.was_dropped:
            assert person.reason.startswith("SIP;cause=503"), (person.name, person.reason)
    for other in hour.xmpp:
        assert "332" in other.ended_with or other.refused, other.name


def test_whoever_called_was_answered_and_whoever_was_let_in_was_sent_away(hour: LastHour) -> None:
    for person in hour.late:
        assert person.answer in {200, 503}, person.name
        if person.answer == 200:
            assert person.reason.startswith("SIP;cause=503"), person.name


def test_no_telephone_goes_on_ringing(hour: LastHour) -> None:
    for ua in hour.invited:
        for invite in ua.invites.items:
            assert invite.cancelled.is_set(), invite


def test_subscribers_are_told_the_end(hour: LastHour) -> None:
    for person in hour.sip:
        assert person.subscription is not None
        assert person.subscription.is_over or person.is_dead, person.name
        if person.was_dropped:  # who left by itself is told that, or nothing any more
            last = person.subscription.notifies.items[-1].get("Subscription-State")
            assert last == "terminated;reason=probation;retry-after=60", (person.name, last)


def test_who_referred_is_told_how_that_ended(hour: LastHour) -> None:
    for referral in hour.referrals:
        assert referral.notifies.items[-1].get("Subscription-State").startswith("terminated")
