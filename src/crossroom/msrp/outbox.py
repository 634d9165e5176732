"""The transactions that a session waits for: one wheel, no timer objects (RFC 4975 §7.1.1, §7.2).

Every wait is equally long, so a dict in order of sending is a wheel: the first entry is the next to expire.
"""

from collections.abc import Mapping
from enum import Enum, auto
from itertools import takewhile
from math import inf
from typing import TypeVar

from crossroom.msrp.copies import Copies, Copy
from crossroom.msrp.frame_writer import is_in_body
from crossroom.msrp.message import Message, SharedBody, Transfer


class Duty(Enum):
    """What a transaction without a message is for."""

    BIND = auto()
    KEEPALIVE = auto()
    NICKNAME = auto()


Key = TypeVar("Key", str, bytes)
Subject = Transfer | SharedBody | Duty
Waiting = tuple[float, str, Subject, int]
"""(when it expires, the Message-ID, what it was about, the count with which it was begun)"""


class Outbox:
    """Fresh ids, and who waits for which answer.

    `seed` is an unguessable token of 4 to 23 letters and digits, at least 64 random bits, this session's own:
    a transaction id is the seed and a count, so nobody outside the session can foresee one. `copies` are the
    copies of a fan-out, on a wheel of their own and with other ids: there are more than of anything else.
    """

    __slots__ = ("_seconds", "_seed", "_waiting", "copies")

    def __init__(self, seed: str, response_seconds: float) -> None:
        self.copies = Copies(seed, response_seconds)
        self._seed = seed
        self._seconds = response_seconds
        self._waiting: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self.copies.waiting)

    @property
    def count(self) -> int:
        """That of the last id given out: what was begun later has a higher one."""
        return self.copies.count

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
        self._waiting[transaction_id] = now + self._seconds, message_id, subject, self.count

    def answered(self, transaction_id: str) -> Waiting | None:
        """Who waited for this transaction; None for one that nobody waits for, or no longer."""
        copy = self.copies.answered(transaction_id)
        if copy is not None:
            (due, shared, count), message_id = copy
            return due, message_id, shared, count
        return self._waiting.pop(transaction_id, None)

    def expired(self, now: float) -> list[Waiting]:
        """Who waited in vain."""
        return [
            *(self._waiting.pop(transaction_id) for transaction_id in _late(self._waiting, now)),
            *(self._drop_copy(number) for number in _late(self.copies.waiting, now)),
        ]

    def drain(self) -> list[Waiting]:
        """Everybody who still waits; nobody does afterwards."""
        return self.expired(inf)

    def unanswered(self) -> dict[int, Message]:
        """The copies that may not have arrived, by the count with which each was begun."""
        copies = self.copies
        return {
            count: shared.message(copies.message_id(number))
            for number, (_, shared, count) in copies.waiting.items()
        }

    def deadline(self) -> float | None:
        """When expired() is next due."""
        first = next((waiting[0] for waiting in self._waiting.values()), None)
        first_copy = next((copy[0] for copy in self.copies.waiting.values()), None)
        return min((due for due in (first, first_copy) if due is not None), default=None)

    def _next_count(self) -> int:
        self.copies.count += 1
        return self.copies.count

    def _drop_copy(self, number: bytes) -> Waiting:
        due, shared, count = self.copies.waiting.pop(number)
        return due, self.copies.message_id(number), shared, count


def _late(waiting: Mapping[Key, Waiting | Copy], now: float) -> list[Key]:
    """Who has waited long enough: all have the same patience, so those who began first come first."""
    return list(takewhile(lambda key: waiting[key][0] <= now, waiting))
