"""Joining, names, availability and leaving, as conversations over a real room."""

import asyncio

import pytest

from crossroom.focus.creators import Creators
from crossroom.muc.context import MucLimits
from crossroom.muc.reasons import JOIN_ERRORS
from crossroom.net.sparse_log import LINES
from crossroom.room.configuration import Configuration
from crossroom.room.reasons import Reason
from unit.muc.gates import GatedFocus, RefusingFocus
from unit.muc.world import (
    BOB,
    DEE,
    DOMAIN,
    EVE,
    MUC,
    OPEN,
    ROOM,
    USER,
    World,
    codes,
    error,
    instant_room,
    item,
    read,
    summary,
    to,
)

BOB_TOO = "bob@xmpp.example/laptop"


def summaries(user: str, world: World) -> list[str]:
    return [summary(one) for one in to(user, world.news())]


async def test_the_first_one_in_creates_the_room_and_gets_presence_then_subject() -> None:
    world = World()
    told = await world.join(BOB, "Bob")
    assert [summary(one) for one in told] == ["Bob available 110 201", "room subject:"]
    assert (item(told[0]).get("role"), item(told[0]).get("affiliation")) == ("moderator", "owner")


async def test_a_newcomer_is_told_of_the_others_first_then_of_itself_then_the_subject() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    told = await world.join(DEE, "Dee")
    assert [summary(one) for one in told] == ["Bob available", "Dee available 110", "room subject:"]


async def test_everybody_else_sees_a_newcomer_once_and_without_the_code_of_oneself() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    await world.join(DEE, "Dee")
    seen = [
        one for one in world.router.sent if str(one.to) == BOB and one.from_ and one.from_.resource == "Dee"
    ]
    assert [summary(one) for one in seen] == ["Dee available"]
    assert item(seen[0]).get("jid") == DEE  # Bob is a moderator


async def test_history_stands_between_self_presence_and_subject_with_the_delay_of_the_room() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='a'><body>one</body></message>")
    told = await world.join(DEE, "Dee")
    assert [summary(one) for one in told] == [
        "Bob available",
        "Dee available 110",
        "Bob one",
        "room subject:",
    ]
    delay = told[2].find("delay", "urn:xmpp:delay")
    assert delay is not None
    assert (delay.get("from"), delay.get("stamp")) == (ROOM, "2020-01-01T00:00:00.000Z")
    assert told[2].id == "a"
    assert told[2].find("stanza-id", "urn:xmpp:sid:0") is not None


@pytest.mark.parametrize("wish", ["<history maxstanzas='0'/>", "<history maxchars='0'/>"])
async def test_a_newcomer_can_do_without_history(wish: str) -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='a'><body>one</body></message>")
    told = await world.join(DEE, "Dee", wish)
    assert [summary(one) for one in told] == ["Bob available", "Dee available 110", "room subject:"]


async def test_a_room_that_shows_addresses_says_so_before_anything_else() -> None:
    world = World(new_room=OPEN)
    await world.open_room((BOB, "Bob"))
    told = await world.join(DEE, "Dee")
    assert codes(told[1]) == [100, 110]
    assert item(told[0]).get("jid") == BOB


async def test_in_a_semi_anonymous_room_addresses_are_for_moderators_only() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    told = await world.join(DEE, "Dee")
    assert "jid" not in item(told[0]).attributes


async def test_presence_carries_the_clients_own_payload_and_only_the_rooms_word_about_itself() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    forged = f"<x xmlns='{USER}'><item affiliation='owner' role='moderator'/></x>"
    forged += "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>"
    await world.send(
        f"<presence from='{DEE}' to='{ROOM}/Dee'><show>away</show><status>tea</status>"
        f"<x xmlns='{MUC}'/>{forged}</presence>"
    )
    [seen] = to(BOB, world.router.sent[-4:])
    assert [child.name for child in seen.children] == ["show", "status", "occupant-id", "x"]
    assert item(seen).get("affiliation") == "none"
    identity = seen.find("occupant-id", "urn:xmpp:occupant-id:0")
    assert identity is not None
    assert identity.get("id") not in {"", "forged"}


