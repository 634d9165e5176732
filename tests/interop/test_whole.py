"""The whole product between a real Kamailio and a real Prosody, with users on both sides."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from peers.crossroom import Domain, Ports, configuration, crossroom
from peers.kamailio import Kamailio, kamailio
from peers.process import Program
from peers.prosody import Prosody, prosody
from peers.sip_participant import SipParticipant
from peers.tshark import capture
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop

ROOM = "tea@conference.example"


@dataclass(frozen=True, slots=True)
class World:
    """Everything that runs."""

    proxy: Kamailio
    xmpp: Prosody
    server: Program
    ports: Ports

    def dissectors(self) -> dict[int, str]:
        """Every port on which something is said, to what is said there."""
        sip = {self.proxy.port: "sip", self.ports.sip: "sip"}
        return {
            **sip,
            self.ports.msrp: "msrp",
            self.xmpp.client_port: "xmpp",
            self.xmpp.component_port: "xmpp",
        }


@asynccontextmanager
async def world(folder: Path, kind: str) -> AsyncIterator[World]:
    ports = Ports.free()
    async with AsyncExitStack() as undo:
        for name in ("kamailio", "prosody", "crossroom"):
            (folder / name).mkdir()
        proxy = await undo.enter_async_context(kamailio(folder / "kamailio", crossroom_port=ports.sip))
        xmpp = await undo.enter_async_context(prosody(folder / "prosody"))
        text = configuration(
            ports, domains=[Domain(kind=kind)], xmpp=xmpp, outbound_proxy=f"{proxy.route};transport=udp"
        )
        server = await undo.enter_async_context(crossroom(folder / "crossroom", text))
        await xmpp.program.until_output("External component successfully authenticated")
        yield World(proxy, xmpp, server, ports)


@pytest.fixture(params=["hosted", "looped"])
async def around(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, request.param) as made:
        yield made


@pytest.fixture
async def ana(around: World) -> AsyncIterator[SipParticipant]:
    async with SipParticipant("ana", "sip.example", server=around.proxy.address, register=True) as user:
        yield user


@pytest.fixture
async def bob(around: World) -> AsyncIterator[XmppUser]:
    async with around.xmpp.user("bob") as user:
        yield user


async def test_both_networks_meet_in_one_room(ana: SipParticipant, bob: XmppUser) -> None:
    await bob.join(ROOM, "Bob")
    await ana.join(f"sip:{ROOM}", "Ana")
    await bob.expects_roster("Ana", "Bob")
    await ana.expects_roster("Ana", "Bob")
    await ana.say("hello Bob")
    await bob.expects_message(text="hello Bob", sender="Ana")
    await bob.say("hello Ana <&>")
    await ana.expects_message(text="hello Ana <&>", sender="Bob")
    await bob.rename("Rob")
    await ana.expects_roster("Ana", "Rob")
    await ana.rename("Anna")
    await bob.expects_roster("Anna", "Rob")
    await bob.say("psst", to="Anna")
    await ana.expects_message(text="psst", private=True)
    await ana.say("yes?", to="Rob")
    await bob.expects_message(text="yes?", sender="Anna", private=True)
    await ana.leave()
    await bob.expects_roster("Rob")


async def test_no_dissector_complains_about_a_conversation(
    around: World, ana: SipParticipant, bob: XmppUser, tmp_path: Path
) -> None:
    async with capture(tmp_path, around.dissectors()) as wire:
        await bob.join(ROOM, "Bob")
        await ana.join(f"sip:{ROOM}", "Ana")
        await ana.expects_roster("Ana", "Bob")
        await ana.say("hello Bob, with ünicode and <angles>")
        await bob.expects_message(sender="Ana")
        await bob.say("hello Ana")
        await ana.expects_message(sender="Bob")
        await ana.leave()
        await bob.expects_roster("Bob")
        await bob.leave()
        seen = await wire.stop()
    for protocol in ("sip", "msrp", "xmpp"):
        assert await seen.count(protocol) > 0
    assert await seen.malformed_frames() == []


async def test_a_sip_user_invites_an_xmpp_user(ana: SipParticipant, bob: XmppUser) -> None:
    await ana.join(f"sip:{ROOM}", "Ana")
    await ana.refer("sip:bob@xmpp.example")
    invitation = await bob.expects_invitation()
    assert invitation.room == ROOM
    await invitation.accept("Bob")
    await ana.expects_sipfrag(200)
    await ana.expects_roster("Ana", "Bob")
    await bob.leave()
    await ana.expects_roster("Ana")
    await ana.leave()


async def test_an_xmpp_user_invites_a_sip_user(ana: SipParticipant, bob: XmppUser) -> None:
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example", "come")
    invitation = await ana.expects_invite()
    assert invitation.invite.is_from_focus
    await invitation.accept("Ana")
    await bob.expects_roster("Ana", "Bob")
    await bob.say("welcome")
    await ana.expects_message(text="welcome", sender="Bob")
    await ana.leave()
    await bob.expects_roster("Bob")


async def test_an_xmpp_user_hears_that_a_sip_user_declined(ana: SipParticipant, bob: XmppUser) -> None:
    await bob.join(ROOM, "Bob")
    await bob.invite("ana@sip.example")
    await (await ana.expects_invite()).reject(603)
    await bob.expects_decline("ana@sip.example")
