"""Our 2xx to an INVITE, said again until its ACK comes. RFC 3261 §13.3.1.4: on every transport."""

from crossroom.sip.message import Response
from crossroom.sip.pending import PendingRequest


class RepeatedSuccess:
    """One 2xx. `cseq`: the number that its ACK carries."""

    def __init__(self, pending: PendingRequest, response: Response, now: float) -> None:
        timers = pending.stack.timers
        self.cseq = response.cseq.number
        self._pending = pending
        self._response = response
        self._interval = timers.t1
        self._next = now + timers.t1
        self._until = now + timers.timeout

    def deadline(self) -> float:
        """When it is said again, or given up."""
        return min(self._next, self._until)

    def tick(self, now: float) -> bool:
        """Say it again if it is time; False when no ACK came in 64*T1."""
        if now >= self._until:
            return False
        if now >= self._next:
            self._pending.send(self._response, now)
            # RFC 3261 §13.3.1.4: from T1, doubling, up to T2
            self._interval = min(2 * self._interval, self._pending.stack.timers.t2)
            self._next += self._interval
        return True