async def test_one_person_begins_only_so_many_rooms_and_the_log_says_so() -> None:
    world = World(rooms_per_person=1)
    await world.open_room((BOB, "Bob"))
    coffee = f"<presence from='{BOB}' to='coffee@{DOMAIN}/Bob'><x xmlns='{MUC}'/></presence>"
    [answer] = await world.send(coffee)
    assert error(answer) == ("resource-constraint", "wait")
    [line] = [line for line in world.log if line["event"] == "join refused"]
    assert (line["person"], line["room"]) == (BOB, f"coffee@{DOMAIN}")
    assert line["reason"].startswith("too-many-rooms")


async def test_who_may_not_begin_a_room_is_told_not_allowed_and_no_room_is_there() -> None:
    world = World(creators=Creators({DOMAIN: ["nobody@nowhere.example"]}))
    [answer] = await world.send(
        f"<presence from='{BOB}' to='coffee@{DOMAIN}/Bob'><x xmlns='{MUC}'/></presence>"
    )
    assert error(answer) == ("not-allowed", "cancel")
    assert not any(world.focus.tables().values())


async def test_a_flood_of_refused_joins_is_a_few_lines_in_the_log() -> None:
    world = World(rooms_per_person=1)
    await world.open_room((BOB, "Bob"))
    for number in range(30):
        await world.send(f"<presence from='{BOB}' to='r{number}@{DOMAIN}/Bob'><x xmlns='{MUC}'/></presence>")
    assert len([line for line in world.log if line["event"] == "join refused"]) == LINES


REFUSALS = [(reason, *(str(part) for part in JOIN_ERRORS[reason])) for reason in Reason]


@pytest.mark.parametrize(("reason", "condition", "kind"), REFUSALS)
async def test_a_refused_join_is_answered_from_the_wanted_nickname_and_leaves_nothing(
    reason: Reason, condition: str, kind: str
) -> None:
    world = World(other_focus=RefusingFocus(reason))
    [answer] = await world.join(BOB, "Bob")
    assert str(answer.from_) == f"{ROOM}/Bob"
    assert [child.name for child in answer.children] == ["x", "error"]
    assert answer.children[0].namespace == MUC
    assert error(answer) == (condition, kind)
    assert answer.children[1].get("by") == ROOM
    assert world.service.tables() == {"occupants": 0, "invitations": 0, "relayed_iqs": 0, "tasks": 0}


async def test_a_taken_nickname_is_a_conflict() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    [answer] = await world.join(DEE, "bob")
    assert error(answer) == ("conflict", "cancel")


async def test_a_password_is_asked_for_and_accepted() -> None:
    world = World(new_room=Configuration(password="cake"))
    await world.join(BOB, "Bob", "<password>cake</password>")
    await world.send(instant_room(BOB))
    [answer] = await world.join(DEE, "Dee")
    assert error(answer) == ("not-authorized", "auth")
    [answer] = await world.join(DEE, "Dee", "<password>pie</password>")
    assert error(answer) == ("not-authorized", "auth")
    told = await world.join(DEE, "Dee", "<password>cake</password>")
    assert summary(told[1]) == "Dee available 110"


async def test_a_new_room_is_locked_until_its_creator_has_spoken() -> None:
    world = World()
    await world.join(BOB, "Bob")
    [answer] = await world.join(DEE, "Dee")
    assert error(answer) == ("item-not-found", "cancel")
    await world.send(instant_room(BOB))
    assert summary((await world.join(DEE, "Dee"))[1]) == "Dee available 110"


async def test_a_nickname_that_is_written_otherwise_is_told_so() -> None:
    world = World()
    told = await world.join(BOB, "  Bob  B ")
    assert summary(told[0]) == "Bob B available 110 201 210"


