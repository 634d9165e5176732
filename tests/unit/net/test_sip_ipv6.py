"""The same agents on ::1: every transport, in every place where an address is written."""

from pathlib import Path

import aiohttp
import pytest
import trustme

from crossroom.net.sip import SipAgent
from crossroom.net.sip_session import CallFailed
from crossroom.net.sip_settings import ListenOn, SipSettings
from crossroom.net.tls import client_context, server_context
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import OutgoingCall
from crossroom.sip.hop import TCP, TLS, UDP, WS, Hop
from crossroom.sip.uri import SipUri
from sip_faces import FixedNames, RecordingFace, addr, agent_on_loopback
from sip_messages import wire

HERE = "::1"
ANA = addr("Ana <sip:ana@sip.example>")
ROOM = addr("<sip:tea@conference.example>")


def settings_for(transport: str, tmp_path: Path, authority: trustme.CA, name: str) -> SipSettings:
    """An agent on ::1, with a certificate for its name."""
    chain, key, root = tmp_path / f"{name}.pem", tmp_path / f"{name}.key", tmp_path / "root.pem"
    issued = authority.issue_cert(name)
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    authority.cert_pem.write_to_path(root)
    listen = (ListenOn(transport, HERE),)
    return SipSettings(
        listen, server_tls=server_context(chain, key, root), client_tls=client_context(root, (chain, key))
    )


def call_to(caller: SipAgent, callee: SipAgent, transport: str) -> OutgoingCall:
    target = callee.contact_uri("tea", transport)
    if transport == TLS:  # a certificate names a domain, and the agents know where that is
        target = SipUri("callee.example", user="tea", scheme="sips")
    return OutgoingCall(target, ANA, ROOM, NameAddr(caller.contact_uri("ana", transport)), b"offer")


@pytest.mark.parametrize("transport", [UDP, TCP, TLS])
@pytest.mark.parametrize("caller_ends", [True, False])
async def test_a_call_goes_both_ways(transport: str, tmp_path: Path, *, caller_ends: bool) -> None:
    authority, names, face = trustme.CA(), FixedNames(), RecordingFace()
    ours = settings_for(transport, tmp_path, authority, "caller.example")
    theirs = settings_for(transport, tmp_path, authority, "callee.example")
    async with (
        agent_on_loopback(RecordingFace(), ours, names) as caller,
        agent_on_loopback(face, theirs) as callee,
    ):
        names.known = {"callee.example": [Hop(TLS, HERE, callee.listening[0].port, "callee.example")]}
        outgoing = await caller.invite(call_to(caller, callee, transport))
        incoming = await face.calls.get()
        assert incoming.source.remote_host == HERE
        # RFC 3261 §25.1: an IPv6reference has brackets in Via and in every URI; RFC 5118 §4.5: received needs none
        via = incoming.request.via
        assert via.host == "[::1]"
        assert via.received == (HERE if transport == UDP else None)
        assert str(incoming.contact.uri).startswith(f"sip:tea@[::1]:{callee.listening[0].port}")
        here = await incoming.accept(b"answer")
        there = await outgoing.outcome()
        assert there.peer_body == b"answer"
        await (there if caller_ends else here).bye()
        assert caller.core.stack.dialogs == callee.core.stack.dialogs == {}


async def test_a_browser_is_served() -> None:
    face = RecordingFace()
    settings = SipSettings(listen=(ListenOn(WS, HERE),))
    async with agent_on_loopback(face, settings) as agent, aiohttp.ClientSession() as http:
        browser = await http.ws_connect(f"http://[::1]:{agent.listening[0].port}/", protocols=("sip",))
        await browser.send_bytes(
            wire("""OPTIONS sip:tea@[::1] SIP/2.0
            Via: SIP/2.0/WS browser.invalid;branch=z9hG4bKraw;rport
            From: <sip:a@a.example>;tag=1
            To: <sip:tea@b.example>
            Call-ID: raw-1
            CSeq: 1 OPTIONS
            Contact: <sip:a@browser.invalid;transport=ws>""")
        )
        incoming = await face.requests.get()
        assert (incoming.source.remote_host, incoming.request.via.received) == (HERE, HERE)
        incoming.respond(200)
        answer = await browser.receive_str()
        assert f"<sip:tea@[::1]:{agent.listening[0].port};transport=ws>" in answer
        await browser.close()


@pytest.mark.parametrize("advertise", ["2001:db8::7", "[2001:db8::7]"])
async def test_an_advertised_address_is_what_others_see(advertise: str) -> None:
    face = RecordingFace()
    settings = SipSettings(listen=(ListenOn(UDP, HERE), ListenOn(TCP, HERE)), advertise=advertise)
    async with agent_on_loopback(face) as callee, agent_on_loopback(RecordingFace(), settings) as caller:
        port = caller.listening[0].port
        assert str(caller.contact_uri("tea")) == f"sip:tea@[2001:db8::7]:{port}"
        assert caller.core.stack.hosts6[UDP].host == "[2001:db8::7]"
        assert callee.listening[0].advertised == "127.0.0.1"


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), (HERE, "[::1]")])
async def test_who_speaks_one_family_is_shown_an_address_of_that_family(host: str, shown: str) -> None:
    face = RecordingFace()
    both = SipSettings(
        listen=tuple(ListenOn(transport, at) for transport in (UDP, TCP) for at in ("127.0.0.1", HERE))
    )
    one = SipSettings(listen=(ListenOn(UDP, host),))
    async with agent_on_loopback(RecordingFace(), both) as caller, agent_on_loopback(face, one) as callee:
        outgoing = await caller.invite(call_to(caller, callee, UDP))
        incoming = await face.calls.get()
        assert incoming.request.via.host == shown
        assert f"@{shown}:" in str(caller.contact_for("tea", incoming.source).uri)
        # RFC 3581 §4: the answer goes back to the port that is listened on, for that is where requests leave from
        assert incoming.source.remote_port in {
            entry.port for entry in caller.listening if entry.transport == UDP
        }
        incoming.reject(486)
        with pytest.raises(CallFailed):
            await outgoing.outcome()


@pytest.mark.parametrize(
    ("listen", "proxy", "transport"),
    [
        ((WS, UDP, TCP), "", None),
        ((WS, TCP), "", "tcp"),
        ((UDP, TCP), "sip:proxy.example;transport=tcp;lr", "tcp"),
    ],
)
async def test_who_is_called_can_call_back(
    listen: tuple[str, ...], proxy: str, transport: str | None
) -> None:
    settings = SipSettings(
        listen=tuple(ListenOn(each, HERE) for each in listen),
        outbound_proxy=SipUri.parse(proxy) if proxy else None,
    )
    async with agent_on_loopback(RecordingFace(), settings) as agent:
        assert agent.contact_uri("tea").transport == transport
