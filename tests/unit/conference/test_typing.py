"""Typing that runs out."""

import structlog

from crossroom.conference.seat import Seat
from crossroom.conference.typing import TypingWatch
from crossroom.net.tasks import Tasks, Turns
from crossroom.room.address import Nickname
from crossroom.room.content import Composing
from crossroom.room.events import ComposingChanged
from unit.conference.face_world import World, facing


def seat_of(world: World) -> Seat:
    [seat] = world.server.conference._premises.registry
    return seat


def watch_of(world: World) -> TypingWatch:
    """The watch over the typing of the one SIP user in the room."""
    seat = seat_of(world)
    return TypingWatch(seat, Turns(Tasks(structlog.get_logger()), "typing", 10), structlog.get_logger())


async def test_typing_runs_out_for_each_of_those_who_were_told_of_it() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        await world.sip("Ana")
        watch = watch_of(world)
        watch.start(None, 0.0)
        watch.start(Nickname("Bob"), 0.0)
        await seen.first(ComposingChanged, 2)
        ended = [(event.author.nickname, event.state, event.to) for event in seen.of(ComposingChanged)]
        assert ended == [("Ana", Composing.ACTIVE, None), ("Ana", Composing.ACTIVE, "Bob")]
        assert len(watch) == 0


async def test_typing_that_is_heard_of_again_or_ended_does_not_run_out() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        await world.sip("Ana")
        watch = watch_of(world)
        watch.start(Nickname("Bob"), 0.0)
        watch.start(Nickname("Bob"), 3600.0)
        watch.start(Nickname("Nobody"), 0.0)  # who was told and has left
        watch.start(Nickname("Ana"), 0.0)
        watch.stop(Nickname("Ana"))
        watch.stop(Nickname("Ana"))
        watch.start(None, 0.0)
        ended = await seen.first(ComposingChanged)
        assert (ended.to, len(watch)) == (None, 1)
        watch.close()
        assert len(watch) == 0


async def test_a_message_ends_typing_and_so_does_leaving() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await ana.seat.session.nickname("Ana")  # what it asks is kept from its first request on
        requests = seat_of(world).chat.requests
        assert requests is not None
        watch = requests.typing
        for said_then, left in (("", 1), ("hello", 0), ("", 1)):
            await ana.seat.type() if not said_then else await ana.say(said_then)
            await ana.seat.session.nickname("Ana")  # behind it in the turns
            assert len(watch) == left
        await seen.first(ComposingChanged, 2)
        await ana.leave()
        await world.until(lambda: len(watch) == 0)
