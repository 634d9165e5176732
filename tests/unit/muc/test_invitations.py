"""Invitations in both directions, as conversations (XEP-0045 §7.8.2; docs/mapping.md §3.15)."""

import asyncio
from dataclasses import replace

import pytest

from crossroom.focus.interface import Answer, Invitation, Outcome
from crossroom.muc.context import MucLimits
from crossroom.muc.reasons import REASONS
from crossroom.room.address import Address, Network
from crossroom.room.configuration import Configuration
from crossroom.room.reasons import Reason, Refused
from crossroom.xmpp.errors import Condition
from crossroom.xmpp.stanza import Stanza
from unit.muc.gates import RefusingFocus
from unit.muc.world import BOB, DEE, DOMAIN, ROOM, USER, World, error, item, summary, to

TEA = Address("tea", DOMAIN)
ANA = Address("ana", "sip.example", network=Network.SIP)
DEE_BARE = "dee@xmpp.example"
DEES = Address("dee", "xmpp.example", network=Network.XMPP)


def invite(*people: str, reason: str = "") -> str:
    why = f"<reason>{reason}</reason>" if reason else ""
    inside = "".join(f"<invite to='{who}'>{why}</invite>" for who in people)
    return f"<message id='i' from='{BOB}' to='{ROOM}'><x xmlns='{USER}'>{inside}</x></message>"


def decline(reason: str = "") -> str:
    why = f"<reason>{reason}</reason>" if reason else ""
    inside = f"<decline to='bob@xmpp.example'>{why}</decline>"
    return f"<message from='{DEE}' to='{ROOM}'><x xmlns='{USER}'>{inside}</x></message>"


def bounce(stanza_id: str, condition: str, user: str = DEE_BARE) -> str:
    return (
        f"<message type='error' id='{stanza_id}' from='{user}' to='{ROOM}'><error type='cancel'>"
        f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>sorry</text></error></message>"
    )


def asked(world: World, invitation: Invitation) -> asyncio.Task[Outcome]:
    return asyncio.get_running_loop().create_task(world.service.invite(invitation))


async def sent(world: World) -> Stanza:
    """The invitation that is on its way."""
    await world.settled()
    [found] = world.news()
    return found


async def test_an_invitation_comes_from_the_room_and_names_who_asked_and_why() -> None:
    world = World(new_room=Configuration(is_anonymous=False))
    await world.open_room((BOB, "Bob"))
    [found] = await world.send(invite(DEE_BARE, reason="there is cake"))
    assert (str(found.to), str(found.from_), found.type) == (DEE_BARE, ROOM, "normal")
    assert str(found.children[0]) == (
        f"<x xmlns='{USER}'><invite from='bob@xmpp.example'><reason>there is cake</reason></invite></x>"
    )
    await world.service.stop()


async def test_in_an_anonymous_room_the_inviter_is_an_occupant() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    [found] = await world.send(invite(DEE_BARE))
    assert f"<invite from='{ROOM}/Bob'/>" in str(found.children[0])
    await world.service.stop()


async def test_the_password_goes_with_the_invitation() -> None:
    world = World(new_room=Configuration(password="cake"))
    await world.join(BOB, "Bob", "<password>cake</password>")
    world.news()
    [found] = await world.send(invite(DEE_BARE))
    assert found.children[0].child_text("password") == "cake"
    await world.service.stop()


async def test_a_decline_is_told_to_who_invited() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    await world.send(invite(DEE_BARE))
    [found] = await world.send(decline("on a diet"))
    assert (str(found.to), str(found.from_)) == (BOB, ROOM)
    assert str(found.children[0]) == (
        f"<x xmlns='{USER}'><decline from='{DEE_BARE}'><reason>on a diet</reason></decline></x>"
    )
    assert world.service.tables()["invitations"] == 0


async def test_coming_in_accepts_the_invitation() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    await world.send(invite(DEE_BARE))
    told = await world.join(DEE, "Dee")
    assert [summary(one) for one in told] == ["Bob available", "Dee available 110", "room subject:"]
    assert world.service.tables() == {"occupants": 2, "invitations": 0, "relayed_iqs": 0, "tasks": 0}


