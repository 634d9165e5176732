"""One timer of the event loop for all the deadlines of a machine."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` once, when the time that was set last has come. Times are those of `now`."""

    def __init__(self, now: Callable[[], float], ring: Callable[[], None]) -> None:
        self._now = now
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._due: float | None = None

    def set(self, due: float | None) -> None:
        """Ring at this time instead; None: not at all."""
        if due == self._due:
            return
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._due = due
        if due is not None:
            delay = max(due - self._now(), 0.0)
            self._handle = asyncio.get_running_loop().call_later(delay, self._rung)

    def _rung(self) -> None:
        self._handle = None
        self._due = None
        self._ring()
