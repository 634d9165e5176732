"""Tasks with an owner: started here, counted here, ended here. The only module that creates tasks.

An exception that nobody awaited is a defect of ours: it is logged with the task's name and ends nothing else.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

Log = structlog.stdlib.BoundLogger


class Tasks:
    """The running work of one service. `stop()` leaves none behind."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run this now; `name` is for the log of a fault."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return task

    async def stop(self) -> None:
        """Cancel what still runs, and wait until it has ended."""
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running)

    async def wait(self) -> None:
        """Wait until everything that runs now, and what that starts, has ended by itself."""
        while self._running:
            await asyncio.wait(self._running)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            self._log.error("task failed", task=task.get_name(), exc_info=fault)


class Turns:
    """Runs pieces of work one after another, in the order they were asked for; no task exists while idle.

    Holds at most `limit` waiting pieces; past it `ask` answers False and takes nothing.
    """

    __slots__ = ("_limit", "_name", "_tasks", "_waiting", "_worker")

    def __init__(self, tasks: Tasks, name: str, limit: int) -> None:
        self._tasks = tasks
        self._name = name
        self._limit = limit
        # Not a deque, which takes 760 octets when it is empty, and there is one of these for every participant.
        self._waiting: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._worker: asyncio.Task[None] | None = None

    def ask(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Run this when everything asked for before is done."""
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append(work)
        if self._worker is None:
            self._worker = self._tasks.start(self._run(), self._name)
        return True

    @property
    def is_idle(self) -> bool:
        """True when nothing runs: what is done now is in its turn."""
        return self._worker is None

    def close(self) -> None:
        """Forget what still waits; what runs is left to end by itself."""
        self._waiting.clear()

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._waiting.pop(0)()
        finally:
            self._worker = None
            if self._waiting:  # the work before failed: the rest still gets its turn
                self._worker = self._tasks.start(self._run(), self._name)