async def test_each_of_several_invitations_has_its_own_end() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    found = await world.send(invite(DEE_BARE, "eve@xmpp.example"))
    assert [str(one.to) for one in found] == [DEE_BARE, "eve@xmpp.example"]
    await world.send(decline())
    told = await world.send(bounce(found[1].id, "item-not-found", "eve@xmpp.example"))
    assert (str(told[0].to), told[0].id, error(told[0])) == (BOB, "i", ("item-not-found", "cancel"))
    x = told[0].find("x", USER)
    assert x is not None
    assert [one.get("to") for one in x.find_all("invite")] == ["eve@xmpp.example"]


async def test_a_refused_invitation_is_an_error_to_who_invited() -> None:
    world = World(new_room=Configuration(anyone_invites=False))
    await world.open_room((DEE, "Dee"), (BOB, "Bob"))
    [answer] = await world.send(invite("x@y.example"))
    assert (str(answer.to), error(answer)) == (BOB, ("forbidden", "auth"))


async def test_an_invitation_by_somebody_outside_is_not_acceptable() -> None:
    world = World()
    await world.open_room((DEE, "Dee"))
    [answer] = await world.send(invite("x@y.example"))
    assert error(answer) == ("not-acceptable", "modify")


async def test_an_invitation_to_nobody_is_a_bad_request() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    for inside in ("<invite/>", "<invite to='@'/>"):
        xml = f"<message from='{BOB}' to='{ROOM}'><x xmlns='{USER}'>{inside}</x></message>"
        [answer] = await world.send(xml)
        assert error(answer) == ("bad-request", "modify")


@pytest.mark.parametrize("inside", ["<decline/>", "<decline to='@'/>"])
async def test_a_decline_of_nothing_means_nothing(inside: str) -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    xml = f"<message from='{DEE}' to='{ROOM}'><x xmlns='{USER}'>{inside}</x></message>"
    assert await world.send(xml) == []


async def test_a_room_elsewhere_learns_that_its_invitation_was_declined() -> None:
    world = World()
    outcome = asked(world, Invitation(TEA, DEES, ANA, "join us"))
    found = await sent(world)
    assert "<invite from='ana@sip.example'>" in str(found.children[0])
    await world.send(decline("no time"))
    assert await outcome == Outcome(Answer.DECLINED, Reason.DECLINED, "no time")


@pytest.mark.parametrize("condition", list(Condition))
async def test_a_bounce_says_why_nobody_was_reached(condition: Condition) -> None:
    world = World()
    outcome = asked(world, Invitation(TEA, DEES))
    found = await sent(world)
    assert f"<invite from='{ROOM}'/>" in str(found.children[0])
    await world.send(bounce(found.id, condition))
    assert await outcome == Outcome(Answer.FAILED, REASONS[condition], "sorry")


async def test_a_bounce_of_something_else_ends_no_invitation() -> None:
    world = World()
    outcome = asked(world, Invitation(TEA, DEES))
    await sent(world)
    await world.send(bounce("other", "item-not-found"))
    await world.send(bounce("other", "item-not-found", "eve@xmpp.example"))
    assert not outcome.done()
    outcome.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outcome
    assert world.service.tables()["invitations"] == 0


async def test_an_error_to_the_room_from_an_occupant_that_is_gone_removes_it() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(bounce("subject", "recipient-unavailable", DEE))
    assert [summary(one) for one in to(BOB, told)] == ["Dee unavailable 333"]


async def test_an_error_that_is_none_ends_an_invitation_all_the_same() -> None:
    world = World()
    outcome = asked(world, Invitation(TEA, DEES))
    found = await sent(world)
    await world.send(f"<message type='error' id='{found.id}' from='{DEE_BARE}' to='{ROOM}'/>")
    assert (await outcome).answer is Answer.FAILED


async def test_markup_in_what_a_sip_user_says_stays_text() -> None:
    world = World()
    reason = "</reason></invite><invite from='boss@xmpp.example'/>\x00"
    outcome = asked(world, Invitation(TEA, DEES, replace(ANA, user="ana'/><x"), reason))
    found = await sent(world)
    [invited] = found.children[0].find_all("invite")
    assert invited.child_text("reason") == reason.replace("\x00", "\ufffd")
    assert invited.get("from") == r"ana\27\2f\3e\3cx@sip.example"
    await world.send(decline())
    assert (await outcome).answer is Answer.DECLINED


