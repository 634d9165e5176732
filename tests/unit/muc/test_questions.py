"""Discovery, pings and questions between occupants (XEP-0030, 0199, 0410, 0092, 0202; XEP-0045 §6, §17.4)."""

import pytest

from crossroom.muc.addresses import room_of
from crossroom.muc.context import MucLimits
from crossroom.room.address import Address, Network, Nickname
from crossroom.room.commands import Joiner
from crossroom.room.events import RoomEvent
from crossroom.room.reasons import Reason
from crossroom.xmpp.dataform import Form
from crossroom.xmpp.disco import DISCO_INFO, DISCO_ITEMS, DiscoFacts, DiscoItems
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Stanza
from unit.muc.gates import RefusingFocus
from unit.muc.world import BOB, DEE, DOMAIN, EVE, MUC, OPEN, ROOM, World, error, to

PING = "<ping xmlns='urn:xmpp:ping'/>"
VCARD = "<vCard xmlns='vcard-temp'/>"
INFO = f"<query xmlns='{DISCO_INFO}'/>"


def iq(user: str, address: str, payload: str, kind: str = "get") -> str:
    return f"<iq type='{kind}' id='q' from='{user}' to='{address}'>{payload}</iq>"


def ignore(_event: RoomEvent) -> None:
    """A participant whose own screen is not looked at."""


async def with_ana(world: World) -> None:
    """Somebody of the other network is in the room."""
    ana = Joiner(Address("ana", "sip.example", "a1", Network.SIP), Nickname("Ana"))
    await world.focus.join(room_of(Jid.parse(ROOM)), ana, ignore)
    world.news()


async def two() -> World:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    return world


async def facts(world: World, address: str, node: str = "") -> DiscoFacts:
    [answer] = await world.send(iq(EVE, address, f"<query xmlns='{DISCO_INFO}' node='{node}'/>"))
    assert answer.type == "result", str(answer.as_element())
    return DiscoFacts.parse(answer.children[0])


async def test_the_service_is_a_conference_for_text() -> None:
    found = await facts(World(), DOMAIN)
    assert [(one.category, one.type) for one in found.identities] == [("conference", "text")]
    assert {MUC, DISCO_INFO, DISCO_ITEMS, "urn:xmpp:ping", "jabber:iq:version"} <= set(found.features)


async def test_the_service_lists_public_rooms_only() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    hidden = "<field var='muc#roomconfig_publicroom'><value>0</value></field>"
    secret = f"hidden@{DOMAIN}"
    await world.send(f"<presence from='{BOB}' to='{secret}/Bob'><x xmlns='{MUC}'/></presence>")
    form = f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'>{hidden}</x></query>"
    await world.send(iq(BOB, secret, form, "set"))
    [answer] = await world.send(iq(EVE, DOMAIN, f"<query xmlns='{DISCO_ITEMS}'/>"))
    items = DiscoItems.parse(answer.children[0]).items
    assert [(str(one.jid), one.name) for one in items] == [(ROOM, "tea")]
    assert "muc_hidden" in (await facts(world, secret)).features


async def test_a_room_that_no_jid_can_name_hides_no_other() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    unnameable = Address("x" * 1100, DOMAIN)  # RFC 7622 §3.3: a localpart has 1023 octets at most
    await world.focus.join(
        unnameable, Joiner(Address("ana", "sip.example"), Nickname("Ana")), lambda _event: None
    )
    [answer] = await world.send(iq(EVE, DOMAIN, f"<query xmlns='{DISCO_ITEMS}'/>"))
    assert [str(one.jid) for one in DiscoItems.parse(answer.children[0]).items] == [ROOM]


PAIRS = {
    "muc_open": "muc_membersonly",
    "muc_public": "muc_hidden",
    "muc_temporary": "muc_persistent",
    "muc_unmoderated": "muc_moderated",
    "muc_unsecured": "muc_passwordprotected",
    "muc_semianonymous": "muc_nonanonymous",
}


async def test_a_room_shows_one_feature_of_each_pair() -> None:
    world = await two()
    found = await facts(world, ROOM)
    assert set(PAIRS) <= set(found.features)
    assert not set(PAIRS.values()) & set(found.features)


