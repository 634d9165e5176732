"""What a looped deployment says on the wire, as Wireshark's dissectors read it (docs/mapping.md §3.1, §3.3, §3.15)."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from interop.looped_world import ROOM, ROOM_URI, Looped, looped
from peers.process import EXAMPLES
from peers.tshark import Decoded, capture

pytestmark = pytest.mark.interop

LADDER = EXAMPLES.parent / "scripts" / "draw-ladder"
SIP_FIELDS = (
    "sip.Method", "sip.Request-Line", "sip.Status-Code", "sip.CSeq.method", "sip.From", "sip.To", "sip.Contact",
    "sip.Refer-To", "sip.Referred-by", "sip.Subject", "sip.Event", "sip.Subscription-State", "sip.Call-ID",
    "sip.Record-Route", "udp.srcport", "udp.dstport", "sipfrag.line",
)  # fmt: skip
Frame = dict[str, str]


async def bob_joins(world: Looped) -> None:
    await world.bob.join(ROOM, "Bob")
    await world.bob.say("is anybody here?")
    await world.bob.expects_message(text="is anybody here?")


async def bob_invites_ana(world: Looped) -> None:
    await world.bob.invite("ana@sip.example", "tea is ready")
    await (await world.ana.expects_invite()).accept("Ana")
    await world.bob.expects_roster("Ana", "Bob")
    await world.ana.say("here I am")
    await world.bob.expects_message(text="here I am", sender="Ana")


async def bob_invites_dora(world: Looped) -> None:
    await world.bob.invite("dora@xmpp.example", "tea is ready")
    await (await world.dora.expects_invitation()).accept("Dora")
    await world.ana.expects_roster("Ana", "Bob", "Dora")


async def ana_invites_cy_who_declines(world: Looped) -> None:
    await world.ana.refer("sip:cy@sip.example")
    await (await world.cy.expects_invite()).reject(603)
    await world.ana.expects_sipfrag(603)


async def everybody_leaves(world: Looped) -> None:
    await world.everybody_leaves()
    await world.running.is_empty()


@dataclass(frozen=True, slots=True)
class Wire:
    """The SIP frames of one capture, in order."""

    frames: Sequence[Frame]

    def requests(self, method: str, *, to: int | None = None, **fields: str) -> list[Frame]:
        """Those of that method, sent to a port, with these texts in these fields ("refer_to" for "sip.Refer-To")."""
        return [
            frame
            for frame in self.frames
            if frame["sip.Method"] == method
            and to in {None, int(frame["udp.dstport"] or 0)}
            and all(text in frame[NAMES[name]] for name, text in fields.items())
        ]

    def answers(self, status: int, method: str, call: Frame) -> list[Frame]:
        """The answers to a request."""
        return [
            frame
            for frame in self.frames
            if frame["sip.Status-Code"] == str(status)
            and frame["sip.CSeq.method"] == method
            and frame["sip.Call-ID"] == call["sip.Call-ID"]
        ]


NAMES = {"sender": "sip.From", "refer_to": "sip.Refer-To", "event": "sip.Event", "line": "sip.Request-Line"}


async def wire_of(seen: Decoded) -> Wire:
    return Wire(await seen.fields("sip && udp", *SIP_FIELDS))


async def test_every_header_is_as_the_mapping_says(tmp_path: Path) -> None:
    async with looped(tmp_path, "udp") as world:
        async with capture(tmp_path, world.decoded_as) as capturing:
            for scene in (bob_joins, bob_invites_ana, bob_invites_dora, ana_invites_cy_who_declines):
                await scene(world)
            await everybody_leaves(world)
            seen = await capturing.stop()
        crossroom, kamailio = world.running.ports.sip, world.proxy.port
    wire = await wire_of(seen)
    assert await seen.malformed_frames() == []
    all_sip_goes_through(wire, kamailio)
    a_join_is_a_call_and_a_subscription(wire, kamailio)
    an_invitation_is_a_refer_and_a_call_of_the_focus(wire, kamailio, crossroom)
    an_xmpp_user_is_called_through_the_proxy(wire, crossroom)
    referrals_are_reported_to_the_end(wire)
    subscriptions_say_their_state(wire)


def all_sip_goes_through(wire: Wire, proxy: int) -> None:
    ports = {(int(frame["udp.srcport"]), int(frame["udp.dstport"])) for frame in wire.frames}
    assert ports
    assert all(proxy in pair for pair in ports)


def a_join_is_a_call_and_a_subscription(wire: Wire, proxy: int) -> None:
    invite = wire.requests("INVITE", to=proxy, sender="sip:bob@xmpp.example")[0]
    assert invite["sip.Request-Line"].startswith(f"INVITE {ROOM_URI} SIP/2.0")
    assert invite["sip.From"].startswith("Bob <sip:bob@xmpp.example>;tag=")
    assert invite["sip.To"] == f"<{ROOM_URI}>"
    assert invite["sip.Contact"] == "<sip:bob@xmpp.example;gr=peer>"
    answered = wire.answers(200, "INVITE", invite)
    assert answered
    assert all(answer["sip.Contact"].endswith(">;isfocus") for answer in answered)
    assert all(f":{proxy};" in answer["sip.Record-Route"] for answer in answered)
    subscribe = wire.requests("SUBSCRIBE", to=proxy, sender="sip:bob@xmpp.example")[0]
    # RFC 4579 §3.4: outside the dialog of the INVITE
    assert subscribe["sip.Call-ID"] != invite["sip.Call-ID"]
    assert (subscribe["sip.To"], subscribe["sip.Event"]) == (f"<{ROOM_URI}>", "conference")
    assert subscribe["sip.Contact"] == "<sip:bob@xmpp.example;gr=peer>"
    assert wire.answers(200, "SUBSCRIBE", subscribe)[0]["sip.Contact"].endswith(">;isfocus")


def an_invitation_is_a_refer_and_a_call_of_the_focus(wire: Wire, proxy: int, crossroom: int) -> None:
    refer = wire.requests("REFER", to=proxy, refer_to="sip:ana@sip.example")[0]
    assert refer["sip.Request-Line"].startswith(f"REFER {ROOM_URI} SIP/2.0")
    assert refer["sip.To"] == f"<{ROOM_URI}>"  # no tag: out of dialog
    assert refer["sip.Refer-To"] == "<sip:ana@sip.example>"
    assert refer["sip.Referred-by"] == "<sip:bob@xmpp.example>"
    assert refer["sip.Subject"] == "tea is ready"
    assert wire.requests("REFER", to=crossroom, refer_to="sip:ana@sip.example")
    invite = wire.requests("INVITE", to=proxy, line="sip:ana@sip.example")[0]
    assert invite["sip.From"].startswith(f"<{ROOM_URI}>;tag=")
    assert invite["sip.To"] == "<sip:ana@sip.example>"
    assert invite["sip.Contact"].endswith(">;isfocus")
    assert invite["sip.Referred-by"] == f"<{ROOM_URI};gr=Bob>"  # a new room hides addresses
    assert invite["sip.Subject"] == "tea is ready"


def an_xmpp_user_is_called_through_the_proxy(wire: Wire, crossroom: int) -> None:
    invites = wire.requests("INVITE", to=crossroom, line="sip:dora@xmpp.example")
    assert len({invite["sip.Call-ID"] for invite in invites}) == 1
    assert invites[0]["sip.From"].startswith(f"<{ROOM_URI}>;tag=")
    assert invites[0]["sip.Contact"].endswith(">;isfocus")
    assert invites[0]["sip.Referred-by"] == f"<{ROOM_URI};gr=Bob>"
    assert wire.answers(180, "INVITE", invites[0])
    answer = wire.answers(200, "INVITE", invites[0])[0]
    assert answer["sip.Contact"] == "<sip:dora@xmpp.example;gr=peer>"
    # the pending INVITE is her session: she never calls the room herself
    assert wire.requests("INVITE", sender="sip:dora@xmpp.example") == []


def referrals_are_reported_to_the_end(wire: Wire) -> None:
    for refer, last in zip(wire.requests("REFER"), (200, 200, 200, 200, 603, 603), strict=True):
        notifies = [
            frame
            for frame in wire.requests("NOTIFY", event="refer")
            if frame["sip.Call-ID"] == refer["sip.Call-ID"]
        ]
        assert "SIP/2.0 100 Trying" in notifies[0]["sipfrag.line"]
        assert notifies[0]["sip.Subscription-State"].startswith("active;expires=")
        assert f"SIP/2.0 {last} " in notifies[-1]["sipfrag.line"]
        assert notifies[-1]["sip.Subscription-State"] == "terminated;reason=noresource"


def subscriptions_say_their_state(wire: Wire) -> None:
    notifies = wire.requests("NOTIFY", event="conference")
    assert notifies
    states = {frame["sip.Subscription-State"].partition(";")[0] for frame in notifies}
    assert states == {"active", "terminated"}
    assert all(
        frame["sip.Subscription-State"].startswith(("active;expires=", "terminated;reason="))
        for frame in notifies
    )


async def test_the_ladder_of_docs_is_drawn_from_a_capture(tmp_path: Path) -> None:
    async with looped(tmp_path, "udp") as world:
        scenes = {}
        for scene in (bob_joins, bob_invites_ana, bob_invites_dora, everybody_leaves):
            folder = tmp_path / scene.__name__
            folder.mkdir()
            async with capture(folder, world.decoded_as) as capturing:
                await scene(world)
                seen = await capturing.stop()
            scenes[scene.__name__] = await ladder(seen.path, lanes(world))
    drawn = scenes["bob_joins"].index
    assert drawn("presence") < drawn("INVITE sip:tea@conference.example") < drawn("NICKNAME")
    assert (
        scenes["bob_joins"].count("INVITE sip:tea@conference.example") == 2
    )  # out to the proxy, and back in
    drawn = scenes["bob_invites_dora"].index
    told = scenes["bob_invites_dora"].rindex("message normal (invite)")  # the first one is Bob's
    assert drawn("REFER ") < drawn("INVITE sip:dora@xmpp.example") < told
    assert ";isfocus" in scenes["bob_invites_ana"]
    assert "BYE " in scenes["everybody_leaves"]


def lanes(world: Looped) -> list[str]:
    """Who has which ports, from left to right."""
    ports = world.running.ports
    return [
        f"Prosody=xmpp:{world.xmpp.component_port}",
        f"Crossroom=sip:{ports.sip},msrp:{ports.msrp},*",
        f"Kamailio=sip:{world.proxy.port}",
        f"Ana=sip:{world.ana.ua.transport.port},msrp:{world.ana.msrp.port}",
    ]


async def ladder(pcap: Path, columns: list[str]) -> str:
    command = [sys.executable, str(LADDER), str(pcap), *columns]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    pcap.with_suffix(".txt").write_bytes(output)
    return output.decode()
