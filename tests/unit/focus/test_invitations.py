import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from crossroom.focus.interface import Answer, Deliver, Invitation, Outcome, Participation
from crossroom.focus.invitations import InvitationLimits, Invitations
from crossroom.focus.limits import Allowance
from crossroom.focus.networks import Networks
from crossroom.room.address import Address, Network
from crossroom.room.commands import Joiner
from crossroom.room.reasons import Reason, Refused

ROOM = Address("tea", "conference.example")
ANA = Address("ana", "sip.example")
BOB = Address("bob", "xmpp.example")
INVITATION = Invitation(ROOM, ANA, BOB, "join us")


class Face:
    """A face that rings, and ends as the test says when the test lets it."""

    def __init__(self) -> None:
        self.asked: list[Invitation] = []
        self.gate = asyncio.Event()
        self.rang = asyncio.Semaphore(0)
        self.withdrawn = 0
        self.result: Outcome | Refused = Outcome(Answer.ACCEPTED)

    async def invite(self, invitation: Invitation) -> Outcome:
        self.asked.append(invitation)
        self.rang.release()
        invitation.progress("alerting")
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.withdrawn += 1
            raise
        if isinstance(self.result, Refused):
            raise self.result
        return self.result


class ForeignReservation:
    """A seat at a focus elsewhere that nobody takes."""

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        raise NotImplementedError


class World:
    """Both faces, a clock, and a time limit that runs out when the test says so."""

    def __init__(self, limits: InvitationLimits | None = None, *, has_xmpp: bool = True) -> None:
        self.now = 0.0
        self.waited: list[float] = []
        self.is_late = False
        table = {"sip.example": Network.SIP, "xmpp.example": Network.XMPP}
        networks = Networks(table, {}, self.nowhere, lambda: self.now)
        self.invitations = Invitations(networks, lambda: self.now, limits, self.limit)
        self.sip, self.xmpp = Face(), Face()
        self.invitations.connect(Network.SIP, self.sip)
        if has_xmpp:
            self.invitations.connect(Network.XMPP, self.xmpp)

    async def nowhere(self, _domain: str) -> Network | None:
        return None

    def limit(self, seconds: float) -> AbstractAsyncContextManager[object]:
        self.waited.append(seconds)
        return self.late()

    @asynccontextmanager
    async def late(self) -> AsyncIterator[None]:
        if self.is_late:
            raise TimeoutError
        yield

    async def refused(self, invitation: Invitation) -> Reason:
        with pytest.raises(Refused) as refused:
            await self.invitations.invite(invitation)
        return refused.value.reason


async def ringing(face: Face, count: int = 1) -> None:
    for _ in range(count):
        await face.rang.acquire()


async def test_face_of_the_invited_persons_network_asks_and_its_outcome_is_the_end() -> None:
    world = World()
    world.sip.gate.set()
    world.xmpp.gate.set()
    world.xmpp.result = Outcome(Answer.DECLINED, Reason.BUSY, "in a meeting")
    assert await world.invitations.invite(INVITATION) == Outcome(Answer.ACCEPTED)
    (asked,) = world.sip.asked
    assert asked.invitee == replace(ANA, network=Network.SIP)
    assert (asked.room, asked.inviter, asked.reason) == (ROOM, BOB, "join us")
    to_xmpp = replace(INVITATION, invitee=replace(BOB, network=Network.XMPP), inviter=ANA)
    assert (await world.invitations.invite(to_xmpp)).answer is Answer.DECLINED
    assert world.waited == [90.0, 90.0]
    assert len(world.invitations) == 0


async def test_repeat_is_one_invitation_and_both_hear_progress_and_outcome() -> None:
    world = World()
    news: list[str] = []
    async with asyncio.TaskGroup() as calls:
        first = calls.create_task(world.invitations.invite(replace(INVITATION, progress=news.append)))
        await ringing(world.sip)
        again = replace(INVITATION, invitee=replace(ANA, user="ANA"), progress=news.append)
        repeat = calls.create_task(world.invitations.invite(again))
        await asyncio.sleep(0)
        world.sip.asked[0].progress("still alerting")
        world.sip.gate.set()
    assert first.result() == repeat.result() == Outcome(Answer.ACCEPTED)
    assert len(world.sip.asked) == 1
    assert news == ["alerting", "still alerting", "still alerting"]


async def test_another_inviter_or_room_is_another_invitation() -> None:
    world = World()
    world.sip.gate.set()
    occupant = replace(ROOM, device="Bob")
    others = (
        replace(INVITATION, inviter=Address("cy", "xmpp.example")),
        replace(INVITATION, room=replace(ROOM, user="coffee")),
        replace(INVITATION, inviter=None),
        replace(INVITATION, inviter=occupant),
        replace(INVITATION, inviter=replace(occupant, device="Cy")),
    )
    world.sip.gate.clear()
    async with asyncio.TaskGroup() as calls:
        for other in others:
            calls.create_task(world.invitations.invite(other))
        await ringing(world.sip, len(others))
        assert len(world.invitations) == len(others)
        world.sip.gate.set()
    assert len(world.sip.asked) == len(others)