async def test_presence_to_the_bare_room_is_malformed() -> None:
    world = World()
    [answer] = await world.send(f"<presence from='{BOB}' to='{ROOM}'><x xmlns='{MUC}'/></presence>")
    assert error(answer) == ("jid-malformed", "modify")
    assert str(answer.from_) == ROOM


async def test_a_nickname_that_is_none_is_malformed() -> None:
    world = World()
    [answer] = await world.join(BOB, "  ")
    assert error(answer) == ("jid-malformed", "modify")


async def test_presence_of_somebody_who_is_not_inside_tells_that_it_is_out() -> None:
    world = World()
    [answer] = await world.send(f"<presence from='{BOB}' to='{ROOM}/Bob'><show>away</show></presence>")
    assert (answer.type, codes(answer), item(answer).get("role")) == ("unavailable", [110, 307, 333], "none")


async def test_joining_again_tells_everything_again_and_nobody_else_anything() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    await world.send(f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='a'><body>one</body></message>")
    await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='s'><subject>Tea</subject></message>"
    )
    told = await world.send(f"<presence from='{DEE}' to='{ROOM}/Dee'><x xmlns='{MUC}'/></presence>")
    assert [summary(one) for one in told] == [
        "Bob available",
        "Dee available 110",
        "Bob one",
        "Bob subject:Tea",
    ]
    assert {str(one.to) for one in told} == {DEE}
    assert all(one.find("delay", "urn:xmpp:delay") for one in told[2:])
    assert world.focus.tables()["seats"] == 2


async def test_joining_again_gives_as_much_history_as_is_asked_for() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    for number in "123":
        said = f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='{number}'><body>{number}</body></message>"
        await world.send(said)
        world.clock.advance(60)
    for wish, bodies in (
        ("maxstanzas='0'", ""),
        ("maxstanzas='2'", "23"),
        ("since='2020-01-01T00:01:30Z'", "3"),
    ):
        told = await world.join(DEE, "Dee", f"<history {wish}/>")
        assert "".join(one.body or "" for one in told) == bodies


async def test_a_second_session_shares_the_nickname_and_goes_unnoticed() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.join(BOB_TOO, "Bob")
    assert [summary(one) for one in told] == ["Dee available", "Bob available 110", "room subject:"]
    world.news()
    told = await world.send(f"<presence type='unavailable' from='{BOB_TOO}' to='{ROOM}/Bob'/>")
    assert [(str(one.to), summary(one)) for one in told] == [(BOB_TOO, "Bob unavailable 110")]


async def test_a_new_nickname_is_told_as_a_pair() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(f"<presence from='{DEE}' to='{ROOM}/Isadora'/>")
    assert [summary(one) for one in to(BOB, told)] == ["Dee unavailable 303", "Isadora available"]
    assert [summary(one) for one in to(DEE, told)] == ["Dee unavailable 110 303", "Isadora available 110"]
    assert item(to(BOB, told)[0]).get("nick") == "Isadora"


async def test_both_sessions_of_a_nickname_are_renamed_once() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    await world.join(BOB_TOO, "Bob")
    world.news()
    told = await world.send(f"<presence from='{BOB}' to='{ROOM}/Rob'/>")
    for user in (BOB, BOB_TOO):
        assert [summary(one) for one in to(user, told)] == ["Bob unavailable 110 303", "Rob available 110"]
    assert [summary(one) for one in to(DEE, told)] == ["Bob unavailable 303", "Rob available"]


async def test_a_refused_rename_comes_from_the_nickname_that_is_kept() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    [answer] = await world.send(f"<presence id='r' from='{DEE}' to='{ROOM}/Bob'/>")
    assert error(answer) == ("conflict", "cancel")
    assert (str(answer.from_), answer.id) == (f"{ROOM}/Dee", "r")
    assert answer.children[0].namespace == MUC


