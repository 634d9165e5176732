"""What one focus admits: numbers from the settings, and the token buckets that enforce the rates."""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from crossroom.focus.creators import Creators
from crossroom.room.address import Address
from crossroom.room.reasons import Reason
from crossroom.room.state import RoomLimits

Noted = Callable[[Reason, str, Address], None]
"""Told that a limit was reached: which, by whom (`user@domain`), in which room. Quick; never raises."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` acts at once, then `per_second` of them."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of a focus. `acts` counts per seat, `joins` and `invitations` per person; `creators` may begin rooms."""

    rooms: int = 10_000  # kept and open ones together: each costs some kilobytes
    rooms_per_person: int = 100  # begun by one person: nobody takes them all
    acts: Allowance = Allowance(burst=100, per_second=20.0)  # posts, typing, renames: far above any human
    joins: Allowance = Allowance(burst=60, per_second=1.0)  # a client that comes back to all its rooms
    invitations: Allowance = Allowance(burst=20, per_second=0.2)  # a table of guests, then one every 5 s
    creators: Creators = field(default_factory=Creators)
    room: RoomLimits = field(default_factory=RoomLimits)


def unnoted(_reason: Reason, _person: str, _room: Address) -> None:
    """Where nobody wants to know."""


class Bucket:
    """One allowance in use."""

    __slots__ = ("_allowance", "_at", "_tokens")

    def __init__(self, allowance: Allowance, now: float) -> None:
        self._allowance = allowance
        self._tokens = float(allowance.burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Spend one token; False when there is none."""
        self._refill(now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def is_full(self, now: float) -> bool:
        """True when forgetting this bucket changes nothing."""
        self._refill(now)
        return self._tokens >= self._allowance.burst

    def _refill(self, now: float) -> None:
        passed, self._at = now - self._at, now
        if passed > 0:  # a clock that was set back gives nothing
            allowance = self._allowance
            self._tokens = min(float(allowance.burst), self._tokens + passed * allowance.per_second)


class Buckets:
    """One bucket per key; the full ones are forgotten whenever the table has doubled."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._buckets: dict[Hashable, Bucket] = {}
        self._sweep_at = 64

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, now: float) -> bool:
        """Spend one of the key's tokens; False when there is none."""
        if len(self._buckets) >= self._sweep_at:
            self._buckets = {k: bucket for k, bucket in self._buckets.items() if not bucket.is_full(now)}
            self._sweep_at = max(64, 2 * len(self._buckets))
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._allowance, now)
        return bucket.take(now)


class Founders:
    """Who began which of the rooms that are there."""

    def __init__(self) -> None:
        self._of: dict[Hashable, Hashable] = {}
        self._rooms: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return len(self._of)

    def rooms_of(self, person: Hashable) -> int:
        """How many of them this person began."""
        return self._rooms[person]

    def note(self, room: Hashable, person: Hashable) -> None:
        """A person has begun a room."""
        self._of[room] = person
        self._rooms[person] += 1

    def forget(self, room: Hashable) -> None:
        """A room is no more, whoever began it."""
        person = self._of.pop(room, None)
        if person is None:
            return
        self._rooms[person] -= 1
        if not self._rooms[person]:
            del self._rooms[person]
