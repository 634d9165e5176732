"""What is said: to everybody, to one, the subject, typing, as conversations over a real room."""

from collections.abc import Callable

import pytest

from crossroom.focus.interface import Features, Participation
from crossroom.muc.addresses import room_of
from crossroom.room.address import Address, MessageId, Network, Nickname
from crossroom.room.commands import Draft, Joiner
from crossroom.room.configuration import Configuration, PrivateMessages
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.events import Acknowledged, Posted, RoomEvent
from crossroom.xmpp.jid import Jid
from unit.muc.gates import LimitedFocus
from unit.muc.world import BOB, DEE, EVE, ROOM, USER, World, error, read, summary, to

STATES = "http://jabber.org/protocol/chatstates"
HINTS = "urn:xmpp:hints"
ANA = Address("ana", "sip.example", "a1", Network.SIP)


async def two() -> World:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    return world


async def test_a_message_goes_to_all_the_author_included_with_its_own_id() -> None:
    world = await two()
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='k7' xml:lang='en'><body>Kettle on</body></message>"
    )
    assert [(str(one.to), one.id, one.body, str(one.from_), one.lang) for one in told] == [
        (BOB, "k7", "Kettle on", f"{ROOM}/Bob", "en"),
        (DEE, "k7", "Kettle on", f"{ROOM}/Bob", "en"),
    ]
    assert all(one.type == "groupchat" for one in told)


async def test_all_copies_of_a_message_differ_in_their_recipient_only() -> None:
    world = await two()
    world.router.octets.clear()
    await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='k'><body>x</body></message>")
    first, second = (octets.partition(b"from=")[2] for octets in world.router.octets)
    assert first == second


async def test_the_rooms_ids_are_on_every_message_and_forged_ones_are_not() -> None:
    world = await two()
    forged = (
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM.upper()}' id='forged'/>"
        "<stanza-id xmlns='urn:xmpp:sid:0' by='xmpp.example' id='kept'/>"
        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>"
        f"<x xmlns='{USER}'><status code='307'/></x>"
        f"<delay xmlns='urn:xmpp:delay' from='{ROOM}' stamp='2001-01-01T00:00:00Z'/>"
    )
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='k'><body>x</body>{forged}</message>"
    )
    ids = [
        (child.get("by"), child.get("id") != "forged")
        for child in told[1].children
        if child.name == "stanza-id"
    ]
    assert ids == [("xmpp.example", True), (ROOM, True)]
    assert [child.get("id") for child in told[1].children if child.name == "occupant-id"] != ["forged"]
    assert [child.name for child in told[1].children] == ["body", "stanza-id", "stanza-id", "occupant-id"]


async def test_a_clients_own_payload_reaches_the_other_clients_untouched() -> None:
    world = await two()
    payload = (
        "<replace id='k6' xmlns='urn:xmpp:message-correct:0'/>"
        "<reply to='a@b/c' id='z' xmlns='urn:xmpp:reply:0'/>"
        "<origin-id xmlns='urn:xmpp:sid:0' id='k'/>"
    )
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='k'><body>tea</body>{payload}</message>"
    )
    assert [child.name for child in told[1].children][:4] == ["body", "replace", "reply", "origin-id"]
    assert told[1].body == "tea"


async def test_a_reaction_without_a_body_is_passed_on() -> None:
    world = await two()
    reaction = "<reactions id='s1' xmlns='urn:xmpp:reactions:0'><reaction>☕</reaction></reactions>"
    told = await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='r'>{reaction}</message>")
    assert [one.children[0].elements[0].text for one in told] == ["☕", "☕"]


async def test_a_message_without_an_id_gets_one() -> None:
    world = await two()
    told = await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat'><body>x</body></message>")
    assert told[0].id
    assert told[0].id == told[1].id


async def test_an_empty_message_is_no_message() -> None:
    world = await two()
    assert await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat'/>") == []


async def test_what_must_not_be_stored_is_not_in_the_history() -> None:
    world = await two()
    await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='k'><body>secret</body>"
        f"<no-store xmlns='{HINTS}'/></message>"
    )
    told = await world.join(EVE, "Eve")
    assert [summary(one) for one in told] == [
        "Bob available",
        "Dee available",
        "Eve available 110",
        "room subject:",
    ]


async def test_who_is_not_inside_is_not_acceptable() -> None:
    world = await two()
    [answer] = await world.send(
        f"<message id='e' from='{EVE}' to='{ROOM}' type='groupchat'><body>x</body></message>"
    )
    assert (answer.id, error(answer)) == ("e", ("not-acceptable", "modify"))
    assert answer.body == "x"


