"""What is said in other forms than plain text, and what only one of the networks knows."""

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.sip_participant import SipParticipant
from peers.xmpp_stanza import message
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop


async def three(hosted: Evening) -> tuple[SipParticipant, SipParticipant, XmppUser, XmppUser]:
    """Let Ana, Cy (SIP), Bob and Dora (XMPP) into the room."""
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp")
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    await bob.join(ROOM, "Bob")
    await dora.join(ROOM, "Dora")
    await ana.expects_roster("Ana", "Cy", "Bob", "Dora")
    return ana, cy, bob, dora


async def test_html_is_text_on_xmpp_and_untouched_on_sip(hosted: Evening) -> None:
    ana, cy, bob, _ = await three(hosted)
    page = "<html><body><p>Tea &amp; <b>cake</b></p><script>alert(1)</script></body></html>"
    await ana.seat.say(page, content_type="text/html")
    heard = await bob.expects_message(sender="Ana")
    assert (heard.text or "").strip() == "Tea & cake"
    copy = await cy.expects_message(page, "Ana")
    assert copy.content_type.startswith("text/html")


async def test_a_picture_is_said_on_xmpp_and_untouched_on_sip(hosted: Evening) -> None:
    ana, cy, bob, _ = await three(hosted)
    octets = bytes(range(256)) * 8
    head = f"From: <{ana.aor}>\r\nTo: <{SIP_ROOM}>\r\n\r\nContent-Type: image/png\r\n\r\n".encode()
    assert await ana.seat.session.send("message/cpim", head + octets) == 200
    assert "image/png" in ((await bob.expects_message(sender="Ana")).text or "")
    copy = await cy.expects_message(sender="Ana")
    assert copy.cpim is not None
    assert copy.cpim.content == octets


async def test_multipart_alternative_is_its_plain_part_on_xmpp(hosted: Evening) -> None:
    ana, _, bob, _ = await three(hosted)
    parts = (
        "--cut\r\nContent-Type: text/plain\r\n\r\nplain tea\r\n"
        "--cut\r\nContent-Type: text/html\r\n\r\n<b>rich tea</b>\r\n--cut--\r\n"
    )
    head = f"From: <{ana.aor}>\r\nTo: <{SIP_ROOM}>\r\n\r\nContent-Type: multipart/alternative; boundary=cut\r\n\r\n"
    assert await ana.seat.session.send("message/cpim", (head + parts).encode()) == 200
    assert (await bob.expects_message(sender="Ana")).text == "plain tea"


async def test_other_charsets_are_read(hosted: Evening) -> None:
    ana, _, bob, _ = await three(hosted)
    head = (
        f"From: <{ana.aor}>\r\nTo: <{SIP_ROOM}>\r\n\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n"
    )
    assert await ana.seat.session.send("message/cpim", head.encode() + "Käse".encode("latin-1")) == 200
    await bob.expects_message("Käse", "Ana")


async def test_a_message_from_the_xmpp_side_keeps_its_own_children(hosted: Evening) -> None:
    ana, _, bob, dora = await three(hosted)
    reply = '<reply xmlns="urn:xmpp:reply:0" to="x@y/z" id="1"/>'
    bob.send_raw(message(ROOM, "groupchat", f"<body>indeed</body>{reply}", id_="r1"))
    heard = await dora.expects_message("indeed", "Bob")
    assert heard.element.find("{urn:xmpp:reply:0}reply") is not None
    await ana.expects_message("indeed", "Bob")


async def test_a_correction_is_said_again_on_sip(hosted: Evening) -> None:
    ana, _, bob, dora = await three(hosted)
    ident = await bob.say("tee")
    await ana.expects_message("tee", "Bob")
    replaces = f'<replace xmlns="urn:xmpp:message-correct:0" id="{ident}"/>'
    bob.send_raw(message(ROOM, "groupchat", f"<body>tea</body>{replaces}", id_="c1"))
    assert "tea" in (await ana.expects_message(sender="Bob")).text
    assert (await dora.expects_message("tea", "Bob")).element.find(
        "{urn:xmpp:message-correct:0}replace"
    ) is not None


async def test_a_reaction_is_silent_on_sip(hosted: Evening) -> None:
    ana, _, bob, dora = await three(hosted)
    reactions = '<reactions xmlns="urn:xmpp:reactions:0" id="x"><reaction>🍵</reaction></reactions>'
    bob.send_raw(message(ROOM, "groupchat", reactions, id_="e1"))
    await dora.message(lambda m: m.id == "e1", "with the reaction")
    await bob.say("next")
    assert (await ana.expects_message()).text == "next"


async def test_sip_messages_have_the_ids_that_xmpp_clients_refer_to(hosted: Evening) -> None:
    ana, _, bob, dora = await three(hosted)
    await ana.say("refer to me")
    one = await bob.expects_message("refer to me")
    two = await dora.expects_message("refer to me")
    tag = "{urn:xmpp:sid:0}stanza-id"
    ids = [heard.element.find(tag) for heard in (one, two)]
    assert ids[0] is not None
    assert ids[1] is not None
    assert ids[0].get("id") == ids[1].get("id")
    assert ids[0].get("by") == ROOM


async def test_an_im_uri_names_a_participant_too(hosted: Evening) -> None:
    ana, cy, _, _ = await three(hosted)
    body = b"From: <im:ana@sip.example>\r\nTo: <im:tea@conference.example>\r\n\r\nContent-Type: text/plain\r\n\r\nhi"
    assert await ana.seat.session.send("message/cpim", body) == 200
    await cy.expects_message("hi", "Ana")


async def test_a_message_sent_twice_is_heard_once(hosted: Evening) -> None:
    ana, _, bob, _ = await three(hosted)
    body = ana.seat.wrapped("once")
    for _ in range(2):
        assert await ana.seat.session.send("message/cpim", body, message_id="same1") == 200
    await ana.say("twice")
    assert (await bob.expects_message()).text == "once"
    assert (await bob.expects_message()).text == "twice"


@pytest.mark.parametrize("wanted", ["no", "partial"])
async def test_who_wants_no_answer_gets_none(hosted: Evening, wanted: str) -> None:
    ana, _, bob, _ = await three(hosted)
    session = ana.seat.session
    frames = session.send_frames("message/cpim", ana.seat.wrapped("no answer please"), failure_report=wanted)
    session.write(*frames)
    await bob.expects_message("no answer please", "Ana")
    await ana.say("and now with one")
    assert not [r for r in session.responses.items if r.transaction == frames[0].transaction]