async def test_availability_is_shown_to_everybody() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(f"<presence from='{DEE}' to='{ROOM}/Dee'><show>dnd</show></presence>")
    assert [(str(one.to), summary(one)) for one in told] == [
        (BOB, "Dee available"),
        (DEE, "Dee available 110"),
    ]
    assert all(one.children[0].text == "dnd" for one in told)


async def test_leaving_is_acknowledged_and_seen_with_its_words() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(
        f"<presence type='unavailable' from='{DEE}' to='{ROOM}/Dee'><status>good night</status></presence>"
    )
    assert [summary(one) for one in to(DEE, told)] == ["Dee unavailable 110"]
    [seen] = to(BOB, told)
    assert summary(seen) == "Dee unavailable"
    assert (item(seen).get("role"), seen.children[0].text) == ("none", "good night")
    assert world.service.tables()["occupants"] == 1


async def test_leaving_what_one_is_not_in_means_nothing() -> None:
    world = World()
    assert await world.send(f"<presence type='unavailable' from='{DEE}' to='{ROOM}/Dee'/>") == []


async def test_a_contact_request_is_declined() -> None:
    world = World()
    [answer] = await world.send(f"<presence type='subscribe' from='{DEE}' to='{ROOM}'/>")
    assert (answer.type, str(answer.from_)) == ("unsubscribed", ROOM)


async def test_what_comes_during_a_join_waits_behind_it_in_order() -> None:
    gated = GatedFocus(World().focus)
    world = World(other_focus=gated)
    join = f"<presence from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"
    world.service.on_stanza(read(join))
    for number in ("1", "2"):
        said = f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='{number}'><body>{number}</body></message>"
        world.service.on_stanza(read(said))
    await gated.entered.wait()
    assert world.news() == []
    gated.gate.set()
    await world.settled()
    assert summaries(BOB, world) == ["Bob available 110 201", "room subject:", "Bob 1", "Bob 2"]


async def test_too_much_behind_a_slow_join_is_refused_not_lost_silently() -> None:
    gated = GatedFocus(World().focus)
    world = World(other_focus=gated, limits=MucLimits(waiting_stanzas=1))
    world.service.on_stanza(read(f"<presence from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"))
    await gated.entered.wait()
    for number in ("1", "2"):
        said = f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='{number}'><body>{number}</body></message>"
        world.service.on_stanza(read(said))
    [answer] = world.news()
    assert (answer.id, error(answer)) == ("2", ("resource-constraint", "wait"))
    gated.gate.set()
    await world.settled()
    assert summaries(BOB, world)[-1] == "Bob 1"


async def test_leaving_during_the_join_ends_it_at_once() -> None:
    gated = GatedFocus(World().focus)
    world = World(other_focus=gated)
    world.service.on_stanza(read(f"<presence from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"))
    await gated.entered.wait()
    told = await world.send(f"<presence type='unavailable' from='{BOB}' to='{ROOM}/Bob'/>")
    assert [summary(one) for one in told] == ["Bob unavailable 110"]
    assert gated.cancelled == 1
    assert world.service.tables()["occupants"] == 0


async def test_leaving_before_the_join_has_begun_ends_it_too() -> None:
    gated = GatedFocus(World().focus)
    world = World(other_focus=gated)
    world.service.on_stanza(read(f"<presence from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"))
    told = await world.send(f"<presence type='unavailable' from='{BOB}' to='{ROOM}/Bob'/>")
    assert [summary(one) for one in told] == ["Bob unavailable 110"]
    assert not gated.entered.is_set()


async def test_a_question_behind_an_abandoned_join_is_answered() -> None:
    gated = GatedFocus(World().focus)
    world = World(other_focus=gated)
    world.service.on_stanza(read(f"<presence from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"))
    await gated.entered.wait()
    ask = f"<iq type='get' id='q' from='{BOB}' to='{ROOM}'><query xmlns='{MUC}#owner'/></iq>"
    world.service.on_stanza(read(ask))
    told = await world.send(f"<presence type='unavailable' from='{BOB}' to='{ROOM}/Bob'/>")
    assert [(one.id, one.type) for one in told] == [("", "unavailable"), ("q", "error")]