async def test_a_room_with_everything_shows_the_other_of_each_pair() -> None:
    world = await two()
    settings = {"membersonly": "1", "publicroom": "0", "persistentroom": "1", "moderatedroom": "1"}
    settings |= {"whois": "anyone", "roomsecret": "cake"}
    fields = "".join(
        f"<field var='muc#roomconfig_{name}'><value>{value}</value></field>"
        for name, value in settings.items()
    )
    form = f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query>"
    await world.send(iq(BOB, ROOM, form, "set"))
    found = await facts(world, ROOM)
    assert set(PAIRS.values()) <= set(found.features)
    assert not set(PAIRS) & set(found.features)


async def test_a_room_tells_about_itself_in_a_form() -> None:
    world = await two()
    await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat'><subject>Tea</subject></message>")
    world.news()
    [form] = (await facts(world, ROOM)).forms
    assert isinstance(form, Form)
    assert form.form_type == "http://jabber.org/protocol/muc#roominfo"
    assert (form.value("muc#roominfo_subject"), form.value("muc#roominfo_occupants")) == ("Tea", "2")
    assert all(field.label for field in form.fields if field.var != "FORM_TYPE")


async def test_a_room_lists_its_occupants_to_those_inside() -> None:
    world = await two()
    ask = f"<query xmlns='{DISCO_ITEMS}'/>"
    [inside] = await world.send(iq(BOB, ROOM, ask))
    assert [one.name for one in DiscoItems.parse(inside.children[0]).items] == ["Bob", "Dee"]
    [outside] = await world.send(iq(EVE, ROOM, ask))
    assert DiscoItems.parse(outside.children[0]).items == ()


@pytest.mark.parametrize("namespace", [DISCO_INFO, DISCO_ITEMS])
async def test_a_room_that_is_not_there_is_not_found(namespace: str) -> None:
    [answer] = await World().send(iq(EVE, ROOM, f"<query xmlns='{namespace}'/>"))
    assert error(answer) == ("item-not-found", "cancel")


@pytest.mark.parametrize(
    ("address", "node", "condition"),
    [
        (ROOM, "x-roomuser-item", "feature-not-implemented"),
        (ROOM, "http://jabber.org/protocol/muc#traffic", "service-unavailable"),
        (ROOM, "other", "item-not-found"),
        (DOMAIN, "other", "item-not-found"),
    ],
)
async def test_nodes_that_are_not_there_are_refused(address: str, node: str, condition: str) -> None:
    [answer] = await World().send(iq(EVE, address, f"<query xmlns='{DISCO_INFO}' node='{node}'/>"))
    assert error(answer)[0] == condition


@pytest.mark.parametrize("address", [DOMAIN, ROOM])
async def test_service_and_room_answer_pings_version_and_time(address: str) -> None:
    world = World()
    [pong] = await world.send(iq(EVE, address, PING))
    assert (pong.type, pong.id, str(pong.from_), pong.children) == ("result", "q", address, ())
    [version] = await world.send(iq(EVE, address, "<query xmlns='jabber:iq:version'/>"))
    assert version.children[0].child_text("name") == "Crossroom"
    [time] = await world.send(iq(EVE, address, "<time xmlns='urn:xmpp:time'/>"))
    assert time.children[0].child_text("utc") == "2020-01-01T00:00:00.000Z"


@pytest.mark.parametrize("kind", ["get", "set"])
@pytest.mark.parametrize("address", [DOMAIN, ROOM])
async def test_an_unknown_question_is_answered(kind: str, address: str) -> None:
    [answer] = await World().send(iq(EVE, address, "<query xmlns='urn:example:unknown'/>", kind))
    assert (answer.id, error(answer)) == ("q", ("service-unavailable", "cancel"))


@pytest.mark.parametrize("payload", ["", PING + PING])
@pytest.mark.parametrize("address", [ROOM, f"{ROOM}/Dee"])
async def test_a_question_with_no_or_two_payloads_is_a_bad_request(payload: str, address: str) -> None:
    world = await two()
    [answer] = await world.send(iq(BOB, address, payload))
    assert error(answer) == ("bad-request", "modify")


async def test_a_room_has_no_card() -> None:
    [answer] = await World().send(iq(EVE, ROOM, VCARD))
    assert error(answer) == ("item-not-found", "cancel")


async def test_answers_that_nobody_waits_for_are_dropped() -> None:
    world = await two()
    assert await world.send(iq(BOB, f"{ROOM}/Dee", "", "result")) == []
    assert await world.send(iq(BOB, ROOM, "", "result")) == []
    assert await world.send(iq(BOB, DOMAIN, "", "error")) == []


