"""Rooms hosted here, users of both networks with software of their own: who talks, who hears, who is seen."""

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.sip_participant import SipParticipant
from peers.transcript import PeerFailure
from peers.xmpp_stanza import message

pytestmark = pytest.mark.interop

EVERYBODY = ("Ana", "Cy", "Bob", "Dora")


async def test_a_sip_user_makes_a_room_and_both_networks_meet_in_it(hosted: Evening) -> None:
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp")
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    seat = await ana.join(SIP_ROOM, "Ana")
    assert seat.call is not None
    assert seat.call.is_with_focus
    assert seat.features == {"nickname", "private-messages"}
    await bob.join(ROOM, "Bob")
    await cy.join(SIP_ROOM, "Cy")
    await dora.join(ROOM, "Dora")
    for user in (ana, cy, bob, dora):
        await user.expects_roster(*EVERYBODY)
    assert bob.rosters[ROOM]["Ana"].item["role"] == "moderator"  # who made the room owns it


async def test_an_xmpp_user_makes_a_room_and_both_networks_meet_in_it(hosted: Evening) -> None:
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp")
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    mine = await bob.join(ROOM, "Bob")
    assert 201 in mine.codes
    await ana.join(SIP_ROOM, "Ana")
    await dora.join(ROOM, "Dora")
    await cy.join(SIP_ROOM, "Cy")
    for user in (ana, cy, bob, dora):
        await user.expects_roster(*EVERYBODY)
    assert seat_uris(ana) == seat_uris(cy)


def seat_uris(user: SipParticipant) -> set[str]:
    subscription = user.seat.subscription
    assert subscription is not None
    return set(subscription.roster.users)


