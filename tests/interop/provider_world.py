"""A provider of SIP: users registered at a real Kamailio, and a server of hosted rooms behind it.

The server sends everything through Kamailio and is called through it. Which transport a user has, and which one
is spoken between the two, is told.

async with provider(folder, "tls", "tcp") as site:   # users by TLS, the server by TCP
    ana = await site.user("ana")
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from interop.crossroom_server import RunningServer, crossroom_server
from peers.crossroom import Ports
from peers.kamailio import Kamailio, kamailio
from peers.process import free_port
from peers.sip_call import Call
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from peers.tls import Authority

ROOM = "sip:tea@conference.example"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Provider:
    """Kamailio and the server behind it; `user` makes people who are registered."""

    proxy: Kamailio
    running: RunningServer
    transport: str
    authority: Authority
    undo: AsyncExitStack

    async def user(self, name: str) -> SipParticipant:
        """Return a user of sip.example who is registered at Kamailio."""
        port = {"tls": self.proxy.tls_port, "ws": self.proxy.websocket_port}.get(
            self.transport, self.proxy.port
        )
        tls = self.authority.peer(f"{name}.example", server_name="proxy.example")
        user = SipParticipant(
            name,
            "sip.example",
            server=(HOST, port),
            transport=self.transport,
            tls=tls if self.transport == "tls" else None,
            register=True,
        )
        return await self.undo.enter_async_context(user)


@asynccontextmanager
async def provider(folder: Path, users: str, server: str, *, extra: str = "") -> AsyncIterator[Provider]:
    """Run Kamailio and the server until the end of the block; then the server must be empty.

    users: the transport of the users; server: that between Kamailio and the server; extra: further configuration.
    """
    authority, tls_port = Authority(), free_port()
    theirs, ours = folder / "kamailio", folder / "crossroom"
    for each in (theirs, ours):
        each.mkdir(parents=True)
    certificate, key = authority.files(theirs, "proxy.example", HOST)
    own_certificate, own_key = authority.files(ours, "rooms.example", HOST)
    tls = f'certificate = "{own_certificate}"\nkey = "{own_key}"\nauthorities = "{authority.root(folder)}"'
    async with AsyncExitStack() as undo:
        ports = Ports.free()
        proxy = await undo.enter_async_context(
            kamailio(
                theirs,
                crossroom_port=tls_port if server == "tls" else ports.sip,
                crossroom_transport=server,
                certificate=certificate,
                key=key,
                options=["WITH_TLS", "WITH_WEBSOCKET", "WITH_REQUEST_LOG"],
            )
        )
        way_out = proxy.tls_port if server == "tls" else proxy.port
        running = await undo.enter_async_context(
            crossroom_server(
                ours,
                outbound_proxy=f"sip:{HOST}:{way_out};transport={server};lr",
                extra=f"[tls]\n{tls}\n{extra}",
                ports=ports,
                sip_listen=[f"tls://{HOST}:{tls_port}"],
            )
        )
        guests = await undo.enter_async_context(AsyncExitStack())
        yield Provider(proxy, running, users, authority, guests)
        await running.is_empty()


def call_of(participant: SipParticipant) -> Call:
    """Return the call of somebody who sits in a room."""
    call = participant.seat.call
    assert call is not None
    return call


def came_by_the_proxy(request: SipMessage) -> None:
    """A request from the room has a Via of Kamailio above that of the server, and there is no way around it."""
    assert len(request.listed("Via")) == 2, request.listed("Via")
