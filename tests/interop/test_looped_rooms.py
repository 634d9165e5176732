"""A room behind a real Kamailio: whoever comes in, from either side, is an occupant like everybody else."""

import asyncio

import pytest

from interop.looped_world import ROOM, ROOM_URI, Looped
from peers.transcript import PeerFailure

pytestmark = pytest.mark.interop


async def all_four_come_in(world: Looped) -> None:
    await world.ana.join(ROOM_URI, "Ana")
    await world.bob.join(ROOM, "Bob")
    await world.dora.join(ROOM, "Dora")
    await world.cy.join(ROOM_URI, "Cy")


async def everybody_sees(world: Looped, *names: str) -> None:
    for user in (world.ana, world.bob, world.dora, world.cy):
        await user.expects_roster(*names)


async def test_an_xmpp_user_creates_the_room_and_a_sip_user_comes_in(looped_world: Looped) -> None:
    ana, bob = looped_world.ana, looped_world.bob
    await bob.join(ROOM, "Bob")
    assert (await looped_world.running.server.focus.rooms("conference.example")) != ()
    await ana.join(ROOM_URI, "Ana")
    await bob.expects_roster("Ana", "Bob")
    await ana.expects_roster("Ana", "Bob")


async def test_a_sip_user_creates_the_room_and_an_xmpp_user_comes_in(looped_world: Looped) -> None:
    ana, bob = looped_world.ana, looped_world.bob
    await ana.join(ROOM_URI, "Ana")
    own = await bob.join(ROOM, "Bob")
    assert (own.nick, own.item["role"]) == ("Bob", "participant")
    await bob.expects_roster("Ana", "Bob")
    await ana.expects_roster("Ana", "Bob")


async def test_two_of_each_network_see_and_hear_each_other(looped_world: Looped) -> None:
    await all_four_come_in(looped_world)
    await everybody_sees(looped_world, "Ana", "Bob", "Cy", "Dora")
    ana, bob, cy, dora = looped_world.ana, looped_world.bob, looped_world.cy, looped_world.dora
    await ana.say("from SIP: <&> é")
    for user in (bob, cy, dora):
        await user.expects_message(text="from SIP: <&> é", sender="Ana", private=False)
    said = await bob.say("from XMPP: <&> é")
    for user in (ana, cy, dora):
        await user.expects_message(text="from XMPP: <&> é", sender="Bob", private=False)
    reflected = await bob.expects_message(text="from XMPP: <&> é", sender="Bob")
    assert reflected.id == said


async def test_a_long_message_crosses_whole(looped_world: Looped) -> None:
    ana, bob = looped_world.ana, looped_world.bob
    await ana.join(ROOM_URI, "Ana")
    await bob.join(ROOM, "Bob")
    text = "tea " * 5000
    await ana.say(text, chunk=2000)
    await bob.expects_message(text=text, sender="Ana")
    await bob.say(text + "again")
    await ana.expects_message(text=text + "again", sender="Bob")


async def test_private_messages_and_typing_cross_both_ways(looped_world: Looped) -> None:
    ana, bob, dora = looped_world.ana, looped_world.bob, looped_world.dora
    await ana.join(ROOM_URI, "Ana")
    await bob.join(ROOM, "Bob")
    await dora.join(ROOM, "Dora")
    for user in (ana, bob, dora):
        await user.expects_roster("Ana", "Bob", "Dora")
    await bob.say("psst", to="Ana")
    await ana.expects_message(text="psst", sender="Bob", private=True)
    await ana.say("yes?", to="Bob")
    await bob.expects_message(text="yes?", sender="Ana", private=True)
    await bob.say("and you", to="Dora")
    await dora.expects_message(text="and you", sender="Bob", private=True)
    await ana.type()
    await bob.expects_typing("Ana")
    await bob.type()
    await ana.expects_typing("Bob")
    await ana.say("only this is for all")
    await dora.expects_message(text="only this is for all", sender="Ana", private=False)


