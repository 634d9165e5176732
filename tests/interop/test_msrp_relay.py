"""A participant behind a real MSRP relay, Kamailio's msrp module: its path has two URIs, and everything goes by the first.

RFC 4975 section 8.3 and RFC 4976, as far as they concern us, who have no relay of our own.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from interop.crossroom_server import RunningServer, crossroom_server
from peers.msrp_relay import MsrpRelay, msrp_relay
from peers.process import free_port
from peers.sip_participant import SipParticipant
from peers.tls import Authority
from peers.transcript import PeerFailure

pytestmark = pytest.mark.interop

ROOM = "sip:tea@conference.example"
LONG = "in many chunks: " + "thé " * 6000


@dataclass(frozen=True, slots=True)
class World:
    """A server, a relay, and who is behind the relay."""

    running: RunningServer
    relay: MsrpRelay
    authority: Authority
    guests: AsyncExitStack
    msrps_port: int

    async def behind_the_relay(self, name: str, nickname: str, *, setup: str = "actpass") -> SipParticipant:
        """Log in to the relay, and join the room."""
        guest = SipParticipant(
            name,
            "sip.example",
            server=self.running.sip_address,
            tls=self.authority.peer(f"{name}.example", server_name="127.0.0.1"),
            secure_msrp=True,
        )
        await self.guests.enter_async_context(guest)
        session = await self.relay.log_in(guest.msrp, name)
        await guest.join(ROOM, nickname, setup=setup, session=session)
        return guest

    async def nearby(self, name: str, nickname: str) -> SipParticipant:
        """Join the room without any relay, and without TLS."""
        guest = SipParticipant(name, "sip.example", server=self.running.sip_address)
        await self.guests.enter_async_context(guest)
        await guest.join(ROOM, nickname)
        return guest


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    authority, msrps_port = Authority(), free_port()
    certificate, key = authority.files(tmp_path, "rooms.example", "127.0.0.1")
    tls = f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nauthorities = "{authority.root(tmp_path)}"'
    for_relay, key_of_relay = authority.files(tmp_path, "relay.example", "127.0.0.1")
    async with (
        msrp_relay(tmp_path, certificate=for_relay, key=key_of_relay) as relay,
        crossroom_server(tmp_path, extra=tls, msrp_listen=[f"tls://127.0.0.1:{msrps_port}"]) as running,
        AsyncExitStack() as guests,
    ):
        yield World(running, relay, authority, guests, msrps_port)


@pytest.mark.parametrize("setup", ["actpass", "passive"])
async def test_who_is_behind_a_relay_takes_part_like_everybody(world: World, setup: str) -> None:
    carl = await world.nearby("carl", "Carl")
    ana = await world.behind_the_relay("ana", "Ana", setup=setup)
    await ana.expects_roster("Ana", "Carl")

    await carl.say("welcome")
    await ana.expects_message("welcome", sender="Carl")
    await ana.say("a plain one")
    await carl.expects_message("a plain one", sender="Ana")
    await ana.say(LONG, chunk=2048)
    await carl.expects_message(LONG)
    await carl.say(LONG + "!", chunk=2048)
    await ana.expects_message(LONG + "!")  # in chunks small enough for the relay
    await ana.say("psst", to="Carl")
    await carl.expects_message("psst", private=True)
    await carl.say("psst yourself", to="Ana")
    await ana.expects_message("psst yourself", private=True)
    await ana.type()
    await carl.expects_typing("Ana")
    await ana.rename("Carl", expect=425)  # an answer that comes back the whole path

    # a REPORT goes the whole way back; an answer to SEND goes to the relay, which had answered it itself
    session = ana.seat.session
    body = ana.seat.wrapped("did you get this?")
    assert await session.send("message/cpim", body, message_id="asked", success_report=True) == 200
    report = await session.expects_report("asked")
    assert report.get("Status") == "000 200 OK"
    assert len(report.get("From-Path").split()) == 2
    assert session.responses.items == []
    await ana.leave()
    await carl.leave()


async def test_two_behind_one_relay_share_its_connection(world: World) -> None:
    ana = await world.behind_the_relay("ana", "Ana")
    bob = await world.behind_the_relay("bob", "Bob")
    await ana.say("hello Bob")
    await bob.expects_message("hello Bob", sender="Ana")
    await bob.say("hello Ana")
    await ana.expects_message("hello Ana", sender="Bob")
    endpoint = world.running.server.msrp
    assert (len(endpoint.sessions), len(endpoint.connections)) == (2, 1)
    await ana.leave()
    await bob.say("alone")
    await bob.expects_roster("Bob")
    await bob.leave()


async def test_what_is_refused_is_not_heard_of_behind_this_relay(world: World) -> None:
    # RFC 4976 section 6.4.1: a relay would have to turn our error into a REPORT; Kamailio's module does not
    carl = await world.nearby("carl", "Carl")
    ana = await world.behind_the_relay("ana", "Ana")
    assert await ana.seat.session.send("text/plain", b"not in CPIM") == 200  # says the relay
    await ana.say("in CPIM")
    await carl.expects_message("in CPIM")
    assert [message for message in carl.seat.session.received.items if b"not in" in message.body] == []
    assert ana.seat.session.reports.items == []
    await ana.leave()
    await carl.leave()


async def test_the_relay_asks_for_a_password(world: World) -> None:
    async with SipParticipant(
        "eve",
        "sip.example",
        tls=world.authority.peer("eve.example", server_name="127.0.0.1"),
        secure_msrp=True,
    ) as eve:
        with pytest.raises(PeerFailure, match="AUTH was answered 401"):
            await world.relay.log_in(eve.msrp, "eve")


async def test_our_frames_have_the_paths_that_a_relay_needs(world: World) -> None:
    carl = await world.nearby("carl", "Carl")
    ana = await world.behind_the_relay("ana", "Ana")
    session = ana.seat.session
    await carl.say("welcome")
    await ana.expects_message("welcome")
    body = ana.seat.wrapped("did you get this?")
    await session.send("message/cpim", body, success_report=True)
    whole, first = [session.relay_path, session.uri], [session.relay_path]
    for kind, path in (
        ("SEND", whole),
        ("REPORT", whole),
        ("200", first),
    ):  # RFC 4975 sections 8.3, 7.1.2, 7.2
        assert await world.relay.expects_frame(kind=kind, by_port=world.msrps_port) == path, kind
    await ana.rename("Carl", expect=425)
    assert await world.relay.expects_frame(kind="425", by_port=world.msrps_port) == whole
    await ana.leave()
    await carl.leave()
