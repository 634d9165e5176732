"""What one groupchat message costs per occupant, from its stanza to the octets of every copy, against building each copy alone.

Run: python bench/muc_fanout.py [--json]. The figure to watch is the ratio: both sides run in this process.
"""

import asyncio
import secrets
import time

import structlog
from report import report

from crossroom.focus.directory import DomainDirectory
from crossroom.focus.hosting import Surroundings
from crossroom.focus.invitations import Invitations
from crossroom.focus.limits import Allowance, Limits
from crossroom.focus.local import LocalFocus
from crossroom.focus.networks import Networks
from crossroom.muc.service import MucService
from crossroom.net.clock import SystemClock
from crossroom.net.ids import RandomIds
from crossroom.room.address import Network
from crossroom.storage.memory import MemoryStore
from crossroom.xmpp.element import element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import MUC
from crossroom.xmpp.stanza import Kind, Stanza, head

DOMAIN = "conference.example"
ROOM = Jid("bench", DOMAIN)
SIZES = (10, 100, 1000)
COPIES = 50_000  # per measurement: a tenth of a second
ROUNDS = 3  # the quickest counts: the rest is the machine's other work
UNLIMITED = Allowance(burst=10**9, per_second=1e9)
NO_HISTORY = element("x", MUC, element("history", MUC, maxstanzas="0"))


class Sink:
    """A router that does what the real one does before the socket: joins head and tail."""

    def __init__(self) -> None:
        self.octets = 0
        self.copies = 0

    def send(self, stanza: Stanza) -> None:
        self.octets += len(bytes(stanza))

    def send_tail(self, kind: Kind, to: Jid, tail: bytes, from_domain: str) -> None:
        del from_domain
        self.octets += len(head(kind, to) + tail)
        self.copies += 1


async def nowhere(_domain: str) -> Network | None:
    return None


def service(sink: Sink) -> MucService:
    reach = Invitations(Networks({}, {}, nowhere, time.monotonic), time.monotonic)
    around = Surroundings(
        time.monotonic, secrets.token_bytes, reach, MemoryStore(), lambda text, _error: print(text)
    )
    focus = LocalFocus(around, Limits(acts=UNLIMITED, joins=UNLIMITED))
    rooms = DomainDirectory({DOMAIN: focus})
    return MucService([DOMAIN], rooms, sink, SystemClock(), RandomIds(), structlog.stdlib.get_logger())


def user(number: int) -> Jid:
    return Jid(f"u{number}", "x.example", "d")


async def settled(face: MucService) -> None:
    while face.tables()["tasks"]:  # noqa: ASYNC110 -- the turns of the loop are what is measured
        await asyncio.sleep(0)


async def full_room(size: int, sink: Sink) -> tuple[MucService, float]:
    """Fill a room; also says what one join cost on the average, in seconds."""
    face = service(sink)
    start = time.process_time()
    for number in range(size):
        to = Jid(ROOM.local, DOMAIN, f"u{number}")
        face.on_stanza(Stanza(Kind.PRESENCE, to, user(number), "", "", "", (NO_HISTORY,)))
        await settled(face)
        if number == 0:
            form = element("x", "jabber:x:data", type="submit")
            query = element("query", f"{MUC}#owner", form)
            face.on_stanza(Stanza(Kind.IQ, ROOM, user(0), "o", "set", "", (query,)))
            await settled(face)
    return face, (time.process_time() - start) / size


async def per_copy(face: MucService, sink: Sink, size: int) -> float:
    said = Stanza(Kind.MESSAGE, ROOM, user(0), "m", "groupchat", "", (element("body", "", "Kettle on"),))
    before, start = sink.copies, time.process_time()
    for _ in range(max(5, COPIES // size)):
        face.on_stanza(said)
        await settled(face)
    return (time.process_time() - start) / (sink.copies - before)


def per_stanza(size: int) -> float:
    """Every copy built and written alone."""
    rounds = max(2, COPIES // 10 // size)
    body, author = element("body", "", "Kettle on"), Jid(ROOM.local, DOMAIN, "u0")
    octets, start = 0, time.process_time()
    for _ in range(rounds):
        for number in range(size):
            octets += len(bytes(Stanza(Kind.MESSAGE, user(number), author, "m", "groupchat", "", (body,))))
    return (time.process_time() - start) / (rounds * size)


async def measure(size: int) -> dict[str, float]:
    sink = Sink()
    face, join = await full_room(size, sink)
    ours = min([await per_copy(face, sink, size) for _ in range(ROUNDS)])
    alone = min(per_stanza(size) for _ in range(ROUNDS))
    return {
        "occupants": size,
        "us_per_copy": round(ours * 1e6, 2),
        "us_per_stanza_alone": round(alone * 1e6, 2),
        "ratio": round(ours / alone, 3),
        "us_per_join": round(join * 1e6, 1),
    }


async def main() -> None:
    report([await measure(size) for size in SIZES])


if __name__ == "__main__":
    asyncio.run(main())
