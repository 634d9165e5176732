"""The peers themselves: two of a kind understand each other, directly and through the real servers."""

import asyncio

import pytest

from peers.quirks import BLINK_LIKE, PLAIN, Quirks
from peers.seat import Seat
from peers.sip_participant import SipParticipant
from peers.transcript import PeerFailure


async def sit_together(
    caller: SipParticipant, callee: SipParticipant, target: str, *, setup: str = "active"
) -> tuple[Seat, Seat]:
    async with asyncio.TaskGroup() as tasks:
        calling = tasks.create_task(caller.join(target, subscribe=False))
        invitation = await callee.expects_invite()
        invitation.ring()
        called = await invitation.accept(setup=setup)
    return calling.result(), called


async def chat_and_part(ana: SipParticipant, bob: SipParticipant) -> None:
    await ana.say("héllo")
    heard = await bob.expects_message(text="héllo", sender=ana.aor)
    assert heard.sender == "ana"
    await bob.say("in pieces", chunk=7)
    assert len((await ana.expects_message(text="in pieces")).message.frames) > 10
    await bob.type()
    await ana.expects_typing("bob")
    await ana.leave()
    await bob.expects_removed()
    await bob.seat.session.expects_closed()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("setup", ["active", "passive"])
@pytest.mark.parametrize("quirks", [PLAIN, BLINK_LIKE], ids=["plain", "blink"])
async def test_two_participants_chat_without_a_server(transport: str, setup: str, quirks: Quirks) -> None:
    async with (
        SipParticipant("ana", "sip.example", transport=transport, quirks=quirks) as ana,
        SipParticipant("bob", "sip.example", transport=transport) as bob,
    ):
        await sit_together(ana, bob, bob.ua.contact_uri, setup=setup)
        await chat_and_part(ana, bob)


async def test_a_text_in_the_segment_of_the_bind_is_answered() -> None:
    async with SipParticipant("ana", "sip.example") as ana, SipParticipant("bob", "sip.example") as bob:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ana.join(bob.ua.contact_uri, subscribe=False, right_behind="at once"))
            await (await bob.expects_invite()).accept(setup="passive")
        await bob.expects_message(text="at once")


async def test_a_refused_call_shows_its_status() -> None:
    async with SipParticipant("ana", "sip.example") as ana, SipParticipant("bob", "sip.example") as bob:
        attempt = await ana.start_join(bob.ua.contact_uri)
        await (await bob.expects_invite()).reject(486)
        assert (await attempt.final()).status == 486


async def test_a_ringing_call_can_be_withdrawn() -> None:
    async with SipParticipant("ana", "sip.example") as ana, SipParticipant("bob", "sip.example") as bob:
        attempt = await ana.start_join(bob.ua.contact_uri)
        invitation = await bob.expects_invite()
        invitation.ring()
        await attempt.expects_progress(180)
        assert (await attempt.cancel()).status == 200
        await invitation.expects_cancel()
        assert (await attempt.final()).status == 487


async def test_a_failed_expectation_shows_the_whole_transcript() -> None:
    async with SipParticipant("ana", "sip.example") as ana, SipParticipant("bob", "sip.example") as bob:
        assert (await ana.ua.options(bob.ua.contact_uri)).status == 200
        with pytest.raises(PeerFailure, match="no INVITE within") as failure:
            await ana.expects_invite(within=0.01)
    assert "OPTIONS sip:bob@127.0.0.1" in str(failure.value)
    assert "SIP/2.0 200 OK" in str(failure.value)
