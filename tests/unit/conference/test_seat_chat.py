import asyncio
from itertools import count

import pytest

from contract.focus_contract import Recorder, said
from crossroom.config.schema import Limits, Notices
from crossroom.focus.interface import Participation
from crossroom.room.address import MessageId, Nickname
from crossroom.room.content import Composing
from crossroom.room.events import Left, Posted
from crossroom.room.reasons import Departure
from peers.msrp_frame import MsrpFrame
from peers.sdp_text import ChatMedia, read_media
from peers.sip_participant import SipParticipant
from unit.conference.face_world import QUIET, TEA, World, facing


async def test_a_welcome_tells_the_ways_to_join() -> None:
    async with facing(notices=Notices()) as world:
        ana = await world.sip("Ana")
        notice = await ana.expects_notice("Welcome")
        assert "sip:tea@conference.example" in notice.text
        assert "xmpp:tea@conference.example?join" in notice.text
        assert notice.from_uri == notice.to_uri == TEA


async def test_who_came_and_went_is_told_where_that_is_switched_on() -> None:
    async with facing(notices=Notices(welcome=False, joins=True)) as world:
        ana = await world.sip("Ana")
        bob, _ = await world.xmpp("Bob")
        await ana.expects_notice("Bob has joined.")
        await bob.rename(Nickname("Bobby"))
        await ana.expects_notice("Bob is now Bobby.")
        await bob.leave("tea is cold")
        await ana.expects_notice("Bobby has left: tea is cold")
        assert not ana.seat.session.received.items


async def test_a_subject_is_told_when_it_is_set_and_to_those_who_come_later() -> None:
    async with facing(notices=Notices(welcome=False)) as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await bob.set_subject("Kettles", MessageId("s1"))
        await ana.expects_notice("Bob set the subject: Kettles")
        cy = await world.sip("Cy")
        await cy.expects_notice("Bob set the subject: Kettles")


async def test_switched_off_notices_are_not_sent() -> None:
    async with facing(notices=QUIET) as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await bob.set_subject("Kettles", MessageId("s1"))
        await bob.post(said("after it"))
        await ana.expects_message("after it")
        assert not ana.seat.session.received.items


async def test_who_knows_no_chat_rooms_is_told_that_this_is_one_and_who_is_there() -> None:
    async with facing(notices=QUIET) as world:
        await world.xmpp("Bob")
        ana = await world.sip("Ana", chatroom=None)
        notice = await ana.expects_notice("This is a chat room")
        assert "Bob" in notice.text
        assert "ana" in notice.text.lower()


async def test_history_comes_before_what_is_said_live() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        await bob.post(said("before", "m1"))
        ana = await world.sip("Ana")
        await bob.post(said("after", "m2"))
        assert (await ana.expects_message()).text == "before"
        assert (await ana.expects_message()).text == "after"


@pytest.mark.parametrize(("most", "told"), [(0, []), (2, ["3", "4"]), (20, ["1", "2", "3", "4"])])
async def test_a_newcomer_is_sent_no_more_history_than_is_set(most: int, told: list[str]) -> None:
    async with facing(notices=Notices(welcome=False, subject=False, history=most)) as world:
        bob, _ = await world.xmpp("Bob")
        for text in ("1", "2", "3", "4"):
            await bob.post(said(text, f"m{text}"))
        ana = await world.sip("Ana")
        await bob.post(said("live"))
        assert [(await ana.expects_message()).text for _ in (*told, "live")] == [*told, "live"]


async def joined_with(peer: SipParticipant, *extra: str, wrapped: str = "*") -> None:
    """Join with further lines in the offer."""
    standard = peer.media

    def media(seat, *, setup="actpass", chatroom="nickname private-messages"):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 -- as SipParticipant.media
        made = standard(seat, setup=setup, chatroom=chatroom)
        return ChatMedia(
            made.path, made.host, made.port, setup, chatroom, accept_types="message/cpim",
            accept_wrapped_types=wrapped, extra=extra,
        )  # fmt: skip

    peer.media = media  # type: ignore[method-assign] # the script of this test
    await peer.join(TEA, peer.name.capitalize())


async def test_a_message_longer_than_an_endpoint_takes_becomes_a_short_notice_to_it() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        await joined_with(ana, "a=max-size:1000")
        bob, _ = await world.xmpp("Bob")
        await bob.post(said("x" * 2000, "long"))
        notice = await ana.expects_notice("longer than the 1000 octets")
        assert "Bob" in notice.text
        await bob.post(said("short", "short"))
        assert (await ana.expects_message()).text == "short"


async def test_where_not_even_the_notice_fits_nothing_is_sent() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        await joined_with(ana, "a=max-size:10")
        bob, seen = await world.xmpp("Bob")
        await bob.post(said("x" * 2000, "long"))
        await ana.say("still here")
        await seen.first(Posted, 2)
        assert not ana.seat.session.received.items


