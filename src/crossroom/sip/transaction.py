"""What the four transaction machines share: their words, their timers and the engine that runs a table.

RFC 3261 §17 and table 4, RFC 6026. The tables themselves are in client_transaction.py and
server_transaction.py. A pair that a figure does not draw is ignored, as the figures mean it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum, auto
from typing import ClassVar

from crossroom.machine import Deliver, Ended, Send
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import Timers


class State(StrEnum):
    """The states of figures 5 to 8, and Accepted of RFC 6026."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    ACCEPTED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Input(StrEnum):
    """What can happen to a transaction. REQUEST is a retransmission; the SEND_ inputs come from its user."""

    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    REQUEST = auto()
    ACK = auto()
    SEND_PROVISIONAL = auto()
    SEND_SUCCESS = auto()
    SEND_FAILURE = auto()
    TRANSPORT_ERROR = auto()
    TIMER_A = auto()
    TIMER_B = auto()
    TIMER_D = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_G = auto()
    TIMER_H = auto()
    TIMER_I = auto()
    TIMER_J = auto()
    TIMER_K = auto()
    TIMER_L = auto()
    TIMER_M = auto()
    TIMER_TRYING = auto()


class Action(StrEnum):
    """What a transition does besides changing state."""

    NOTHING = auto()
    PASS_UP = auto()
    RESEND = auto()
    SEND_ACK = auto()
    ACK_AND_PASS_UP = auto()
    SEND_RESPONSE = auto()
    SEND_TRYING = auto()
    TIMED_OUT = auto()
    FAILED = auto()


class Done(StrEnum):
    """Why a transaction ended: the reason in its Ended output."""

    FINISHED = auto()
    TIMED_OUT = auto()
    TRANSPORT_FAILED = auto()


Table = Mapping[tuple[State, Input], tuple[State, Action]]
Output = Send[Request | Response] | Deliver[Request | Response] | Ended[Done]

GROWTH: Mapping[Input, Callable[[float, State, Timers], float]] = {
    # timer A doubles without a cap (§17.1.1.2), E and G double up to T2 (§17.1.2.2, §17.2.1)
    Input.TIMER_A: lambda interval, _state, _timers: interval * 2,
    # §17.1.2.2: in Proceeding, timer E always runs T2
    Input.TIMER_E: lambda interval, state, timers: (
        timers.t2 if state is State.PROCEEDING else min(interval * 2, timers.t2)
    ),
    Input.TIMER_G: lambda interval, _state, timers: min(interval * 2, timers.t2),
}
"""The next interval of each timer that repeats."""

TRYING_AFTER = 0.2
"""RFC 3261 §17.2.1: a 100 within 200 ms unless the user answers first."""


def interval_of(timer: Input, timers: Timers, *, reliable: bool) -> float | None:
    """How long a timer runs at first; None when it does not run on this transport. RFC 3261 table 4."""
    match timer:
        case Input.TIMER_A | Input.TIMER_E | Input.TIMER_G:
            return None if reliable else timers.t1
        case Input.TIMER_D:
            return 0.0 if reliable else timers.d
        case Input.TIMER_I | Input.TIMER_K:
            return 0.0 if reliable else timers.t4
        case Input.TIMER_J:
            return 0.0 if reliable else timers.timeout
        case Input.TIMER_TRYING:
            return TRYING_AFTER
        case _:
            return timers.timeout


class Transaction:
    """Runs one table. Subclasses name the table and which timers run in which state.

    Of an answered INVITE there is one for half a minute, however short the call: it is small, and made of few objects.
    """

    __slots__ = ("_due", "_interval", "_reliable", "_timers", "state")

    TABLE: ClassVar[Table]
    RUNNING: ClassVar[Mapping[State, tuple[Input, ...]]]

    def __init__(self, state: State, *, reliable: bool, timers: Timers) -> None:
        self.state = state
        self._reliable = reliable
        self._timers = timers
        self._due: tuple[tuple[float, Input], ...] = ()
        self._interval = 0.0  # of the timer that repeats: no state has two of them

    def deadline(self) -> float | None:
        """When tick() is next due."""
        return min(self._due)[0] if self._due else None

    def tick(self, now: float) -> list[Output]:
        """Let the timers that are due fire, the earliest first."""
        outputs: list[Output] = []
        while self._due and min(self._due)[0] <= now:
            when, timer = min(self._due)
            self._stop(timer)
            outputs += self._feed(timer, None, when)
            self._rearm(timer, when)
        return outputs

    def transport_failed(self, now: float) -> list[Output]:
        """The transport could not send. RFC 3261 §17.1.4, §17.2.4."""
        return self._feed(Input.TRANSPORT_ERROR, None, now)

    def _start_timers(self, now: float) -> list[Output]:
        """Keep the timers that the new state shares with the old, start its others, stop the rest."""
        wanted = self.RUNNING.get(self.state, ())
        self._due = tuple(each for each in self._due if each[1] in wanted)
        running = [timer for _, timer in self._due]
        for timer in wanted:
            interval = interval_of(timer, self._timers, reliable=self._reliable)
            if interval == 0:  # table 4: zero on a reliable transport, over at once
                return self._feed(timer, None, now)
            if interval is not None and timer not in running:
                self._due += ((now + interval, timer),)
                if timer in GROWTH:
                    self._interval = interval
        return []

    def _rearm(self, timer: Input, when: float) -> None:
        if timer in GROWTH and timer in self.RUNNING.get(self.state, ()):
            self._interval = GROWTH[timer](self._interval, self.state, self._timers)
            self._due += ((when + self._interval, timer),)

    def _stop(self, timer: Input) -> None:
        self._due = tuple(each for each in self._due if each[1] is not timer)

    def _feed(self, event: Input, message: Request | Response | None, now: float) -> list[Output]:
        cell = self.TABLE.get((self.state, event))
        if cell is None:
            return []
        before = self.state
        self.state, action = cell
        outputs = self._act(action, message)
        if self.state is not before:
            outputs += self._start_timers(now)
            if self.state is State.TERMINATED and not any(isinstance(o, Ended) for o in outputs):
                outputs.append(Ended(_DONE.get(action, Done.FINISHED)))
        return outputs

    def _act(self, action: Action, message: Request | Response | None) -> list[Output]:
        raise NotImplementedError


_DONE = {Action.TIMED_OUT: Done.TIMED_OUT, Action.FAILED: Done.TRANSPORT_FAILED}


def response_input(status: int) -> tuple[Input, Input]:
    """The class of a status, as a response received and as one to send."""
    if status < 200:
        return Input.PROVISIONAL, Input.SEND_PROVISIONAL
    if status < 300:
        return Input.SUCCESS, Input.SEND_SUCCESS
    return Input.FAILURE, Input.SEND_FAILURE
