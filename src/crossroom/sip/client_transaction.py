"""The two client transaction machines. RFC 3261 §17.1, figures 5 and 6; RFC 6026 §7.2 and figure 5 there."""

from collections.abc import Mapping
from typing import ClassVar

from crossroom.machine import Deliver, Send
from crossroom.sip.headers import Headers
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import Timers
from crossroom.sip.transaction import Action, Input, Output, State, Table, Transaction, response_input

_CALLING, _TRYING, _PROCEEDING = State.CALLING, State.TRYING, State.PROCEEDING
_COMPLETED, _ACCEPTED, _TERMINATED = State.COMPLETED, State.ACCEPTED, State.TERMINATED

INVITE_CLIENT: Table = {  # RFC 3261 figure 5 with RFC 6026 figure 2
    (_CALLING, Input.TIMER_A): (_CALLING, Action.RESEND),
    (_CALLING, Input.TIMER_B): (_TERMINATED, Action.TIMED_OUT),
    (_CALLING, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_CALLING, Input.PROVISIONAL): (_PROCEEDING, Action.PASS_UP),
    (_CALLING, Input.SUCCESS): (_ACCEPTED, Action.PASS_UP),
    (_CALLING, Input.FAILURE): (_COMPLETED, Action.ACK_AND_PASS_UP),
    (_PROCEEDING, Input.PROVISIONAL): (_PROCEEDING, Action.PASS_UP),
    (_PROCEEDING, Input.SUCCESS): (_ACCEPTED, Action.PASS_UP),
    (_PROCEEDING, Input.FAILURE): (_COMPLETED, Action.ACK_AND_PASS_UP),
    (_COMPLETED, Input.FAILURE): (_COMPLETED, Action.SEND_ACK),
    (_COMPLETED, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_COMPLETED, Input.TIMER_D): (_TERMINATED, Action.NOTHING),
    (_ACCEPTED, Input.SUCCESS): (_ACCEPTED, Action.PASS_UP),
    (_ACCEPTED, Input.TIMER_M): (_TERMINATED, Action.NOTHING),
}

NON_INVITE_CLIENT: Table = {  # RFC 3261 figure 6
    (_TRYING, Input.TIMER_E): (_TRYING, Action.RESEND),
    (_TRYING, Input.TIMER_F): (_TERMINATED, Action.TIMED_OUT),
    (_TRYING, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_TRYING, Input.PROVISIONAL): (_PROCEEDING, Action.PASS_UP),
    (_TRYING, Input.SUCCESS): (_COMPLETED, Action.PASS_UP),
    (_TRYING, Input.FAILURE): (_COMPLETED, Action.PASS_UP),
    (_PROCEEDING, Input.TIMER_E): (_PROCEEDING, Action.RESEND),
    (_PROCEEDING, Input.TIMER_F): (_TERMINATED, Action.TIMED_OUT),
    (_PROCEEDING, Input.TRANSPORT_ERROR): (_TERMINATED, Action.FAILED),
    (_PROCEEDING, Input.PROVISIONAL): (_PROCEEDING, Action.PASS_UP),
    (_PROCEEDING, Input.SUCCESS): (_COMPLETED, Action.PASS_UP),
    (_PROCEEDING, Input.FAILURE): (_COMPLETED, Action.PASS_UP),
    (_COMPLETED, Input.TIMER_K): (_TERMINATED, Action.NOTHING),
}


class ClientTransaction(Transaction):
    """What both have in common: a request that starts them, and responses."""

    __slots__ = ("request",)

    def __init__(self, request: Request, state: State, *, reliable: bool, timers: Timers) -> None:
        super().__init__(state, reliable=reliable, timers=timers)
        self.request = request

    def start(self, now: float) -> list[Output]:
        """Send the request and start the timers of the first state."""
        return [Send(self.request), *self._start_timers(now)]

    def receive(self, response: Response, now: float) -> list[Output]:
        """A response that matches: `Deliver` passes it to the user."""
        return self._feed(response_input(response.status)[0], response, now)

    def _act(self, action: Action, message: Request | Response | None) -> list[Output]:
        outputs: list[Output] = []
        if action is Action.RESEND:
            outputs.append(Send(self.request))
        if action in {Action.SEND_ACK, Action.ACK_AND_PASS_UP} and isinstance(message, Response):
            outputs.append(Send(ack_for(self.request, message)))
        if action in {Action.PASS_UP, Action.ACK_AND_PASS_UP} and message is not None:
            outputs.append(Deliver(message))
        return outputs


class InviteClient(ClientTransaction):
    """An INVITE of ours, until its final response and the retransmissions of that are over."""

    __slots__ = ()

    TABLE: ClassVar[Table] = INVITE_CLIENT
    RUNNING: ClassVar[Mapping[State, tuple[Input, ...]]] = {
        State.CALLING: (Input.TIMER_A, Input.TIMER_B),
        State.COMPLETED: (Input.TIMER_D,),
        State.ACCEPTED: (Input.TIMER_M,),
    }

    def __init__(self, request: Request, *, reliable: bool, timers: Timers) -> None:
        super().__init__(request, State.CALLING, reliable=reliable, timers=timers)


class NonInviteClient(ClientTransaction):
    """Any other request of ours, CANCEL among them."""

    __slots__ = ()

    TABLE: ClassVar[Table] = NON_INVITE_CLIENT
    RUNNING: ClassVar[Mapping[State, tuple[Input, ...]]] = {
        State.TRYING: (Input.TIMER_E, Input.TIMER_F),
        State.PROCEEDING: (Input.TIMER_E, Input.TIMER_F),
        State.COMPLETED: (Input.TIMER_K,),
    }

    def __init__(self, request: Request, *, reliable: bool, timers: Timers) -> None:
        super().__init__(request, State.TRYING, reliable=reliable, timers=timers)


def ack_for(invite: Request, response: Response) -> Request:
    """The ACK for a final response that is not 2xx. RFC 3261 §17.1.1.3: same branch, same Request-URI."""
    return inside(invite, "ACK", response.headers.get("To") or invite.headers.get("To") or "")


def inside(invite: Request, method: str, to: str) -> Request:
    """An ACK or CANCEL that belongs to the INVITE's own hop: only its top Via, and its Route."""
    headers = invite.headers
    # RFC 3261 §17.1.1.3 and §9.1: one Via, equal to the top one of the request
    kept = [("Via", str(invite.via)), ("Max-Forwards", "70")]
    kept += [("Route", route) for route in headers.all("Route")]
    kept += [("From", headers.get("From") or ""), ("To", to), ("Call-ID", invite.call_id)]
    return Request(method, invite.uri, Headers([*kept, ("CSeq", f"{invite.cseq.number} {method}")]))
