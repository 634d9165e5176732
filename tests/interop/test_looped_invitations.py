"""Invitations in a looped room, all four pairs: every one is a REFER to the room and an INVITE of the focus.

An XMPP user is reached by an INVITE too: Kamailio brings it back to the server, which makes a mediated invitation of it.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interop.looped_world import ROOM, ROOM_URI, Looped, looped

pytestmark = pytest.mark.interop

BOB, DORA = "bob@xmpp.example", "dora@xmpp.example"
ANA, CY = "ana@sip.example", "cy@sip.example"
NOBODY = "nobody@sip.example"


class TestFromXmppToSip:
    """Bob invites Ana."""

    async def test_accepted_invitation_brings_the_sip_user_in(self, looped_world: Looped) -> None:
        ana, bob = looped_world.ana, looped_world.bob
        await bob.join(ROOM, "Bob")
        await bob.invite(ANA, "tea is ready")
        invitation = await ana.expects_invite()
        invite = invitation.invite
        assert invite.is_from_focus
        assert invite.from_uri == ROOM_URI
        assert invite.referred_by == f"{ROOM_URI};gr=Bob"  # a new room hides addresses: the occupant asks
        assert invite.request.get("Subject") == "tea is ready"
        invitation.ring()
        await invitation.accept("Ana")
        await bob.expects_roster("Ana", "Bob")
        await ana.expects_roster("Ana", "Bob")
        await ana.say("here I am")
        await bob.expects_message(text="here I am", sender="Ana")
        await bob.say("welcome")
        await ana.expects_message(text="welcome", sender="Bob")

    @pytest.mark.parametrize("status", [603, 486, 480])
    async def test_refusal_reaches_the_inviter_as_a_decline(self, looped_world: Looped, status: int) -> None:
        ana, bob = looped_world.ana, looped_world.bob
        await bob.join(ROOM, "Bob")
        await bob.invite(ANA)
        await (await ana.expects_invite()).reject(status)
        await bob.expects_decline(ANA)
        await bob.expects_roster("Bob")

    async def test_a_user_agent_without_chat_declines(self, looped_world: Looped) -> None:
        ana, bob = looped_world.ana, looped_world.bob
        await bob.join(ROOM, "Bob")
        await bob.invite(ANA)
        call = await (await ana.expects_invite()).accept_without_chat()
        await call.expects_bye()
        await bob.expects_decline(ANA)

    async def test_an_address_that_nobody_has_is_an_error(self, looped_world: Looped) -> None:
        bob = looped_world.bob
        await bob.join(ROOM, "Bob")
        await bob.invite(NOBODY)
        await bob.expects_message_error("item-not-found")

    async def test_an_inviter_who_is_not_in_the_room_is_told(self, looped_world: Looped) -> None:
        await looped_world.bob.join(ROOM, "Bob")
        await looped_world.dora.invite(ANA, room=ROOM)
        await looped_world.dora.expects_message_error("not-acceptable")


class TestFromXmppToXmpp:
    """Bob invites Dora: out by SIP, and back."""

    async def test_accepted_invitation_uses_the_waiting_call(self, looped_world: Looped) -> None:
        bob, dora = looped_world.bob, looped_world.dora
        await bob.join(ROOM, "Bob")
        await bob.invite(DORA, "tea is ready")
        invitation = await dora.expects_invitation()
        assert (invitation.room, invitation.inviter, invitation.reason) == (
            ROOM,
            f"{ROOM}/Bob",
            "tea is ready",
        )
        dialogs = looped_world.running.server.tables()["sip.dialogs"]
        await invitation.accept("Dora")
        await bob.expects_roster("Bob", "Dora")
        await dora.expects_roster("Bob", "Dora")
        await dora.say("hello")
        await bob.expects_message(text="hello", sender="Dora")
        await bob.say("welcome")
        await dora.expects_message(text="welcome", sender="Bob")
        # RFC 3261 §12: two ends of the INVITE that already rang, two of the SUBSCRIBE, and no second INVITE
        assert looped_world.running.server.tables()["sip.dialogs"] <= dialogs + 2

    async def test_decline_reaches_the_inviter(self, looped_world: Looped) -> None:
        bob, dora = looped_world.bob, looped_world.dora
        await bob.join(ROOM, "Bob")
        await bob.invite(DORA)
        await (await dora.expects_invitation()).decline("not now")
        await bob.expects_decline(DORA)
        await bob.expects_roster("Bob")

    async def test_an_invited_user_who_comes_by_another_device_is_in(self, looped_world: Looped) -> None:
        bob, dora = looped_world.bob, looped_world.dora
        await bob.join(ROOM, "Bob")
        await bob.invite(DORA)
        await dora.expects_invitation()
        async with looped_world.xmpp.user("dora", resource="other") as other:
            await other.join(ROOM, "Dora")
            await bob.expects_roster("Bob", "Dora")
            await other.leave()
        await bob.expects_roster("Bob")

    async def test_an_address_that_nobody_has_is_an_answer(self, looped_world: Looped) -> None:
        bob = looped_world.bob
        await bob.join(ROOM, "Bob")
        await bob.invite("nobody@xmpp.example")
        answer = await bob.message(
            lambda m: m.error != "" or m.extension("decline") is not None, "about the invitation"
        )
        assert answer.room == ROOM


class TestFromSipToXmpp:
    """Ana invites Bob by REFER."""

    async def test_accepted_invitation_brings_the_xmpp_user_in(self, looped_world: Looped) -> None:
        ana, bob = looped_world.ana, looped_world.bob
        await ana.join(ROOM_URI, "Ana")
        await ana.refer(f"sip:{BOB}", headers=[("Subject", "tea is ready")])
        await ana.expects_sipfrag(100)
        invitation = await bob.expects_invitation()
        assert (invitation.room, invitation.inviter, invitation.reason) == (
            ROOM,
            f"{ROOM}/Ana",
            "tea is ready",
        )
        await invitation.accept("Bob")
        await ana.expects_sipfrag(200)
        await ana.expects_roster("Ana", "Bob")
        await bob.say("thanks")
        await ana.expects_message(text="thanks", sender="Bob")

    async def test_decline_is_the_last_sipfrag(self, looped_world: Looped) -> None:
        ana, bob = looped_world.ana, looped_world.bob
        await ana.join(ROOM_URI, "Ana")
        await ana.refer(f"sip:{BOB}")
        await (await bob.expects_invitation()).decline("not now")
        last = await ana.expects_sipfrag(603)
        assert last.get("Subscription-State") == "terminated;reason=noresource"
        await ana.expects_roster("Ana")

    async def test_an_invited_user_who_is_refused_by_the_room_may_try_again(
        self, looped_world: Looped
    ) -> None:
        ana, bob = looped_world.ana, looped_world.bob
        await ana.join(ROOM_URI, "Ana")
        await ana.refer(f"sip:{BOB}")
        await bob.expects_invitation()
        await bob.expects_refused_join(ROOM, "Ana", "conflict")
        await bob.join(ROOM, "Bob")
        await ana.expects_roster("Ana", "Bob")


class TestFromSipToSip:
    """Ana invites Cy by REFER."""

    async def test_accepted_invitation_brings_the_other_in(self, looped_world: Looped) -> None:
        ana, cy = looped_world.ana, looped_world.cy
        await ana.join(ROOM_URI, "Ana")
        await ana.refer(f"sip:{CY}")
        invitation = await cy.expects_invite()
        assert invitation.invite.is_from_focus
        assert invitation.invite.referred_by == f"{ROOM_URI};gr=Ana"
        await invitation.accept("Cy")
        await ana.expects_sipfrag(200)
        await ana.expects_roster("Ana", "Cy")
        await cy.say("hello")
        await ana.expects_message(text="hello", sender="Cy")

    @pytest.mark.parametrize("status", [603, 486])
    async def test_refusal_is_the_last_sipfrag(self, looped_world: Looped, status: int) -> None:
        ana, cy = looped_world.ana, looped_world.cy
        await ana.join(ROOM_URI, "Ana")
        await ana.refer(f"sip:{CY}")
        await (await cy.expects_invite()).reject(status)
        await ana.expects_sipfrag(status)

    async def test_an_address_that_nobody_has_is_not_found(self, looped_world: Looped) -> None:
        ana = looped_world.ana
        await ana.join(ROOM_URI, "Ana")
        await ana.refer(f"sip:{NOBODY}")
        await ana.expects_sipfrag(404)


async def test_four_invitations_at_once_do_not_disturb_each_other(looped_world: Looped) -> None:
    ana, bob, cy, dora = looped_world.ana, looped_world.bob, looped_world.cy, looped_world.dora
    await bob.join(ROOM, "Bob")
    await ana.join(ROOM_URI, "Ana")
    await bob.expects_roster("Ana", "Bob")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bob.invite(DORA))
        tasks.create_task(ana.refer(f"sip:{CY}"))
    invitations = await dora.expects_invitation(), await cy.expects_invite()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(invitations[0].accept("Dora"))
        tasks.create_task(invitations[1].accept("Cy"))
    for user in (ana, bob, cy, dora):
        await user.expects_roster("Ana", "Bob", "Cy", "Dora")


@pytest.fixture(params=["udp", "tcp"])
async def impatient_world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Looped]:
    """A looped deployment in which an invited person may think for two seconds."""
    async with looped(tmp_path, request.param, extra="[limits]\ninvitation_seconds = 2") as world:
        yield world


async def test_a_sip_user_who_does_not_answer_is_called_off(impatient_world: Looped) -> None:
    ana, bob = impatient_world.ana, impatient_world.bob
    await bob.join(ROOM, "Bob")
    await bob.invite(ANA)
    invitation = await ana.expects_invite()
    invitation.ring()
    await invitation.expects_cancel()
    await bob.expects_message_error("remote-server-timeout")
    await bob.leave()
    await impatient_world.running.is_empty()


async def test_an_xmpp_user_who_does_not_answer_is_not_waited_for(impatient_world: Looped) -> None:
    ana, dora = impatient_world.ana, impatient_world.dora
    await ana.join(ROOM_URI, "Ana")
    await ana.refer(f"sip:{DORA}")
    await dora.expects_invitation()
    last = await ana.expects_sipfrag(408)
    assert last.get("Subscription-State") == "terminated;reason=noresource"
    await ana.leave()
    await impatient_world.running.is_empty()


async def test_two_xmpp_users_and_no_answer_end_in_an_error_to_the_inviter(impatient_world: Looped) -> None:
    bob, dora = impatient_world.bob, impatient_world.dora
    await bob.join(ROOM, "Bob")
    await bob.invite(DORA)
    await dora.expects_invitation()
    answer = await bob.message(
        lambda m: m.error != "" or m.extension("decline") is not None, "about the invitation"
    )
    assert answer.room == ROOM
    # whoever comes too late comes by a call of their own
    await dora.join(ROOM, "Dora")
    await bob.expects_roster("Bob", "Dora")
