"""The transactions that a session waits for: one wheel, no timer objects (RFC 4975 §7.1.1, §7.2).

Every wait is equally long, so a dict in order of sending is a wheel: the first entry is the next to expire.
"""

from enum import Enum, auto
from itertools import takewhile

from crossroom.msrp.copies import Copies
from crossroom.msrp.frame_writer import is_in_body
from crossroom.msrp.message import Begun, Message, SharedBody, Transfer


class Duty(Enum):
    """What a transaction without a message is for."""

    BIND = auto()
    KEEPALIVE = auto()
    NICKNAME = auto()


Subject = Transfer | SharedBody | Duty
Waiting = tuple[str, Subject]
"""(the Message-ID, what it was about)"""


class Outbox:
    """Fresh ids, and who waits for which answer.

    `seed` is an unguessable token of 4 to 23 letters and digits, at least 64 random bits, this session's own:
    a transaction id is the seed and a count, so nobody outside the session can foresee one. `copies` are the
    copies of a fan-out, on a wheel of their own and with other ids: there are more than of anything else.
    """

    __slots__ = ("_count", "_seconds", "_seed", "_waiting", "copies")

    def __init__(self, seed: str, response_seconds: float) -> None:
        self.copies = Copies(seed, response_seconds)
        self._seed = seed
        self._seconds = response_seconds
        self._count = 0
        self._waiting: dict[str, tuple[float, Waiting]] = {}  # with the time when it expires

    def __len__(self) -> int:
        return len(self._waiting) + len(self.copies.waiting)

    @property
    def begun(self) -> Begun:
        """The place of what is begun now among all that the session has begun."""
        return self.copies.newest, self._count

    def fresh_id(self) -> str:
        """A new Message-ID; never one of the transaction ids."""
        return f"{self._seed}.{self._next_count():x}"

    def transaction_id(self, body: bytes | None = None) -> str:
        """A new transaction id whose end-line is not in the body."""
        while True:
            transaction_id = f"{self._seed}{self._next_count():x}"
            # RFC 4975 §7.1: another id is picked when the end-line would appear in the body.
            if body is None or not is_in_body(transaction_id, body):
                return transaction_id

    def wait(self, transaction_id: str, message_id: str, subject: Subject, now: float) -> None:
        """Expect an answer; the 30 seconds begin with the last octet written."""
        self._waiting[transaction_id] = now + self._seconds, (message_id, subject)

    def answered(self, transaction_id: str) -> Waiting | None:
        """Who waited for this transaction; None for one that nobody waits for, or no longer."""
        shared = self.copies.answered(transaction_id)
        if shared is not None:
            return self._copy(shared)
        _, waiting = self._waiting.pop(transaction_id, (0.0, None))
        return waiting

    def expired(self, now: float) -> list[Waiting]:
        """Who waited in vain."""
        # all have the same patience, so those who began first come first
        late = list(takewhile(lambda each: self._waiting[each][0] <= now, self._waiting))
        return [self._waiting.pop(each)[1] for each in late] + [*map(self._copy, self.copies.expired(now))]

    def drain(self) -> list[Waiting]:
        """Everybody who still waits; nobody does afterwards."""
        waiting, self._waiting = self._waiting, {}
        return [each for _, each in waiting.values()] + [*map(self._copy, self.copies.drain())]

    def unanswered(self) -> dict[Begun, Message]:
        """The copies that may not have arrived, by their places."""
        copies = self.copies
        return {place_of(each): each.message(copies.message_id(each)) for each in copies.waiting}

    def deadline(self) -> float | None:
        """When expired() is next due."""
        first = next((due for due, _ in self._waiting.values()), None)
        return min((due for due in (first, self.copies.deadline()) if due is not None), default=None)

    def _next_count(self) -> int:
        self._count += 1
        return self._count

    def _copy(self, shared: SharedBody) -> Waiting:
        return self.copies.message_id(shared), shared


def place_of(shared: SharedBody) -> Begun:
    """The place of a copy among all that its session has begun."""
    return shared.serial, 0
