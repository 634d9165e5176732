"""The peers themselves: two of a kind understand each other, directly and through the real servers."""

import asyncio
from pathlib import Path

import pytest

from peers.kamailio import kamailio
from peers.process import free_port
from peers.prosody import prosody
from peers.quirks import BLINK_LIKE, PLAIN, Quirks
from peers.seat import Seat
from peers.sip_participant import SipParticipant
from peers.tls import Authority
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


async def chat_and_part(one: SipParticipant, other: SipParticipant) -> None:
    await one.say("héllo")
    heard = await other.expects_message(text="héllo", sender=one.aor)
    assert heard.sender == one.name
    await other.say("in pieces", chunk=7)
    assert len((await one.expects_message(text="in pieces")).message.frames) > 10
    await other.type()
    await one.expects_typing(other.name)
    await one.leave()
    await other.expects_removed()
    await other.seat.session.expects_closed()


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


@pytest.mark.interop
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_two_participants_chat_through_kamailio(tmp_path: Path, transport: str) -> None:
    async with (
        kamailio(tmp_path, crossroom_port=free_port()) as proxy,
        SipParticipant("ana", "sip.example", server=proxy.address, transport=transport, register=True) as ana,
        SipParticipant("bob", "sip.example", server=proxy.address, transport=transport, register=True) as bob,
    ):
        await sit_together(ana, bob, "sip:bob@sip.example")
        assert ana.seat.call is not None
        assert f"127.0.0.1:{proxy.port}" in ana.seat.call.dialog.routes[0]
        await chat_and_part(ana, bob)


@pytest.mark.interop
async def test_kamailio_bridges_udp_and_tcp(tmp_path: Path) -> None:
    async with (
        kamailio(tmp_path, crossroom_port=free_port()) as proxy,
        SipParticipant("ana", "sip.example", server=proxy.address, transport="udp", register=True) as ana,
        SipParticipant("bob", "sip.example", server=proxy.address, transport="tcp", register=True) as bob,
    ):
        await sit_together(ana, bob, "sip:bob@sip.example")
        await chat_and_part(bob, ana)


@pytest.mark.interop
async def test_kamailio_asks_for_a_password(tmp_path: Path) -> None:
    async with kamailio(tmp_path, crossroom_port=free_port(), options=["WITH_AUTH"]) as proxy:
        async with SipParticipant("ana", "sip.example", server=proxy.address, password="ana-secret") as ana:
            await ana.ua.register()
        async with SipParticipant("ana", "sip.example", server=proxy.address, password="wrong") as ana:
            with pytest.raises(PeerFailure, match="401"):
                await ana.ua.register()


@pytest.mark.interop
@pytest.mark.parametrize("uri", ["sip:tea@conference.example", "sip:bob@xmpp.example"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_kamailio_gives_rooms_and_xmpp_users_to_crossroom(
    tmp_path: Path, uri: str, transport: str
) -> None:
    # a participant plays the focus
    async with (
        SipParticipant("focus", "conference.example", transport=transport) as focus,
        kamailio(tmp_path, crossroom_port=focus.ua.transport.port, crossroom_transport=transport) as proxy,
        SipParticipant("ana", "sip.example", server=proxy.address) as ana,
    ):
        await sit_together(ana, focus, uri)
        await chat_and_part(ana, focus)


@pytest.mark.interop
async def test_two_xmpp_users_meet_in_a_room_of_prosody(tmp_path: Path) -> None:
    async with prosody(tmp_path) as server, server.user("bob") as bob, server.user("dora") as dora:
        room = f"tea@{server.own_muc_domain}"
        assert 201 in (await bob.join(room, "Bob")).codes
        await dora.join(room, "Dora")
        await bob.expects_presence("Dora")
        await dora.expects_roster("Bob", "Dora")
        await dora.say("hello <&>")
        await bob.expects_message(text="hello <&>", sender="Dora", private=False)
        await bob.say("psst", to="Dora")
        await dora.expects_message(text="psst", sender="Bob", private=True)
        await bob.set_subject("Tea")
        await dora.expects_subject("Tea", sender="Bob")
        await dora.type()
        await bob.expects_typing("Dora")
        await dora.rename("Dodo")
        await bob.expects_presence("Dora", codes={303}, type_="unavailable")
        await bob.expects_roster("Bob", "Dodo")
        await dora.leave("tea time over")
        await bob.expects_roster("Bob")


@pytest.mark.interop
async def test_an_xmpp_invitation_is_seen_accepted_and_declined(tmp_path: Path) -> None:
    async with prosody(tmp_path) as server, server.user("bob") as bob, server.user("dora") as dora:
        room = f"tea@{server.own_muc_domain}"
        await bob.join(room, "Bob")
        await bob.invite(dora.bare, "come")
        invitation = await dora.expects_invitation()
        assert (invitation.room, invitation.reason) == (room, "come")
        await invitation.decline("later")
        assert await bob.expects_decline(dora.bare) == "later"
        await bob.invite(dora.bare)
        await (await dora.expects_invitation()).accept("Dora")
        await bob.expects_roster("Bob", "Dora")
        await bob.expects_refused_join(room, "Dora", "conflict")


async def test_two_participants_chat_over_tls() -> None:
    authority = Authority()
    tls = authority.peer("127.0.0.1", server_name="127.0.0.1")
    async with (
        SipParticipant("ana", "sip.example", transport="tls", tls=tls, secure_msrp=True) as ana,
        SipParticipant("bob", "sip.example", transport="tls", tls=tls, secure_msrp=True) as bob,
    ):
        await sit_together(ana, bob, bob.ua.contact_uri)
        assert ana.seat.session.remote_path.startswith("msrps:")
        await chat_and_part(ana, bob)


async def test_a_certificate_that_the_sdp_does_not_announce_is_refused() -> None:
    authority = Authority()
    tls = authority.peer("127.0.0.1", server_name="127.0.0.1")
    async with (
        SipParticipant("ana", "sip.example", tls=tls, secure_msrp=True) as ana,
        SipParticipant("bob", "sip.example", tls=tls, secure_msrp=True) as bob,
    ):
        session, theirs = ana.msrp.new_session(), bob.msrp.new_session()
        with pytest.raises(PeerFailure, match="MSRP certificate is sha-256"):
            await session.connect(theirs.path, fingerprint="sha-256 00:11")


@pytest.mark.interop
@pytest.mark.parametrize("transport", ["tls", "ws"])
async def test_kamailio_bridges_browsers_and_tls(tmp_path: Path, transport: str) -> None:
    authority = Authority()
    certificate, key = authority.files(tmp_path, "127.0.0.1")
    tls = authority.peer("127.0.0.1", server_name="127.0.0.1")
    running = kamailio(
        tmp_path,
        crossroom_port=free_port(),
        options=["WITH_TLS", "WITH_WEBSOCKET"],
        certificate=certificate,
        key=key,
    )
    async with running as proxy:
        port = proxy.tls_port if transport == "tls" else proxy.websocket_port
        async with (
            SipParticipant(
                "ana", "sip.example", server=("127.0.0.1", port), transport=transport, tls=tls, register=True
            ) as ana,
            SipParticipant("bob", "sip.example", server=proxy.address, register=True) as bob,
        ):
            await sit_together(ana, bob, "sip:bob@sip.example")
            await chat_and_part(bob, ana)
            await sit_together(bob, ana, "sip:ana@sip.example")
            await chat_and_part(ana, bob)
