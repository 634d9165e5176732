"""Roles, affiliations, the owner's form, the room's end: as conversations over a real room (XEP-0045 §8-10)."""

import pytest

from crossroom.focus.interface import Features
from crossroom.room.configuration import Configuration
from crossroom.xmpp.dataform import Form
from crossroom.xmpp.element import Element
from crossroom.xmpp.stanza import Stanza
from unit.muc.gates import LimitedFocus
from unit.muc.world import BOB, DEE, EVE, MUC, OPEN, ROOM, World, codes, error, item, summary, to

FIELD = "<field var='{}'><value>{}</value></field>"


def admin(user: str, items: str, kind: str = "set") -> str:
    return (
        f"<iq type='{kind}' id='a' from='{user}' to='{ROOM}'><query xmlns='{MUC}#admin'>{items}</query></iq>"
    )


def owner(user: str, inside: str = "", kind: str = "set") -> str:
    return (
        f"<iq type='{kind}' id='o' from='{user}' to='{ROOM}'><query xmlns='{MUC}#owner'>{inside}</query></iq>"
    )


def submit(**values: str) -> str:
    fields = "".join(FIELD.format(f"muc#roomconfig_{name}", value) for name, value in values.items())
    return f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"


async def three(new_room: Configuration | None = None) -> World:
    world = World(new_room=new_room or Configuration())
    await world.open_room((BOB, "Bob"), (DEE, "Dee"), (EVE, "Eve"))
    return world


def items_of(answer: Stanza) -> list[Element]:
    assert answer.type == "result", str(answer.as_element())
    return list(answer.children[0].find_all("item"))


async def test_markup_in_a_reason_stays_text() -> None:
    world = await three()
    markup = "&lt;/reason&gt;&lt;item affiliation=&apos;owner&apos;/&gt;]]&gt;&#13;"
    told = await world.send(admin(BOB, f"<item nick='Dee' role='none'><reason>{markup}</reason></item>"))
    [seen] = [one for one in to(EVE, told) if one.type == "unavailable"]
    assert item(seen).child_text("reason") == "</reason><item affiliation='owner'/>]]>\r"
    assert [child.name for child in item(seen).elements] == ["actor", "reason"]


async def test_a_kick_tells_the_victim_first_then_the_others_then_the_moderator() -> None:
    world = await three()
    told = await world.send(admin(BOB, "<item nick='Dee' role='none'><reason>tea is out</reason></item>"))
    assert [(str(one.to), summary(one)) for one in told if one.type == "unavailable"] == [
        (DEE, "Dee unavailable 110 307"),
        (BOB, "Dee unavailable 307"),
        (EVE, "Dee unavailable 307"),
    ]
    assert (told[-1].type, told[-1].id) == ("result", "a")
    kicked = item(told[0])
    assert (kicked.get("role"), kicked.child_text("reason")) == ("none", "tea is out")
    assert [child.get("nick") for child in kicked.find_all("actor")] == ["Bob"]
    assert world.service.tables()["occupants"] == 2
    [answer] = await world.send(
        f"<message from='{DEE}' to='{ROOM}' type='groupchat'><body>x</body></message>"
    )
    assert error(answer) == ("not-acceptable", "modify")


async def test_a_ban_removes_by_301_and_keeps_out() -> None:
    world = await three()
    told = await world.send(admin(BOB, "<item jid='dee@xmpp.example' affiliation='outcast'/>"))
    assert summary(to(DEE, told)[0]) == "Dee unavailable 110 301"
    assert item(to(EVE, told)[0]).get("affiliation") == "outcast"
    [answer] = await world.join(DEE, "Dee")
    assert error(answer) == ("forbidden", "auth")


async def test_affiliations_can_be_given_to_an_occupant_by_nickname() -> None:
    world = await three()
    told = await world.send(admin(BOB, "<item nick='Dee' affiliation='member'/>"))
    assert item(to(EVE, told)[0]).get("affiliation") == "member"
    [answer] = await world.send(admin(BOB, "<item affiliation='member'/>", "get"))
    assert [(one.get("jid"), one.get("affiliation")) for one in items_of(answer)] == [
        ("dee@xmpp.example", "member")
    ]


async def test_roles_can_be_given_by_real_address_where_it_is_known() -> None:
    world = await three(OPEN)
    told = await world.send(admin(BOB, "<item jid='dee@xmpp.example/x' role='moderator'/>"))
    assert item(to(EVE, told)[0]).get("role") == "moderator"


async def test_lists_of_roles_are_for_moderators() -> None:
    world = await three()
    [answer] = await world.send(admin(BOB, "<item role='participant'/>", "get"))
    assert [one.get("nick") for one in items_of(answer)] == ["Dee", "Eve"]
    [answer] = await world.send(admin(DEE, "<item role='participant'/>", "get"))
    assert error(answer) == ("forbidden", "auth")


