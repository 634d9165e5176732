"""The whole server on a network in memory, an XMPP server beside it, and what it logged as a fault.

To be made inside a running VirtualLoop. Nothing of the server is replaced but its sockets, its clock and its dice.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any, cast

import structlog

from chaos_sip import SipPerson
from chaos_xmpp import DOMAIN, XmppPerson, XmppServer
from crossroom.config.schema import Component, Configuration, Limits, Msrp, Notices, Sip, UserNetwork, Xmpp
from crossroom.config.schema import Domain as ServedDomain
from crossroom.net.ids import SeededIds
from crossroom.server import Crossroom
from virtual_loop import Address, LoopClock, VirtualLoop

SIP: Address = ("127.0.0.1", 5060)


class Simulated:
    """See the module; `start` it first."""

    server: Crossroom
    configuration: Configuration

    def __init__(self, seed: int) -> None:
        self.loop = cast("VirtualLoop", asyncio.get_running_loop())
        self.network = self.loop.network
        self.link = XmppServer()
        self.faults: list[MutableMapping[str, Any]] = []
        self._seed = seed

    async def start(self, **limits: int) -> None:
        """Open everything, and wait until the XMPP link is up; `limits` are settings of that section."""
        host, port = await self.link.listen(self.network)
        self.configuration = Configuration(
            domains=[ServedDomain(DOMAIN)],
            networks={"sip.example": UserNetwork.SIP, "xmpp.example": UserNetwork.XMPP},
            sip=Sip(listen=[f"udp://{SIP[0]}:{SIP[1]}"]),
            msrp=Msrp(listen=["tcp://127.0.0.1:2855"]),
            xmpp=Xmpp(component=[Component(f"tcp://{host}:{port}", DOMAIN, "secret")]),
            notices=Notices(welcome=False, subject=False),
            limits=Limits(**limits),
        )
        log = structlog.wrap_logger(None, processors=[self._keep_faults])
        self.server = Crossroom(self.configuration, log, LoopClock(), SeededIds(self._seed))
        await self.server.start()
        await self.link.is_up.wait()

    def left(self) -> dict[str, int]:
        """What the server holds now, without what it holds none of."""
        return {name: number for name, number in self.server.tables().items() if number}

    def sip_person(self, name: str, *, listens: bool = False, room: str = "tea") -> SipPerson:
        return SipPerson(name, self.network, SIP, listens=listens, room=room)

    def xmpp_person(self, name: str, *, room: str = "tea") -> XmppPerson:
        return XmppPerson(name, self.link, room=room)

    def _keep_faults(self, _: object, level: str, line: MutableMapping[str, Any]) -> str:
        if level in {"error", "exception", "critical"}:
            self.faults.append(line)
        raise structlog.DropEvent


def running() -> list[str]:
    """The tasks that still run, but for the caller's own."""
    return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
