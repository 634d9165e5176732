"""Machines tested as scripts: what goes in, what comes out, and when, in the order of the RFC's own timelines.

Works for every machine of the shape in crossroom/machine.py. A script is read top to bottom:

    (script(InviteClient(INVITE, reliable=False, timers=Timers()))
        .sends(INVITE)
        .at(T1).sends(INVITE)
        .receives(RINGING).delivers(RINGING).silent_until(64 * T1))

Each call of `sends`, `delivers` and `ends` takes the next output; nothing may be left when time moves on.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, Self

from crossroom.machine import Deliver, Ended, Send


class Machine(Protocol):
    """The shape of every machine."""

    def tick(self, now: float) -> Sequence[object]: ...

    def deadline(self) -> float | None: ...


class Script:
    """Drives one machine through virtual time, which starts at 0."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.now = 0.0
        self.outputs: list[object] = []
        start = getattr(machine, "start", None)
        if start is not None:
            self.outputs += start(self.now)

    def at(self, when: float) -> Self:
        """Let time pass up to this moment; timers that are due on the way must not have had any output."""
        self._nothing_left()
        while (due := self.machine.deadline()) is not None and due < when:
            self.now = due
            self.outputs += self.machine.tick(due)
            self._nothing_left()
        self.now = when
        self.outputs += self.machine.tick(when)
        return self

    def silent_until(self, when: float) -> Self:
        """Nothing comes out before this moment."""
        self._nothing_left()
        while (due := self.machine.deadline()) is not None and due < when:
            self.now = due
            self.outputs += self.machine.tick(due)
            self._nothing_left()
        self.now = when
        return self

    def receives(self, message: object) -> Self:
        """This arrives now."""
        return self.told(lambda machine, now: machine.receive(message, now))

    def told(self, action: Callable[[Any, float], Sequence[object]]) -> Self:
        """Its user does something: a call with (machine, now) that returns outputs."""
        self._nothing_left()
        self.outputs += action(self.machine, self.now)
        return self

    def sends(self, message: object) -> Self:
        """The next output is this message; a callable is asked whether it is right."""
        output = self._next()
        assert isinstance(output, Send), f"{output} at {self.now}"
        return self._matches(output.message, message)

    def delivers(self, event: object) -> Self:
        """The next output is this event; a callable is asked whether it is right."""
        output = self._next()
        assert isinstance(output, Deliver), f"{output} at {self.now}"
        return self._matches(output.event, event)

    def ends(self, reason: Hashable) -> Self:
        """The next output is the end for this reason, and nothing follows, ever."""
        output = self._next()
        assert output == Ended(reason), f"{output} at {self.now}"
        self._nothing_left()
        assert self.machine.deadline() is None
        return self

    def quiet(self) -> Self:
        """Nothing came out."""
        self._nothing_left()
        return self

    def _matches(self, found: object, wanted: object) -> Self:
        right = wanted(found) if callable(wanted) else found == wanted
        assert right, f"{found} at {self.now}"
        return self

    def _next(self) -> object:
        assert self.outputs, f"no output at {self.now}"
        return self.outputs.pop(0)

    def _nothing_left(self) -> None:
        assert not self.outputs, f"{self.outputs} at {self.now}"


def script(machine: Machine) -> Script:
    """Begin a script; a machine with `start` is started at 0."""
    return Script(machine)
