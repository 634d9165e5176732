"""A participant in a room of the foreign focus: both ends of the peers, everything a room can do."""

import asyncio

import pytest

from peers.foreign_focus import foreign_focus
from peers.foreign_room import FocusQuirks
from peers.quirks import BLINK_LIKE, PLAIN, Quirks
from peers.sip_participant import SipParticipant
from peers.transcript import PeerFailure


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("quirks", [PLAIN, BLINK_LIKE], ids=["plain", "blink"])
async def test_two_participants_meet_in_a_room(transport: str, quirks: Quirks) -> None:
    async with (
        foreign_focus("rooms.example", transport=transport) as focus,
        SipParticipant("ana", "sip.example", server=focus.address, transport=transport, quirks=quirks) as ana,
        SipParticipant("bob", "sip.example", server=focus.address, transport=transport) as bob,
    ):
        await ana.join(focus.room("tea"), "Ana M.")
        await bob.join(focus.room("tea"), "Bob")
        await ana.expects_roster("Ana M.", "Bob")
        await ana.say("hello all")
        await bob.expects_message(text="hello all", sender="Ana M.", private=False)
        await bob.say("psst", to="Ana M.")
        await ana.expects_message(text="psst", sender="Bob", private=True)
        await bob.rename("Ana M.", expect=425)
        await bob.rename("Rob")
        await ana.expects_roster("Ana M.", "Rob")
        await ana.leave()
        await bob.expects_roster("Rob")


async def test_a_participant_invites_and_removes_by_refer() -> None:
    async with (
        SipParticipant("bob", "sip.example") as bob,
        foreign_focus("rooms.example") as focus,
        SipParticipant("ana", "sip.example", server=focus.address) as ana,
    ):
        await ana.join(focus.room("tea"), "Ana")
        bob.ua.server = focus.address
        await ana.refer(bob.ua.contact_uri)
        await ana.expects_sipfrag(100)
        invitation = await bob.expects_invite()
        assert invitation.invite.is_from_focus
        assert invitation.invite.from_uri == focus.room("tea")
        assert invitation.invite.referred_by == ana.aor
        await invitation.accept("Bob")
        await ana.expects_sipfrag(200)
        await ana.expects_roster("Ana", "Bob")
        await ana.refer(bob.ua.contact_uri, method="BYE")
        await bob.expects_removed()
        await ana.expects_sipfrag(200)
        await ana.expects_roster("Ana")


async def test_a_declined_invitation_is_told_to_the_inviter() -> None:
    async with (
        SipParticipant("bob", "sip.example") as bob,
        foreign_focus("rooms.example") as focus,
        SipParticipant("ana", "sip.example", server=focus.address) as ana,
    ):
        await ana.join(focus.room("tea"), "Ana")
        await ana.refer(bob.ua.contact_uri)
        await (await bob.expects_invite()).reject(603)
        await ana.expects_sipfrag(603)


async def test_a_late_roster_is_waited_for() -> None:
    quirks = FocusQuirks(holds_notifies=True)
    async with (
        foreign_focus("rooms.example", quirks=quirks) as focus,
        SipParticipant("ana", "sip.example", server=focus.address) as ana,
    ):
        async with asyncio.TaskGroup() as tasks:
            joining = tasks.create_task(ana.join(focus.room("tea"), "Ana"))
            await focus.subscribed.take()
            assert not joining.done()
            focus.release_notifies()
        await ana.expects_roster("Ana")


async def test_a_room_that_refuses() -> None:
    quirks = FocusQuirks(refuses_joins=486)
    async with (
        foreign_focus("rooms.example", quirks=quirks) as focus,
        SipParticipant("ana", "sip.example", server=focus.address) as ana,
    ):
        await ana.expects_refused_join(focus.room("tea"), 486)
        with pytest.raises(PeerFailure, match="486"):
            await ana.join(focus.room("tea"))
