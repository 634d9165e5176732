"""User agents in JavaScript in hosted rooms: SIP.js in Node.js, and a page in Chromium. RFC 7118, RFC 7977.

SIP and MSRP have one address, as docs/operations.md shows it.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from crossroom.net.msrp_face import EndReason
from crossroom.room.address import Address
from interop.crossroom_server import RunningServer, crossroom_server
from interop.hosted_evening import ROOM, SIP_ROOM, Evening, moderate
from peers.crossroom import Ports
from peers.javascript import NodeUser, Page, chromium_page, install, node_user, served
from peers.kamailio import kamailio
from peers.process import free_port
from peers.prosody import Prosody
from peers.reverse_proxy import reverse_proxy
from peers.tls import Authority
from peers.transcript import PeerFailure
from peers.tshark import Decoded, capture

pytestmark = pytest.mark.interop

HOST = "127.0.0.1"
ANA = Address("ana", "sip.example")
PASSWORD = "tea for two"
ACCOUNT = f'[[sip.account]]\nuser = "ana@sip.example"\npassword = "{PASSWORD}"'
LONG = "".join(f"ligne n° {number} …\n" for number in range(600))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JavaScript with its libraries."""
    return install(tmp_path_factory.mktemp("javascript"))


@dataclass(frozen=True, slots=True)
class Site:
    """A server with an address for browsers, its certificate, and the door for who comes."""

    evening: Evening
    url: str
    authority: Path
    certificate: bytes  # PEM
    _installed: Path
    _guests: AsyncExitStack

    async def ana(self, password: str = PASSWORD) -> NodeUser:
        """Return ana@sip.example, a user of SIP.js in Node.js."""
        user = node_user(
            self._installed, self.url, "ana@sip.example", password=password, authority=self.authority
        )
        return await self._guests.enter_async_context(user)


@asynccontextmanager
async def site(
    folder: Path, installed: Path, prosody: Prosody, *, scheme: str = "ws", extra: str = ""
) -> AsyncIterator[Site]:
    authority, port = Authority(), free_port()
    certificate, key = authority.files(folder, "localhost", HOST)
    at = f"{scheme}://{HOST}:{port}"
    tls = f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
    server = crossroom_server(
        folder, xmpp=prosody, extra=tls + extra, sip=ACCOUNT, sip_listen=[at], msrp_listen=[at]
    )
    async with server as running, AsyncExitStack() as guests:
        evening = Evening(running, prosody, guests)
        yield Site(evening, at, authority.root(folder), certificate.read_bytes(), installed, guests)


def lose_chats(running: RunningServer) -> None:
    """Cut the MSRP connections of browsers: they have to call again for another (RFC 4975 section 5.4)."""
    for connection in running.server.msrp.connections:
        if connection.is_websocket:
            connection.abort(EndReason.CONNECTION_LOST)


# ---- SIP.js in Node.js -------------------------------------------------------------------------------------


async def test_a_sip_js_user_proves_who_it_is_and_talks(
    tmp_path: Path, installed: Path, xmpp_server: Prosody
) -> None:
    async with site(tmp_path, installed, xmpp_server, scheme="wss") as there:
        ana, bob = await there.ana(), await there.evening.xmpp("bob")
        assert await ana.do("register") == 200
        await bob.join(ROOM, "Bob")
        await ana.do("join", SIP_ROOM, "Ana")
        await ana.expects_roster("Ana", "Bob")
        await bob.expects_roster("Ana", "Bob")

        assert await ana.do("say", "from Ana: Grüße, 茶") == 200
        await bob.expects_message("from Ana: Grüße, 茶", "Ana", private=False)
        await bob.say("from Bob")
        await ana.expects("message", text="from Bob", name="Bob", isPrivate=False)
        assert await ana.do("say", "psst", ana.entity("Bob")) == 200
        await bob.expects_message("psst", "Ana", private=True)
        await bob.say("psst yourself", to="Ana")
        await ana.expects("message", text="psst yourself", name="Bob", isPrivate=True)
        assert await ana.do("say", LONG) == 200
        await bob.expects_message(LONG, "Ana")
        await bob.say(LONG)
        await ana.expects("message", text=LONG)

        lose_chats(there.evening.running)
        await bob.say("are you still there?")
        await ana.expects("message", text="are you still there?", name="Bob")
        assert await ana.do("say", "yes") == 200
        await bob.expects_message("yes", "Ana")

        assert await ana.do("rename", "bOb") == 425
        assert await ana.do("rename", "Anna") == 200
        await bob.expects_presence("Anna")
        await ana.expects_roster("Anna", "Bob")
        await ana.do("leave")
        await bob.expects_roster("Bob")


