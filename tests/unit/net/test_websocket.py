"""SIP over WebSocket, with a client that is not ours. RFC 7118."""

import asyncio

import aiohttp
import pytest

from crossroom.net.sip_settings import ListenOn, SipSettings
from crossroom.sip.answer import OutgoingRequest
from crossroom.sip.hop import WS
from crossroom.sip.uri import SipUri
from sip_faces import RecordingFace, addr, agent_on_loopback
from sip_messages import wire

OPTIONS = """OPTIONS sip:tea@127.0.0.1 SIP/2.0
    Via: SIP/2.0/WS browser.invalid;branch=z9hG4bKraw
    From: <sip:a@a.example>;tag=1
    To: <sip:tea@b.example>
    Call-ID: raw-1
    CSeq: 1 OPTIONS
    Contact: <sip:a@browser.invalid;transport=ws>"""
SETTINGS = SipSettings(listen=(ListenOn(WS, "127.0.0.1"),))


async def test_a_browser_asks_and_is_asked_on_its_own_connection() -> None:
    face = RecordingFace()
    async with agent_on_loopback(face, SETTINGS) as agent, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{agent.listening[0].port}/"
        browser = await http.ws_connect(url, protocols=("sip",))
        assert browser.protocol == "sip"
        await browser.send_bytes(wire(OPTIONS))
        incoming = await face.requests.get()
        assert incoming.source.transport == WS
        incoming.respond(200)
        answer = await browser.receive_str()
        assert answer.startswith("SIP/2.0 200 ")
        assert "transport=ws" in answer
        wanted = OutgoingRequest(
            "MESSAGE",
            SipUri("browser.invalid", user="a"),
            addr("<sip:tea@b.example>"),
            body=b"\xff",
            content_type="application/octet-stream",
            flow=incoming.source,
        )
        agent.core.request(wanted, None, agent.now())
        agent.flush()
        message = await browser.receive_bytes()
        assert message.startswith(b"MESSAGE sip:a@browser.invalid SIP/2.0\r\nVia: SIP/2.0/WS ")
        await browser.send_str("no SIP at all")
        assert (await browser.receive()).type is aiohttp.WSMsgType.CLOSE
        await browser.close()


async def test_another_subprotocol_is_refused() -> None:
    async with agent_on_loopback(RecordingFace(), SETTINGS) as agent, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"http://127.0.0.1:{agent.listening[0].port}/", protocols=("chat",))


async def test_nobody_connects_to_a_browser() -> None:
    async with agent_on_loopback(RecordingFace(), SETTINGS) as agent:
        target = SipUri.parse("sip:a@127.0.0.1:9;transport=ws")
        assert (
            await agent.request(OutgoingRequest("OPTIONS", target, addr("<sip:t@b.example>")))
        ).status == 503


async def test_a_silent_browser_is_not_taken_for_gone() -> None:
    async with agent_on_loopback(RecordingFace(), SETTINGS) as agent, aiohttp.ClientSession() as http:
        browser = await http.ws_connect(
            f"http://127.0.0.1:{agent.listening[0].port}/", protocols=("sip",), autoping=True
        )
        assert agent._transport.connections == 1
        agent._transport.close_idle(asyncio.get_running_loop().time() + 100_000, frozenset())
        await browser.send_str("\r\n\r\n")
        assert await browser.receive_str() == "\r\n"
        await browser.close()