async def test_a_locked_room_is_not_open_to_sip_users_until_its_owner_unlocks_it(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob", unlock=False)
    await ana.expects_refused_join(SIP_ROOM, 480)


async def test_a_message_reaches_both_networks_and_is_reflected_to_xmpp_only(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Cy", "Bob")
    await cy.expects_roster("Ana", "Cy", "Bob")
    await ana.say("from Ana")
    await bob.expects_message("from Ana", "Ana", private=False)
    await cy.expects_message("from Ana", "Ana", private=False)
    ident = await bob.say("from Bob")
    assert (await bob.expects_message("from Bob", "Bob")).id == ident
    await ana.expects_message("from Bob", "Bob")
    await cy.expects_message("from Bob", "Bob")
    # all see one order: had Ana been sent her own words, they would have come before Bob's
    assert not [m for m in ana.seat.session.received.items if b"from Ana" in m.body]


TEXTS = {
    "letters of everywhere": "Grüße, 茶を飲む, чай 🍵 e\u0301",
    "what XML escapes": "<b>&amp; \"quoted\" 'too' ]]> <!--",
    "several lines": "one\ntwo\n\nfour",
    "white space": "  indented\t and trailing ",
    "looks like an end-line": "-------abcdef$\r\n+",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_a_text_arrives_as_it_was_written(hosted: Evening, text: str) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    await bob.join(ROOM, "Bob")
    await ana.say(text)
    heard = await bob.expects_message(sender="Ana")
    assert (heard.text or "").splitlines() == text.splitlines()
    assert (await cy.expects_message()).text == text
    await bob.say(text)
    assert (await ana.expects_message()).text.splitlines() == text.splitlines()


async def test_control_characters_cost_nobody_the_link(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.say("bell \x07 and nul \x00 and \ufffe")
    await bob.expects_message("bell \ufffd and nul \ufffd and \ufffd", "Ana")
    await ana.say("still here")
    await bob.expects_message("still here", "Ana")


async def test_a_long_message_in_chunks_arrives_whole(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    await bob.join(ROOM, "Bob")
    text = "".join(f"ligne n° {number} …\n" for number in range(1200))
    await ana.say(text, chunk=1501)  # cuts through characters of several octets
    await bob.expects_message(text, "Ana")
    await cy.expects_message(text, "Ana")
    await bob.say(text)
    await ana.expects_message(text, "Bob")


async def test_typing_is_seen_on_the_other_side(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Bob")
    await bob.type("composing")
    await ana.expects_typing("Bob", "active")
    await bob.type("paused")
    await ana.expects_typing("Bob", "idle")
    await ana.type("active")
    await bob.expects_typing("Ana", "composing")
    await ana.type("idle")
    await bob.expects_typing("Ana", "active")


async def test_private_messages_are_private(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Cy", "Bob")
    await bob.say("to Ana alone", to="Ana")
    await ana.expects_message("to Ana alone", "Bob", private=True)
    await ana.say("to Bob alone", to="Bob")
    await bob.expects_message("to Bob alone", "Ana", private=True)
    await ana.say("to Cy alone", to="Cy")
    await cy.expects_message("to Cy alone", "Ana", private=True)
    await bob.say("to all")
    assert (await cy.expects_message()).text == "to all"


async def test_a_private_message_to_nobody_is_refused(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    ident = await bob.say("anybody?", to="Nobody")
    await bob.expects_message_error("item-not-found", id_=ident)
    body = seat.wrapped("anybody?", to=f"{SIP_ROOM};gr=Nobody")
    assert await seat.session.send("message/cpim", body) == 404


async def test_a_user_agent_without_private_messages_is_not_sent_any(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana", chatroom="nickname")
    await cy.join(SIP_ROOM, "Cy")
    await bob.join(ROOM, "Bob")
    await cy.expects_roster("Ana", "Cy", "Bob")
    ident = await bob.say("psst", to="Ana")
    await bob.expects_message_error("feature-not-implemented", id_=ident)
    await cy.seat.say("psst", to="Ana", expect=428)


async def test_a_user_agent_without_chat_rooms_is_told_where_it_is(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, chatroom=None)
    await ana.expects_notice("Bob")
    await ana.say("hello")
    await bob.expects_message("hello", "ana")


async def test_a_new_nickname_is_seen_on_both_sides(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Bob")
    await ana.rename("Anna")
    gone = await bob.expects_presence("Ana", codes={303}, type_="unavailable")
    assert gone.item["nick"] == "Anna"
    await bob.expects_presence("Anna")
    await bob.rename("Robert")
    await ana.expects_roster("Anna", "Robert")
    await bob.expects_roster("Anna", "Robert")


async def test_a_nickname_in_use_is_refused_on_both_sides(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.rename("Bob", expect=425)
    await ana.rename("bOb", expect=425)
    with pytest.raises(PeerFailure, match="was refused: conflict"):
        await bob.rename("Ana")
    await dora.expects_refused_join(ROOM, "Ana", "conflict")
    await ana.expects_roster("Ana", "Bob")


async def test_a_subject_is_seen_on_both_sides(hosted: Evening) -> None:
    ana, bob, dora = await hosted.sip("ana"), await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    await bob.set_subject("Tea & <cake>")
    await bob.expects_subject("Tea & <cake>", sender="Bob")
    assert seat.subscription is not None
    roster = seat.subscription.roster
    await seat.subscription.until(
        lambda: roster.subject == "Tea & <cake>", within=10, otherwise=lambda: f"subject {roster.subject!r}"
    )
    await dora.join(ROOM, "Dora")
    await dora.expects_subject("Tea & <cake>", sender="Bob")


async def test_who_comes_later_reads_what_was_said(hosted: Evening) -> None:
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy")
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.say("first")
    await bob.expects_message("first")
    await bob.say("second")
    await ana.expects_message("second")
    await ana.say("psst", to="Bob")
    await dora.join(ROOM, "Dora")
    for text, sender in (("first", "Ana"), ("second", "Bob")):
        assert (await dora.expects_message(text, sender)).delayed
    assert not [m for m in dora.messages.items if m.text == "psst"]
    await cy.join(SIP_ROOM, "Cy")
    assert (await cy.expects_message("first", "Ana")).sent_at
    assert (await cy.expects_message("second", "Bob")).sent_at


async def test_a_groupchat_message_to_one_occupant_is_refused(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await bob.join(ROOM, "Bob")
    bob.send_raw(message(f"{ROOM}/Ana", "groupchat", "<body>no</body>", id_="g1"))
    await bob.expects_message_error("bad-request", id_="g1")
