"""Provisional responses of ours that must arrive: said again until their PRACK comes. RFC 3262 §3.

None of them carries a session description (docs/decisions/0011), so a 2xx need not wait for a PRACK.
"""

from crossroom.machine import ParseError
from crossroom.sip.message import Response
from crossroom.sip.pending import PendingRequest
from crossroom.sip.rack import MAX_FIRST_RSEQ, RELIABLE, RAck
from crossroom.sip.settings import fraction


class ReliableResponses:
    """Those to one INVITE, one at a time."""

    def __init__(self, pending: PendingRequest) -> None:
        self._pending = pending
        timers = pending.stack.timers
        self._t1, self._patience = timers.t1, timers.timeout
        self._rseq = int(fraction(pending.stack.ids.token()) * (MAX_FIRST_RSEQ - 1))
        self._sent: Response | None = None
        self._following: Response | None = None
        self._interval = self._next = self._until = 0.0

    def deadline(self) -> float | None:
        """When the response is said again, or given up."""
        return None if self._sent is None else min(self._next, self._until)

    def tick(self, now: float) -> bool:
        """Say it again if it is time; False when no PRACK came in 64*T1."""
        if self._sent is None:
            return True
        if now >= self._until:
            return False
        if now >= self._next:
            self._pending.send(self._sent, now)
            # RFC 3262 §3: "doubles for each retransmission"; unlike a 2xx it has no cap
            self._interval *= 2
            self._next += self._interval
        return True

    def say(self, response: Response, now: float) -> None:
        """Send it; while another one is on its way it waits, and the newest is what follows.

        RFC 3262 §3: a second one "MUST NOT" be sent "until the first is acknowledged".
        """
        if self._sent is not None:
            self._following = response
            return
        self._rseq += 1
        numbered = response.headers.adding("Require", RELIABLE).adding("RSeq", str(self._rseq))
        self._sent = response.with_headers(numbered)
        self._interval = self._t1
        self._next, self._until = now + self._t1, now + self._patience
        self._pending.send(self._sent, now)

    def acknowledged(self, rack: RAck, now: float) -> bool:
        """Whether this is what waits for a PRACK; then the next one goes out."""
        if self._sent is None or rack != RAck(self._rseq, self._pending.request.cseq):
            return False
        self._sent = None
        following, self._following = self._following, None
        if following is not None and not self._pending.answered:
            self.say(following, now)
        return True


def receive_prack(waiting: ReliableResponses | None, prack: PendingRequest, now: float) -> None:
    """Answer a PRACK. RFC 3262 §3: 2xx if it matches a response that waits for it, else 481."""
    try:
        rack = RAck.parse(prack.request.headers.get("RAck") or "")
    except ParseError:
        prack.reply(400, now, "RAck missing")
        return
    is_awaited = waiting is not None and waiting.acknowledged(rack, now)
    prack.reply(200 if is_awaited else 481, now)
