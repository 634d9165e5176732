"""A conference elsewhere moves the chat of one of our users by re-INVITE: another MSRP session, the same seat."""

import asyncio

import pytest

from contract.focus_contract import said
from crossroom.room.events import Ended, Posted
from crossroom.room.reasons import Departure
from peers.foreign_room import Member
from peers.msrp_ua import MsrpSession
from peers.sdp_text import read_media
from unit.conference.remote_world import Abroad, abroad

ROOM, BOB = "tea", "sip:bob@xmpp.example"


async def moved(world: Abroad, setup: str = "passive") -> tuple[Member, MsrpSession]:
    """Let the focus give Bob another MSRP session; the participant there, and the one that he had."""
    member = world.there.member(ROOM, BOB)
    before, member.session = member.session, world.there.msrp.new_session()
    world.there._listen(ROOM, member.session)
    assert member.call is not None
    [former] = read_media(member.call.remote_sdp)
    response = await member.call.reinvite(world.there._media(member.session, setup=setup))
    assert response.status == 200
    [ours] = read_media(member.call.remote_sdp)
    path = ours.attributes["path"]
    assert path != former.attributes["path"]
    assert ours.attributes["setup"] == ("active" if setup == "passive" else "passive")
    if setup == "active":
        await member.session.connect(path)
    else:
        await member.session.listen(path)
    return member, before


@pytest.mark.parametrize("setup", ["passive", "active"])
async def test_the_chat_goes_on_over_the_session_that_it_was_moved_to(setup: str) -> None:
    async with abroad() as world:
        ana = await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        member, before = await moved(world, setup)
        await bob.post(said("by the new way"))
        await ana.expects_message("by the new way")
        await ana.say("welcome there")
        await seen.until(lambda one: "welcome there" in one.texts)
        assert member.session is not before
        assert len(world.msrp.sessions) == 1
        assert not seen.of(Ended)
        await moved(world, setup)  # and again
        await bob.post(said("and again"))
        await ana.expects_message("and again")
        await bob.leave()


async def test_what_was_not_answered_before_the_move_is_said_again_and_heard_once() -> None:
    async with abroad() as world:
        bob, seen = await world.join("Bob")
        world.there.member(ROOM, BOB).session.answer_with = None  # which does not hear it either
        [ours] = world.msrp.sessions
        posting = asyncio.get_running_loop().create_task(bob.post(said("on the way")))
        async with asyncio.timeout(5):
            while not ours.machine.unanswered:  # noqa: ASYNC110 -- a table tells nobody
                await asyncio.sleep(0)
        await moved(world)
        await posting
        assert [chat.text for chat in world.there.rooms[ROOM].messages] == ["on the way"]
        assert [post.id for post in seen.of(Posted)] == [await posting]
        await bob.leave()


async def test_a_move_to_where_nobody_listens_ends_the_seat() -> None:
    async with abroad() as world:
        _, seen = await world.join("Bob")
        call = world.there.member(ROOM, BOB).call
        assert call is not None
        nowhere = call.local_sdp.replace(str(world.there.msrp.port), "9")
        assert (await call.reinvite(nowhere)).status == 200
        assert (await seen.first(Ended)).departure is Departure.LINK_LOST
