"""Faults, slow rooms and lost copies: what must not spread."""

from crossroom.muc.context import MucLimits
from crossroom.room.events import Ended
from crossroom.room.reasons import Departure, Reason
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza
from unit.muc.gates import BrokenFocus, GatedFocus, WatchedFocus
from unit.muc.world import BOB, DEE, EVE, MUC, ROOM, World, codes, error, item, read, summary, to

NONE_HELD = {"occupants": 0, "invitations": 0, "relayed_iqs": 0, "tasks": 0}


def said(text: str, user: str = BOB) -> str:
    return f"<message from='{user}' to='{ROOM}' type='groupchat' id='{text}'><body>{text}</body></message>"


def leaving(user: str, name: str) -> str:
    return f"<presence type='unavailable' from='{user}' to='{ROOM}/{name}'/>"


async def test_a_defect_in_a_join_is_answered_and_leaves_nothing() -> None:
    world = World(other_focus=BrokenFocus(Reason.INTERNAL_FAULT))
    [answer] = await world.join(BOB, "Bob")
    assert error(answer) == ("internal-server-error", "cancel")
    assert world.service.tables() == NONE_HELD


async def test_a_seat_that_ends_without_a_word_is_told_all_the_same() -> None:
    focus = WatchedFocus(World().focus)
    world = World(other_focus=focus)
    await world.join(BOB, "Bob")
    assert focus.deliver is not None
    world.news()
    focus.deliver(Ended(Departure.FAULT, "it broke"))
    focus.deliver(Ended(Departure.FAULT))
    [told] = world.news()
    assert (summary(told), item(told).get("role")) == ("Bob unavailable 110 333", "none")
    assert world.service.tables()["occupants"] == 0


async def test_leaving_is_possible_however_much_waits_before_it() -> None:
    focus = WatchedFocus(World().focus)
    world = World(other_focus=focus, limits=MucLimits(waiting_stanzas=1))
    await world.join(BOB, "Bob")
    assert focus.seat is not None
    world.service.on_stanza(read(said("1")))
    await focus.seat.posting.wait()
    world.service.on_stanza(read(said("2")))
    world.service.on_stanza(read(leaving(BOB, "Bob")))
    focus.seat.gate.set()
    await world.settled()
    assert [summary(one) for one in world.news()][-2:] == ["Bob 1", "Bob unavailable 110"]


async def test_a_second_goodbye_means_nothing() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    world.service.on_stanza(read(leaving(DEE, "Dee")))
    told = await world.send(leaving(DEE, "Dee"))
    assert [summary(one) for one in to(DEE, told)] == ["Dee unavailable 110"]


async def test_what_is_asked_behind_a_goodbye_is_refused() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    world.service.on_stanza(read(leaving(DEE, "Dee")))
    world.service.on_stanza(read(f"<presence from='{DEE}' to='{ROOM}/Isadora'/>"))
    told = to(DEE, await world.send(said("late", DEE)))
    assert [one.type for one in told] == ["unavailable", "error", "error"]
    assert {error(one)[0] for one in told[1:]} == {"not-acceptable"}


async def test_a_new_nickname_that_is_none_is_malformed_and_the_old_one_stays() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    [answer] = await world.send(f"<presence from='{BOB}' to='{ROOM}/  '/>")
    assert (error(answer)[0], str(answer.from_)) == ("jid-malformed", f"{ROOM}/Bob")


async def test_a_user_that_vanishes_during_the_join_never_was_there() -> None:
    focus = GatedFocus(World().focus)
    world = World(other_focus=focus)
    world.service.on_stanza(read(f"<presence from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"))
    await focus.entered.wait()
    world.service.on_user_gone(Jid.parse(BOB))
    await world.settled()
    assert (world.news(), focus.cancelled, world.service.tables()) == ([], 1, NONE_HELD)


async def test_a_shutdown_during_a_join_says_goodbye_too() -> None:
    focus = GatedFocus(World().focus)
    world = World(other_focus=focus)
    world.service.on_stanza(read(f"<presence from='{BOB}' to='{ROOM}/Bob'><x xmlns='{MUC}'/></presence>"))
    await focus.entered.wait()
    await world.service.stop()
    [told] = world.news()
    assert (told.type, codes(told)) == ("unavailable", [110, 332])
    assert world.service.tables() == NONE_HELD
    world.service.on_link_lost("conf.bridge.example")
    assert world.service.tables() == NONE_HELD


async def test_the_author_of_a_private_message_learns_that_it_bounced() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    await world.send(f"<message id='p' from='{BOB}' to='{ROOM}/Dee' type='chat'><body>psst</body></message>")
    bounce = (
        f"<message id='p' type='error' from='{DEE}' to='{ROOM}/Bob'><body>psst</body><error type='modify'>"
        "<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
    [told] = await world.send(bounce)
    assert (str(told.to), str(told.from_), told.id) == (BOB, f"{ROOM}/Dee", "p")
    assert error(told) == ("policy-violation", "modify")
    assert await world.send(bounce.replace("id='p'", "id='other'")) == []


async def test_an_endless_id_reaches_the_recipient_and_is_not_remembered() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    endless = "p" * 1025
    [told] = await world.send(
        f"<message id='{endless}' from='{BOB}' to='{ROOM}/Dee' type='chat'><body>psst</body></message>"
    )
    assert told.id == endless
    bounce = f"<message id='{endless}' type='error' from='{DEE}' to='{ROOM}/Bob'/>"
    assert await world.send(bounce) == []


async def test_an_error_from_somebody_outside_means_nothing() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    assert await world.send(f"<message type='error' from='{EVE}' to='{ROOM}/Bob'/>") == []


async def test_an_error_without_a_reason_keeps_the_occupant() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    assert await world.send(f"<presence type='error' from='{DEE}' to='{ROOM}/Bob'/>") == []
    assert world.service.tables()["occupants"] == 2


async def test_a_stanza_without_a_sender_or_a_recipient_is_nobodys() -> None:
    world = World()
    world.service.on_stanza(Stanza(Kind.MESSAGE, Jid.parse(ROOM)))
    world.service.on_stanza(Stanza(Kind.MESSAGE, None, Jid.parse(BOB)))
    assert world.news() == []


async def test_presence_for_another_session_that_came_first_is_told_once() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    await world.join("dee@xmpp.example/two", "Dee")
    told = await world.send(f"<presence from='{DEE}' to='{ROOM}/Dee'><x xmlns='{MUC}'/></presence>")
    assert [summary(one) for one in told] == ["Bob available", "Dee available 110", "room subject:"]


async def test_the_owner_sees_who_is_promoted_and_by_whom() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    order = "<item nick='Dee' role='moderator'><reason>help me</reason></item>"
    told = await world.send(
        f"<iq type='set' id='a' from='{BOB}' to='{ROOM}'><query xmlns='{MUC}#admin'>{order}</query></iq>"
    )
    seen = to(DEE, told)[0]
    assert (summary(seen), item(seen).get("role")) == ("Dee available 110", "moderator")
    assert item(seen).child_text("reason") == "help me"
