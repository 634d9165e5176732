"""What one post costs per recipient, from `post` to the last `deliver`, against a bare loop of the same calls.

Run: python bench/room_fanout.py [--json]. The figure to watch is the ratio: both sides run in this process.
"""

import asyncio
import secrets
import time
from collections.abc import Callable

from report import report

from crossroom.focus.hosting import Surroundings
from crossroom.focus.invitations import Invitations
from crossroom.focus.limits import Allowance, Limits
from crossroom.focus.local import LocalFocus, LocalParticipation
from crossroom.focus.networks import Networks
from crossroom.room.address import Address, MessageId, Network, Nickname
from crossroom.room.commands import Draft, HistoryRequest, Joiner
from crossroom.room.content import Content
from crossroom.room.events import RoomEvent
from crossroom.storage.memory import MemoryStore

ROOM = Address("bench", "conference.example")
SIZES = (1, 10, 100, 1000)
CALLS = 200_000  # deliveries per measurement: about a tenth of a second
ROUNDS = 5  # the quickest counts: the rest is the machine's other work
UNLIMITED = Allowance(burst=10**9, per_second=1e9)
NO_HISTORY = HistoryRequest(max_posts=0)


class Sink:
    """A deliver that does what every face does at least: look and count."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _event: RoomEvent) -> None:
        self.count += 1


def clock() -> float:
    return 0.0


async def nowhere(_domain: str) -> Network | None:
    return None


def focus() -> LocalFocus:
    reach = Invitations(Networks({}, {}, nowhere, clock), clock)
    around = Surroundings(clock, secrets.token_bytes, reach, MemoryStore(), lambda text, _error: print(text))
    return LocalFocus(around, Limits(acts=UNLIMITED, joins=UNLIMITED))


async def full_room(size: int) -> tuple[LocalParticipation, list[Sink], float]:
    """Fill a room; also says what one join cost on the average, in seconds."""
    owner, sinks, seats = focus(), [Sink() for _ in range(size)], []
    start = time.process_time()
    for number, sink in enumerate(sinks):
        who = Joiner(Address(f"u{number}", "x.example", "d"), Nickname(f"u{number}"), history=NO_HISTORY)
        seats.append(await owner.join(ROOM, who, sink))
    return seats[-1], sinks, (time.process_time() - start) / size


async def per_delivery(seat: LocalParticipation, size: int) -> float:
    posts = min(5000, max(20, CALLS // size))
    draft = Draft(MessageId("m"), Content("text/plain", "Kettle on"))
    start = time.process_time()
    for _ in range(posts):
        await seat.post(draft)
    return (time.process_time() - start) / (posts * size)


def per_bare_call(sinks: list[Sink]) -> float:
    calls: list[Callable[[object], None]] = list(sinks)  # type: ignore[arg-type]  # any object will do here
    rounds = max(20, CALLS // len(calls))
    event = object()
    start = time.process_time()
    for _ in range(rounds):
        for call in calls:
            call(event)
    return (time.process_time() - start) / (rounds * len(calls))


async def measure(size: int) -> dict[str, float]:
    seat, sinks, join = await full_room(size)
    ours = min([await per_delivery(seat, size) for _ in range(ROUNDS)])
    bare = min(per_bare_call(sinks) for _ in range(ROUNDS))
    return {
        "recipients": size,
        "ns_per_delivery": round(ours * 1e9, 1),
        "ns_per_bare_call": round(bare * 1e9, 1),
        "ratio": round(ours / bare, 2),
        "us_per_join": round(join * 1e6, 1),
    }


async def main() -> None:
    report([await measure(size) for size in SIZES])


if __name__ == "__main__":
    asyncio.run(main())