async def test_a_room_that_is_not_there_is_not_found() -> None:
    world = World()
    [answer] = await world.send(
        f"<message from='{EVE}' to='{ROOM}' type='groupchat'><body>x</body></message>"
    )
    assert error(answer) == ("item-not-found", "cancel")


async def test_a_visitor_may_not_speak() -> None:
    world = World(new_room=Configuration(is_moderated=True))
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    [answer] = await world.send(
        f"<message from='{DEE}' to='{ROOM}' type='groupchat'><body>x</body></message>"
    )
    assert (str(answer.to), error(answer)) == (DEE, ("forbidden", "auth"))


@pytest.mark.parametrize(
    ("address", "kind"), [(f"{ROOM}/Dee", "groupchat"), (ROOM, "chat"), (ROOM, "normal"), (ROOM, "bogus")]
)
async def test_a_message_of_the_wrong_type_for_its_address_is_a_bad_request(address: str, kind: str) -> None:
    world = await two()
    [answer] = await world.send(
        f"<message from='{BOB}' to='{address}' type='{kind}'><body>x</body></message>"
    )
    assert error(answer) == ("bad-request", "modify")


async def test_a_headline_is_nobodys_business() -> None:
    world = await two()
    assert (
        await world.send(f"<message from='{BOB}' to='{ROOM}' type='headline'><body>x</body></message>") == []
    )


async def test_a_form_for_the_room_is_a_feature_it_does_not_have() -> None:
    world = await two()
    [answer] = await world.send(
        f"<message from='{BOB}' to='{ROOM}'><x xmlns='jabber:x:data' type='submit'/></message>"
    )
    assert error(answer) == ("feature-not-implemented", "cancel")


@pytest.mark.parametrize("kind", ["type='chat'", "type='normal'", ""])
async def test_a_private_message_reaches_its_recipient_only_and_is_marked(kind: str) -> None:
    world = await two()
    await world.join(EVE, "Eve")
    world.news()
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}/Dee' {kind} id='p'><body>psst</body><x xmlns='{USER}'/></message>"
    )
    assert [(str(one.to), str(one.from_), one.type, one.id, one.body) for one in told] == [
        (DEE, f"{ROOM}/Bob", "chat", "p", "psst")
    ]
    assert [child.name for child in told[0].children] == ["body", "occupant-id", "x"]


async def test_a_private_message_to_oneself_arrives() -> None:
    world = await two()
    told = await world.send(f"<message from='{BOB}' to='{ROOM}/Bob' type='chat'><body>x</body></message>")
    assert [(str(one.to), one.body) for one in told] == [(BOB, "x")]


async def test_a_private_message_to_nobody_is_not_found() -> None:
    world = await two()
    for name in ("Nobody", "  "):
        [answer] = await world.send(
            f"<message from='{BOB}' to='{ROOM}/{name}' type='chat'><body>x</body></message>"
        )
        assert error(answer) == ("item-not-found", "cancel")


async def test_a_room_can_forbid_private_messages() -> None:
    world = World(new_room=Configuration(private_messages=PrivateMessages.NONE))
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    [answer] = await world.send(f"<message from='{BOB}' to='{ROOM}/Dee' type='chat'><body>x</body></message>")
    assert error(answer) == ("forbidden", "auth")


async def test_the_subject_is_told_to_all_and_to_those_who_come_later() -> None:
    world = await two()
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='s'><subject>Tea at five</subject></message>"
    )
    assert [(str(one.to), summary(one), one.id) for one in told] == [
        (BOB, "Bob subject:Tea at five", "s"),
        (DEE, "Bob subject:Tea at five", "s"),
    ]
    assert all(one.find("occupant-id", "urn:xmpp:occupant-id:0") for one in told)
    late = (await world.join(EVE, "Eve"))[-1]
    assert summary(late) == "Bob subject:Tea at five"
    assert late.find("delay", "urn:xmpp:delay") is not None


async def test_a_subject_with_a_body_is_an_ordinary_message() -> None:
    world = await two()
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat'><subject>S</subject><body>B</body></message>"
    )
    assert [one.body for one in told] == ["B", "B"]
    assert (await world.join(EVE, "Eve"))[-1].find("subject") is not None
    assert summary(to(EVE, world.router.sent)[-1]) == "room subject:"


async def test_who_may_not_set_the_subject_is_told_so() -> None:
    world = await two()
    [answer] = await world.send(
        f"<message from='{DEE}' to='{ROOM}' type='groupchat'><subject>Mine</subject></message>"
    )
    assert error(answer) == ("forbidden", "auth")


