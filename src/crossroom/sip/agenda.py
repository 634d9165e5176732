"""When which machine is due: one heap for all timers of the user agent. No clock here, time is an argument."""

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Protocol


class Timed(Protocol):
    """Anything with a next deadline."""

    def deadline(self) -> float | None:
        """When it is next due, None for never."""


class Agenda:
    """A heap of (when, number). What was overtaken by a later `put` has no machine any more, and is skipped.

    The heap itself holds no machine, so that one which is over is not kept until its last deadline has passed.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._entries: dict[Timed, tuple[float, int]] = {}
        self._machines: dict[int, Timed] = {}
        self._order = count()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, machine: Timed) -> None:
        """Note the machine's deadline anew: call after every change to it."""
        when = machine.deadline()
        if (known := self._entries.get(machine)) is not None and known[0] == when:
            return
        self.drop(machine)
        if when is not None:
            entry = (when, next(self._order))
            self._entries[machine] = entry
            self._machines[entry[1]] = machine
            heapq.heappush(self._heap, entry)

    def drop(self, machine: Timed) -> None:
        """Forget the machine."""
        if (known := self._entries.pop(machine, None)) is not None:
            del self._machines[known[1]]
            if len(self._heap) > 2 * len(self._entries) + _OVERTAKEN:
                self._forget_overtaken()

    def next(self) -> float | None:
        """When the earliest machine is due."""
        while self._heap and self._heap[0][1] not in self._machines:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _forget_overtaken(self) -> None:
        """A machine that is put off again and again must not fill the heap with what it was once due at."""
        self._heap = [entry for entry in self._heap if entry[1] in self._machines]
        heapq.heapify(self._heap)

    def due(self, now: float) -> Iterator[Timed]:
        """Take out the machines that are due, the earliest first; put() them back when they have ticked."""
        while (when := self.next()) is not None and when <= now:
            machine = self._machines.pop(heapq.heappop(self._heap)[1])
            del self._entries[machine]
            yield machine


_OVERTAKEN = 64
"""Overtaken entries that are left alone: sorting a short heap anew for a few would cost more than they do."""
