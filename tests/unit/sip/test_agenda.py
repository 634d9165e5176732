"""One heap for all timers."""

import weakref

from crossroom.sip.agenda import Agenda, Entry


class Due:
    """A machine with a deadline to set."""

    def __init__(self, when: float | None) -> None:
        self.when = when
        self.entry: Entry | None = None

    def deadline(self) -> float | None:
        return self.when


def test_the_earliest_comes_first_and_each_once() -> None:
    agenda, late, early, never = Agenda(), Due(5), Due(1), Due(None)
    for machine in (late, early, never):
        agenda.put(machine)
    assert agenda.next() == 1
    assert list(agenda.due(4)) == [early]
    assert list(agenda.due(9)) == [late]
    assert agenda.next() is None
    assert len(agenda) == 0


def test_a_deadline_that_moved_counts_where_it_is_now() -> None:
    agenda, machine = Agenda(), Due(1)
    agenda.put(machine)
    agenda.put(machine)
    machine.when = 7
    agenda.put(machine)
    assert list(agenda.due(6)) == []
    assert list(agenda.due(7)) == [machine]
    agenda.put(machine)
    agenda.drop(machine)
    agenda.drop(machine)
    assert agenda.next() is None
    agenda.put(machine)
    machine.when = None
    agenda.put(machine)
    assert agenda.next() is None


def test_a_deadline_that_moves_for_ever_fills_no_memory() -> None:
    agenda, machine, other = Agenda(), Due(1), Due(5)
    agenda.put(other)
    for when in range(10_000):
        machine.when = 10 + when
        agenda.put(machine)
    assert len(agenda._heap) < 100
    assert list(agenda.due(20_000)) == [other, machine]


def test_a_machine_that_is_over_is_not_kept_until_its_deadline() -> None:
    agenda, machine, other = Agenda(), Due(1e9), Due(5)
    agenda.put(other)
    agenda.put(machine)
    agenda.drop(machine)
    gone = weakref.ref(machine)
    del machine
    assert gone() is None
    for _ in range(1000):
        agenda.put(passing := Due(7))
        agenda.drop(passing)
    assert len(agenda._heap) < 100