async def test_a_sip_js_user_is_refused_for_what_there_is_not(
    tmp_path: Path, installed: Path, xmpp_server: Prosody
) -> None:
    async with site(tmp_path, installed, xmpp_server) as there:
        ana, mallory = await there.ana(), await there.ana("wrong")
        assert await mallory.do("register") == 401
        assert await mallory.do("refusal", SIP_ROOM) == "401 Unauthorized"
        status, warning = await ana.do("telephone", SIP_ROOM)
        assert (status, warning[:3]) == (488, "304")
        assert (await ana.do("refusal", "sip:tea@elsewhere.example"))[:3] == "404"


async def test_a_sip_js_user_is_invited_and_invites(
    tmp_path: Path, installed: Path, xmpp_server: Prosody
) -> None:
    async with site(tmp_path, installed, xmpp_server) as there:
        ana, bob = await there.ana(), await there.evening.xmpp("bob")
        carl = await there.evening.sip("carl", register=True)
        assert await ana.do("register") == 200
        await bob.join(ROOM, "Bob")
        await bob.invite("ana@sip.example", "there is cake")
        asked = await ana.expects("invitation", room=SIP_ROOM, reason="there is cake", isFromFocus=True)
        assert asked["inviter"] == f"<{SIP_ROOM};gr=Bob>"
        await ana.do("accept", "Ana")
        await ana.expects_roster("Ana", "Bob")
        await bob.say("welcome")
        await ana.expects("message", text="welcome", name="Bob")

        await ana.do("invite", "sip:carl@sip.example")
        invitation = await carl.expects_invite()
        assert invitation.invite.referred_by == f"{SIP_ROOM};gr=Ana"
        await invitation.accept("Carl")
        await ana.expects("progress", line="SIP/2.0 200 OK")
        await ana.expects_roster("Ana", "Bob", "Carl")
        await carl.say("here I am")
        await ana.expects("message", text="here I am", name="Carl")

        await moderate(bob, ROOM, '<item nick="Ana" role="none"/>')
        await ana.expects("ended")
        await bob.invite("ana@sip.example")
        await ana.expects("invitation", room=SIP_ROOM)
        await ana.do("decline")
        await bob.expects_decline("ana@sip.example")


async def test_what_browsers_are_sent_is_well_formed_on_the_wire(
    tmp_path: Path, installed: Path, xmpp_server: Prosody
) -> None:
    async with site(tmp_path, installed, xmpp_server) as there:
        async with capture(tmp_path, {int(there.url.rpartition(":")[2]): "http"}) as wire:
            ana, bob = await there.ana(), await there.evening.xmpp("bob")
            await bob.join(ROOM, "Bob")
            await ana.do("join", SIP_ROOM, "Ana")
            await ana.expects_roster("Ana", "Bob")
            await ana.do("say", LONG)
            await bob.say(LONG)
            await ana.expects("message", text=LONG)
            await ana.do("leave")
            await bob.expects_roster("Bob")
            seen = await wire.stop()
        assert await seen.malformed_frames(("websocket", "sip", "msrp")) == []
        await each_has_its_subprotocol(seen)
        await one_chunk_in_each_message(seen)


async def each_has_its_subprotocol(seen: Decoded) -> None:
    field = "http.sec_websocket_protocol"
    asked = await seen.fields("http.request", field)
    agreed = await seen.fields("http.response.code == 101", field)
    assert sorted(one[field] for one in asked) == sorted(one[field] for one in agreed) == ["msrp", "sip"]
    assert await seen.count('websocket && sip.Method == "INVITE"') == 2  # the second one with the password


