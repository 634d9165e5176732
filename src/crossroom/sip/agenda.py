"""When which machine is due: one heap for all timers of the user agent. No clock here, time is an argument."""

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Protocol

from msgspec import Struct


class Timed(Protocol):
    """Anything with a next deadline. `entry` is the agenda's own: where it has noted that."""

    entry: "Entry | None"

    def deadline(self) -> float | None:
        """When it is next due, None for never."""


class Entry(Struct, order=True):
    """One line of the agenda; `order` decides between two of one moment, so that machines are never compared."""

    when: float
    order: int
    machine: Timed | None


class Agenda:
    """A heap of entries. One that was overtaken by a later `put` has no machine any more, and is skipped.

    A machine that is over is not kept until its last deadline has passed, though its entry is.
    """

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._overtaken = 0
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap) - self._overtaken

    def put(self, machine: Timed) -> None:
        """Note the machine's deadline anew: call after every change to it."""
        when = machine.deadline()
        if machine.entry is not None and machine.entry.when == when:
            return
        self.drop(machine)
        if when is not None:
            machine.entry = Entry(when, next(self._order), machine)
            heapq.heappush(self._heap, machine.entry)

    def drop(self, machine: Timed) -> None:
        """Forget the machine."""
        if machine.entry is not None:
            machine.entry.machine = None
            machine.entry = None
            self._overtaken += 1
            if self._overtaken > len(self) + _OVERTAKEN:
                self._forget_overtaken()

    def next(self) -> float | None:
        """When the earliest machine is due."""
        while self._heap and self._heap[0].machine is None:
            heapq.heappop(self._heap)
            self._overtaken -= 1
        return self._heap[0].when if self._heap else None

    def _forget_overtaken(self) -> None:
        """A machine that is put off again and again must not fill the heap with what it was once due at."""
        self._heap = [entry for entry in self._heap if entry.machine is not None]
        heapq.heapify(self._heap)
        self._overtaken = 0

    def due(self, now: float) -> Iterator[Timed]:
        """Take out the machines that are due, the earliest first; put() them back when they have ticked."""
        while (when := self.next()) is not None and when <= now:
            machine = heapq.heappop(self._heap).machine
            if machine is not None:
                machine.entry = None
                yield machine


_OVERTAKEN = 64
"""Overtaken entries that are left alone: sorting a short heap anew for a few would cost more than they do."""
