"""A MUC service over a real LocalFocus, with a recorder where the network would be."""

import asyncio
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import structlog

from crossroom.focus.creators import Creators
from crossroom.focus.directory import DomainDirectory
from crossroom.focus.hosting import Surroundings
from crossroom.focus.interface import Focus, Invitation, Outcome
from crossroom.focus.limits import Allowance, Limits
from crossroom.focus.local import LocalFocus
from crossroom.machine import Malformed
from crossroom.muc.context import MucLimits
from crossroom.muc.service import MucService
from crossroom.net.clock import VirtualClock
from crossroom.net.ids import SeededIds
from crossroom.room.configuration import Configuration
from crossroom.storage.memory import MemoryStore
from crossroom.xmpp.element import Element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza, head
from crossroom.xmpp.stream import StreamReader

DOMAIN = "conf.bridge.example"
ROOM = f"tea@{DOMAIN}"
BOB = "bob@xmpp.example/phone"
DEE = "dee@xmpp.example/tab"
EVE = "eve@xmpp.example/pc"
OPEN = Configuration(is_anonymous=False)
MUC = "http://jabber.org/protocol/muc"
USER = f"{MUC}#user"
QUIET_TURNS = 5  # of the loop, after which nothing more comes: a future's result takes two


def read(xml: str) -> Stanza:
    """One stanza from the text that a server would send."""
    reader = StreamReader()
    stream = f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>{xml}"
    items = reader.receive_data(stream.encode())
    assert not any(isinstance(item, Malformed) for item in items), items
    found = [item for item in items if isinstance(item, Stanza)]
    assert len(found) == 1, items
    return found[0]


class RecordingRouter:
    """Writes down what would go to the network, in order."""

    def __init__(self) -> None:
        self.sent: list[Stanza] = []
        self.octets: list[bytes] = []

    def send(self, stanza: Stanza) -> None:
        assert stanza.to is not None
        assert stanza.from_ is not None
        self._take(bytes(stanza))

    def send_tail(self, kind: Kind, to: Jid, tail: bytes, from_domain: str) -> None:
        assert from_domain == DOMAIN
        self._take(head(kind, to) + tail)

    def _take(self, octets: bytes) -> None:
        self.octets.append(octets)
        self.sent.append(read(octets.decode()))


class Faces:
    """The reach of the room: asks the one face there is."""

    def __init__(self) -> None:
        self.service: MucService | None = None

    async def invite(self, invitation: Invitation) -> Outcome:
        assert self.service is not None
        return await self.service.invite(invitation)


@dataclass
class World:
    limits: MucLimits = field(default_factory=MucLimits)
    new_room: Configuration = field(default_factory=Configuration)
    other_focus: Focus | None = None
    embedded: str = ""
    rooms_per_person: int = 100
    creators: Creators = field(default_factory=Creators)

    def __post_init__(self) -> None:
        numbers = count(1)
        self.clock = VirtualClock()
        self.router = RecordingRouter()
        self.faces = Faces()
        self.faults: list[str] = []
        self.log: list[MutableMapping[str, Any]] = []
        around = Surroundings(
            clock=lambda: self.clock.wall().timestamp(),
            entropy=lambda size: next(numbers).to_bytes(size, "big"),
            reach=self.faces,
            store=MemoryStore(),
            report=lambda text, _error: self.faults.append(text),
        )
        generous = Allowance(1000, 1000.0)
        self.focus = LocalFocus(
            around,
            Limits(
                acts=generous,
                joins=generous,
                rooms_per_person=self.rooms_per_person,
                creators=self.creators,
            ),
            self.new_room,
        )
        self.service = MucService(
            [DOMAIN],
            DomainDirectory({DOMAIN: self.other_focus or self.focus}),
            self.router,
            self.clock,
            SeededIds(1),
            structlog.wrap_logger(None, processors=[self._keep_line]),
            self.limits,
            self.embedded,
        )
        self.faces.service = self.service
        self._read = 0

    def _keep_line(self, _: object, level: str, line: MutableMapping[str, Any]) -> str:
        self.log.append({**line, "level": level})
        raise structlog.DropEvent

    async def send(self, xml: str) -> list[Stanza]:
        """Let a user send this; everything that it caused to be written."""
        self.service.on_stanza(read(xml))
        await self.settled()
        return self.news()

    async def settled(self) -> None:
        """Wait until no work is left that could go on by itself: what waits for a person is left waiting."""
        tasks, invitations = self.service._context.tasks, self.service._context.invitations
        quiet = 0
        async with asyncio.timeout(10):
            while len(tasks) > len(invitations) or quiet < QUIET_TURNS:
                quiet = 0 if len(tasks) > len(invitations) else quiet + 1
                await asyncio.sleep(0)

    def news(self) -> list[Stanza]:
        """What was written since the last look."""
        fresh = self.router.sent[self._read :]
        self._read = len(self.router.sent)
        return fresh

    async def join(self, user: str, nickname: str, inside: str = "") -> list[Stanza]:
        """Enter the room; what the user itself is told."""
        xml = f"<presence from='{user}' to='{ROOM}/{nickname}'><x xmlns='{MUC}'>{inside}</x></presence>"
        return to(user, await self.send(xml))

    async def open_room(self, *people: tuple[str, str]) -> None:
        """A room that its creator has unlocked, with these people in it."""
        for number, (user, nickname) in enumerate(people):
            await self.join(user, nickname)
            if number == 0:
                await self.send(instant_room(user))
        self.news()


def instant_room(owner: str) -> str:
    form = "<x xmlns='jabber:x:data' type='submit'/>"
    return (
        f"<iq type='set' id='own' from='{owner}' to='{ROOM}'><query xmlns='{MUC}#owner'>{form}</query></iq>"
    )


def to(user: str, stanzas: Sequence[Stanza]) -> list[Stanza]:
    return [one for one in stanzas if str(one.to) == user]


def codes(stanza: Stanza) -> list[int]:
    x = stanza.find("x", USER)
    return [int(status.get("code")) for status in x.find_all("status")] if x else []


def item(stanza: Stanza) -> Element:
    x = stanza.find("x", USER)
    found = x.find("item") if x else None
    assert found is not None, str(stanza.as_element())
    return found


def error(stanza: Stanza) -> tuple[str, str]:
    """(condition, type) of the error that a stanza carries."""
    found = stanza.find("error")
    assert stanza.type == "error", str(stanza.as_element())
    assert found is not None
    return found.elements[0].name, found.get("type")


def summary(stanza: Stanza) -> str:
    """A stanza in one line: who, what, codes."""
    who = stanza.from_.resource if stanza.from_ and stanza.from_.resource else "room"
    what = stanza.body if stanza.body is not None else stanza.type or "available"
    subject = stanza.find("subject")
    if stanza.kind is Kind.MESSAGE and subject is not None and stanza.body is None:
        what = f"subject:{subject.text}"
    return " ".join([who, what, *map(str, codes(stanza))])