async def test_typing_is_shown_to_everybody_and_never_stored() -> None:
    world = await two()
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat'><composing xmlns='{STATES}'/></message>"
    )
    shown = to(DEE, told)
    assert [child.name for child in shown[0].children] == ["composing", "no-store", "occupant-id"]
    assert summary((await world.join(EVE, "Eve"))[-1]) == "room subject:"


async def test_typing_to_one_is_shown_to_one() -> None:
    world = await two()
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}/Dee' type='chat'><paused xmlns='{STATES}'/><x xmlns='{USER}'/></message>"
    )
    assert [(str(one.to), one.type, one.children[0].name) for one in told] == [(DEE, "chat", "paused")]


async def test_what_a_focus_cannot_do_is_said_and_typing_is_let_go() -> None:
    world = World()
    world = World(other_focus=LimitedFocus(world.focus, Features.NONE))
    await world.join(BOB, "Bob")
    world.news()
    said = f"<message from='{BOB}' to='%s' type='%s'>%s</message>"
    for address, kind, inside in (
        (ROOM, "groupchat", "<subject>S</subject>"),
        (f"{ROOM}/Dee", "chat", "<body>x</body>"),
        (ROOM, "normal", f"<x xmlns='{USER}'><invite to='a@b'/></x>"),
    ):
        [answer] = await world.send(said % (address, kind, inside))
        assert error(answer) == ("feature-not-implemented", "cancel")
    assert await world.send(said % (ROOM, "groupchat", f"<active xmlns='{STATES}'/>")) == []
    assert await world.send(f"<presence from='{BOB}' to='{ROOM}/Bob'><show>away</show></presence>") == []
    [answer] = await world.send(f"<presence from='{BOB}' to='{ROOM}/Rob'/>")
    assert error(answer) == ("not-acceptable", "cancel")


def ignore(_event: RoomEvent) -> None:
    """A participant whose own screen is not looked at."""


async def test_somebody_of_the_other_network_is_heard_and_seen() -> None:
    world = await two()
    room = room_of(Jid.parse(ROOM))
    seat = await world.focus.join(room, Joiner(ANA, Nickname("Ana"), display_name="Ana A."), ignore)
    [seen] = to(BOB, world.news())
    assert (summary(seen), seen.children[0].text) == ("Ana available", "Ana A.")
    x = seen.find("x", USER)
    assert x is not None
    assert x.elements[0].get("jid") == "ana@sip.example/a1"

    native = Native(Network.SIP, b"Content-Type: text/plain\r\n\r\nhello")
    await seat.post(Draft(MessageId("m1"), Content("text/plain", "hello\x01", "en"), native))
    await seat.compose(Composing.COMPOSING)
    await seat.post(Draft(MessageId("m2"), None, native))
    told = to(DEE, world.news())
    assert [(summary(one), one.id, one.lang) for one in told[:1]] == [("Ana hello\ufffd", "m1", "en")]
    assert [child.name for child in told[1].children][:2] == ["composing", "no-store"]
    assert len(told) == 2

    await seat.leave("bye")
    [gone] = to(DEE, world.news())
    assert (summary(gone), gone.children[0].text) == ("Ana unavailable", "bye")


async def test_a_bad_stanza_of_a_user_changes_nothing_for_the_others() -> None:
    world = await two()
    said = f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='k'><body>&#9;fine</body></message>"
    world.service.on_stanza(read(f"<message from='{DEE}' to='nowhere.example'><body/></message>"))
    assert error(world.news()[0]) == ("item-not-found", "cancel")
    assert len(await world.send(said)) == 2


RECEIPTS, MARKERS = "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"


async def with_ana(deliver: Callable[[RoomEvent], None]) -> tuple[World, Participation]:
    """Bob and Dee on XMPP, Ana on another network."""
    world = await two()
    ana = await world.focus.join(room_of(Jid.parse(ROOM)), Joiner(ANA, Nickname("Ana")), deliver)
    await world.settled()
    world.news()
    return world, ana


async def test_what_a_private_message_asks_for_is_told_to_the_room() -> None:
    seen: list[RoomEvent] = []
    world, _ = await with_ana(seen.append)
    ask = f"<request xmlns='{RECEIPTS}'/><markable xmlns='{MARKERS}'/>"
    for at, kind, stanza_id in (
        ("/Ana", "chat", "id='p1'"),
        ("/Ana", "chat", ""),
        ("", "groupchat", "id='m'"),
    ):
        await world.send(
            f"<message from='{BOB}' to='{ROOM}{at}' type='{kind}' {stanza_id}><body>psst</body>{ask}</message>"
        )
    asked, without_id, public = (event for event in seen if isinstance(event, Posted))
    assert asked.receipts == frozenset(Receipt)
    assert without_id.receipts == public.receipts == frozenset()


