"""People in browsers: what they offer and are offered. RFC 7118, RFC 7977 §5."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from crossroom.config.schema import Account, Msrp, Sip, Tls
from crossroom.focus.interface import Answer, Outcome
from crossroom.room.address import Address, Network
from crossroom.room.reasons import Reason
from peers.sdp_text import read_media
from peers.sip_call import start_invite
from peers.sip_participant import SipParticipant
from peers.tls import Authority
from peers.tls import Tls as PeerTls
from peers.transcript import Inbox
from peers.websocket import WebSocket
from unit.conference.face_world import TEA, World, facing

HERE = "127.0.0.1"
ANA = Address("ana", "sip.example", network=Network.SIP)
BROWSER_PATH = "msrp://ana.invalid:2855/browser;ws"
ANAS = Account("ana@sip.example", password="secret")
SIP = Sip(listen=[f"udp://{HERE}:0", f"tcp://{HERE}:0", f"ws://{HERE}:0"], account=[ANAS])
MSRP = Msrp(listen=[f"tcp://{HERE}:0", f"ws://{HERE}:0"])


def sdp(path: str = BROWSER_PATH, setup: str = "active") -> str:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {HERE}\r\ns=-\r\nc=IN IP4 {HERE}\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n"
        f"a=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\na=path:{path}\r\na=setup:{setup}\r\n"
        "a=chatroom:nickname private-messages\r\n"
    )


@asynccontextmanager
async def browser(
    world: World, transport: str = "ws", tls: PeerTls | None = None
) -> AsyncIterator[SipParticipant]:
    at = next(each for each in world.server.sip.listening if each.transport == transport.upper())
    server = at.host, at.port
    async with SipParticipant(
        "ana", "sip.example", server=server, transport=transport, tls=tls, password=ANAS.password
    ) as ana:
        await ana.ua.register()
        yield ana


async def invited(world: World) -> Outcome:
    bob, _ = await world.xmpp("Bob")
    return await bob.invite(ANA, "join us")


class BrowserChat:
    """The MSRP half of a browser: one WebSocket, and what came by it."""

    def __init__(self, ana: SipParticipant, theirs: str) -> None:
        self.frames: Inbox[bytes] = Inbox(ana.transcript, "MSRP by WebSocket")
        self.path = theirs
        self.socket = WebSocket(ana.transcript, "msrp", self.frames.put)

    async def open(self, port: int) -> None:
        await self.socket.connect((HERE, port))
        paths = f"To-Path: {self.path}\r\nFrom-Path: {BROWSER_PATH}\r\n"
        self.socket.send(f"MSRP bind1 SEND\r\n{paths}Message-ID: 1\r\n-------bind1$\r\n".encode())
        await self.frames.take(lambda frame: frame.startswith(b"MSRP bind1 200"), within=10)


async def test_who_is_registered_in_a_browser_is_offered_websocket() -> None:
    async with facing(sip=SIP, msrp=MSRP) as world, browser(world) as ana:
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(invited(world))
            invitation = await ana.expects_invite()
            [stream] = read_media(invitation.invite.offer)
            assert stream.attributes["path"].endswith(";ws")
            assert stream.attributes["setup"] == "passive"
            call = await invitation.invite.accept(sdp())
        assert asking.result() == Outcome(Answer.ACCEPTED)
        chat = BrowserChat(ana, stream.attributes["path"])
        await chat.open(stream.port)
        await call.bye()
        await chat.socket.closed.wait()


async def test_a_page_that_was_closed_is_no_device_any_more() -> None:
    async with facing(sip=SIP, msrp=MSRP) as world:
        for _ in range(12):  # more than one user may have; a page that is opened again has another Contact
            async with browser(world):
                pass
        bob, _ = await world.xmpp("Bob")
        async with browser(world) as ana, asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(bob.invite(ANA))
            await (await ana.expects_invite()).reject(603)
            assert (await asking).answer is Answer.DECLINED
        assert (await bob.invite(ANA)).answer is Answer.FAILED


async def test_each_device_is_offered_what_it_can_take() -> None:
    async with facing(sip=SIP, msrp=MSRP) as world, browser(world) as there:
        phone = await world.endpoint("Ana")
        await phone.ua.register()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(invited(world))
            rings = await there.expects_invite(), await phone.expects_invite()
            paths = [read_media(each.invite.offer)[0].attributes["path"] for each in rings]
            assert [path.rpartition(";")[2] for path in paths] == ["ws", "tcp"]
            await rings[1].accept("Ana")
        assert asking.result() == Outcome(Answer.ACCEPTED)
        assert world.server.tables()["msrp.sessions"] == 1
        await phone.expects_roster("Ana", "Bob")


async def test_a_path_that_nobody_can_be_reached_by_is_no_answer() -> None:
    async with facing(sip=SIP, msrp=MSRP) as world, browser(world) as ana:
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(invited(world))
            invitation = await ana.expects_invite()
            call = await invitation.invite.accept(sdp(f"msrp://{HERE}:9/tcp;tcp"))
            assert (await call.expects_bye()).get("Reason") == "SIP;cause=488"
        assert asking.result().reason is Reason.UNSUPPORTED_CONTENT
        assert world.server.tables()["msrp.sessions"] == 0


async def test_a_browser_behind_a_proxy_is_asked_again_for_what_it_can_take() -> None:
    async with SipParticipant("ana", "sip.example", server=(HERE, 9)) as ana:
        proxy = ana.ua.contact_uri + ";lr"
        sip = Sip(listen=[f"udp://{HERE}:0"], outbound_proxy=proxy)
        async with facing(sip=sip, msrp=MSRP) as world:
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(invited(world))
                first = await ana.expects_invite()
                assert read_media(first.invite.offer)[0].attributes["path"].endswith(";tcp")
                await first.reject(488)
                second = await ana.expects_invite()
                assert read_media(second.invite.offer)[0].attributes["path"].endswith(";ws")
                await second.reject(603)
            assert asking.result().answer is Answer.DECLINED
            assert world.server.tables()["msrp.sessions"] == 0


async def test_without_a_websocket_listener_a_488_is_the_end() -> None:
    async with SipParticipant("ana", "sip.example", server=(HERE, 9)) as ana:
        sip = Sip(listen=[f"udp://{HERE}:0"], outbound_proxy=ana.ua.contact_uri + ";lr")
        async with facing(sip=sip) as world, asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(invited(world))
            await (await ana.expects_invite()).reject(488)
            assert (await asking).reason is Reason.UNSUPPORTED_CONTENT


async def test_a_browser_that_leaves_the_offer_to_us_is_offered_websocket() -> None:
    async with facing(sip=SIP, msrp=MSRP) as world, browser(world) as ana:
        attempt = await start_invite(ana.ua, TEA, "")
        answer = await attempt.final()
        [stream] = read_media(answer.body.decode())
        assert stream.attributes["path"].endswith(";ws")
        assert stream.attributes["setup"] == "passive"
        await (await attempt.established(answer)).bye()


async def test_without_an_offer_a_browser_whose_chat_is_lost_is_offered_websocket_again() -> None:
    async with facing(sip=SIP, msrp=MSRP) as world, browser(world) as ana:
        call = await (await start_invite(ana.ua, TEA, sdp())).call()
        [stream] = read_media(call.remote_sdp)
        chat = BrowserChat(ana, stream.attributes["path"])
        await chat.open(stream.port)
        await chat.socket.close()
        await world.until(lambda: not world.server.msrp.sessions)
        answer = await call.reinvite_without_offer(sdp(BROWSER_PATH.replace("/browser", "/again")))
        [another] = read_media(answer.text)
        assert another.attributes["path"].endswith(";ws")
        assert another.attributes["path"] != stream.attributes["path"]
        await BrowserChat(ana, another.attributes["path"]).open(another.port)
        await call.bye()


async def test_a_browser_that_would_be_connected_to_is_refused() -> None:
    async with facing(sip=SIP, msrp=MSRP) as world, browser(world) as ana:
        answer = await (await start_invite(ana.ua, TEA, sdp(setup="passive"))).final()
        assert answer.status == 488
        assert "302" in answer.get("Warning")


async def test_over_tls_no_fingerprint_is_shown_to_a_browser(tmp_path: Path) -> None:
    authority = Authority()
    certificate, key = authority.files(tmp_path, "rooms.example", HERE)
    tls = Tls(certificate=str(certificate), key=str(key))
    sip = Sip(listen=[f"wss://{HERE}:0"], account=[ANAS])
    msrp = Msrp(listen=[f"tcp://{HERE}:0", f"wss://{HERE}:0"])
    theirs = authority.peer("ana.example", server_name="rooms.example")
    async with facing(sip=sip, msrp=msrp, tls=tls) as world, browser(world, "wss", theirs) as ana:
        offer = sdp(BROWSER_PATH.replace("msrp:", "msrps:")).replace("TCP/MSRP", "TCP/TLS/MSRP")
        attempt = await start_invite(ana.ua, TEA, offer)
        answer = await attempt.final()
        [stream] = read_media(answer.body.decode())
        assert stream.attributes["path"].startswith("msrps://")
        assert "fingerprint" not in stream.attributes
        await (await attempt.established(answer)).bye()
