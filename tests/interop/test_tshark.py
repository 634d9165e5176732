"""The capture itself: it sees what the peers send, and it sees what is malformed."""

from pathlib import Path

import pytest

from peers.prosody import Prosody
from peers.sip_participant import SipParticipant
from peers.tshark import capture

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_sip_conversation_decodes_without_complaint(tmp_path: Path, transport: str) -> None:
    async with (
        SipParticipant("bob", "sip.example", transport=transport) as bob,
        capture(tmp_path, {bob.ua.transport.port: "sip"}) as wire,
        SipParticipant("ana", "sip.example", transport=transport) as ana,
    ):
        assert (await ana.ua.options(bob.ua.contact_uri)).status == 200
        assert (await ana.ua.message(bob.ua.contact_uri, "hello")).status == 200
        seen = await wire.stop()
    requests = await seen.fields("sip.Method", "sip.Method", "sip.CSeq.method")
    assert [request["sip.Method"] for request in requests] == ["OPTIONS", "MESSAGE"]
    assert await seen.malformed_frames() == []


async def test_msrp_frames_are_decoded(tmp_path: Path) -> None:
    async with (
        SipParticipant("bob", "sip.example") as bob,
        SipParticipant("ana", "sip.example") as ana,
        capture(tmp_path, {bob.msrp.port: "msrp"}) as wire,
    ):
        theirs, ours = bob.msrp.new_session(), ana.msrp.new_session()
        theirs.remote_path = ours.path
        await ours.connect(theirs.path)
        assert await ours.send("text/plain", "héllo".encode()) == 200
        assert await ours.send("text/plain", b"in pieces", chunk=4) == 200
        seen = await wire.stop()
    methods = await seen.fields("msrp.method", "msrp.method", "msrp.byte.range")
    assert [method["msrp.method"] for method in methods[:2]] == ["SEND", "SEND"]
    assert await seen.malformed_frames() == []


async def test_a_malformed_request_is_noticed(tmp_path: Path) -> None:
    async with SipParticipant("bob", "sip.example") as bob, SipParticipant("ana", "sip.example") as ana:
        port = bob.ua.transport.port
        async with capture(tmp_path, {port: "sip"}) as wire:
            await ana.ua.send_raw(BROKEN, ("127.0.0.1", port))
            seen = await wire.stop()
    complaints = [frame["_ws.expert.message"] for frame in await seen.malformed_frames()]
    assert complaints == ["Invalid content_length"]


BROKEN = (
    b"OPTIONS sip:bob@sip.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"From: <sip:ana@sip.example>;tag=1\r\nTo: <sip:bob@sip.example\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: -1\r\n\r\n"
)


async def test_xmpp_streams_are_decoded(tmp_path: Path, xmpp_server: Prosody) -> None:
    async with capture(tmp_path, {xmpp_server.client_port: "xmpp"}) as wire:
        async with xmpp_server.user("bob") as bob:
            await bob.join(f"tea@{xmpp_server.own_muc_domain}", "Bob")
        seen = await wire.stop()
    assert await seen.count("xmpp.presence") > 0
    assert await seen.malformed_frames() == []
