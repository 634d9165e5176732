"""User agents built on the SIP SIMPLE client SDK in a hosted room: every habit of theirs, one test each."""

from dataclasses import replace

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.quirks import BLINK_LIKE, PLAIN, Quirks
from peers.sip_participant import SipParticipant
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop


async def meet(hosted: Evening, quirks: Quirks, nickname: str = "Ana") -> tuple[SipParticipant, XmppUser]:
    """Let Ana with her habits and Bob into the room."""
    ana, bob = await hosted.sip("ana", quirks=quirks), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, nickname)
    await ana.expects_roster(nickname, "Bob")
    return ana, bob


TALKING = {
    "unquoted display name": replace(PLAIN, unquoted_display_name=True),
    "MIME-Version first": replace(PLAIN, mime_version_first=True),
    "bare LF": replace(PLAIN, bare_lf_mime=True),
    "utf8 for a charset": replace(PLAIN, utf8_charset_name=True),
    "characters in Byte-Range": replace(PLAIN, total_counts_characters=True),
    "all reports": replace(PLAIN, asks_success_reports=True),
    "all of it": BLINK_LIKE,
}


@pytest.mark.parametrize("quirks", TALKING.values(), ids=TALKING.keys())
async def test_a_message_with_a_habit_arrives(hosted: Evening, quirks: Quirks) -> None:
    ana, bob = await meet(hosted, quirks, "Ana van der Tee")
    for text in ("Grüße 🍵", "größer " * 800):
        await ana.say(text)
        await bob.expects_message(text, "Ana van der Tee")
        await ana.say(text, chunk=2048)
        await bob.expects_message(text, "Ana van der Tee")
        await bob.say(text)
        await ana.expects_message(text, "Bob")


async def test_the_switch_reports_at_once_and_once(hosted: Evening) -> None:
    ana, bob = await meet(hosted, replace(PLAIN, asks_success_reports=True))
    session = ana.seat.session
    body = ana.seat.wrapped("tell me when it is there")
    assert await session.send("message/cpim", body, message_id="report1", success_report=True) == 200
    report = await session.expects_report("report1")
    assert report.get("Status").startswith("000 200")
    assert report.get("Byte-Range") == f"1-{len(body)}/{len(body)}"
    await bob.expects_message("tell me when it is there")
    assert not session.reports.items


async def test_a_nickname_without_quotes_is_taken(hosted: Evening) -> None:
    ana, bob = await meet(hosted, replace(PLAIN, unquoted_nickname=True), "Ana van der Tee")
    await bob.expects_presence("Ana van der Tee")
    await ana.rename("Anna")
    await bob.expects_presence("Anna")


async def test_a_subscription_before_the_msrp_bind_is_answered(hosted: Evening) -> None:
    ana, bob = await meet(hosted, replace(PLAIN, subscribes_before_msrp=True))
    await bob.say("hello")
    await ana.expects_message("hello", "Bob")


async def test_the_method_of_refer_may_stand_behind_the_uri(hosted: Evening) -> None:
    quirks = replace(PLAIN, refer_method_as_header_parameter=True)
    ana, bob = await hosted.sip("ana", quirks=quirks), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await ana.refer("sip:bob@xmpp.example")
    await (await bob.expects_invitation()).accept("Bob")
    await ana.expects_sipfrag(200)
    await ana.expects_roster("Ana", "Bob")
    await ana.refer(ana.seat.uri_of("Bob"), method="BYE")
    await ana.expects_sipfrag(200)
    await bob.expects_presence("Bob", codes={110, 307}, type_="unavailable")


@pytest.mark.parametrize("setup", ["actpass", "active", "passive", ""])
async def test_either_side_may_connect(hosted: Evening, setup: str) -> None:
    ana, bob = await hosted.sip("ana", quirks=BLINK_LIKE), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana", setup=setup)
    await ana.say("hello")
    await bob.expects_message("hello", "Ana")
    await bob.say("hello yourself")
    await ana.expects_message("hello yourself", "Bob")


async def test_audio_beside_the_chat_is_refused_and_the_chat_kept(hosted: Evening) -> None:
    ana, bob = await meet(hosted, BLINK_LIKE)
    call = ana.seat.call
    assert call is not None
    audio = "m=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n"
    offer = str(ana.media(ana.seat))
    assert (await call.reinvite(offer + audio)).status == 200
    assert "m=audio 0 " in call.remote_sdp
    assert "m=message 0 " not in call.remote_sdp
    await ana.say("still here")
    await bob.expects_message("still here", "Ana")
