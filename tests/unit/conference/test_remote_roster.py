"""The roster of a conference elsewhere is followed for as long as there is one (RFC 6665 §4.1.3)."""

import asyncio

import pytest

from crossroom.room.events import Ended
from unit.conference.remote_world import abroad


@pytest.mark.parametrize(
    "reason", ["deactivated", "timeout", "probation;retry-after=0", "giveup;retry-after=x"]
)
async def test_a_roster_that_may_be_had_again_is_subscribed_to_again(reason: str) -> None:
    async with abroad() as world:
        bob, seen = await world.join("Bob")
        first = await world.there.subscribed.take()
        world.there.terminate(first, reason)
        await world.there.subscribed.take()
        await world.neighbour("Ana")
        await seen.until(lambda one: one.nicknames == ["Ana", "Bob"])
        assert not seen.of(Ended)
        await bob.leave()


async def test_an_end_later_is_waited_for_and_not_beyond_the_seat() -> None:
    async with abroad() as world:
        bob, _ = await world.join("Bob")
        world.there.terminate(await world.there.subscribed.take(), "probation;retry-after=3600")
        await world.neighbour("Ana")
        async with asyncio.timeout(5):
            await bob.leave()  # and the world finds no task that still waits
        assert len(world.there.subscribed.items) == 1  # Ana's


async def test_a_focus_that_ends_every_subscription_is_not_chased() -> None:
    async with abroad() as world:
        bob, _ = await world.join("Bob")
        for _ in range(2):
            world.there.terminate(await world.there.subscribed.take(), "deactivated")
        await world.neighbour("Ana")
        assert len(world.there.subscribed.items) == 1  # Ana's
        await bob.leave()


@pytest.mark.parametrize("reason", ["rejected", "noresource", "invariant"])
async def test_a_roster_that_is_refused_for_ever_is_not_asked_for_again(reason: str) -> None:
    async with abroad() as world:
        bob, seen = await world.join("Bob")
        world.there.terminate(await world.there.subscribed.take(), reason)
        ana = await world.neighbour("Ana")
        await ana.say("hello")
        await seen.until(lambda one: one.texts == ["hello"])
        assert len(world.there.subscribed.items) == 1  # Ana's
        await bob.leave()