async def test_a_join_behind_a_join_that_fails_is_a_join_of_its_own() -> None:
    world = World(other_focus=RefusingFocus(Reason.ROOM_FULL))
    join = f"<presence id='%s' from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"
    world.service.on_stanza(read(join % "a"))
    told = await world.send(join % "b")
    assert [(one.id, error(one)) for one in told] == [
        ("a", ("service-unavailable", "wait")),
        ("b", ("service-unavailable", "wait")),
    ]


async def test_a_join_that_nobody_answers_ends_in_a_timeout() -> None:
    world = World(other_focus=GatedFocus(World().focus), limits=MucLimits(join_seconds=0))
    [answer] = await world.join(BOB, "Bob")
    assert error(answer) == ("remote-server-timeout", "wait")


@pytest.mark.parametrize(
    "condition",
    [
        "gone",
        "item-not-found",
        "recipient-unavailable",
        "redirect",
        "remote-server-not-found",
        "remote-server-timeout",
    ],
)
@pytest.mark.parametrize("kind", ["message", "presence"])
async def test_an_error_that_means_gone_removes_the_occupant_by_333(condition: str, kind: str) -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(
        f"<{kind} type='error' from='{DEE}' to='{ROOM}/Bob'><error type='cancel'>"
        f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></{kind}>"
    )
    assert [summary(one) for one in to(BOB, told)] == ["Dee unavailable 333"]
    assert world.service.tables()["occupants"] == 1


@pytest.mark.parametrize("condition", ["service-unavailable", "policy-violation", "not-acceptable", "bogus"])
async def test_other_errors_keep_the_occupant(condition: str) -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(
        f"<message type='error' from='{DEE}' to='{ROOM}/Bob'><error type='cancel'>"
        f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
    assert told == []
    assert world.service.tables()["occupants"] == 2


async def test_an_embedded_user_that_is_gone_leaves_all_its_rooms() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    other = f"<presence from='{DEE}' to='cake@{DOMAIN}/Dee'><x xmlns='{MUC}'/></presence>"
    await world.send(other)
    for occupancy in tuple(world.service._context.occupants):
        if str(occupancy.user) == DEE:
            world.service.on_user_gone(occupancy.user)
    await world.settled()
    assert [summary(one) for one in to(BOB, world.news())] == ["Dee unavailable 333"]
    assert world.focus.tables()["rooms"] == 1


async def test_a_lost_link_costs_the_occupants_behind_it_after_the_grace_time() -> None:
    world = World(limits=MucLimits(link_grace_seconds=0), embedded="guests.example")
    await world.open_room((BOB, "Bob"), (DEE, "Dee"), ("x@guests.example/1", "Guest"))
    world.service.on_link_lost(DOMAIN)
    world.service.on_link_lost(DOMAIN)
    await world.settled()
    assert [str(one.user) for one in world.service._context.occupants] == ["x@guests.example/1"]


async def test_a_link_that_comes_back_in_time_costs_nobody() -> None:
    world = World(limits=MucLimits(link_grace_seconds=3600))
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    world.service.on_link_up(DOMAIN)
    world.service.on_link_lost(DOMAIN)
    world.service.on_link_up(DOMAIN)
    await world.settled()
    assert world.service.tables()["occupants"] == 2
    assert world.news() == []


async def test_everything_that_was_held_is_let_go_when_all_have_left() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"), (EVE, "Eve"))
    for user, name in ((BOB, "Bob"), (DEE, "Dee"), (EVE, "Eve")):
        await world.send(f"<presence type='unavailable' from='{user}' to='{ROOM}/{name}'/>")
    assert world.service.tables() == {"occupants": 0, "invitations": 0, "relayed_iqs": 0, "tasks": 0}
    assert world.focus.tables()["seats"] == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
