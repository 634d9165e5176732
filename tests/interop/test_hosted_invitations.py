"""Invitations into hosted rooms, all four pairs, accepted and not."""

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening, configure
from peers.xmpp_stanza import message

pytestmark = pytest.mark.interop


async def test_an_xmpp_user_invites_an_xmpp_user(hosted: Evening) -> None:
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    await bob.invite(dora.bare, "there is cake")
    invitation = await dora.expects_invitation()
    assert (invitation.room, invitation.reason) == (ROOM, "there is cake")
    assert invitation.inviter == f"{ROOM}/Bob"  # real addresses are hidden here
    await invitation.accept("Dora")
    await bob.expects_roster("Bob", "Dora")


async def test_an_xmpp_user_declines_an_xmpp_user(hosted: Evening) -> None:
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    await bob.invite(dora.bare)
    await (await dora.expects_invitation()).decline("no time")
    assert await bob.expects_decline(dora.bare) == "no time"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("setup", ["active", "passive"])
async def test_an_xmpp_user_invites_a_sip_user(hosted: Evening, transport: str, setup: str) -> None:
    ana, bob = await hosted.sip("ana", transport=transport, register=True), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example", "join us")
    invitation = await ana.expects_invite()
    assert invitation.invite.is_from_focus
    assert invitation.invite.from_uri == SIP_ROOM
    assert invitation.invite.referred_by == f"{SIP_ROOM};gr=Bob"  # real addresses are hidden here
    assert invitation.invite.request.get("Subject") == "join us"
    await invitation.accept("Ana", setup=setup)
    await bob.expects_roster("Ana", "Bob")
    await ana.expects_roster("Ana", "Bob")
    await ana.say("here I am")
    await bob.expects_message("here I am", "Ana")
    await bob.say("welcome")
    await ana.expects_message("welcome", "Bob")


@pytest.mark.parametrize("status", [603, 486, 480, 600])
async def test_a_sip_user_who_does_not_come_declines(hosted: Evening, status: int) -> None:
    ana, bob = await hosted.sip("ana", register=True), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example")
    await (await ana.expects_invite()).reject(status)
    await bob.expects_decline("ana@sip.example")


@pytest.mark.parametrize("status", [404, 604])
async def test_an_invitation_of_nobody_comes_back(hosted: Evening, status: int) -> None:
    ana, bob = await hosted.sip("ana", register=True), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example")
    await (await ana.expects_invite()).reject(status)
    await bob.expects_message_error("item-not-found")


async def test_an_invitation_of_somebody_who_is_not_registered_comes_back(hosted: Evening) -> None:
    bob = await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example")
    await bob.expects_message_error("remote-server-not-found")


async def test_a_sip_user_agent_without_chat_declines(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana", register=True), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example")
    call = await (await ana.expects_invite()).accept_without_chat()
    await call.expects_bye()
    await bob.message(
        lambda m: m.error != "" or m.extension("decline") is not None, "refusing the invitation"
    )


async def test_a_sip_user_invites_a_sip_user(hosted: Evening) -> None:
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp", register=True)
    await ana.join(SIP_ROOM, "Ana")
    await ana.refer("sip:cy@sip.example")
    invitation = await cy.expects_invite()
    assert invitation.invite.referred_by == f"{SIP_ROOM};gr=Ana"
    await invitation.accept("Cy")
    await ana.expects_sipfrag(200)
    await ana.expects_roster("Ana", "Cy")
    await cy.expects_roster("Ana", "Cy")


async def test_a_sip_user_hears_of_a_busy_sip_user(hosted: Evening) -> None:
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy", register=True)
    await ana.join(SIP_ROOM, "Ana")
    await ana.refer("sip:cy@sip.example")
    invitation = await cy.expects_invite()
    invitation.ring()
    await invitation.reject(486)
    final = await ana.expects_sipfrag(486)
    assert final.get("Subscription-State").startswith("terminated;reason=noresource")


