"""What XMPP clients ask about hosted rooms, through a real server, and what they are told of SIP users."""

import xml.etree.ElementTree as ET

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening, configure
from peers.xmpp_stanza import error_condition
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
PING = '<ping xmlns="urn:xmpp:ping"/>'


async def info(user: XmppUser, to: str) -> tuple[set[tuple[str, str]], set[str]]:
    """Return the identities and the features of an address."""
    answer = await user.iq("get", to, f'<query xmlns="{INFO}"/>')
    identities = {
        (one.get("category", ""), one.get("type", "")) for one in answer.iter(f"{{{INFO}}}identity")
    }
    return identities, {one.get("var", "") for one in answer.iter(f"{{{INFO}}}feature")}


async def items(user: XmppUser, to: str) -> set[str]:
    answer = await user.iq("get", to, f'<query xmlns="{ITEMS}"/>')
    return {one.get("jid", "") for one in answer.iter(f"{{{ITEMS}}}item")}


async def test_the_service_and_its_rooms_are_found(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    assert "conference.example" in await items(bob, "xmpp.example")
    identities, features = await info(bob, "conference.example")
    assert ("conference", "text") in identities
    assert "http://jabber.org/protocol/muc" in features
    assert await items(bob, "conference.example") == {ROOM}  # a room made by a SIP user as any other
    identities, features = await info(bob, ROOM)
    assert ("conference", "text") in identities
    assert {"http://jabber.org/protocol/muc", "muc_open", "muc_temporary", "muc_semianonymous"} <= features
    await bob.join(ROOM, "Bob")
    assert await items(bob, ROOM) == {f"{ROOM}/Ana", f"{ROOM}/Bob"}


async def test_a_hidden_room_is_not_listed(hosted: Evening) -> None:
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    await configure(bob, publicroom="0")
    assert await items(dora, "conference.example") == set()
    assert "muc_hidden" in (await info(dora, ROOM))[1]


async def test_a_client_finds_out_whether_it_is_still_inside(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    assert (await bob.iq("get", f"{ROOM}/Bob", PING)).get("type") == "result"
    assert error_condition(await dora.iq("get", f"{ROOM}/Bob", PING)) == "not-acceptable"
    assert (await bob.iq("get", f"{ROOM}/Ana", PING)).get("type") in {"result", "error"}
    assert (await bob.iq("get", "conference.example", PING)).get("type") == "result"


async def test_every_question_about_a_sip_user_is_answered(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    questions = (
        f'<query xmlns="{INFO}"/>',
        '<vCard xmlns="vcard-temp"/>',
        '<query xmlns="jabber:iq:version"/>',
    )
    for question in questions:
        answer: ET.Element = await bob.iq("get", f"{ROOM}/Ana", question)
        assert answer.get("type") in {"result", "error"}
        assert answer.get("from") == f"{ROOM}/Ana"
