"""Tasks with an owner: none is left behind, none fails unheard, turns are kept."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import structlog

from crossroom.net.tasks import Tasks, Turns


@pytest.fixture
def lines() -> structlog.testing.LogCapture:
    return structlog.testing.LogCapture()


@pytest.fixture
def tasks(lines: structlog.testing.LogCapture) -> Tasks:
    return Tasks(structlog.wrap_logger(structlog.PrintLogger(), processors=[lines]))


def appends(seen: list[str], what: str) -> Callable[[], Coroutine[Any, Any, None]]:
    async def work() -> None:
        await asyncio.sleep(0)
        seen.append(what)

    return work


async def test_stop_ends_what_still_runs(tasks: Tasks) -> None:
    task = tasks.start(asyncio.Event().wait(), "waits for ever")  # type: ignore[arg-type]  # the result is unused
    await tasks.stop()
    assert task.cancelled()
    assert len(tasks) == 0


async def test_a_fault_is_logged_and_ends_nothing_else(
    tasks: Tasks, lines: structlog.testing.LogCapture
) -> None:
    async def fails() -> None:
        raise LookupError("no such thing")

    seen: list[str] = []
    tasks.start(fails(), "fails")
    tasks.start(appends(seen, "works")(), "works")
    await tasks.wait()
    assert seen == ["works"]
    assert [(line["event"], line["task"]) for line in lines.entries] == [("task failed", "fails")]


async def test_turns_keep_their_order_even_after_a_fault(
    tasks: Tasks, lines: structlog.testing.LogCapture
) -> None:
    async def fails() -> None:
        raise LookupError("no such thing")

    seen: list[str] = []
    turns = Turns(tasks, "turns", limit=10)
    for work in (appends(seen, "first"), fails, appends(seen, "second"), appends(seen, "third")):
        assert turns.ask(work)
    await tasks.wait()
    assert seen == ["first", "second", "third"]
    assert len(lines.entries) == 1


async def test_turns_refuse_more_than_their_limit_and_start_again(tasks: Tasks) -> None:
    seen: list[str] = []
    turns = Turns(tasks, "turns", limit=2)
    assert [turns.ask(appends(seen, str(number))) for number in range(3)] == [True, True, False]
    await tasks.wait()
    assert turns.ask(appends(seen, "later"))
    await tasks.wait()
    assert seen == ["0", "1", "later"]


async def test_closed_turns_forget_what_waits(tasks: Tasks) -> None:
    seen: list[str] = []
    turns = Turns(tasks, "turns", limit=5)
    turns.ask(appends(seen, "forgotten"))
    turns.close()
    await tasks.wait()
    assert seen == []