async def test_time_limit_is_a_failed_outcome() -> None:
    world = World()
    world.is_late = True
    assert await world.invitations.invite(INVITATION) == Outcome(Answer.FAILED, Reason.TIMED_OUT)
    assert len(world.invitations) == 0


async def test_cancelling_withdraws_the_invitation_and_tells_who_repeated_it() -> None:
    world = World()
    async with asyncio.TaskGroup() as calls:
        first = calls.create_task(world.invitations.invite(INVITATION))
        await ringing(world.sip)
        repeat = calls.create_task(world.invitations.invite(INVITATION))
        await asyncio.sleep(0)
        first.cancel()
    assert world.sip.withdrawn == 1
    assert repeat.result() == Outcome(Answer.WITHDRAWN)
    assert len(world.invitations) == 0


async def test_closing_withdraws_what_is_out_and_sends_no_more() -> None:
    world = World()
    async with asyncio.TaskGroup() as calls:
        waiting = calls.create_task(world.invitations.invite(INVITATION))
        await ringing(world.sip)
        world.invitations.close()
        world.invitations.close()
    assert waiting.result() == Outcome(Answer.FAILED, Reason.SHUTTING_DOWN)
    assert world.sip.withdrawn == 1
    assert len(world.invitations) == 0
    with pytest.raises(Refused) as refused:
        await world.invitations.invite(INVITATION)
    assert refused.value.reason is Reason.SHUTTING_DOWN


async def test_cancelled_repeat_leaves_the_invitation_alone() -> None:
    world = World()
    async with asyncio.TaskGroup() as calls:
        first = calls.create_task(world.invitations.invite(INVITATION))
        await ringing(world.sip)
        repeat = calls.create_task(world.invitations.invite(INVITATION))
        await asyncio.sleep(0)
        repeat.cancel()
        await asyncio.sleep(0)
        world.sip.gate.set()
    assert first.result().answer is Answer.ACCEPTED
    assert world.sip.withdrawn == 0


async def test_refusal_of_a_face_reaches_the_inviter_and_is_an_outcome_for_a_repeat() -> None:
    world = World()
    world.sip.result = Refused(Reason.NOT_FOUND, "no such user")
    async with asyncio.TaskGroup() as calls:
        first = calls.create_task(world.refused(INVITATION))
        await ringing(world.sip)
        repeat = calls.create_task(world.invitations.invite(INVITATION))
        await asyncio.sleep(0)
        world.sip.gate.set()
    assert first.result() is Reason.NOT_FOUND
    assert repeat.result() == Outcome(Answer.FAILED, Reason.NOT_FOUND, "no such user")


async def test_address_on_no_network_and_network_without_face_are_refused() -> None:
    world = World(has_xmpp=False)
    assert (
        await world.refused(replace(INVITATION, invitee=Address("x", "nowhere.example")))
        is Reason.UNREACHABLE
    )
    assert await world.refused(replace(INVITATION, invitee=BOB)) is Reason.UNSUPPORTED
    assert len(world.invitations) == 0


async def test_focus_elsewhere_that_asks_too_often_is_refused_whomever_it_names_as_inviter() -> None:
    world = World(InvitationLimits(per_focus=Allowance(burst=1, per_second=1.0)))
    world.sip.gate.set()
    foreign = replace(INVITATION, reservation=ForeignReservation())
    await world.invitations.invite(foreign)
    assert await world.refused(replace(foreign, inviter=ANA)) is Reason.RATE_EXCEEDED
    await world.invitations.invite(replace(foreign, room=replace(ROOM, user="coffee")))
    await world.invitations.invite(INVITATION)  # a room of ours has counted its inviters already
    world.now = 1.0
    assert (await world.invitations.invite(foreign)).answer is Answer.ACCEPTED


@pytest.mark.parametrize(
    ("limits", "second"),
    [
        (InvitationLimits(per_invitee=1), replace(INVITATION, inviter=ANA)),
        (InvitationLimits(per_room=1), replace(INVITATION, invitee=Address("cy", "sip.example"))),
        (
            InvitationLimits(pending=1),
            Invitation(replace(ROOM, user="coffee"), Address("cy", "sip.example"), ANA),
        ),
    ],
)
async def test_pending_invitations_are_bounded(limits: InvitationLimits, second: Invitation) -> None:
    world = World(limits)
    async with asyncio.TaskGroup() as calls:
        calls.create_task(world.invitations.invite(INVITATION))
        await ringing(world.sip)
        assert await world.refused(second) is Reason.RATE_EXCEEDED
        world.sip.gate.set()
    assert (await world.invitations.invite(second)).answer is Answer.ACCEPTED
