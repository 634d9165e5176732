"""Addresses for browsers: who is let in, who shares them, how they end. RFC 6455, 7118, 7977."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType

from crossroom.net.tcp import Address
from crossroom.net.websocket import WebSocketConnection
from crossroom.net.websocket_listener import Service, WebSocketListener, WebSocketListeners, WebSocketSettings

HERE = "127.0.0.1"


@dataclass
class Ear:
    """A user of connections that writes down what it is told."""

    subprotocol: str = "sip"
    max_message: int = 1000
    is_full: bool = False
    links: list[WebSocketConnection] = field(default_factory=list)
    told: asyncio.Queue[object] = field(default_factory=asyncio.Queue)
    serials: "count[int]" = field(default_factory=count)

    def frame_received(self, connection: WebSocketConnection, frame: str | bytes) -> None:
        assert connection in self.links
        self.told.put_nowait(frame)

    def websocket_lost(self, connection: WebSocketConnection) -> None:
        self.links.remove(connection)
        self.told.put_nowait("lost")

    def accept(self, local: Address, remote: Address) -> WebSocketConnection | None:
        if self.is_full:
            return None
        self.links.append(WebSocketConnection(next(self.serials), local, remote))
        return self.links[-1]

    @property
    def service(self) -> Service:
        return Service(self.subprotocol, self.accept, self, self.max_message)

    async def heard(self) -> object:
        async with asyncio.timeout(10):
            return await self.told.get()


@asynccontextmanager
async def listening(ear: Ear, settings: WebSocketSettings | None = None) -> AsyncIterator[WebSocketListener]:
    listener = await WebSocketListeners(settings).listen((HERE, 0), ear.service, is_secure=False)
    try:
        yield listener
    finally:
        await listener.close()
        assert not ear.links


@asynccontextmanager
async def browser(
    listener: WebSocketListener,
    *protocols: str,
    origin: str | None = None,
    autoping: bool = True,
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as http:
        url = f"http://{HERE}:{listener.address[1]}/"
        socket = await http.ws_connect(url, protocols=protocols, origin=origin, autoping=autoping)
        try:
            yield socket
        finally:
            await socket.close()


async def refused(listener: WebSocketListener, *protocols: str, origin: str | None = None) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as failure:
        async with browser(listener, *protocols, origin=origin):
            pass
    return failure.value.status


async def test_one_address_serves_sip_and_msrp_by_subprotocol() -> None:
    listeners, sip, msrp = WebSocketListeners(), Ear(), Ear("msrp")
    first = await listeners.listen((HERE, 0), sip.service, is_secure=False)
    second = await listeners.listen(first.address, msrp.service, is_secure=False)
    assert second.address == first.address
    async with browser(first, "sip") as one, browser(first, "msrp") as other:
        assert (one.protocol, other.protocol) == ("sip", "msrp")
        await one.send_str("to SIP")
        await other.send_bytes(b"to MSRP")
        assert (await sip.heard(), await msrp.heard()) == ("to SIP", b"to MSRP")
        await first.close()
        assert (await one.receive()).data == WSCloseCode.GOING_AWAY
        await other.send_str("still here")
        assert await msrp.heard() == "still here"
        assert await refused(second, "sip") == 400
    await second.close()
    again = await listeners.listen(first.address, sip.service, is_secure=False)
    await again.close()


async def test_a_browser_that_offers_both_gets_what_it_named_first() -> None:
    listeners, sip, msrp = WebSocketListeners(), Ear(), Ear("msrp")
    first = await listeners.listen((HERE, 0), sip.service, is_secure=False)
    second = await listeners.listen(first.address, msrp.service, is_secure=False)
    async with browser(first, "chat", "msrp", "sip") as socket:
        assert socket.protocol == "msrp"
    await first.close()
    await second.close()


async def test_an_address_is_not_shared_in_clear_and_over_tls_nor_by_two_of_a_kind() -> None:
    listeners = WebSocketListeners()
    first = await listeners.listen((HERE, 0), Ear().service, is_secure=False)
    with pytest.raises(OSError, match="has this address"):
        await listeners.listen(first.address, Ear().service, is_secure=False)
    with pytest.raises(ValueError, match="needs a certificate"):
        await listeners.listen(first.address, Ear("msrp").service, is_secure=True)
    with pytest.raises(OSError, match="in use"):
        await WebSocketListeners().listen(first.address, Ear("msrp").service, is_secure=False)
    await first.close()


async def test_only_pages_of_the_origins_that_are_set_may_connect() -> None:
    settings = WebSocketSettings(origins=frozenset({"https://chat.example.com"}))
    ear = Ear()
    async with listening(ear, settings) as listener:
        assert await refused(listener, "sip", origin="https://evil.example.com") == 403
        assert await refused(listener, "sip", origin="null") == 403
        assert not ear.links
        async with browser(listener, "sip", origin="https://Chat.Example.com"):
            assert len(ear.links) == 1
        assert await ear.heard() == "lost"
        async with browser(listener, "sip"):  # no page, so no browser: an origin would say nothing
            assert len(ear.links) == 1


@pytest.mark.parametrize(
    ("said", "is_behind_proxy", "remote"),
    [
        ("203.0.113.9", True, "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", True, "203.0.113.9"),
        ("2001:db8::7", True, "2001:db8::7"),
        ("unknown", True, HERE),
        ("", True, HERE),
        ("203.0.113.9", False, HERE),
    ],
)
async def test_where_a_browser_is_a_reverse_proxy_may_say(
    said: str, remote: str, *, is_behind_proxy: bool
) -> None:
    ear = Ear()
    async with (
        listening(ear, WebSocketSettings(is_behind_proxy=is_behind_proxy)) as listener,
        aiohttp.ClientSession() as http,
    ):
        url = f"http://{HERE}:{listener.address[1]}/"
        socket = await http.ws_connect(url, protocols=("sip",), headers={"X-Forwarded-For": said})
        assert ear.links[0].remote[0] == remote
        await socket.close()


@pytest.mark.parametrize("protocols", [(), ("chat",), ("msrp",)])
async def test_without_a_subprotocol_that_both_know_there_is_no_connection(
    protocols: tuple[str, ...],
) -> None:
    async with listening(Ear()) as listener:
        assert await refused(listener, *protocols) == 400


async def test_who_does_not_want_a_websocket_is_told_what_this_is() -> None:
    async with listening(Ear()) as listener, aiohttp.ClientSession() as http:
        answer = await http.get(f"http://{HERE}:{listener.address[1]}/anything")
        assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nUpgrade: web", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"]
)
async def test_who_never_becomes_a_websocket_is_not_kept(sent: bytes) -> None:
    async with listening(Ear(), WebSocketSettings(handshake=0.05)) as listener:
        reader, writer = await asyncio.open_connection(*listener.address)
        writer.write(sent)
        async with asyncio.timeout(10):
            await reader.read(-1)  # ends when the connection does
        writer.close()


async def test_a_websocket_may_be_silent_for_longer_than_a_handshake() -> None:
    ear = Ear()
    settings = WebSocketSettings(handshake=0.05)
    async with listening(ear, settings) as listener, browser(listener, "sip") as socket:
        reader, writer = await asyncio.open_connection(*listener.address)
        async with asyncio.timeout(10):
            await reader.read(-1)  # who came later, and said nothing, was closed
        writer.close()
        await socket.send_str("here")
        assert await ear.heard() == "here"


async def test_a_full_server_refuses_with_503() -> None:
    async with listening(Ear(is_full=True)) as listener:
        assert await refused(listener, "sip") == 503


async def test_a_message_that_is_too_long_ends_the_connection_with_1009() -> None:
    ear = Ear(max_message=100)
    async with listening(ear) as listener, browser(listener, "sip") as socket:
        await socket.send_str("x" * 101)
        assert (await socket.receive()).data == WSCloseCode.MESSAGE_TOO_BIG
        assert await ear.heard() == "lost"


async def test_messages_are_not_compressed() -> None:
    async with listening(Ear()) as listener, aiohttp.ClientSession() as http:
        url = f"http://{HERE}:{listener.address[1]}/"
        socket = await http.ws_connect(url, protocols=("sip",), compress=15)
        assert socket.compress == 0
        await socket.close()


async def test_a_browser_that_answers_no_ping_is_gone() -> None:
    ear = Ear()
    settings = WebSocketSettings(heartbeat=0.02)
    async with listening(ear, settings) as listener, browser(listener, "sip", autoping=False) as socket:
        assert (await socket.receive()).type is WSMsgType.PING
        assert await ear.heard() == "lost"


async def test_a_browser_that_answers_pings_stays() -> None:
    ear = Ear()
    settings = WebSocketSettings(heartbeat=0.6)
    async with listening(ear, settings) as listener, browser(listener, "sip", autoping=False) as socket:
        ping = await socket.receive()
        assert ping.type is WSMsgType.PING
        await socket.pong(ping.data)
        assert (await socket.receive()).type is WSMsgType.PING  # asked again, so it was heard
        await socket.send_str("here")
        assert await ear.heard() == "here"


async def test_a_browser_that_reads_nothing_is_closed_at_once_when_it_is_given_up() -> None:
    ear = Ear()
    async with listening(ear) as listener:
        reader, writer = await asyncio.open_connection(*listener.address)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        assert b" 101 " in await reader.readline()
        reader._transport.pause_reading()  # type: ignore[attr-defined] # a browser that has stalled
        link = ear.links[0]
        while link.waiting < 20:
            link.send(b"x" * 1_000_000)
            await asyncio.sleep(0)
        link.abort()
        assert await ear.heard() == "lost"
        writer.close()
