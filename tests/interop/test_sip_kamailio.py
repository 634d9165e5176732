"""A hosted room behind a real Kamailio, every leg by UDP, TCP and TLS, and a user's by WebSocket.

Users register at Kamailio; the server sends everything through it, and is called through it.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from interop.crossroom_server import RunningServer, crossroom_server
from peers.crossroom import Ports
from peers.kamailio import Kamailio, kamailio
from peers.process import free_port
from peers.sip_call import Call
from peers.sip_participant import SipParticipant
from peers.tls import Authority

pytestmark = pytest.mark.interop

ROOM = "sip:tea@conference.example"
HOST = "127.0.0.1"
# the user's transport, the server's transport
LEGS = [("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp"), ("tls", "tls"), ("ws", "tcp"), ("ws", "tls")]


@dataclass(frozen=True, slots=True)
class Provider:
    """Kamailio and the server behind it; `user` makes people who are registered."""

    proxy: Kamailio
    running: RunningServer
    transport: str
    authority: Authority
    undo: AsyncExitStack

    async def user(self, name: str) -> SipParticipant:
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
async def provider(folder: Path, users: str, server: str) -> AsyncIterator[Provider]:
    authority, tls_port = Authority(), free_port()
    theirs, ours = folder / "kamailio", folder / "crossroom"
    for each in (theirs, ours):
        each.mkdir()
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
                options=["WITH_TLS", "WITH_WEBSOCKET"],
            )
        )
        way_out = proxy.tls_port if server == "tls" else proxy.port
        running = await undo.enter_async_context(
            crossroom_server(
                ours,
                outbound_proxy=f"sip:{HOST}:{way_out};transport={server};lr",
                extra=f"[tls]\n{tls}",
                ports=ports,
                sip_listen=[f"tls://{HOST}:{tls_port}"],
            )
        )
        guests = await undo.enter_async_context(AsyncExitStack())
        yield Provider(proxy, running, users, authority, guests)
        await running.is_empty()


def call_of(participant: SipParticipant) -> Call:
    call = participant.seat.call
    assert call is not None
    return call


@pytest.mark.parametrize(("users", "server"), LEGS)
async def test_a_provider_has_rooms(tmp_path: Path, users: str, server: str) -> None:
    async with provider(tmp_path, users, server) as site:
        ana, carl, dora = [await site.user(name) for name in ("ana", "carl", "dora")]
        # called by users, and calling one of them (REFER), all through the proxy
        await ana.join(ROOM, "Ana")
        await carl.join(ROOM, "Carl")
        await ana.refer("sip:dora@sip.example")
        invitation = await dora.expects_invite()
        assert invitation.invite.is_from_focus
        assert invitation.invite.referred_by == "sip:tea@conference.example;gr=Ana"
        await invitation.accept("Dora")
        await ana.expects_sipfrag(200)
        for each in (ana, carl, dora):
            await each.expects_roster("Ana", "Carl", "Dora")
        await dora.say("by way of the proxy")
        await ana.expects_message(text="by way of the proxy", sender="Dora")

        # session timers: the caller refreshes by UPDATE, and again by an unchanged re-INVITE
        refreshed = await call_of(ana).request(
            "UPDATE", [ana.ua.contact(), ("Supported", "timer"), ("Session-Expires", "90;refresher=uac")]
        )
        assert refreshed.status == 200
        assert refreshed.get("Session-Expires") == "90;refresher=uac"
        again = await call_of(carl).reinvite(call_of(carl).local_sdp)
        assert again.status == 200

        # BYE from each end
        await ana.leave()
        await carl.leave()
        await dora.expects_roster("Dora")
        await dora.leave()


@pytest.mark.parametrize("users", ["udp", "ws"])
async def test_the_room_hangs_up_through_the_proxy(tmp_path: Path, users: str) -> None:
    async with provider(tmp_path, users, "tcp") as site:
        ana, carl = [await site.user(name) for name in ("ana", "carl")]
        await ana.join(ROOM, "Ana")  # the first is the owner
        await carl.join(ROOM, "Carl")
        call = call_of(carl)
        await ana.refer("sip:carl@sip.example", method="BYE")
        bye = await call.expects_bye()
        assert "SIP" in bye.get("Reason")
        await ana.expects_roster("Ana")
        await ana.leave()


async def test_an_invited_user_who_does_not_answer_is_cancelled_through_the_proxy(tmp_path: Path) -> None:
    async with provider(tmp_path, "tcp", "udp") as site:
        ana, carl = [await site.user(name) for name in ("ana", "carl")]
        await ana.join(ROOM, "Ana")
        await ana.refer("sip:carl@sip.example")
        invitation = await carl.expects_invite()
        invitation.ring()
        await ana.expects_sipfrag(180)
        await invitation.reject(486)
        await ana.expects_sipfrag(486)
        await ana.refer("sip:nobody@sip.example")
        await ana.expects_sipfrag(404)
        await ana.leave()