async def test_what_is_asked_of_an_xmpp_user_is_asked_in_its_words_and_answered_in_the_rooms() -> None:
    seen: list[RoomEvent] = []
    world, ana = await with_ana(seen.append)
    wanted = frozenset({Receipt.DELIVERED, Receipt.DISPLAYED, Receipt.FAILED})
    draft = Draft(MessageId("abc"), Content("text/plain", "psst"), None, Nickname("Bob"), receipts=wanted)
    await ana.post(draft)
    [asked] = world.news()
    names = [(child.name, child.namespace) for child in asked.children]
    assert (asked.id, names[1:3]) == ("abc", [("request", RECEIPTS), ("markable", MARKERS)])
    for said in (f"<received xmlns='{RECEIPTS}' id='abc'/>", f"<displayed xmlns='{MARKERS}' id='abc'/>"):
        assert await world.send(f"<message from='{BOB}' to='{ROOM}/Ana' type='chat'>{said}</message>") == []
    told = [event for event in seen if isinstance(event, Acknowledged)]
    assert [(one.author.nickname, one.id, one.receipt) for one in told] == [
        ("Bob", "abc", Receipt.DELIVERED),
        ("Bob", "abc", Receipt.DISPLAYED),
    ]
    assert not [event for event in seen if isinstance(event, Posted) and event.author.nickname == "Bob"]


async def test_a_message_that_asks_for_nothing_is_written_without_questions() -> None:
    world, ana = await with_ana(ignore)
    await ana.post(Draft(MessageId("abc"), Content("text/plain", "psst"), None, Nickname("Bob")))
    [plain] = world.news()
    assert [child.name for child in plain.children] == ["body", "occupant-id", "x"]


async def test_receipts_from_another_network_are_written_in_the_words_of_xmpp() -> None:
    world, ana = await with_ana(ignore)
    for receipt in Receipt:
        await ana.acknowledge(MessageId("p1"), receipt, Nickname("Bob"))
    delivered, displayed, failed = world.news()
    for told in (delivered, displayed):
        assert (str(told.to), str(told.from_), told.type) == (BOB, f"{ROOM}/Ana", "chat")
        assert told.find("x", USER)
    received = delivered.find("received", RECEIPTS)
    assert received
    assert received.get("id") == "p1"
    marker = displayed.find("displayed", MARKERS)
    assert marker
    assert marker.get("id") == "p1"
    assert (failed.type, failed.id, error(failed)) == ("error", "p1", ("recipient-unavailable", "wait"))


async def test_a_receipt_between_xmpp_users_keeps_everything_that_is_in_it() -> None:
    world = await two()
    said = f"<received xmlns='{RECEIPTS}' id='p1'/><store xmlns='{HINTS}'/><y xmlns='urn:y'/>"
    [told] = await world.send(f"<message from='{DEE}' to='{ROOM}/Bob' type='chat' id='r'>{said}</message>")
    assert (str(told.to), str(told.from_), told.type) == (BOB, f"{ROOM}/Dee", "chat")
    assert [child.name for child in told.children] == ["received", "store", "y", "occupant-id", "x"]


async def test_where_a_focus_passes_no_receipts_on_none_is_given_to_it() -> None:
    world = World()
    world.other_focus = LimitedFocus(world.focus, Features.ALL ^ Features.RECEIPTS)
    world.__post_init__()
    world.other_focus.inner = world.focus
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    said = f"<received xmlns='{RECEIPTS}' id='p1'/>"
    assert await world.send(f"<message from='{DEE}' to='{ROOM}/Bob' type='chat'>{said}</message>") == []


async def test_a_bounce_of_what_another_network_wrote_is_told_as_a_failure() -> None:
    seen: list[RoomEvent] = []
    world, ana = await with_ana(seen.append)
    await ana.post(Draft(MessageId("abc"), Content("text/plain", "psst"), None, Nickname("Bob")))
    bounce = (
        f"<message id='abc' type='error' from='{BOB}' to='{ROOM}/Ana'><body>psst</body><error type='modify'>"
        "<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
    await world.send(bounce)
    [told] = [event for event in seen if isinstance(event, Acknowledged)]
    assert (told.author.nickname, told.id, told.receipt) == ("Bob", "abc", Receipt.FAILED)
