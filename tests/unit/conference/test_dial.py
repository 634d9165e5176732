"""What the focus says in the INVITE that asks somebody in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crossroom.conference.dial import invite_headers
from crossroom.focus.interface import Answer, Invitation, Outcome
from crossroom.room.address import Address, Network
from crossroom.room.commands import SetAffiliation
from crossroom.room.events import Posted
from crossroom.room.reasons import Reason
from crossroom.room.standing import Affiliation
from peers.sdp_text import read_media
from peers.seat import Seat
from peers.sip_message import parameters
from peers.sip_participant import SipParticipant
from unit.conference.face_world import TEA, World, facing

ROOM = Address("tea", "conference.example")
ANA = Address("ana", "sip.example", network=Network.SIP)


def headers(inviter: Address | None, reason: str = "") -> dict[str, str]:
    return dict(invite_headers(Invitation(ROOM, ANA, inviter, reason)))


def test_the_inviter_is_named_by_the_address_of_record() -> None:
    bob = Address("bob", "xmpp.example", "pda", Network.XMPP)
    assert headers(bob) == {"Referred-By": "<sip:bob@xmpp.example>"}


def test_an_inviter_whose_address_is_hidden_is_named_as_the_occupant() -> None:
    bob = Address("tea", "conference.example", device="Bob")
    assert headers(bob) == {"Referred-By": "<sip:tea@conference.example;gr=Bob>"}


def test_the_reason_becomes_the_subject_on_one_line() -> None:
    assert headers(None, "there is\ncake") == {"Subject": "there is cake"}


def test_nobody_and_no_reason_are_not_mentioned() -> None:
    assert headers(None) == {}


# -- the call ----------------------------------------------------------------------------------------------


async def rung_at(world: World, name: str = "Ana") -> SipParticipant:
    peer = await world.endpoint(name)
    await peer.ua.register()
    return peer


@asynccontextmanager
async def inviting(world: World) -> AsyncIterator[asyncio.Task[Outcome]]:
    """Bob of the XMPP side asks the room for Ana; the outcome is there when the block has ended."""
    bob, _ = await world.xmpp("Bob")
    async with asyncio.TaskGroup() as tasks:
        yield tasks.create_task(bob.invite(ANA, "join us"))


async def test_who_answers_is_in_the_room_and_hears_what_is_said() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world) as asking:
            invitation = await ana.expects_invite()
            assert invitation.invite.is_from_focus
            [stream] = read_media(invitation.invite.offer)
            assert stream.attributes["setup"] == "actpass"
            await invitation.accept("Ana")
        assert asking.result() == Outcome(Answer.ACCEPTED)
        await ana.expects_roster("Ana", "Bob")
        _, seen = await world.xmpp("Dee")
        await ana.say("here I am")
        await seen.first(Posted)


async def test_who_answers_passively_is_connected_to() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world) as asking:
            await (await ana.expects_invite()).accept("Ana", setup="passive")
        assert asking.result().answer is Answer.ACCEPTED


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (603, Answer.DECLINED, Reason.DECLINED),
        (486, Answer.DECLINED, Reason.BUSY),
        (404, Answer.FAILED, Reason.NOT_FOUND),
        (403, Answer.FAILED, Reason.NOT_ALLOWED),
    ],
)
async def test_a_refusal_is_the_outcome_and_leaves_nothing(
    status: int, answer: Answer, reason: Reason
) -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world) as asking:
            await (await ana.expects_invite()).reject(status)
        assert (asking.result().answer, asking.result().reason) == (answer, reason)
        assert world.server.conference.tables()["conferences"] == 0


async def test_who_takes_the_call_and_no_chat_has_declined() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world) as asking:
            call = await (await ana.expects_invite()).accept_without_chat()
            assert (await call.expects_bye()).get("Reason") == "SIP;cause=488"
        assert asking.result().answer is Answer.DECLINED
        assert asking.result().reason is Reason.UNSUPPORTED_CONTENT


async def test_a_withdrawn_invitation_is_cancelled_on_the_wire() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world) as asking:
            invitation = await ana.expects_invite()
            invitation.ring()
            asking.cancel()
            await invitation.expects_cancel()
        assert asking.cancelled()
        await world.until(lambda: world.server.conference.tables()["conferences"] == 0)


async def test_who_picks_up_at_another_telephone_has_accepted() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world) as asking:
            invitation = await ana.expects_invite()
            invitation.ring()
            rung = invitation.invite.request
            ours = parameters(rung.get("From"))["tag"]
            replaces = f"{rung.get('Call-ID')};to-tag={ours};from-tag={invitation.invite.tag}"
            await ana.join(TEA, "Ana", headers=(("Replaces", replaces), ("Require", "replaces")))
            await invitation.expects_cancel()
        assert asking.result() == Outcome(Answer.ACCEPTED)
        await ana.expects_roster("Ana", "Bob")


async def test_who_is_banned_by_the_time_of_answering_is_not_let_in() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        bob, _ = await world.xmpp("Bob")
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(bob.invite(ANA))
            invitation = await ana.expects_invite()
            await bob.moderate(SetAffiliation(bob.endpoint, ANA, Affiliation.OUTCAST))
            sdp = str(ana.media(Seat(ana.ua, ana.msrp.new_session(), "", "", ana.quirks), setup="active"))
            call = await invitation.invite.accept(sdp)
            assert (await call.expects_bye()).get("Reason") == "SIP;cause=480"
        assert asking.result().reason is Reason.BANNED


async def test_whose_chat_cannot_be_connected_to_is_out_again() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world) as asking:
            invitation = await ana.expects_invite()
            seat = Seat(ana.ua, ana.msrp.new_session(), "", "", ana.quirks)
            sdp = str(ana.media(seat, setup="passive")).replace(f":{ana.msrp.port}/", ":1/")
            call = await invitation.invite.accept(sdp)
            await call.expects_bye()
        assert asking.result().reason is Reason.UNREACHABLE


async def test_a_called_endpoint_may_renegotiate_like_one_that_called() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        async with inviting(world):
            seat = await (await ana.expects_invite()).accept("Ana")
        assert seat.call is not None
        response = await seat.call.reinvite(str(ana.media(seat)))
        assert response.status == 200
        await ana.say("still here")


async def test_two_invitations_of_one_person_ring_once() -> None:
    async with facing() as world:
        ana = await rung_at(world)
        bob, _ = await world.xmpp("Bob")
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(bob.invite(ANA)) for _ in range(2)]
            await (await ana.expects_invite()).accept("Ana")
        assert [each.result().answer for each in asking] == [Answer.ACCEPTED] * 2
        assert not ana.ua.invites.items


async def test_a_device_is_told_to_answer_the_way_it_came() -> None:
    async with facing() as world:
        listening = world.server.sip.listening
        server = next((each.host, each.port) for each in listening if each.transport == "TCP")
        ana = SipParticipant("ana", "sip.example", server=server, transport="tcp")
        await world.undo.enter_async_context(ana)
        await ana.ua.register()
        async with inviting(world) as asking:
            invitation = await ana.expects_invite()
            assert "transport=tcp" in invitation.invite.request.get("Contact")
            await invitation.accept("Ana")
        assert asking.result().answer is Answer.ACCEPTED
        await ana.leave()
