"""An MSRP that is not ours, opensips-js, in a room: behind a real relay that it logs in to by WebSocket.

RFC 4975, RFC 4976, RFC 7977. CONTRIBUTING.md says what other implementations were looked for.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from interop.crossroom_server import RunningServer, crossroom_server
from peers.crossroom import Ports
from peers.javascript import NodeParticipant
from peers.kamailio import Kamailio, kamailio
from peers.msrp_relay import MsrpRelay, msrp_relay
from peers.opensips_js import install_opensips_js, opensips_js_user
from peers.process import free_port
from peers.sip_participant import SipParticipant
from peers.tls import Authority

pytestmark = pytest.mark.interop

ROOM = "sip:tea@conference.example"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_opensips_js(tmp_path_factory.mktemp("opensips-js"))


@dataclass(frozen=True, slots=True)
class World:
    """A server behind a SIP proxy, and an MSRP relay."""

    running: RunningServer
    proxy: Kamailio
    relay: MsrpRelay
    msrps_port: int
    installed: Path
    guests: AsyncExitStack

    async def opensips_js(self, name: str, *, takes_cpim: bool = True) -> NodeParticipant:
        user = opensips_js_user(
            self.installed,
            name,
            room=ROOM,
            proxy=f"ws://127.0.0.1:{self.proxy.websocket_port}",
            relay=f"127.0.0.1:{self.relay.websocket_port}",
            takes_cpim=takes_cpim,
        )
        return await self.guests.enter_async_context(user)

    async def carl(self) -> SipParticipant:
        carl = SipParticipant("carl", "sip.example", server=self.proxy.address)
        await self.guests.enter_async_context(carl)
        await carl.join(ROOM, "Carl")
        return carl


@pytest.fixture
async def world(tmp_path: Path, installed: Path) -> AsyncIterator[World]:
    folders = proxys, relays, ours = [tmp_path / name for name in ("proxy", "relay", "crossroom")]
    for folder in folders:
        folder.mkdir()
    authority, ports, msrps_port = Authority(), Ports.free(), free_port()
    certificate, key = authority.files(ours, "rooms.example", "127.0.0.1")
    for_relay, key_of_relay = authority.files(relays, "relay.example", "127.0.0.1")
    tls = f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nauthorities = "{authority.root(ours)}"'
    listen = [f"tls://127.0.0.1:{msrps_port}"]
    async with (
        kamailio(proxys, crossroom_port=ports.sip, options=["WITH_WEBSOCKET"]) as proxy,
        msrp_relay(relays, certificate=for_relay, key=key_of_relay, realm="conference.example") as relay,
        crossroom_server(
            ours, outbound_proxy=proxy.route, ports=ports, extra=tls, msrp_listen=listen
        ) as running,
        AsyncExitStack() as guests,
    ):
        yield World(running, proxy, relay, msrps_port, installed, guests)


async def hears(user: NodeParticipant, text: str, *, by: str) -> None:
    message = await user.expects("message", text=text)
    assert message["type"] == "message/cpim"
    assert message["from"].startswith(f'"{by}" <sip:')


LONG = "one frame of nine thousand octets, and a Byte-Range that says 25: " + "thé " * 1800
LOOKALIKE = "-------cafe1234$\r\nMSRP cafe1234 SEND\r\nand no end-line of this frame\r\n-------cafe1234+"


async def test_an_msrp_that_is_not_ours_takes_part(world: World) -> None:
    carl, ana = await world.carl(), await world.opensips_js("ana")
    await ana.do("join", "tea")
    there = await ana.expects("active")
    assert there["path"][1].startswith(f"msrps://127.0.0.1:{world.relay.port}/")  # from its AUTH
    assert there["target"][0].startswith(f"msrps://127.0.0.1:{world.msrps_port}/")
    await carl.expects_roster("Carl", "ana")

    for text in ("from opensips-js: Grüße, 茶", LONG, LOOKALIKE):
        await ana.do("say", text)
        await carl.expects_message(text, "ana", private=False)
    for text in ("from Carl: Grüße, 茶", LOOKALIKE):
        await carl.say(text)
        await hears(ana, text, by="Carl")

    await ana.do("say", "psst", f"{ROOM};gr=Carl")
    await carl.expects_message("psst", "ana", private=True)
    await carl.say("psst yourself", to="ana", expect=428)  # it does not say that it takes private messages

    # its first SEND names a type and has no body, which is no CPIM, and binds all the same; the rest is taken and reported
    for kind in ("400", "200", "REPORT"):
        path = await world.relay.expects_frame(kind=kind, by_port=world.msrps_port)
        assert path[0] == there["path"][1]
    await ana.do("leave")
    await carl.expects_roster("Carl")
    await carl.leave()


async def test_two_of_them_talk_until_the_room_ends_their_calls(world: World) -> None:
    ana, bob = await world.opensips_js("ana"), await world.opensips_js("bob")
    for user in (ana, bob):
        await user.do("join", "tea")
        await user.expects("active")
    await ana.do("say", "hello Bob")
    await hears(bob, "hello Bob", by="ana")
    await bob.do("say", "hello Ana")
    await hears(ana, "hello Ana", by="bob")
    await world.running.server.stop()
    for user in (ana, bob):
        await user.expects("ended", originator="remote")


async def test_without_cpim_it_is_refused_and_told_why(world: World) -> None:
    ana = await world.opensips_js("ana", takes_cpim=False)
    await ana.do("join", "tea")
    refused = await ana.expects("failed", status=488)
    assert refused["warning"].startswith("305 ")