async def test_a_type_that_an_endpoint_does_not_accept_is_not_sent_to_it() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        await joined_with(ana, wrapped="text/plain")
        cy = await world.sip("Cy")
        await cy.seat.say("<p>hello</p>", content_type="text/html")
        await cy.say("plain")
        assert (await ana.expects_message()).text == "plain"
        assert not ana.seat.session.received.items


async def test_who_only_sends_is_sent_nothing() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        await joined_with(ana, "a=sendonly")
        bob, seen = await world.xmpp("Bob")
        await bob.post(said("unheard"))
        await ana.say("from afar")
        await seen.first(Posted, 2)
        assert not ana.seat.session.received.items


async def test_typing_is_told_and_the_writer_does_not_hear_of_it() -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        bob, seen = await world.xmpp("Bob")
        await ana.type("active")
        typing = await cy.expects_typing("Ana")
        assert typing.to_uri == TEA
        await bob.compose(Composing.PAUSED)
        await ana.expects_typing("Bob", "idle")
        await cy.say("now")
        await ana.expects_message("now")
        assert not ana.seat.session.received.items
        assert seen.events


async def test_a_lost_chat_is_recovered_by_a_new_path_with_nothing_lost_and_nothing_twice() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        bob, seen = await world.xmpp("Bob")
        seat = ana.seat
        seat.session.answer_with = None  # the next copy arrives, and its answer never comes back
        await bob.post(said("unanswered", "m1"))
        await world.until(lambda: b"unanswered" in b"".join(_octets(world)))
        seat.session.close()
        await world.until(lambda: _is_lost(world))
        await bob.post(said("in the gap", "m2"))
        await bob.compose(Composing.COMPOSING)  # over by the time of the recovery

        seat.session.answer_with = 200
        assert seat.call is not None
        response = await seat.call.reinvite(str(ana.media(seat)))
        assert response.status == 200
        [stream] = read_media(response.text)
        await seat.connect(stream.attributes["path"])
        first = await ana.expects_message("unanswered")
        second = await ana.expects_message("in the gap")
        assert first.message.message_id in _ids_sent_before
        assert first.message.message_id != second.message.message_id
        await ana.say("back again")
        assert (await seen.first(Posted, 3)).content is not None
        assert not seen.of(Left)
        assert not ana.seat.session.received.items


_ids_sent_before: list[str] = []


def _octets(world: World) -> list[bytes]:
    """What waits for an answer in the MSRP sessions of the server."""
    _ids_sent_before.clear()
    waiting = [message for session in world.server.msrp.sessions for message in session.machine.unanswered]
    _ids_sent_before.extend(message.id for message in waiting)
    return [message.body for message in waiting]


def _is_lost(world: World) -> bool:
    return not world.server.msrp.sessions


async def test_a_message_repeated_after_the_recovery_is_taken_once() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        _, seen = await world.xmpp("Bob")
        seat = ana.seat
        body = seat.wrapped("only once")
        assert await seat.session.send("message/cpim", body, message_id="rep1", success_report=True) == 200
        await seat.session.expects_report("rep1")
        seat.session.close()
        await world.until(lambda: _is_lost(world))
        assert seat.call is not None
        response = await seat.call.reinvite(str(ana.media(seat)))
        await seat.connect(read_media(response.text)[0].attributes["path"])
        assert await seat.session.send("message/cpim", body, message_id="rep1", success_report=True) == 200
        await seat.session.expects_report("rep1")  # again: the first one may have been lost
        await ana.say("and on")
        await seen.first(Posted, 2)
        assert seen.texts == ["only once", "and on"]


async def test_a_lost_chat_that_nobody_repairs_ends_the_seat() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        _, seen = await world.xmpp("Bob")
        [seat] = list(world.server.conference._premises.registry)
        ana.vanish()
        await world.until(lambda: _is_lost(world))
        assert seat.chat._recovery is not None
        seat.chat._recovery.cancel()
        seat.lose("the time is over")  # what the timer does
        bye = await ana.expects_removed()
        assert "cause=408" in bye.get("Reason")
        assert (await seen.first(Left)).departure is Departure.LINK_LOST


async def test_more_than_can_be_kept_in_a_gap_ends_the_seat() -> None:
    async with facing(limits=Limits()) as world:
        ana = await world.sip("Ana")
        bob, seen = await world.xmpp("Bob")
        [seat] = list(world.server.conference._premises.registry)
        seat.chat.settings = type(seat.chat.settings)(kept_messages=2)
        ana.vanish()
        await world.until(lambda: _is_lost(world))
        for number in range(3):
            await bob.post(said("?", f"m{number}"))
        await ana.expects_removed()
        assert (await seen.first(Left)).departure is Departure.LINK_LOST


