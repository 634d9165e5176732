"""Leaving a hosted room, by one's own will and otherwise: seen on both sides, and nothing is left of anybody."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening, moderate
from peers.process import Program, need
from peers.prosody import Prosody

pytestmark = pytest.mark.interop


async def test_a_sip_user_leaves(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    await cy.expects_roster("Ana", "Bob", "Cy")
    await ana.leave()
    gone = await bob.expects_presence("Ana", type_="unavailable")
    assert gone.item["role"] == "none"
    assert not gone.codes
    await cy.expects_roster("Bob", "Cy")
    await ana.join(SIP_ROOM, "Ana")
    await cy.expects_roster("Ana", "Bob", "Cy")


async def test_a_sip_user_who_only_hangs_up_leaves_no_subscription(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    assert seat.call is not None
    assert seat.subscription is not None
    assert (await seat.call.bye()).status == 200
    await seat.subscription.expects_end()
    await seat.session.expects_closed()
    await bob.expects_roster("Bob")


async def test_an_xmpp_user_leaves_with_words(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await dora.join(ROOM, "Dora")
    await ana.expects_roster("Ana", "Bob", "Dora")
    await bob.leave("the cat is hungry")
    gone = await dora.expects_presence("Bob", type_="unavailable")
    assert gone.element.findtext("{jabber:client}status") == "the cat is hungry"
    await ana.expects_roster("Ana", "Dora")


async def test_a_client_that_loses_its_server_leaves(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Bob")
    bob.vanish()
    await ana.expects_roster("Ana")


async def test_a_room_that_everybody_left_is_new_again(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    await ana.say("soon forgotten")
    await bob.expects_message("soon forgotten")
    await ana.leave()
    await bob.leave()
    await hosted.running.is_empty()
    assert 201 in (await bob.join(ROOM, "Bob")).codes
    await bob.expects_subject("")
    assert not [m for m in bob.messages.items if m.text == "soon forgotten"]


async def test_a_kicked_sip_user_is_told_why(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    item = '<item nick="Ana" role="none"><reason>no cake for you</reason></item>'
    assert await moderate(bob, ROOM, item) == "result"
    bye = await ana.expects_removed()
    assert bye.get("Reason").startswith("SIP;cause=403;text=")
    assert "no cake for you" in bye.get("Reason")
    await bob.expects_presence("Ana", codes={307}, type_="unavailable")
    await cy.expects_roster("Bob", "Cy")
    await ana.join(SIP_ROOM, "Ana")  # a kick is no ban


async def test_a_banned_sip_user_stays_out(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    assert await moderate(bob, ROOM, '<item jid="ana@sip.example" affiliation="outcast"/>') == "result"
    bye = await ana.expects_removed()
    assert bye.get("Reason").startswith("SIP;cause=403")
    await bob.expects_presence("Ana", codes={301}, type_="unavailable")
    await ana.expects_refused_join(SIP_ROOM, 403)


async def test_a_sip_owner_removes_an_xmpp_user_by_refer(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Bob")
    await ana.refer(ana.seat.uri_of("Bob"), method="BYE")
    await ana.expects_sipfrag(200)
    await bob.expects_presence("Bob", codes={110, 307}, type_="unavailable")
    await ana.expects_roster("Ana")


async def test_who_moderates_nothing_removes_nobody(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    await ana.expects_roster("Ana", "Bob")
    await ana.refer(ana.seat.uri_of("Bob"), method="BYE")
    final = await ana.expects_sipfrag(403)
    assert final.get("Subscription-State").startswith("terminated;reason=noresource")
    await bob.say("still here")
    await ana.expects_message("still here", "Bob")


async def test_a_destroyed_room_ends_for_everybody(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    await dora.join(ROOM, "Dora")
    destroy = "<destroy><reason>all tea is drunk</reason></destroy>"
    owner = "http://jabber.org/protocol/muc#owner"
    answer = await bob.iq("set", ROOM, f'<query xmlns="{owner}">{destroy}</query>')
    assert answer.get("type") == "result"
    bye = await ana.expects_removed()
    assert bye.get("Reason").startswith("SIP;cause=410")
    assert "all tea is drunk" in bye.get("Reason")
    assert seat.subscription is not None
    assert "noresource" in (await seat.subscription.expects_end()).get("Subscription-State")
    await dora.expects_presence("Dora", type_="unavailable")


async def test_a_lost_msrp_connection_can_be_repaired_by_a_new_offer(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    call, old = seat.call, seat.session
    assert call is not None
    ana.vanish()
    await hosted.running.log.expects("chat connection lost")
    seat.session = ana.msrp.new_session()
    assert (await call.reinvite(str(ana.media(seat)))).status == 200
    path = next(line[7:] for line in call.remote_sdp.splitlines() if line.startswith("a=path:"))
    await seat.connect(path)
    assert seat.session.id != old.id
    await ana.say("back again")
    await bob.expects_message("back again", "Ana")
    await bob.say("welcome back")
    await ana.expects_message("welcome back", "Bob")
    await bob.expects_roster("Ana", "Bob")


async def test_leaving_and_kicking_at_once_is_one_departure(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    await bob.expects_presence("Ana")
    assert seat.call is not None
    item = '<item nick="Ana" role="none"/>'
    query = f'<query xmlns="http://jabber.org/protocol/muc#admin">{item}</query>'
    bob.send_raw(f'<iq type="set" id="kick" to="{ROOM}">{query}</iq>')
    response = await seat.call.bye()
    assert response.status in {200, 481}
    await bob.expects_presence("Ana", type_="unavailable")
    await bob.answers.take(lambda answer: answer.get("id") == "kick")
    assert not [p for p in bob.presences.items if p.nick == "Ana" and p.type == "unavailable"]


@pytest.fixture
async def afterwards() -> AsyncIterator[AsyncExitStack]:
    """What ends after the server, when a test asks for it before `hosted`."""
    async with AsyncExitStack() as stack:
        yield stack


async def test_a_restart_of_the_xmpp_server_costs_nobody_the_seat(
    afterwards: AsyncExitStack, hosted: Evening, xmpp_server: Prosody
) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Cy", "Bob")
    await xmpp_server.program.crash()
    await hosted.running.log.expects("component link down")
    await ana.say("is anybody here?")
    await cy.expects_message("is anybody here?", "Ana")
    folder = xmpp_server.program.folder
    command = [need("prosody"), "-F", "--config", str(folder / "prosody.cfg.lua")]
    await afterwards.enter_async_context(Program("prosody again", command, folder))
    await hosted.running.log.expects("component link up", within=20)
    async with xmpp_server.user("bob") as same:
        await same.join(ROOM, "Bob")
        await same.expects_roster("Ana", "Cy", "Bob")
        await ana.say("you are back")
        await same.expects_message("you are back", "Ana")
        await ana.expects_roster("Ana", "Cy", "Bob")
        await same.leave()
