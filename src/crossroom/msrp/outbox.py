"""The transactions that a session waits for: one wheel, no timer objects (RFC 4975 §7.1.1, §7.2).

Every wait is equally long, so a dict in order of sending is a wheel: the first entry is the next to expire.
"""

from enum import Enum, auto

from crossroom.msrp.frame_writer import is_in_body
from crossroom.msrp.message import Message, SharedBody, Transfer


class Duty(Enum):
    """What a transaction without a message is for."""

    BIND = auto()
    KEEPALIVE = auto()
    NICKNAME = auto()


Subject = Transfer | SharedBody | Duty
Waiting = tuple[float, str, Subject]
"""(when it expires, the Message-ID, what it was about)"""


class Outbox:
    """Fresh ids, and who waits for which answer.

    `seed` is an unguessable token of 4 to 23 letters and digits, at least 64 random bits, this session's own:
    a transaction id is the seed and a count, so nobody outside the session can foresee one.
    """

    def __init__(self, seed: str, response_seconds: float) -> None:
        self._seed = seed
        self._seconds = response_seconds
        self._count = 0
        self._waiting: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def fresh_id(self) -> str:
        """A new Message-ID; never one of the transaction ids."""
        self._count += 1
        return f"{self._seed}.{self._count:x}"

    def transaction_id(self, body: bytes | None = None) -> str:
        """A new transaction id whose end-line is not in the body."""
        while True:
            self._count += 1
            transaction_id = f"{self._seed}{self._count:x}"
            # RFC 4975 §7.1: another id is picked when the end-line would appear in the body.
            if body is None or not is_in_body(transaction_id, body):
                return transaction_id

    def wait(self, transaction_id: str, message_id: str, subject: Subject, now: float) -> None:
        """Expect an answer; the 30 seconds begin with the last octet written."""
        self._waiting[transaction_id] = now + self._seconds, message_id, subject

    def begin_copy(self, shared: SharedBody, now: float) -> tuple[str, str]:
        """Transaction id and Message-ID of a copy, waited for if it is to be answered: hot."""
        self._count += 1
        count = f"{self._count:x}"
        transaction_id = self._seed + count if not shared.has_dashes else self.transaction_id(shared.body)
        message_id = f"{self._seed}.{count}"
        if shared.is_answered:
            self._waiting[transaction_id] = now + self._seconds, message_id, shared
        return transaction_id, message_id

    def answered(self, transaction_id: str) -> Waiting | None:
        """Who waited for this transaction; None for an unknown one, which is ignored (RFC 4975 §7.2)."""
        return self._waiting.pop(transaction_id, None)

    def expired(self, now: float) -> list[Waiting]:
        """Who waited in vain."""
        late = []
        for transaction_id, waiting in self._waiting.items():
            if waiting[0] > now:
                break
            late.append((transaction_id, waiting))
        for transaction_id, _ in late:
            del self._waiting[transaction_id]
        return [waiting for _, waiting in late]

    def drain(self) -> list[Waiting]:
        """Everybody who still waits; nobody does afterwards."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        return waiting

    def unanswered(self) -> tuple[Message, ...]:
        """The messages that may not have arrived, to be sent again with the same id (RFC 4975 §5.4)."""
        messages: dict[str, Message] = {}
        for _, message_id, subject in self._waiting.values():
            if isinstance(subject, Transfer):
                messages[message_id] = subject.message
            elif isinstance(subject, SharedBody):
                messages[message_id] = subject.message(message_id)
        return tuple(messages.values())

    def deadline(self) -> float | None:
        """When expired() is next due."""
        return next((waiting[0] for waiting in self._waiting.values()), None)
