"""Early dialogs of our own calls: what their provisional responses say, and what is sent back. RFC 3261 §12.1, §13.2.2.1.

RFC 3262 §4 (PRACK), RFC 3311 §5.2 (UPDATE), RFC 3891 §3 (a ringing call may be replaced).
"""

from collections.abc import Callable

from crossroom.sip.answer import NO_BODY, Body
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.dialog import Dialog
from crossroom.sip.initial import finish
from crossroom.sip.message import Request, Response
from crossroom.sip.pending import PendingRequest, soon
from crossroom.sip.rack import RAck, rseq_of
from crossroom.sip.stack import Stack

_MAX_FORKS = 64
"""Early dialogs of one call. Nobody has so many telephones; a proxy that makes up tags must not fill our tables."""


class Acknowledgements:
    """PRACKs for the reliable responses to one INVITE of ours, in one dialog. RFC 3262 §4."""

    def __init__(self, stack: Stack, dialog: Dialog) -> None:
        self._stack = stack
        self._dialog = dialog
        self._last: tuple[int, int] | None = None

    def takes(self, response: Response, now: float) -> bool:
        """Whether a provisional response says something new; a reliable one that does is acknowledged.

        RFC 3262 §4: copies are discarded, and one whose RSeq is not the next "MUST NOT be acknowledged".
        """
        rseq = rseq_of(response)
        if rseq is None:
            return True
        invite = response.cseq.number  # RFC 3262 §3: "the numbering space is within a single transaction"
        if self._last is not None and self._last[0] == invite and rseq != self._last[1] + 1:
            return False
        self._last = (invite, rseq)
        prack = self._dialog.request("PRACK").with_header("RAck", RAck(rseq, response.cseq))
        flow = self._dialog.flow_to_use()
        request = finish(self._stack, prack)
        ClientRequest(self._stack, request, self, flow=flow, next_cseq=self._dialog.next_cseq).start(now)
        return True

    def answered(self, request: ClientRequest, response: Response, now: float) -> None:
        """Nothing follows from the answer to a PRACK: the INVITE has its own final response."""


class EarlyDialog:
    """One fork of a call of ours that is not answered yet. `give_up` ends the whole call."""

    def __init__(self, stack: Stack, dialog: Dialog, give_up: Callable[[float, str], None]) -> None:
        self.dialog = dialog
        self._stack = stack
        self._give_up = give_up
        self._acknowledgements = Acknowledgements(stack, dialog)
        self._agreed = self._preview = NO_BODY
        stack.hold(dialog, self)

    def takes(self, response: Response, now: float) -> bool:
        """Note what a provisional response says; False for a copy."""
        if not self._acknowledgements.takes(response, now):
            return False
        said = _body_of(response)
        if said.content and rseq_of(response) is None:
            self._preview = said
        elif said.content and not self._agreed.content:
            # RFC 3261 §13.2.1: the first description that comes reliably is the answer, later ones are ignored
            self._agreed = said
        return True

    def answer_in(self, success: Response) -> Body:
        """The answer to our offer, wherever it was: reliable, in the 2xx, or only announced before."""
        answers = (self._agreed, _body_of(success), self._preview)
        return next((answer for answer in answers if answer.content), NO_BODY)

    def bye(self, now: float) -> None:
        """Another call takes the place of this one. RFC 3891 §3: CANCEL the early dialog."""
        self._give_up(now, 'SIP;cause=200;text="Call completed elsewhere"')

    def handles(self, request: Request) -> bool:
        """See `Usage.handles`."""
        return request.method == "UPDATE"

    def receive(self, pending: PendingRequest, now: float) -> None:
        """See `Usage.receive`. RFC 3311 §5.2: an offer has to wait, a new target has not."""
        if not pending.request.body:
            self.dialog.refresh_target(pending.request)
            pending.send(pending.answer(200, contact=self.dialog.contact), now)
        elif self._agreed.content:
            pending.reply(500, now, headers=soon(self._stack))
        else:
            pending.reply(491, now)  # ours has no answer yet

    def forget(self) -> None:
        """The call is over, or this fork is confirmed."""
        self._stack.release(self.dialog, self)


class EarlyDialogs:
    """All forks of one INVITE of ours, by their tags."""

    def __init__(self, stack: Stack, give_up: Callable[[float, str], None]) -> None:
        self._stack = stack
        self._give_up = give_up
        self._forks: dict[str, EarlyDialog] = {}

    def takes(self, response: Response, make: Callable[[], Dialog], now: float) -> bool:
        """Whether a provisional response is news. RFC 3261 §12.1: with a To tag it makes a dialog."""
        tag = response.to.tag
        if tag is None:
            return True
        fork = self._forks.get(tag)
        if fork is None:
            if len(self._forks) >= _MAX_FORKS:
                return False
            fork = self._forks[tag] = EarlyDialog(self._stack, make(), self._give_up)
        return fork.takes(response, now)

    def confirm(self, success: Response, make: Callable[[], Dialog]) -> tuple[Dialog, Body]:
        """The dialog of a 2xx, and the answer to our offer. RFC 3261 §13.2.2.4: numbers go on, the route is made anew."""
        fork = self._forks.pop(success.to.tag or "", None)
        if fork is None:
            return make(), _body_of(success)
        fork.forget()
        fork.dialog.confirm(success)
        return fork.dialog, fork.answer_in(success)

    def highest_cseq(self) -> int:
        """The highest CSeq number used in any of them, 0 for none."""
        return max((fork.dialog.local_cseq for fork in self._forks.values()), default=0)

    def forget(self) -> None:
        """None of them will be answered any more."""
        for fork in self._forks.values():
            fork.forget()
        self._forks.clear()


def _body_of(response: Response) -> Body:
    return Body(response.body, response.headers.get("Content-Type") or "")
