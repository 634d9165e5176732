"""One whole conversation as Wireshark's dissectors see it: nothing malformed, and the headers that matter."""

from pathlib import Path

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.tshark import Decoded, capture

pytestmark = pytest.mark.interop


async def conversation(hosted: Evening) -> None:
    """Everything that has a wire form of its own: join, roster, talk, invite, kick, leave."""
    ana = await hosted.sip("ana", register=True)
    cy = await hosted.sip("cy", transport="tcp", register=True)
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Bob")
    await ana.say("long enough for several chunks: " + "thé " * 2000, chunk=2048)
    await bob.say("<&> 🍵")
    await ana.expects_message("<&> 🍵")
    await ana.type()
    await bob.expects_typing("Ana")
    await ana.refer("sip:dora@xmpp.example")
    await (await dora.expects_invitation()).accept("Dora")
    await ana.expects_sipfrag(200)
    await bob.invite("cy@sip.example", "more tea")
    await (await cy.expects_invite()).accept("Cy")
    await cy.expects_roster("Ana", "Bob", "Cy", "Dora")
    await bob.set_subject("Tea")
    await bob.say("psst", to="Cy")
    await cy.expects_message("psst", private=True)
    await ana.rename("Anna")
    await bob.expects_roster("Anna", "Bob", "Cy", "Dora")
    await ana.refer(ana.seat.uri_of("Dora"), method="BYE")
    await dora.expects_presence("Dora", codes={307}, type_="unavailable")
    await bob.leave()
    await cy.leave()
    await ana.leave()


@pytest.fixture
async def seen(hosted: Evening, tmp_path: Path) -> Decoded:
    ports = hosted.running.ports
    decode_as = {ports.sip: "sip", ports.msrp: "msrp", hosted.prosody.component_port: "xmpp"}
    async with capture(tmp_path, decode_as) as wire:
        await conversation(hosted)
        return await wire.stop()


async def test_a_whole_conversation_is_well_formed_on_every_wire(seen: Decoded) -> None:
    assert await seen.malformed_frames() == []
    for protocol in ("sip && udp", "sip && tcp", "msrp", "xmpp"):
        assert await seen.count(protocol) > 0, protocol
    await the_focus_shows_itself(seen)
    await subscriptions_say_their_state(seen)
    await referrals_name_whom_and_by_whom(seen)
    await msrp_names_its_sessions(seen)


async def the_focus_shows_itself(seen: Decoded) -> None:
    answers = await seen.fields(
        'sip.Status-Code == 200 && sip.CSeq.method == "INVITE" && sip.Contact contains "tea@"', "sip.Contact"
    )
    assert answers
    assert all("isfocus" in answer["sip.Contact"] for answer in answers)
    calls = await seen.fields(
        'sip.Method == "INVITE" && sip.Referred-by', "sip.Contact", "sip.Subject", "sip.from.addr"
    )
    assert [call["sip.Subject"] for call in calls] == ["more tea"]
    assert "isfocus" in calls[0]["sip.Contact"]
    assert calls[0]["sip.from.addr"] == SIP_ROOM


async def subscriptions_say_their_state(seen: Decoded) -> None:
    notifies = await seen.fields('sip.Method == "NOTIFY"', "sip.Event", "sip.Subscription-State")
    rosters = [one["sip.Subscription-State"] for one in notifies if one["sip.Event"] == "conference"]
    refers = [one["sip.Subscription-State"] for one in notifies if one["sip.Event"].startswith("refer")]
    assert len(rosters) + len(refers) == len(notifies)
    assert any(state.startswith("active;expires=") for state in rosters)
    assert any(state.startswith("terminated;reason=") for state in rosters)
    assert refers.count("terminated;reason=noresource") == 2


async def referrals_name_whom_and_by_whom(seen: Decoded) -> None:
    refers = await seen.fields('sip.Method == "REFER"', "sip.Refer-To", "sip.Referred-by")
    assert refers[0]["sip.Refer-To"] == "<sip:dora@xmpp.example>"
    assert refers[0]["sip.Referred-by"] == "<sip:ana@sip.example>"


async def msrp_names_its_sessions(seen: Decoded) -> None:
    sends = await seen.fields('msrp.method == "SEND"', "msrp.to.path", "msrp.messageid")
    assert sends
    assert all(send["msrp.to.path"] and send["msrp.messageid"] for send in sends)
