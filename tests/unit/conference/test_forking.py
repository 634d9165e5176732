"""Ringing at all devices of one person: real endpoints that registered with the server, and one invitation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crossroom.conference.forking import best_of
from crossroom.focus.interface import Answer, Outcome
from crossroom.net.sip_session import CallFailed
from crossroom.room.address import Address, Network
from crossroom.room.reasons import Reason
from peers.sip_participant import SipParticipant
from unit.conference.face_world import World, facing

ANA = Address("ana", "sip.example", network=Network.SIP)


@asynccontextmanager
async def two_devices() -> AsyncIterator[tuple[World, SipParticipant, SipParticipant]]:
    """A server, and two endpoints of Ana that registered."""
    async with facing() as world:
        phone, laptop = await world.endpoint("Ana"), await world.endpoint("Ana")
        for device in (phone, laptop):
            await device.ua.register()
        yield world, phone, laptop


@asynccontextmanager
async def inviting(world: World) -> AsyncIterator[asyncio.Task[Outcome]]:
    bob, _ = await world.xmpp("Bob")
    async with asyncio.TaskGroup() as tasks:
        yield tasks.create_task(bob.invite(ANA, "join us"))


async def test_the_device_that_answers_is_in_and_the_other_stops_ringing() -> None:
    async with two_devices() as (world, phone, laptop):
        async with inviting(world) as asking:
            ringing = await phone.expects_invite()
            ringing.ring()
            await (await laptop.expects_invite()).accept("Ana")
            await ringing.expects_cancel()
        assert asking.result() == Outcome(Answer.ACCEPTED)
        await laptop.expects_roster("Ana", "Bob")
        assert world.server.conference.tables()["seats"] == 1


async def test_two_answers_at_once_give_one_seat() -> None:
    async with two_devices() as (world, phone, laptop):
        async with inviting(world) as asking:
            first, second = await phone.expects_invite(), await laptop.expects_invite()
            async with asyncio.TaskGroup() as both:
                accepting = [
                    both.create_task(each.invite.accept(str(each.invite.offer))) for each in (first, second)
                ]
            over = asyncio.as_completed(
                [asyncio.ensure_future(each.result().expects_bye()) for each in accepting]  # noqa: TID251 - a test's own
            )
            await next(iter(over))
        assert world.server.conference.tables()["seats"] <= 1
        assert asking.done()


async def test_one_device_that_declines_leaves_the_other_ringing() -> None:
    async with two_devices() as (world, phone, laptop):
        async with inviting(world) as asking:
            await (await phone.expects_invite()).reject(486)
            await (await laptop.expects_invite()).accept("Ana")
        assert asking.result().answer is Answer.ACCEPTED


async def test_a_no_for_everywhere_stops_all_devices() -> None:
    async with two_devices() as (world, phone, laptop):
        async with inviting(world) as asking:
            ringing = await laptop.expects_invite()
            ringing.ring()
            await (await phone.expects_invite()).reject(603)
            await ringing.expects_cancel()
        assert asking.result() == Outcome(Answer.DECLINED, Reason.DECLINED, "Decline")


async def test_a_withdrawn_invitation_stops_all_devices() -> None:
    async with two_devices() as (world, phone, laptop):
        async with inviting(world) as asking:
            ringing = [await each.expects_invite() for each in (phone, laptop)]
            for each in ringing:
                each.ring()
            asking.cancel()
            for each in ringing:
                await each.expects_cancel()
        assert asking.cancelled()


async def test_a_device_is_tried_on_its_next_flow_when_one_is_gone() -> None:
    async with facing() as world:
        gone, there = await world.endpoint("Ana"), await world.endpoint("Ana")
        for number, flow in ((1, there), (2, gone)):
            contact = f'<sip:ana@127.0.0.1:9>;+sip.instance="<urn:uuid:1>";reg-id={number}'
            headers = [("Contact", contact), ("Supported", "outbound"), ("Expires", str(600 * number))]
            message = flow.ua.new_request("REGISTER", "sip:sip.example", headers, to=flow.aor)
            assert (await flow.ua.request(message)).status == 200
        async with inviting(world) as asking:
            await (await gone.expects_invite()).reject(430)
            await (await there.expects_invite()).accept("Ana")
        assert asking.result().answer is Answer.ACCEPTED


@pytest.mark.parametrize(
    ("statuses", "best"),
    [((480, 486), 486), ((408, 404), 404), ((503, 408), 408), ((404, 401), 401), ((500, 486), 486)],
)
def test_the_inviter_hears_the_failure_that_says_most(statuses: tuple[int, ...], best: int) -> None:
    assert best_of([CallFailed(status, "") for status in statuses]).status == best
