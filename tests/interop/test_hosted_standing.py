"""Who may come in and who may speak: what a room's owner on XMPP settles holds for SIP users too."""

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening, configure, moderate

pytestmark = pytest.mark.interop


async def test_a_members_only_room_lets_members_in(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await configure(bob, membersonly="1")
    await ana.expects_refused_join(SIP_ROOM, 403)
    assert await moderate(bob, ROOM, '<item jid="cy@sip.example" affiliation="member"/>') == "result"
    await cy.join(SIP_ROOM, "Cy")
    await bob.expects_roster("Bob", "Cy")


async def test_becoming_members_only_shows_strangers_the_door(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    await configure(bob, membersonly="1")
    assert (await ana.expects_removed()).get("Reason").startswith("SIP;cause=403")
    await bob.expects_presence("Ana", codes={322}, type_="unavailable")


async def test_a_room_with_a_password_is_closed_to_who_has_none(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    await configure(bob, passwordprotectedroom="1", roomsecret="earl grey")
    await ana.expects_refused_join(SIP_ROOM, 401, 403)
    await dora.expects_refused_join(ROOM, "Dora", "not-authorized")
    await dora.join(ROOM, "Dora", password="earl grey")


async def test_a_full_room_refuses_by_486(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    await configure(bob, maxusers="2")
    await dora.join(ROOM, "Dora")
    response = await ana.expects_refused_join(SIP_ROOM, 486)
    assert int(response.get("Retry-After").split(";")[0]) > 0


async def test_a_visitor_is_heard_when_given_voice(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await configure(bob, moderatedroom="1")
    seat = await ana.join(SIP_ROOM, "Ana")
    await bob.expects_presence("Ana")
    assert bob.rosters[ROOM]["Ana"].item["role"] == "visitor"
    await ana.seat.say("may I?", expect=403)
    assert seat.subscription is not None
    roster = seat.subscription.roster
    assert await moderate(bob, ROOM, '<item nick="Ana" role="participant"/>') == "result"
    await seat.subscription.until(
        lambda: any("participant" in user.roles for user in roster.users.values() if user.name == "Ana"),
        within=10,
        otherwise=lambda: f"roster is {roster.users}",
    )
    await ana.say("thank you")
    await bob.expects_message("thank you", "Ana")


async def test_real_addresses_are_for_moderators_unless_the_room_shows_them(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    await dora.join(ROOM, "Dora")
    seat = await ana.join(SIP_ROOM, "Ana")
    await ana.expects_roster("Ana", "Bob", "Dora")
    await bob.expects_presence("Ana")
    await dora.expects_presence("Ana")
    assert bob.rosters[ROOM]["Ana"].item["jid"].startswith("ana@sip.example/")
    assert "jid" not in dora.rosters[ROOM]["Ana"].item
    assert seat.subscription is not None
    assert not [entity for entity in seat.subscription.roster.users if "xmpp.example" in entity]
    assert "bob@xmpp.example" not in str(ana.transcript)


async def test_an_anonymous_caller_is_seen_by_no_address(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Mask", headers=[("Privacy", "id")])
    await bob.expects_roster("Bob", "Mask")
    assert "ana@sip.example" not in bob.rosters[ROOM]["Mask"].item.get("jid", "")


async def test_an_owner_who_comes_by_sip_is_still_owner_the_next_time(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.leave()
    await ana.join(SIP_ROOM, "Ana")
    await bob.expects_presence("Ana")
    assert bob.rosters[ROOM]["Ana"].item["affiliation"] == "owner"
