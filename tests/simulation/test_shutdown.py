"""The server stops in the middle of everything: everybody is told, nothing hangs, nothing is left.

The whole server on a network in memory (virtual_loop.py), people who share no code with it, and a random moment.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

import pytest
import structlog

from chaos_sip import SipPerson
from chaos_xmpp import DOMAIN, XmppPerson, XmppServer
from crossroom.config.schema import Component, Configuration, Msrp, Notices, Sip, UserNetwork, Xmpp
from crossroom.config.schema import Domain as ServedDomain
from crossroom.net.ids import SeededIds
from crossroom.server import Crossroom
from peers.sip_subscription import Referral, refer
from peers.sip_ua import SipUA
from peers.transcript import PeerFailure
from virtual_loop import LoopClock, VirtualLoop

SEEDS = 6 * int(os.environ.get("CHAOS_SEEDS", "1"))
SERVER = ("127.0.0.1", 5060)
ROOM = "sip:tea@conference.example"


class LastHour:
    """A room in full swing, some who come and go, and invitations that wait, when the server stops."""

    def __init__(self, seed: int) -> None:
        self.loop = cast("VirtualLoop", asyncio.get_running_loop())
        self.network = self.loop.network
        self.random = self.network.random
        self.faults: list[MutableMapping[str, Any]] = []
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
        self._link = XmppServer()
        self._seed = seed

    async def play(self) -> None:
        await self._open()
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
        self.tasks = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    async def _soon(self, act: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self.random.uniform(0.0, 0.8))
        await act()

    async def _stop(self) -> None:
        self.stopped_at = self.loop.time()
        await asyncio.sleep(self.network.slowest)  # who was on the way in by then has arrived
        before = self.loop.time()
        async with asyncio.timeout(self._configuration.server.shutdown_seconds):
            await self.server.stop()
        self.seconds = self.loop.time() - before
        self.left = {name: number for name, number in self.server.tables().items() if number}

    async def _open(self) -> None:
        host, port = await self._link.listen(self.network)
        self._configuration = Configuration(
            domains=[ServedDomain(DOMAIN)],
            networks={"sip.example": UserNetwork.SIP, "xmpp.example": UserNetwork.XMPP},
            sip=Sip(listen=["udp://127.0.0.1:5060"]),
            msrp=Msrp(listen=["tcp://127.0.0.1:2855"]),
            xmpp=Xmpp(component=[Component(f"tcp://{host}:{port}", DOMAIN, "secret")]),
            notices=Notices(welcome=False, subject=False),
        )
        log = structlog.wrap_logger(None, processors=[self._keep_faults])
        self.server = Crossroom(self._configuration, log, LoopClock(), SeededIds(self._seed))
        await self.server.start()
        await self._link.is_up.wait()

    def _keep_faults(self, _: object, level: str, line: MutableMapping[str, Any]) -> str:
        if level in {"error", "exception", "critical"}:
            self.faults.append(line)
        raise structlog.DropEvent

    async def _arrive(self) -> None:
        for number in range(6):
            person = SipPerson(f"s{number}", self.network, SERVER, listens=number % 3 == 2)
            await person.join(subscribes=True)
            self.sip.append(person)
        for number in range(4):
            other = XmppPerson(f"x{number}", self._link)
            await other.join()
            self.xmpp.append(other)
        for number in range(2):
            ua = SipUA(f"guest{number}", "sip.example", server=SERVER)
            await ua.__aenter__()
            await ua.register()
            self.invited.append(ua)
        self._link.people["asked@xmpp.example"] = lambda _: None  # is invited, and thinks about it

    # -- what goes on --------------------------------------------------------------------------------------

    def _late_comer(self, number: int) -> Callable[[], Awaitable[None]]:
        async def come() -> None:
            person = SipPerson(f"late{number}", self.network, SERVER)
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
                response, referral = await refer(self.sip[3].ua, ROOM, f"<{who}>")
            except PeerFailure:
                return  # it came after the end
            if response.status == 200 and referral is not None:
                self.referrals.append(referral)

    async def _late_occupant(self) -> None:
        other = XmppPerson("late", self._link)
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
    assert hour.faults == []
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


def test_who_referred_is_told_how_that_ended(hour: LastHour) -> None:
    for referral in hour.referrals:
        assert referral.notifies.items[-1].get("Subscription-State").startswith("terminated")