async def test_a_new_nickname_is_seen_by_everybody(looped_world: Looped) -> None:
    await all_four_come_in(looped_world)
    await everybody_sees(looped_world, "Ana", "Bob", "Cy", "Dora")
    await looped_world.bob.rename("Rob")
    await looped_world.dora.expects_presence("Bob", codes={303}, type_="unavailable")
    await everybody_sees(looped_world, "Ana", "Rob", "Cy", "Dora")
    await looped_world.ana.rename("Anna")
    await looped_world.dora.expects_presence("Ana", codes={303}, type_="unavailable")
    await everybody_sees(looped_world, "Anna", "Rob", "Cy", "Dora")


async def test_a_nickname_in_use_is_refused_on_either_side_and_the_old_one_stays(
    looped_world: Looped,
) -> None:
    await all_four_come_in(looped_world)
    await everybody_sees(looped_world, "Ana", "Bob", "Cy", "Dora")
    with pytest.raises(PeerFailure, match="refused: conflict"):
        await looped_world.bob.rename("Ana")
    with pytest.raises(PeerFailure, match="refused: conflict"):
        await looped_world.bob.rename("Dora")
    await looped_world.ana.rename("Bob", expect=425)
    await looped_world.ana.rename("Cy", expect=425)
    await looped_world.bob.say("still me")
    await looped_world.ana.expects_message(text="still me", sender="Bob")
    await everybody_sees(looped_world, "Ana", "Bob", "Cy", "Dora")


async def test_whoever_leaves_is_gone_for_everybody(looped_world: Looped) -> None:
    await all_four_come_in(looped_world)
    await everybody_sees(looped_world, "Ana", "Bob", "Cy", "Dora")
    await looped_world.bob.leave("bye")
    for user in (looped_world.ana, looped_world.dora, looped_world.cy):
        await user.expects_roster("Ana", "Cy", "Dora")
    await looped_world.ana.leave()
    for other in (looped_world.dora, looped_world.cy):
        await other.expects_roster("Cy", "Dora")
    await looped_world.cy.leave()
    await looped_world.dora.expects_roster("Dora")
    await looped_world.dora.leave()
    await looped_world.running.is_empty()
    assert await looped_world.running.server.focus.rooms("conference.example") == ()


async def test_history_is_given_to_who_comes_later(looped_world: Looped) -> None:
    ana, bob, dora = looped_world.ana, looped_world.bob, looped_world.dora
    await ana.join(ROOM_URI, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.say("one")
    await bob.expects_message(text="one")
    await bob.say("two")
    await ana.expects_message(text="two")
    await dora.join(ROOM, "Dora")
    for text, sender in (("one", "Ana"), ("two", "Bob")):
        assert (await dora.expects_message(text=text, sender=sender)).delayed


async def test_a_client_that_is_lost_leaves_nothing_behind(looped_world: Looped) -> None:
    ana, bob, dora = looped_world.ana, looped_world.bob, looped_world.dora
    await ana.join(ROOM_URI, "Ana")
    await bob.join(ROOM, "Bob")
    await dora.join(ROOM, "Dora")
    for user in (ana, dora):
        await user.expects_roster("Ana", "Bob", "Dora")
    bob.vanish()
    for user in (ana, dora):
        await user.expects_roster("Ana", "Dora")
    bob.rosters.clear()  # he is in no room any more, and cannot say goodbye


async def test_the_room_goes_on_when_kamailio_is_restarted(looped_world: Looped) -> None:
    await all_four_come_in(looped_world)
    await everybody_sees(looped_world, "Ana", "Bob", "Cy", "Dora")
    ana, bob, cy, dora = looped_world.ana, looped_world.bob, looped_world.cy, looped_world.dora
    await looped_world.proxy.program.crash()
    # what needs no SIP does not notice
    await ana.say("is anybody there?")
    await bob.expects_message(text="is anybody there?", sender="Ana")
    await bob.say("all of us")
    await ana.expects_message(text="all of us", sender="Bob")
    await looped_world.proxy.program.restart(ready="ready to take requests")
    async with asyncio.TaskGroup() as tasks:
        for participant in (ana, cy):
            tasks.create_task(participant.ua.register())
    await dora.leave()
    for user in (ana, bob, cy):
        await user.expects_roster("Ana", "Bob", "Cy", within=20)
    await dora.join(ROOM, "Dora")
    await everybody_sees(looped_world, "Ana", "Bob", "Cy", "Dora")
    await cy.leave()
    for other in (ana, bob, dora):
        await other.expects_roster("Ana", "Bob", "Dora")
