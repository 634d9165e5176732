"""Requests of ours that renew a call: a re-INVITE with a new offer, and the session timer's refresh.

RFC 3261 §14.1, RFC 3311, RFC 4028 §7. The session stays as it was when they fail, but for 481 and 408.
"""

from typing import TYPE_CHECKING

from crossroom.sip.answer import NO_BODY, Body
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.early import Acknowledgements
from crossroom.sip.initial import finish
from crossroom.sip.message import Response
from crossroom.sip.pending import capabilities
from crossroom.sip.session_timer import agreed_timer, ask_timer, read_min_se
from crossroom.sip.settings import fraction
from crossroom.sip.stack import StatelessAck

if TYPE_CHECKING:  # the usage makes these, and they report to it
    from crossroom.sip.invite import InviteUsage

_FATAL = frozenset({408, 481})
"""RFC 3261 §12.2.1.2: these to a request inside a dialog end it."""


class Renewal:
    """What both have in common: one request that carries the session timer, and its ACK if it needs one."""

    def __init__(self, usage: "InviteUsage") -> None:
        self.usage = usage
        self._acks: dict[int, StatelessAck] = {}
        self._reliable: Acknowledgements | None = None
        self._asked = 0
        self.interval = usage.timer.interval if usage.timer else usage.stack.settings.session_expires

    def send(self, method: str, body: Body, now: float, min_se: int = 0) -> None:
        """Send it inside the dialog."""
        usage = self.usage
        dialog, stack = usage.dialog, usage.stack
        self.interval = max(self.interval, min_se)
        ours = usage.timer is None or usage.timer.ours
        lines = ask_timer(self.interval, "uac" if ours else "uas")
        if min_se:
            lines = (*lines, ("Min-SE", str(min_se)))
        self._reliable = Acknowledgements(stack, dialog)
        request = finish(stack, dialog.request(method), (*lines, *capabilities(stack)), body)
        flow = dialog.flow_to_use()
        ClientRequest(stack, request, self, flow=flow, next_cseq=dialog.next_cseq).start(now)

    def longer(self, method: str, body: Body, response: Response, now: float) -> bool:
        """RFC 4028 §7.3: after 422 ask again, once, for the interval that the peer wants; False for anything else."""
        if response.status != 422 or self._asked:
            return False
        self._asked = read_min_se(response)
        self.send(method, body, now, self._asked)
        return True

    def answered(self, _request: ClientRequest, response: Response, now: float) -> None:
        """See `RequestUser.answered`."""
        if response.is_provisional:
            if self._reliable is not None:
                self._reliable.takes(response, now)
            return
        if response.is_success and response.cseq.method == "INVITE" and self._acknowledge(response):
            return
        self.concluded(response, now)

    def concluded(self, response: Response, now: float) -> None:
        """The final response, once."""
        raise NotImplementedError

    def _acknowledge(self, response: Response) -> bool:
        """ACK a 2xx; True when it was a copy of one seen before."""
        number = response.cseq.number
        if number in self._acks:
            self._acks[number].repeat()
            return True
        dialog = self.usage.dialog
        dialog.refresh_target(response)
        self._acks[number] = self.usage.stack.send_ack(dialog.request("ACK", number), dialog.flow_to_use())
        return False


class Reinvite(Renewal):
    """A re-INVITE with an offer of ours. `waiting`: it is on its way, so another INVITE is glare."""

    def __init__(self, usage: "InviteUsage", body: Body, now: float) -> None:
        super().__init__(usage)
        self._body = body
        self._again_at: float | None = None
        self._retries = 0
        self._abandoned = False
        self.waiting = usage.refresh is None
        if usage.refresh is not None:  # RFC 3261 §14.1: one INVITE of ours at a time
            self._again_at = now + _AFTER_REFRESH
        else:
            self.send("INVITE", body, now)

    def deadline(self) -> float | None:
        """When it is tried again after 491."""
        return self._again_at

    def tick(self, now: float) -> None:
        """Try again if it is time."""
        if self._again_at is not None and now >= self._again_at:
            if self.usage.refresh is not None:
                self._again_at = now + _AFTER_REFRESH
                return
            self._again_at = None
            self.waiting = True
            self.send("INVITE", self._body, now)

    def concluded(self, response: Response, now: float) -> None:
        """See `Renewal.concluded`."""
        usage = self.usage
        if not self._abandoned and self.longer("INVITE", self._body, response, now):
            return
        self.waiting = False
        if response.status == 491 and not self._abandoned and self._retries < _MAX_GLARE:
            self._retries += 1
            # RFC 3261 §14.1: 2.1 to 4 s for whoever owns the Call-ID, else 0 to 2 s
            start, width = (2.1, 1.9) if usage.caller else (0.0, 2.0)
            self._again_at = now + start + width * fraction(usage.stack.ids.token())
            usage.stack.watch(usage)
            return
        if response.is_success:
            usage.body = self._body
            usage.timer = agreed_timer(response, self.interval, now)
        usage.reinvited(response)
        if response.status in _FATAL:
            usage.end("failed", response.status, now)

    def abandon(self) -> None:
        """The call ends: nothing is tried again."""
        self._abandoned = True
        self._again_at = None


_MAX_GLARE = 5
"""Times that an offer is made again after 491: two sides whose random waits meet five times do so on purpose."""
_AFTER_REFRESH = 2.0
"""Seconds until it is looked again whether our own refresh is over; that takes a round trip."""


class Refresh(Renewal):
    """The session timer's refresh: UPDATE without an offer, or a re-INVITE with the same one."""

    def __init__(self, usage: "InviteUsage", now: float) -> None:
        super().__init__(usage)
        self._method, self._body = ("UPDATE", NO_BODY) if usage.peer_allows_update else ("INVITE", usage.body)
        self.send(self._method, self._body, now)

    @property
    def is_offer(self) -> bool:
        """Whether it is a re-INVITE, beside which there may be no other."""
        return self._method == "INVITE"

    def concluded(self, response: Response, now: float) -> None:
        """See `Renewal.concluded`."""
        usage = self.usage
        if response.is_success:
            usage.refreshed(agreed_timer(response, self.interval, now))
        elif self.longer(self._method, self._body, response, now):
            return
        elif response.status in _FATAL:
            usage.end("timeout", response.status, now)
        else:
            usage.refreshed(usage.timer.later(now) if usage.timer else None)