@pytest.mark.parametrize("status", [415, 413])
async def test_a_copy_that_an_endpoint_refuses_costs_nobody_anything(status: int) -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        ana.seat.session.answer_with = status
        await cy.say("not for everybody")
        ana.seat.session.answer_with = 200
        assert (
            await cy.seat.session.send("message/cpim", cy.seat.wrapped("for all"), success_report=True) == 200
        )
        heard = (await ana.expects_message("for all")).message
        about = (("Message-ID", heard.message_id), ("Status", f"000 {status} No"))
        ana.seat.session.write(ana.seat.session.frame("REPORT", *about))
        await ana.say("I have told it")
        await cy.expects_message("I have told it")
        [report] = cy.seat.session.reports.items  # the switch's own, and none of who was sent a copy
        assert report.get("Status") == "000 200 OK"


@pytest.mark.parametrize("is_private", [False, True])
async def test_a_type_that_an_endpoint_refused_is_not_sent_to_it_again(*, is_private: bool) -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        await cy.expects_roster("Ana", "Cy")
        to = "Ana" if is_private else None
        for text, status in (("<p>one</p>", 415), ("<p>two</p>", 200)):
            ana.seat.session.answer_with = status
            await cy.seat.say(text, content_type="text/html", to=to)
            await cy.say("and", to=to)  # plain text always is, whatever became of one
            await world.until(lambda: not any(one.machine.unanswered for one in world.server.msrp.sessions))
        assert (await ana.expects_message()).text == "and"
        assert not ana.seat.session.received.items


async def test_a_send_without_body_is_answered_and_told_to_nobody() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        _, seen = await world.xmpp("Bob")
        frame: MsrpFrame = ana.seat.session.bind_frame()
        ana.seat.session.write(frame)
        await ana.seat.session.expects_response(frame, 200)
        await ana.say("said")
        await seen.first(Posted)
        assert seen.texts == ["said"]


async def test_requests_wait_for_those_before_them_and_those_that_cannot_are_refused() -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        await ana.rename("Annie")
        seat = next(seat for seat in world.server.conference._premises.registry if seat.chat.requests)
        assert seat.chat.requests is not None
        turns, gate = seat.chat.requests.turns, asyncio.Event()

        async def hold() -> None:
            await gate.wait()

        turns.ask(hold)
        await world.until(lambda: not turns._waiting)
        turns._limit = 1
        async with asyncio.TaskGroup() as saying:
            saying.create_task(ana.say("first"))
            await world.until(lambda: len(turns._waiting) == 1)
            await ana.say("too much", expect=413)
            await ana.rename("Too Much", expect=413)
            gate.set()
        await ana.say("second")
        assert [(await cy.expects_message()).text for _ in range(2)] == ["first", "second"]


# -- slow readers ------------------------------------------------------------------------------------------


async def stalling(world: World) -> tuple[SipParticipant, SipParticipant, Participation, Recorder]:
    """Ana, who stops to read; Cy, who reads; Bob, who is on XMPP and talks."""
    bob, seen = await world.xmpp("Bob")
    ana, cy = await world.sip("Ana"), await world.sip("Cy")
    assert ana.seat.session.connection is not None
    ana.seat.session.connection.transport.pause_reading()
    return ana, cy, bob, seen


TIGHT = Limits(msrp_queue_messages=40, occupant_rate=100_000.0, occupant_burst=100_000)


async def test_a_reader_that_stalls_is_dropped_with_a_reason_and_nobody_else_notices() -> None:
    async with facing(limits=TIGHT) as world:
        ana, cy, bob, seen = await stalling(world)
        numbers = count()
        while not seen.of(Left):
            text = f"{next(numbers)} {'x' * 60_000}"
            await bob.post(said(text))
            await cy.expects_message(text)
        left = await seen.first(Left)
        assert (left.occupant.nickname, left.departure) == ("Ana", Departure.LINK_LOST)
        assert left.text == "Messages were not read fast enough"
        bye = await ana.seat.expects_removed()
        assert 'text="Connection lost: Messages were not read fast enough"' in bye.get("Reason")
        await cy.expects_roster("Bob", "Cy")
        await cy.say("was it me?")
        await seen.until(lambda recorder: recorder.of(Posted)[-1].author.nickname == "Cy")
        assert ana.seat.session.connection is not None
        ana.seat.session.connection.transport.abort()


async def test_a_reader_that_comes_back_in_time_is_told_that_it_fell_behind_and_misses_nothing() -> None:
    async with facing(limits=TIGHT) as world:
        ana, cy, bob, _ = await stalling(world)
        texts = (f"{number} {'x' * 60_000}" for number in count())
        said_so_far = []
        mine = next(
            each
            for each in world.server.msrp.sessions
            if str(each.local_path[0]) == ana.seat.session.remote_path
        )
        while not mine.is_congested:
            said_so_far.append(next(texts))
            await bob.post(said(said_so_far[-1]))
            await cy.expects_message(said_so_far[-1])
        assert ana.seat.session.connection is not None
        ana.seat.session.connection.transport.resume_reading()
        await ana.expects_notice("reads more slowly than this room talks")
        for text in said_so_far:
            assert (await ana.expects_message()).text == text
        await bob.post(said("faster now"))
        assert (await ana.expects_message()).text == "faster now"
        await cy.expects_message("faster now")
        assert not cy.seat.session.received.items