async def test_a_self_ping_tells_whether_one_is_inside() -> None:
    world = await two()
    [inside] = await world.send(iq(BOB, f"{ROOM}/Bob", PING))
    assert (inside.type, str(inside.to)) == ("result", BOB)
    [outside] = await world.send(iq(EVE, f"{ROOM}/Eve", PING))
    assert error(outside) == ("not-acceptable", "modify")


async def test_a_question_to_an_occupant_hides_both_addresses() -> None:
    world = await two()
    [asked] = await world.send(iq(BOB, f"{ROOM}/Dee", "<query xmlns='jabber:iq:version'/>"))
    assert (str(asked.to), str(asked.from_), asked.type) == (DEE, f"{ROOM}/Bob", "get")
    assert asked.id != "q"
    payload = "<query xmlns='jabber:iq:version'><name>Tab</name></query>"
    answer = f"<iq type='result' id='{asked.id}' from='{DEE}' to='{ROOM}/Bob'>{payload}</iq>"
    [told] = await world.send(answer)
    assert (str(told.to), str(told.from_), told.id, told.type) == (BOB, f"{ROOM}/Dee", "q", "result")
    assert told.children[0].child_text("name") == "Tab"
    assert await world.send(answer) == []  # an answer counts once


async def test_only_the_one_who_was_asked_can_answer() -> None:
    world = await two()
    [asked] = await world.send(iq(BOB, f"{ROOM}/Dee", PING))
    assert await world.send(f"<iq type='result' id='{asked.id}' from='{EVE}' to='{ROOM}/Bob'/>") == []
    assert world.service.tables()["relayed_iqs"] == 1


async def test_a_card_is_asked_of_the_account() -> None:
    world = await two()
    [asked] = await world.send(iq(BOB, f"{ROOM}/Dee", VCARD))
    assert str(asked.to) == "dee@xmpp.example"


async def test_too_many_questions_give_up_the_oldest() -> None:
    world = World(limits=MucLimits(relayed_iqs=1))
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    await world.send(iq(BOB, f"{ROOM}/Dee", PING))
    told = await world.send(iq(BOB, f"{ROOM}/Dee", PING))
    [given_up] = to(BOB, told)
    assert error(given_up) == ("remote-server-timeout", "wait")
    assert [child.name for child in given_up.children] == ["error"]  # what was asked is not kept meanwhile
    assert world.service.tables()["relayed_iqs"] == 1


async def test_more_questions_than_can_be_worked_on_are_refused() -> None:
    world = World(limits=MucLimits(running=0))
    [answer] = await world.send(iq(EVE, ROOM, INFO))
    assert error(answer) == ("resource-constraint", "wait")


async def test_a_question_to_nobody_is_not_found() -> None:
    world = await two()
    [answer] = await world.send(iq(BOB, f"{ROOM}/Nobody", PING))
    assert error(answer) == ("item-not-found", "cancel")


@pytest.mark.parametrize(
    ("payload", "kind", "expected"),
    [
        (PING, "get", "result"),
        (INFO, "get", "result"),
        (VCARD, "get", "item-not-found"),
        ("<query xmlns='jabber:iq:version'/>", "get", "service-unavailable"),
        (PING, "set", "service-unavailable"),
    ],
)
async def test_the_room_answers_for_occupants_of_the_other_network(
    payload: str, kind: str, expected: str
) -> None:
    world = await two()
    await with_ana(world)
    [answer] = await world.send(iq(BOB, f"{ROOM}/Ana", payload, kind))
    assert _kind_of(answer) == expected


async def test_occupants_of_the_other_network_understand_receipts_and_typing() -> None:
    world = await two()
    await with_ana(world)
    [answer] = await world.send(iq(BOB, f"{ROOM}/Ana", INFO, "get"))
    features = {child.get("var") for child in answer.children[0].elements if child.name == "feature"}
    assert {
        "urn:xmpp:receipts",
        "urn:xmpp:chat-markers:0",
        "http://jabber.org/protocol/chatstates",
    } <= features


async def test_a_room_elsewhere_that_cannot_be_asked_still_has_no_outsiders() -> None:
    world = World(other_focus=RefusingFocus(Reason.TIMED_OUT), new_room=OPEN)
    [answer] = await world.send(iq(BOB, f"{ROOM}/Bob", PING))
    assert error(answer) == ("not-acceptable", "modify")


def _kind_of(answer: Stanza) -> str:
    return answer.type if answer.type == "result" else error(answer)[0]
