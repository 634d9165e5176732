"""Time and random tokens."""

import asyncio
import re

import pytest

from crossroom.net.alarm import Alarm
from crossroom.net.clock import SystemClock, VirtualClock
from crossroom.net.ids import RandomIds, SeededIds
from crossroom.net.udp import shown


async def test_the_system_clock_is_the_loops_own() -> None:
    before = asyncio.get_running_loop().time()
    assert before <= SystemClock().now() <= asyncio.get_running_loop().time()
    assert SystemClock().wall().tzinfo is not None


def test_a_virtual_clock_moves_when_told() -> None:
    clock = VirtualClock(5.0)
    wall = clock.wall()
    clock.advance(90)
    assert clock.now() == 95.0
    assert (clock.wall() - wall).total_seconds() == 90


@pytest.mark.parametrize("ids", [RandomIds(), SeededIds(1)])
def test_tokens_are_long_distinct_and_begin_with_a_letter(ids: RandomIds) -> None:
    tokens = {ids.token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"c[0-9a-f]{20}", token) for token in tokens)


def test_a_seed_gives_the_same_tokens_again() -> None:
    assert [SeededIds(3).token() for _ in range(2)] == [SeededIds(3).token()] * 2


async def test_an_alarm_rings_once_for_the_time_set_last() -> None:
    loop = asyncio.get_running_loop()
    rung: asyncio.Queue[float] = asyncio.Queue()
    alarm = Alarm(loop.time, lambda: rung.put_nowait(loop.time()))
    alarm.set(loop.time() + 3600)
    alarm.set(None)
    due = loop.time()
    alarm.set(due)
    alarm.set(due)
    assert await rung.get() >= due
    assert rung.empty()


def test_a_wildcard_is_shown_as_an_address() -> None:
    assert shown("192.0.2.1") == "192.0.2.1"
    assert shown("0.0.0.0") != "0.0.0.0"
    assert shown("::") != "::"