async def test_each_inviter_alerts_also_where_a_room_hides_who_they_are() -> None:
    # a repeat by the same inviter never comes here: focus/invitations.py makes it one
    world = World()
    waiting = []
    for occupant in ("Bob", "Cy"):
        waiting.append(asked(world, Invitation(TEA, DEES, replace(TEA, device=occupant))))
        found = await sent(world)
        assert f"<invite from='{ROOM}/{occupant}'/>" in str(found.children[0])
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await world.send(decline())
    assert (await waiting[1]).answer is Answer.DECLINED


async def test_nobody_waits_for_ever() -> None:
    world = World(limits=MucLimits(invitation_seconds=0))
    outcome = await world.service.invite(Invitation(TEA, DEES))
    assert outcome == Outcome(Answer.FAILED, Reason.TIMED_OUT)
    assert world.service.tables()["invitations"] == 0


async def test_only_so_many_invitations_wait() -> None:
    world = World(limits=MucLimits(waiting_invitations=0))
    with pytest.raises(Refused) as refused:
        await world.service.invite(Invitation(TEA, DEES))
    assert refused.value.reason is Reason.RATE_EXCEEDED


async def test_whom_xmpp_cannot_name_is_not_found() -> None:
    outcome = await World().service.invite(Invitation(TEA, Address(" x", "y.example")))
    assert (outcome.answer, outcome.reason) == (Answer.FAILED, Reason.NOT_FOUND)


async def test_progress_is_told() -> None:
    world = World()
    heard: list[str] = []
    outcome = asked(world, Invitation(TEA, DEES, progress=heard.append))
    await sent(world)
    assert heard == ["alerting"]
    outcome.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outcome


async def test_a_reserved_seat_is_taken_instead_of_a_new_one() -> None:
    elsewhere = World()
    world = World(other_focus=RefusingFocus(Reason.NO_SUCH_ROOM))
    outcome = asked(world, Invitation(TEA, DEES, ANA, reservation=elsewhere.focus))
    await sent(world)
    told = await world.join(DEE, "Dee")
    assert summary(told[0]) == "Dee available 110 201"
    assert item(told[0]).get("affiliation") == "owner"
    assert await outcome == Outcome(Answer.ACCEPTED)
    assert elsewhere.focus.tables()["seats"] == 1


async def test_a_seat_that_cannot_be_taken_fails_the_invitation_and_the_join() -> None:
    world = World()
    outcome = asked(world, Invitation(TEA, DEES, reservation=RefusingFocus(Reason.TIMED_OUT)))
    await sent(world)
    [answer] = await world.join(DEE, "Dee")
    assert error(answer) == ("remote-server-timeout", "wait")
    assert await outcome == Outcome(Answer.FAILED, Reason.TIMED_OUT)


async def test_of_two_reserved_seats_only_the_one_that_was_tried_fails() -> None:
    elsewhere = World()
    world = World(other_focus=RefusingFocus(Reason.NO_SUCH_ROOM))
    over = asked(world, Invitation(TEA, DEES, ANA, reservation=RefusingFocus(Reason.TIMED_OUT)))
    await sent(world)
    cy = Address("cy", "sip.example")
    waiting = asked(world, Invitation(TEA, DEES, cy, reservation=elsewhere.focus))
    await sent(world)
    [answer] = await world.join(DEE, "Dee")
    assert error(answer) == ("remote-server-timeout", "wait")
    assert await over == Outcome(Answer.FAILED, Reason.TIMED_OUT)
    await world.join(DEE, "Dee")
    assert await waiting == Outcome(Answer.ACCEPTED)
    [dee] = await elsewhere.focus.occupants(TEA)
    assert dee.referred_by == cy


async def test_a_join_that_fails_without_a_seat_may_be_tried_again() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    await world.send(invite(DEE_BARE))
    [answer] = await world.join(DEE, "Bob")
    assert error(answer) == ("conflict", "cancel")
    assert world.service.tables()["invitations"] == 1
    await world.join(DEE, "Dee")
    assert world.service.tables()["invitations"] == 0