async def one_chunk_in_each_message(seen: Decoded) -> None:
    field = "websocket.payload.text"
    frames = [one[field] for one in await seen.fields(f'{field} contains "MSRP "', field)]
    messages = [each for frame in frames for each in re.split(r"\|(?=MSRP )", frame)]
    assert [each for each in messages if " SEND" in each]
    for (
        message
    ) in messages:  # tshark writes the ends of lines as \r\n, and loses one of the quotes of a nickname
        assert re.fullmatch(r"MSRP (\S+) .*-------\1[$+#]\\r\\n\"?", message), message
        assert message.count("\\r\\n-------") == 1


async def test_a_sip_js_user_comes_by_a_reverse_proxy(
    tmp_path: Path, installed: Path, xmpp_server: Prosody
) -> None:
    authority, port, shown = Authority(), free_port(), "203.0.113.9"
    tls = authority.peer("localhost", server_name="").server
    at = f"ws://{HOST}:{port}"
    async with AsyncExitStack() as stack:
        entrance = await stack.enter_async_context(reverse_proxy(tls, port, shown))
        public = f"wss://localhost:{entrance}"
        server = crossroom_server(
            tmp_path,
            xmpp=xmpp_server,
            extra=f'[http]\npublic = "{public}"',
            sip=ACCOUNT,
            sip_listen=[at],
            msrp_listen=[at],
        )
        running = await stack.enter_async_context(server)
        bob = await Evening(running, xmpp_server, stack).xmpp("bob")
        user = node_user(
            installed, public, "ana@sip.example", password=PASSWORD, authority=authority.root(tmp_path)
        )
        ana = await stack.enter_async_context(user)
        await bob.join(ROOM, "Bob")
        assert await ana.do("register") == 200
        registrar = running.server.conference._premises.registrar
        assert registrar is not None
        [[device]] = registrar.devices(ANA)
        assert device.flow.remote_host == shown
        await ana.do("join", SIP_ROOM, "Ana")
        await bob.say("by way of the proxy")
        await ana.expects("message", text="by way of the proxy", name="Bob")
        assert await ana.do("say", "and back") == 200
        await bob.expects_message("and back", "Ana")
        await ana.do("leave")


async def test_a_sip_js_user_behind_kamailio(tmp_path: Path, installed: Path) -> None:
    theirs, ours, ports, port = tmp_path / "kamailio", tmp_path / "crossroom", Ports.free(), free_port()
    for each in (theirs, ours):
        each.mkdir()
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(
            kamailio(theirs, crossroom_port=ports.sip, options=["WITH_WEBSOCKET"])
        )
        server = crossroom_server(
            ours, outbound_proxy=f"{proxy.route}", ports=ports, msrp_listen=[f"ws://{HOST}:{port}"]
        )
        running: RunningServer = await stack.enter_async_context(server)
        at = f"ws://{HOST}:{proxy.websocket_port}"
        ana = await stack.enter_async_context(node_user(installed, at, "ana@sip.example"))
        carl = await stack.enter_async_context(node_user(installed, at, "carl@sip.example"))
        assert [await each.do("register") for each in (ana, carl)] == [200, 200]
        await ana.do("join", SIP_ROOM, "Ana")
        await ana.do("invite", "sip:carl@sip.example")
        asked = await carl.expects("invitation", room=SIP_ROOM)
        assert asked["inviter"] == f"<{SIP_ROOM};gr=Ana>"
        await carl.do("accept", "Carl")
        await ana.expects("progress", line="SIP/2.0 200 OK")
        for user in (ana, carl):
            await user.expects_roster("Ana", "Carl")
        assert await carl.do("say", "by way of the proxy") == 200
        await ana.expects("message", text="by way of the proxy", name="Carl")
        for user in (carl, ana):
            await user.do("leave")
        await running.is_empty()


# ---- a page in Chromium ------------------------------------------------------------------------------------


@asynccontextmanager
async def page_at(there: Site, folder: Path, installed: Path) -> AsyncIterator[Page]:
    async with served(installed) as origin, chromium_page(folder, origin, there.certificate) as page:
        await page.fill(
            "entrance",
            server=there.url,
            address="ana@sip.example",
            password=PASSWORD,
            room=ROOM,
            nickname="Ana",
        )
        yield page