async def test_several_items_are_obeyed_all_or_none() -> None:
    world = await three()
    both = "<item jid='x@y.example' affiliation='member'/><item nick='Nobody' role='none'/>"
    [answer] = await world.send(admin(BOB, both))
    assert error(answer)[0] == "item-not-found"
    [answer] = await world.send(admin(BOB, "<item affiliation='member'/>", "get"))
    assert items_of(answer) == []


@pytest.mark.parametrize(
    ("items", "condition"),
    [
        ("", "bad-request"),
        ("<item/>", "bad-request"),
        ("<item nick='Dee' role='none' affiliation='member'/>", "bad-request"),
        ("<item nick='Dee' role='king'/>", "bad-request"),
        ("<item role='none'/>", "bad-request"),
        ("<item affiliation='member'/>", "bad-request"),
        ("<item jid='@' affiliation='member'/>", "bad-request"),
        ("<item nick='Nobody' affiliation='member'/>", "item-not-found"),
        ("<item jid='x@y.example' role='none'/>", "item-not-found"),
        ("<item jid='bob@xmpp.example' affiliation='outcast'/>", "conflict"),
        ("<item jid='bob@xmpp.example' affiliation='member'/>", "conflict"),
    ],
)
async def test_orders_that_cannot_be_obeyed_change_nothing(items: str, condition: str) -> None:
    world = await three()
    [answer] = await world.send(admin(BOB, items))
    assert (str(answer.to), error(answer)[0]) == (BOB, condition)


@pytest.mark.parametrize("items", ["", "<item/>", "<item role='none' affiliation='none'/>"])
async def test_a_list_of_nothing_is_a_bad_request(items: str) -> None:
    world = await three()
    [answer] = await world.send(admin(BOB, items, "get"))
    assert error(answer) == ("bad-request", "modify")


async def test_who_may_not_moderate_is_told_so() -> None:
    world = await three()
    [answer] = await world.send(admin(DEE, "<item nick='Eve' role='none'/>"))
    assert error(answer)[0] in {"forbidden", "not-allowed"}
    [answer] = await world.send(admin("x@y.example/z", "<item nick='Eve' role='none'/>"))
    assert error(answer) == ("not-acceptable", "modify")
    [answer] = await world.send(admin("x@y.example/z", "<item role='none'/>", "get"))
    assert error(answer) == ("not-acceptable", "modify")


async def test_a_focus_without_moderation_or_settings_says_so() -> None:
    world = World(other_focus=LimitedFocus(World().focus, Features.NONE))
    await world.join(BOB, "Bob")
    for asked in (
        admin(BOB, "<item nick='Bob' role='none'/>"),
        admin(BOB, "<item role='none'/>", "get"),
        owner(BOB, submit()),
        owner(BOB, "", "get"),
    ):
        world.news()
        [answer] = await world.send(asked)
        assert error(answer) == ("feature-not-implemented", "cancel")


async def test_an_owner_gets_a_form_with_labels_and_the_present_values() -> None:
    world = await three()
    await world.send(owner(BOB, submit(roomname="Tea", roomsecret="cake")))
    world.news()
    [answer] = await world.send(owner(BOB, "", "get"))
    form = Form.parse(answer.children[0].elements[0])
    assert form.form_type == f"{MUC}#roomconfig"
    assert form.value("muc#roomconfig_roomname") == "Tea"
    assert form.value("muc#roomconfig_whois") == "moderators"
    assert form.value("muc#roomconfig_passwordprotectedroom") == "1"
    assert form.value("muc#roomconfig_allowpm") == "anyone"
    assert form.value("muc#maxhistoryfetch") == "20"
    assert all(field.label for field in form.fields if field.var != "FORM_TYPE")
    names = [field.var for field in form.fields]
    assert len(names) == len(set(names))


async def test_settings_are_for_owners_inside() -> None:
    world = await three()
    for asked in (owner(DEE, "", "get"), owner(DEE, submit(roomname="Mine")), owner(DEE, "<destroy/>")):
        [answer] = await world.send(asked)
        assert error(answer) == ("forbidden", "auth")
    [answer] = await world.send(owner("x@y.example/z", "", "get"))
    assert error(answer) == ("not-acceptable", "modify")
    [answer] = await world.send(owner("x@y.example/z", submit()))
    assert error(answer) == ("not-acceptable", "modify")


async def test_a_partial_form_changes_what_it_names_and_tells_everybody() -> None:
    world = await three()
    told = await world.send(owner(BOB, submit(roomdesc="About tea")))
    assert [(str(one.to), codes(one), one.type) for one in told[:-1]] == [
        (user, [104], "groupchat") for user in (BOB, DEE, EVE)
    ]
    assert told[-1].type == "result"
    told = await world.send(owner(BOB, submit(whois="anyone")))
    assert codes(to(DEE, told)[0]) == [172]
    told = await world.send(owner(BOB, submit(whois="moderators", roomname="Tea")))
    assert codes(to(DEE, told)[0]) == [104, 173]
    [answer] = await world.send(owner(BOB, "", "get"))
    form = Form.parse(answer.children[0].elements[0])
    assert (form.value("muc#roomconfig_roomdesc"), form.value("muc#roomconfig_roomname")) == (
        "About tea",
        "Tea",
    )


