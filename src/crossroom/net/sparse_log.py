"""The log of what anybody can cause as often as they like: a flood of requests is no flood of lines."""

from collections.abc import Callable
from dataclasses import dataclass

from crossroom.net.tasks import Log

LINES = 10
"""Lines of one kind that are written in SECONDS; the first one after that says how many were left out (`more`)."""
SECONDS = 10.0


@dataclass(slots=True)
class _Written:
    """Of one kind, since a moment of the clock."""

    since: float
    lines: int = 0
    left_out: int = 0


class SparseLog:
    """Lines of one kind have the same event and `reason`, of which there must be few. `clock` is monotonic seconds."""

    def __init__(self, log: Log, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._kinds: dict[tuple[str, str], _Written] = {}

    def info(self, event: str, *, reason: str = "", **about: object) -> None:
        """A refusal that its cause explains."""
        if (fields := self._admit(event, reason)) is not None:
            self._log.info(event, **fields, **about)

    def warning(self, event: str, *, reason: str = "", **about: object) -> None:
        """Something that an operator should look at."""
        if (fields := self._admit(event, reason)) is not None:
            self._log.warning(event, **fields, **about)

    def _admit(self, event: str, reason: str) -> dict[str, object] | None:
        """What the line says of its kind; None where it is not written."""
        now = self._clock()
        written = self._kinds.setdefault((event, reason), _Written(now))
        fields: dict[str, object] = {"reason": str(reason)} if reason else {}
        if now - written.since >= SECONDS:
            if written.left_out:
                fields["more"] = written.left_out
            written.since, written.lines, written.left_out = now, 0, 0
        written.lines += 1
        if written.lines <= LINES:
            return fields
        written.left_out += 1
        return None
