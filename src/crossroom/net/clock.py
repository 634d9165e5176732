"""Time for everything above: the only module that asks what time it is.

Machines take `now` as an argument in seconds of a monotonic clock; what people read is wall-clock time.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from: the system in production, a number in tests."""

    def now(self) -> float:
        """Seconds on a clock that never goes back; the event loop's own, so timers and machines agree."""

    def wall(self) -> datetime:
        """The moment as people write it, in UTC."""


class SystemClock:
    """The clock of this machine."""

    now = staticmethod(time.monotonic)  # itself: it is asked for every copy of a message

    def wall(self) -> datetime:
        """See `Clock.wall`."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that only moves when it is told to: hours of timers in a millisecond."""

    def __init__(self, now: float = 0.0, wall: datetime | None = None) -> None:
        self._now = now
        self._start = now
        self._wall = wall or datetime(2020, 1, 1, tzinfo=UTC)

    def now(self) -> float:
        """See `Clock.now`."""
        return self._now

    def wall(self) -> datetime:
        """See `Clock.wall`."""
        return datetime.fromtimestamp(self._wall.timestamp() + self._now - self._start, UTC)

    def advance(self, seconds: float) -> None:
        """Move on by this many seconds."""
        self._now += seconds