@pytest.mark.parametrize("target", ["sip:bob@xmpp.example", "xmpp:bob@xmpp.example"])
async def test_a_sip_user_invites_an_xmpp_user(hosted: Evening, target: str) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await ana.refer(target)
    invitation = await bob.expects_invitation()
    assert (invitation.room, invitation.inviter) == (ROOM, f"{ROOM}/Ana")
    first = await ana.expects_sipfrag(100)
    assert first.get("Subscription-State").startswith("active")
    await invitation.accept("Bob")
    final = await ana.expects_sipfrag(200)
    assert final.get("Subscription-State").startswith("terminated;reason=noresource")
    await ana.expects_roster("Ana", "Bob")


async def test_a_sip_user_hears_that_an_xmpp_user_declined(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await ana.refer("sip:bob@xmpp.example")
    await (await bob.expects_invitation()).decline("not today")
    await ana.expects_sipfrag(603)
    await ana.expects_roster("Ana")


async def test_a_sip_user_hears_that_an_xmpp_user_does_not_exist(hosted: Evening) -> None:
    ana = await hosted.sip("ana")
    await ana.join(SIP_ROOM, "Ana")
    await ana.refer("sip:nobody@xmpp.example")
    if ana.referral is None:
        raise ana.transcript.failure("has no referral")
    final = await ana.referral.notifies.take(
        lambda n: n.get("Subscription-State").startswith("terminated"), wanted="final"
    )
    assert "SIP/2.0 4" in final.text


async def test_who_is_not_in_the_room_invites_nobody(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy", register=True), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.refer("sip:bob@xmpp.example", room=SIP_ROOM, expect=403)
    await bob.invite("cy@sip.example", room=ROOM)
    await bob.expects_message_error("not-acceptable")


async def test_where_addresses_are_shown_the_inviter_is_named_by_address(hosted: Evening) -> None:
    ana, cy, bob = (
        await hosted.sip("ana", register=True),
        await hosted.sip("cy", register=True),
        await hosted.xmpp("bob"),
    )
    await bob.join(ROOM, "Bob")
    await configure(bob, whois="anyone")
    await bob.invite("ana@sip.example")
    invitation = await ana.expects_invite()
    assert invitation.invite.referred_by == "sip:bob@xmpp.example"
    await invitation.accept("Ana")
    await bob.expects_roster("Ana", "Bob")
    # RFC 3892 §2.2: what the referrer said of itself is passed on as it came
    await ana.refer("sip:cy@sip.example")
    second = await cy.expects_invite()
    assert second.invite.request.get("Referred-By") == "<sip:ana@sip.example>"
    await second.accept("Cy")
    await ana.expects_sipfrag(200)
    await bob.expects_roster("Ana", "Bob", "Cy")


@pytest.mark.parametrize(("status", "sipfrag"), [(404, 404), (480, 486), (603, 603), (503, 500)])
async def test_the_referrer_hears_how_it_ended(hosted: Evening, status: int, sipfrag: int) -> None:
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy", register=True)
    await ana.join(SIP_ROOM, "Ana")
    await ana.refer("sip:cy@sip.example")
    await (await cy.expects_invite()).reject(status)
    await ana.expects_sipfrag(sipfrag)
    await ana.expects_roster("Ana")


async def test_an_inviter_who_leaves_withdraws_nothing_that_was_accepted(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana", register=True), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example")
    await (await ana.expects_invite()).accept("Ana")
    await bob.expects_roster("Ana", "Bob")
    await bob.leave()
    await ana.expects_roster("Ana")
    await ana.say("alone")


async def test_two_invitations_in_one_message_are_two_invitations(hosted: Evening) -> None:
    ana, bob, dora = (
        await hosted.sip("ana", register=True),
        await hosted.xmpp("bob"),
        await hosted.xmpp("dora"),
    )
    await bob.join(ROOM, "Bob")
    both = f'<invite to="ana@sip.example"/><invite to="{dora.bare}"/>'
    bob.send_raw(message(ROOM, "normal", f'<x xmlns="http://jabber.org/protocol/muc#user">{both}</x>'))
    await (await ana.expects_invite()).accept("Ana")
    await (await dora.expects_invitation()).accept("Dora")
    await bob.expects_roster("Ana", "Bob", "Dora")
