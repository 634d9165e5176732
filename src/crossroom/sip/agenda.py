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
    """A heap of (when, machine). Entries that a later `put` overtook are skipped when they come up."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timed]] = []
        self._when: dict[Timed, float] = {}
        self._order = count()

    def __len__(self) -> int:
        return len(self._when)

    def put(self, machine: Timed) -> None:
        """Note the machine's deadline anew: call after every change to it."""
        when = machine.deadline()
        if when is None:
            self._when.pop(machine, None)
        elif self._when.get(machine) != when:
            self._when[machine] = when
            heapq.heappush(self._heap, (when, next(self._order), machine))
            if len(self._heap) > 2 * len(self._when) + _OVERTAKEN:
                self._forget_overtaken()

    def drop(self, machine: Timed) -> None:
        """Forget the machine."""
        self._when.pop(machine, None)

    def next(self) -> float | None:
        """When the earliest machine is due."""
        while self._heap and self._when.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _forget_overtaken(self) -> None:
        """A machine that is put off again and again must not fill the heap with what it was once due at."""
        self._heap = [entry for entry in self._heap if self._when.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)

    def due(self, now: float) -> Iterator[Timed]:
        """Take out the machines that are due, the earliest first; put() them back when they have ticked."""
        while (when := self.next()) is not None and when <= now:
            machine = heapq.heappop(self._heap)[2]
            del self._when[machine]
            yield machine


_OVERTAKEN = 64
"""Overtaken entries that are left alone: sorting a short heap anew for a few would cost more than they do."""
