"""Receipts of private messages between real networks: Prosody and slixmpp on one side, IMDN and REPORT on the other."""

import re

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.cpim_text import Cpim
from peers.sip_participant import SipParticipant
from peers.xmpp_stanza import message
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop

RECEIPTS, MARKERS, MUC_USER = (
    "urn:xmpp:receipts",
    "urn:xmpp:chat-markers:0",
    "http://jabber.org/protocol/muc#user",
)
ASKS = "positive-delivery, display"


async def meet(hosted: Evening) -> tuple[SipParticipant, XmppUser]:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    await ana.expects_roster("Ana", "Bob")
    return ana, bob


async def whisper(
    peer: SipParticipant, to: str, content_type: str, text: str, *headers: tuple[str, str]
) -> None:
    named = [
        ("From", f"<{peer.aor}>"),
        ("To", f"<{peer.seat.uri_of(to)}>"),
        ("NS", "imdn <urn:ietf:params:imdn>"),
    ]
    body = Cpim([*named, *headers], [("Content-Type", content_type)], text.encode())
    assert await peer.seat.session.send("message/cpim", bytes(body)) == 200


async def test_an_xmpp_user_learns_what_became_of_a_message_to_a_sip_user(hosted: Evening) -> None:
    ana, bob = await meet(hosted)
    ask = f'<request xmlns="{RECEIPTS}"/><markable xmlns="{MARKERS}"/><x xmlns="{MUC_USER}"/>'
    bob.send_raw(message(f"{ROOM}/Ana", "chat", f"<body>psst</body>{ask}", id_="p1"))
    heard = await ana.expects_message("psst", private=True)
    assert heard.message.frames[0].get("Success-Report") == "yes"  # and the peer reports
    received = await bob.message(lambda m: m.element.find(f"{{{RECEIPTS}}}received") is not None, "receipt")
    told = received.element.find(f"{{{RECEIPTS}}}received")
    assert told is not None
    assert (told.get("id"), received.sender, received.type) == ("p1", "Ana", "chat")
    about = heard.cpim.get("imdn.Message-ID") if heard.cpim else ""
    displayed = (
        f'<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>{about}</message-id>'
        "<datetime>2026-11-28T12:00:00Z</datetime>"
        "<display-notification><status><displayed/></status></display-notification></imdn>"
    )
    await whisper(ana, "Bob", "message/imdn+xml", displayed)
    marker = await bob.message(lambda m: m.element.find(f"{{{MARKERS}}}displayed") is not None, "marker")
    shown = marker.element.find(f"{{{MARKERS}}}displayed")
    assert shown is not None
    assert shown.get("id") == "p1"


async def test_an_xmpp_user_learns_that_a_sip_user_was_not_reached(hosted: Evening) -> None:
    ana, bob = await meet(hosted)
    ana.seat.session.answer_with = 415
    sent = await bob.say("psst", to="Ana")
    await bob.expects_message_error("recipient-unavailable", id_=sent)


async def test_a_sip_user_learns_what_became_of_a_message_to_an_xmpp_user(hosted: Evening) -> None:
    ana, bob = await meet(hosted)
    asks = (("imdn.Message-ID", "abc"), ("imdn.Disposition-Notification", ASKS))
    await whisper(ana, "Bob", "text/plain", "psst", *asks)
    heard = await bob.expects_message("psst", "Ana", private=True)
    assert heard.id == "abc"
    assert heard.element.find(f"{{{RECEIPTS}}}request") is not None
    assert heard.element.find(f"{{{MARKERS}}}markable") is not None
    for said, kind, status in (
        (f'<received xmlns="{RECEIPTS}" id="abc"/>', "delivery", "delivered"),
        (f'<displayed xmlns="{MARKERS}" id="abc"/>', "display", "displayed"),
    ):
        bob.send_raw(message(f"{ROOM}/Ana", "chat", f'{said}<x xmlns="{MUC_USER}"/>'))
        imdn = await ana.expects_message()
        assert imdn.content_type == "message/imdn+xml"
        assert "<message-id>abc</message-id>" in imdn.text
        assert re.search(f"<{kind}-notification><status><{status}/>", imdn.text)