async def test_a_page_in_a_browser_takes_part(tmp_path: Path, installed: Path, xmpp_server: Prosody) -> None:
    async with site(tmp_path, installed, xmpp_server, scheme="wss") as there:
        bob, carl = await there.evening.xmpp("bob"), await there.evening.sip("carl", transport="tcp")
        await bob.join(ROOM, "Bob")
        await bob.set_subject("Tea & <cake>")
        await carl.join(SIP_ROOM, "Carl")
        await bob.say("said before")
        async with page_at(there, tmp_path, installed) as page:
            await page.press("#entrance [value=join]")
            await page.shows("#room h1", ROOM)
            await page.hides("#entrance")
            await page.shows("#subject", "Tea & <cake>")
            await page.shows_list("#people li", "Ana", "Bob", "Carl")
            await page.shows("#messages li", "Bob: said before")
            await bob.expects_roster("Ana", "Bob", "Carl")

            await page.fill("say", text="from a browser")
            await page.press("#say button")
            await bob.expects_message("from a browser", "Ana", private=False)
            await carl.expects_message("from a browser", "Ana", private=False)
            await bob.say("<b>from Bob</b> & ☕")
            await page.shows("#messages li", "Bob: <b>from Bob</b> & ☕")
            await carl.say("from Carl")
            await page.shows("#messages li", "Carl: from Carl")

            await page.choose("#say select", "Bob")
            await page.fill("say", text="psst")
            await page.press("#say button")
            await bob.expects_message("psst", "Ana", private=True)
            await bob.say("psst yourself", to="Ana")
            await page.shows("#messages li.private", "Bob: psst yourself")
            (tmp_path / "page.png").write_bytes(await page.tools.screenshot())

            await page.choose("#say select", "all")
            await page.fill("say", text=LONG)
            await page.press("#say button")
            await bob.expects_message(LONG, "Ana")
            await carl.say(LONG)
            await page.shows("#messages li", f"Carl: {LONG}")

            lose_chats(there.evening.running)
            await bob.say("are you still there?")
            await page.shows("#messages li", "Bob: are you still there?")

            await page.fill("rename", nickname="Bob")
            await page.press("#rename button")
            await page.shows("#status", "the nickname was refused: 425")
            await page.fill("rename", nickname="Anna")
            await page.press("#rename button")
            await page.shows_list("#people li", "Anna", "Bob", "Carl")
            await page.press("#leave")
            await page.shows("#status", "no longer in")
            await page.hides("#room")
            await bob.expects_roster("Bob", "Carl")


async def test_a_page_in_a_browser_is_invited(tmp_path: Path, installed: Path, xmpp_server: Prosody) -> None:
    async with site(tmp_path, installed, xmpp_server, scheme="wss") as there:
        bob = await there.evening.xmpp("bob")
        await bob.join(ROOM, "Bob")
        async with page_at(there, tmp_path, installed) as page:
            await page.press("#entrance [value=wait]")
            await page.shows("#status", "waiting as ana@sip.example")
            await bob.invite("ana@sip.example", "there is cake")
            await page.shows("#invitation p", "there is cake")
            await page.press("#accept")
            await page.shows_list("#people li", "Ana", "Bob")
            await bob.say("welcome")
            await page.shows("#messages li", "Bob: welcome")
            await moderate(bob, ROOM, '<item nick="Ana" role="none"/>')
            await page.shows("#status", "no longer in")


async def test_a_page_of_another_site_is_not_let_in(
    tmp_path: Path, installed: Path, xmpp_server: Prosody
) -> None:
    origins = '[http]\norigins = ["https://chat.example.com"]\n'
    async with (
        site(tmp_path, installed, xmpp_server, scheme="wss", extra=origins) as there,
        page_at(there, tmp_path, installed) as page,
    ):
        await page.press("#entrance [value=join]")
        await page.shows("#status", "WebSocket closed")
        with pytest.raises(PeerFailure, match="no MSRP connection"):
            await page.tools.run(
                'import("./msrp.js").then(({ MsrpSession }) => new MsrpSession(true)'
                f'.connect("{there.url.replace("wss", "msrps")}/c0ffee;ws"))'
            )
