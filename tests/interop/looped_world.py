"""A looped deployment as operators run it: users at Kamailio, users at Prosody, and the server between the two.

async with looped(folder, "udp") as world:    # world.ana and world.cy at Kamailio, world.bob and world.dora at Prosody
    ...
# on leaving: whoever is still in a room says goodbye, and the server must hold nothing any more
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from interop.crossroom_server import RunningServer, crossroom_server
from peers.crossroom import Domain, Ports
from peers.kamailio import Kamailio, kamailio
from peers.prosody import Prosody, prosody
from peers.sip_participant import SipParticipant
from peers.xmpp_user import XmppUser

ROOM = "tea@conference.example"
ROOM_URI = f"sip:{ROOM}"
SIP_DOMAIN = "sip.example"


@dataclass(frozen=True, slots=True)
class Looped:
    """Everything that runs, and the people: Ana and Cy with SIP, Bob and Dora with XMPP."""

    proxy: Kamailio
    xmpp: Prosody
    running: RunningServer
    ana: SipParticipant
    cy: SipParticipant
    bob: XmppUser
    dora: XmppUser

    async def everybody_leaves(self) -> None:
        """Say goodbye for whoever is still in a room."""
        for user in (self.bob, self.dora):
            if user.nick in user.rosters.get(user.room, {}):
                await user.leave()
        for participant in (self.ana, self.cy):
            if participant.is_seated:
                await participant.leave()

    @property
    def decoded_as(self) -> Mapping[int, str]:
        """The ports of this deployment and what is spoken there, for a capture."""
        ports = self.running.ports
        sip = (self.proxy.port, ports.sip, self.ana.ua.transport.port, self.cy.ua.transport.port)
        msrp = (ports.msrp, self.ana.msrp.port, self.cy.msrp.port)
        xmpp = (self.xmpp.component_port, self.xmpp.client_port)
        return dict.fromkeys(sip, "sip") | dict.fromkeys(msrp, "msrp") | dict.fromkeys(xmpp, "xmpp")


@asynccontextmanager
async def looped(
    folder: Path, transport: str, *, crossroom_port: int | None = None, extra: str = ""
) -> AsyncIterator[Looped]:
    """Run all of it; every hop of SIP goes by `transport` ("udp" or "tcp").

    crossroom_port: where Kamailio looks for the rooms, when that is not the server. extra: lines of crossroom.toml.
    """
    ports = Ports.free()
    async with AsyncExitStack() as undo:
        for name in ("kamailio", "prosody"):
            (folder / name).mkdir()
        proxy = await undo.enter_async_context(
            kamailio(
                folder / "kamailio",
                crossroom_port=crossroom_port or ports.sip,
                crossroom_transport=transport,
            )
        )
        xmpp = await undo.enter_async_context(prosody(folder / "prosody"))
        running = await undo.enter_async_context(
            crossroom_server(
                folder,
                xmpp=xmpp,
                domains=[Domain(kind="looped")],
                outbound_proxy=f"{proxy.route};transport={transport}",
                ports=ports,
                extra=extra,
            )
        )
        ana, cy = [
            await undo.enter_async_context(
                SipParticipant(name, SIP_DOMAIN, server=proxy.address, transport=transport, register=True)
            )
            for name in ("ana", "cy")
        ]
        bob, dora = [await undo.enter_async_context(xmpp.user(name)) for name in ("bob", "dora")]
        world = Looped(proxy, xmpp, running, ana, cy, bob, dora)
        yield world
        await world.everybody_leaves()
        await running.is_empty()
