"""The SIP face as it runs, for its unit tests: real sockets on loopback, scripted endpoints that are not ours.

XMPP users are seats taken at the focus directly: what they hear is written down, what the room asks of their
network is answered as the test says. On leaving nothing may be left, and nothing logged as a fault.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from contract.focus_contract import Recorder, person
from crossroom.conference.invite import Reception
from crossroom.config.schema import Configuration, Domain, Limits, Msrp, Notices, Sip, Tls, UserNetwork
from crossroom.focus.interface import Answer, Deliver, Description, Focus, Invitation, Outcome, Participation
from crossroom.room.address import Address, Network
from crossroom.room.commands import Joiner
from crossroom.server import Crossroom
from peers.quirks import PLAIN, Quirks
from peers.sip_participant import SipParticipant
from peers.tls import Tls as PeerTls

DOMAIN = "conference.example"
ROOM = Address("tea", DOMAIN)
TEA = "sip:tea@conference.example"
QUIET = Notices(welcome=False, subject=False)


@dataclass
class XmppNetwork:
    """A Reach: remembers who was invited, and answers as it is told."""

    answer: Callable[[Invitation], Outcome] = lambda _: Outcome(Answer.ACCEPTED)
    asked: list[Invitation] = field(default_factory=list)

    async def invite(self, invitation: Invitation) -> Outcome:
        self.asked.append(invitation)
        await asyncio.sleep(0)
        return self.answer(invitation)


class Gate:
    """A Directory and a Focus: the real one, behind a gate."""

    def __init__(self, inner: Focus) -> None:
        self.entered, self.open = asyncio.Event(), asyncio.Event()
        self._inner = inner

    def focus_for(self, _room: Address) -> "Gate":
        return self

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        participation = await self._inner.join(room, joiner, deliver)
        self.entered.set()
        await self.open.wait()
        return participation

    async def describe(self, room: Address) -> Description:
        return await self._inner.describe(room)

    async def rooms(self, domain: str) -> tuple[Description, ...]:
        return await self._inner.rooms(domain)


@dataclass
class World:
    server: Crossroom
    undo: AsyncExitStack
    log: list[MutableMapping[str, Any]]
    xmpp_network: XmppNetwork

    @property
    def sip_address(self) -> tuple[str, int]:
        first = self.server.sip.listening[0]
        return first.host, first.port

    async def endpoint(
        self, name: str, *, quirks: Quirks = PLAIN, tls: PeerTls | None = None, password: str | None = None
    ) -> SipParticipant:
        """A SIP user agent that is in no room yet."""
        peer = SipParticipant(
            name.lower(),
            "sip.example",
            server=self.sip_address,
            quirks=quirks,
            tls=tls,
            secure_msrp=tls is not None,
            password=password,
        )
        return await self.undo.enter_async_context(peer)

    async def sip(self, name: str, *, subscribe: bool = True, **how: Any) -> SipParticipant:
        """A SIP user in the room under that nickname."""
        peer = await self.endpoint(name)
        await peer.join(TEA, name, subscribe=subscribe, **how)
        return peer

    async def xmpp(self, name: str, room: Address = ROOM) -> tuple[Participation, Recorder]:
        """An XMPP user in the room."""
        recorder = Recorder(name)
        return await self.server.focus.join(room, person(name), recorder), recorder

    def slow_down(self) -> "Gate":
        """From now on nobody who calls is let into a room before the gate is opened."""
        gate = Gate(self.server.focus)
        premises = self.server.conference._premises
        self.server.conference._reception = Reception(replace(premises, directory=gate))
        return gate

    @property
    def faults(self) -> list[MutableMapping[str, Any]]:
        return [line for line in self.log if line["level"] in {"error", "exception", "critical"}]

    def logged(self, event: str) -> list[MutableMapping[str, Any]]:
        """The lines of the log about one kind of event."""
        return [line for line in self.log if line["event"] == event]

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not claim():  # noqa: ASYNC110 -- a table tells nobody that it changed
                await asyncio.sleep(0)


@asynccontextmanager
async def facing(  # noqa: PLR0913 -- the sections that a test sets
    *,
    notices: Notices = QUIET,
    limits: Limits | None = None,
    sip: Sip | None = None,
    msrp: Msrp | None = None,
    tls: Tls | None = None,
    domain: Domain | None = None,
    others: Sequence[Domain] = (),
) -> AsyncIterator[World]:
    log: list[MutableMapping[str, Any]] = []

    def keep(_: object, level: str, line: MutableMapping[str, Any]) -> str:
        log.append({**line, "level": level})
        raise structlog.DropEvent

    configuration = Configuration(
        domains=[domain or Domain(DOMAIN), *others],
        networks={"sip.example": UserNetwork.SIP, "xmpp.example": UserNetwork.XMPP},
        sip=sip or Sip(listen=["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]),
        msrp=msrp or Msrp(listen=["tcp://127.0.0.1:0"]),
        tls=tls or Tls(),
        notices=notices,
        limits=limits or Limits(),
    )
    server = Crossroom(configuration, structlog.wrap_logger(None, processors=[keep]))
    network = XmppNetwork()
    server.invitations.connect(Network.XMPP, network)
    async with AsyncExitStack() as undo:
        await server.start()
        try:
            world = World(server, undo, log, network)
            yield world
        finally:
            await server.stop()
        assert {name: count for name, count in server.tables().items() if count} == {}
        assert world.faults == []
