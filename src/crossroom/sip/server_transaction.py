"""The two server transaction machines. RFC 3261 §17.2, figures 7 and 8; RFC 6026 §7.1."""

from collections.abc import Mapping
from typing import ClassVar

from crossroom.machine import Deliver, Send
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import Timers
from crossroom.sip.transaction import Action, Input, Output, State, Table, Transaction, response_input

_TRYING, _PROCEEDING, _COMPLETED = State.TRYING, State.PROCEEDING, State.COMPLETED
_ACCEPTED, _CONFIRMED, _TERMINATED = State.ACCEPTED, State.CONFIRMED, State.TERMINATED

INVITE_SERVER: Table = {  # RFC 3261 figure 7 with RFC 6026 figure 1
    (_PROCEEDING, Input.REQUEST): (_PROCEEDING, Action.RESEND),
    (_PROCEEDING, Input.TIMER_TRYING): (_PROCEEDING, Action.SEND_TRYING),
    (_PROCEEDING, Input.SEND_PROVISIONAL): (_PROCEEDING, Action.SEND_RESPONSE),
    (_PROCEEDING, Input.SEND_SUCCESS): (_ACCEPTED, Action.SEND_RESPONSE),
    (_PROCEEDING, Input.SEND_FAILURE): (_COMPLETED, Action.SEND_RESPONSE),
    (_PROCEEDING, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_COMPLETED, Input.REQUEST): (_COMPLETED, Action.RESEND),
    (_COMPLETED, Input.TIMER_G): (_COMPLETED, Action.RESEND),
    (_COMPLETED, Input.TIMER_H): (_TERMINATED, Action.TIMED_OUT),
    (_COMPLETED, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_COMPLETED, Input.ACK): (_CONFIRMED, Action.NOTHING),
    # RFC 6026 §7.1: copies of the INVITE are absorbed, the core repeats its 2xx by itself
    (_ACCEPTED, Input.REQUEST): (_ACCEPTED, Action.NOTHING),
    (_ACCEPTED, Input.ACK): (_ACCEPTED, Action.PASS_UP),
    (_ACCEPTED, Input.SEND_SUCCESS): (_ACCEPTED, Action.SEND_RESPONSE),
    (_ACCEPTED, Input.TIMER_L): (_TERMINATED, Action.NOTHING),
    (_CONFIRMED, Input.TIMER_I): (_TERMINATED, Action.NOTHING),
}

NON_INVITE_SERVER: Table = {  # RFC 3261 figure 8
    (_TRYING, Input.SEND_PROVISIONAL): (_PROCEEDING, Action.SEND_RESPONSE),
    (_TRYING, Input.SEND_SUCCESS): (_COMPLETED, Action.SEND_RESPONSE),
    (_TRYING, Input.SEND_FAILURE): (_COMPLETED, Action.SEND_RESPONSE),
    (_PROCEEDING, Input.REQUEST): (_PROCEEDING, Action.RESEND),
    (_PROCEEDING, Input.SEND_PROVISIONAL): (_PROCEEDING, Action.SEND_RESPONSE),
    (_PROCEEDING, Input.SEND_SUCCESS): (_COMPLETED, Action.SEND_RESPONSE),
    (_PROCEEDING, Input.SEND_FAILURE): (_COMPLETED, Action.SEND_RESPONSE),
    (_PROCEEDING, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_COMPLETED, Input.REQUEST): (_COMPLETED, Action.RESEND),
    (_COMPLETED, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_COMPLETED, Input.TIMER_J): (_TERMINATED, Action.NOTHING),
}


class ServerTransaction(Transaction):
    """What both have in common: requests that come again, and a last response to repeat.

    An answered one keeps no more than it may still have to send.
    """

    __slots__ = ("_last", "_unanswered")

    def __init__(self, request: Request, state: State, *, reliable: bool, timers: Timers) -> None:
        super().__init__(state, reliable=reliable, timers=timers)
        self._unanswered: Request | None = request
        self._last: Response | None = None

    @property
    def answered(self) -> bool:
        """Whether a final response was sent: no other may follow."""
        return self.state not in {State.TRYING, State.PROCEEDING}

    def start(self, now: float) -> list[Output]:
        """Take the request in."""
        taken: list[Output] = [] if self._unanswered is None else [Deliver(self._unanswered)]
        return taken + self._start_timers(now)

    def receive(self, request: Request, now: float) -> list[Output]:
        """The request again, or the ACK for our final response."""
        return self._feed(Input.ACK if request.method == "ACK" else Input.REQUEST, request, now)

    def respond(self, response: Response, now: float) -> list[Output]:
        """The user's response. Nothing happens once a final one was sent, but for a 2xx said again."""
        self._stop(Input.TIMER_TRYING)  # RFC 3261 §17.2.1: only if the user says nothing
        outputs = self._feed(response_input(response.status)[1], response, now)
        if self.answered:
            self._unanswered = None
        return outputs

    def _act(self, action: Action, message: Request | Response | None) -> list[Output]:
        if action is Action.SEND_TRYING and self._unanswered is not None:
            self._last = Response.answering(self._unanswered, 100)
            return [Send(self._last)]
        if action is Action.SEND_RESPONSE and isinstance(message, Response):
            # RFC 6026 §7.1: a 2xx to INVITE is repeated by the core, never from here
            self._last = None if self.state is State.ACCEPTED else message
            return [Send(message)]
        if action is Action.RESEND and self._last is not None:
            return [Send(self._last)]
        if action is Action.PASS_UP and message is not None:
            return [Deliver(message)]
        return []


class InviteServer(ServerTransaction):
    """An INVITE that came in."""

    __slots__ = ()

    TABLE: ClassVar[Table] = INVITE_SERVER
    RUNNING: ClassVar[Mapping[State, tuple[Input, ...]]] = {
        State.PROCEEDING: (Input.TIMER_TRYING,),
        State.COMPLETED: (Input.TIMER_G, Input.TIMER_H),
        State.CONFIRMED: (Input.TIMER_I,),
        State.ACCEPTED: (Input.TIMER_L,),
    }

    def __init__(self, request: Request, *, reliable: bool, timers: Timers) -> None:
        super().__init__(request, State.PROCEEDING, reliable=reliable, timers=timers)


class NonInviteServer(ServerTransaction):
    """Any other request that came in."""

    __slots__ = ()

    TABLE: ClassVar[Table] = NON_INVITE_SERVER
    RUNNING: ClassVar[Mapping[State, tuple[Input, ...]]] = {State.COMPLETED: (Input.TIMER_J,)}

    def __init__(self, request: Request, *, reliable: bool, timers: Timers) -> None:
        super().__init__(request, State.TRYING, reliable=reliable, timers=timers)