async def test_a_password_can_be_taken_away_again() -> None:
    world = await three()
    await world.send(owner(BOB, submit(passwordprotectedroom="1", roomsecret="cake")))
    world.news()
    [answer] = await world.join("x@y.example/z", "X")
    assert error(answer) == ("not-authorized", "auth")
    await world.send(owner(BOB, submit(passwordprotectedroom="0", roomsecret="cake")))
    assert summary((await world.join("x@y.example/z", "X"))[-2]) == "X available 110"


@pytest.mark.parametrize(
    "values",
    [
        {"whois": "nobody"},
        {"allowpm": "cats"},
        {"maxusers": "-1"},
        {"maxusers": "many"},
        {"maxusers": "9" * 30},
        {"membersonly": "perhaps"},
        {"passwordprotectedroom": "1"},
    ],
)
async def test_a_value_that_cannot_be_is_not_acceptable(values: dict[str, str]) -> None:
    world = await three()
    [answer] = await world.send(owner(BOB, submit(**values)))
    assert error(answer) == ("not-acceptable", "modify")


async def test_no_limit_can_be_said_in_two_ways_and_unknown_fields_are_passed_over() -> None:
    world = await three()
    for value in ("none", ""):
        told = await world.send(owner(BOB, submit(maxusers=value, unheardof="x")))
        assert [one.type for one in told] == ["result"]


async def test_an_order_to_the_owners_desk_that_says_nothing_is_a_bad_request() -> None:
    world = await three()
    [answer] = await world.send(owner(BOB))
    assert error(answer) == ("bad-request", "modify")


async def test_cancelling_the_first_form_ends_the_new_room() -> None:
    world = World()
    await world.join(BOB, "Bob")
    world.news()
    told = await world.send(owner(BOB, "<x xmlns='jabber:x:data' type='cancel'/>"))
    assert [one.type for one in told] == ["unavailable", "result"]
    assert world.focus.tables()["rooms"] == 0


async def test_cancelling_a_later_form_changes_nothing() -> None:
    world = await three()
    told = await world.send(owner(BOB, "<x xmlns='jabber:x:data' type='cancel'/>"))
    assert [one.type for one in told] == ["result"]


async def test_a_destroyed_room_says_goodbye_once_to_each_and_where_to_go() -> None:
    world = await three()
    told = await world.send(owner(BOB, f"<destroy jid='cake@{ROOM}'><reason>all gone</reason></destroy>"))
    assert error(told[0]) == ("bad-request", "modify")
    told = await world.send(owner(BOB, "<destroy jid='cake@x.example'><reason>all gone</reason></destroy>"))
    gone = [one for one in told if one.type == "unavailable"]
    assert [(str(one.to), codes(one)) for one in gone] == [(user, [110]) for user in (BOB, DEE, EVE)]
    assert (item(gone[0]).get("affiliation"), item(gone[0]).get("role")) == ("none", "none")
    x = gone[0].children[-1]
    destroy = x.find("destroy")
    assert destroy is not None
    assert (destroy.get("jid"), destroy.child_text("reason")) == ("cake@x.example", "all gone")
    assert told[-1].type == "result"
    assert world.service.tables()["occupants"] == 0


async def test_a_room_that_becomes_members_only_sends_the_others_out_by_322() -> None:
    world = await three()
    await world.send(admin(BOB, "<item nick='Dee' affiliation='member'/>"))
    told = await world.send(owner(BOB, submit(membersonly="1")))
    assert "Eve unavailable 110 322" in [summary(one) for one in to(EVE, told)]
    assert summary(to(DEE, told)[-1]) == "Eve unavailable 322"
    told = await world.send(admin(BOB, "<item jid='dee@xmpp.example' affiliation='none'/>"))
    assert summary(to(DEE, told)[-1]) == "Dee unavailable 110 321"
    [answer] = await world.join(EVE, "Eve")
    assert error(answer) == ("registration-required", "auth")


async def test_a_shutdown_tells_everybody_once_by_332() -> None:
    world = await three()
    await world.service.stop()
    told = world.news()
    assert [(str(one.to), summary(one)) for one in told] == [
        (BOB, "Bob unavailable 110 332"),
        (DEE, "Dee unavailable 110 332"),
        (EVE, "Eve unavailable 110 332"),
    ]
    assert world.service.tables() == {"occupants": 0, "invitations": 0, "relayed_iqs": 0, "tasks": 0}
    assert world.focus.tables()["seats"] == 0
    [answer] = await world.join(BOB, "Bob")
    assert error(answer) == ("service-unavailable", "wait")
