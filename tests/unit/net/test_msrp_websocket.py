"""MSRP over WebSocket, with a client that is not ours (RFC 7977)."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import structlog
import trustme

from crossroom.msrp.uri import parse_path
from crossroom.net.clock import VirtualClock
from crossroom.net.ids import SeededIds
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import (
    EndReason,
    MsrpListen,
    MsrpSettings,
    NicknameRequest,
    ReceivedMessage,
    Report,
    SharedBody,
)
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.websocket_listener import WebSocketListeners, WebSocketSettings

BROWSER = "msrp://browser.invalid:2855/b;ws"
LISTEN = (MsrpListen("127.0.0.1", 0, is_websocket=True), MsrpListen("127.0.0.1", 0))


class Ear:
    """A face that takes everything and writes it down."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[object] = asyncio.Queue()

    def on_message(self, message: ReceivedMessage) -> int | None:
        self.told.put_nowait(message.body)
        return 200

    def on_nickname(self, request: NicknameRequest) -> None:
        request.respond(200)

    def on_report(self, report: Report) -> None:
        self.told.put_nowait(report)

    def on_bound(self) -> None:
        self.told.put_nowait("bound")

    def on_congested(self) -> None:
        self.told.put_nowait("congested")

    def on_closed(self, reason: EndReason) -> None:
        self.told.put_nowait(reason)

    async def heard(self) -> object:
        async with asyncio.timeout(5):
            return await self.told.get()


@asynccontextmanager
async def endpoint(settings: MsrpSettings) -> AsyncIterator[MsrpEndpoint]:
    made = MsrpEndpoint(settings, VirtualClock(), SeededIds(1), structlog.stdlib.get_logger())
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def browser(
    made: MsrpEndpoint, tls: ssl.SSLContext | None = None
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    scheme, port = "https" if tls else "http", made.listening[0].port
    async with aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"{scheme}://localhost:{port}/", protocols=("msrp",), ssl=tls or True)
        try:
            assert socket.protocol == "msrp"
            yield socket
        finally:
            await socket.close()


def frame(session: MsrpSession, tid: str, *headers: str, body: str | None = None) -> str:
    paths = [f"To-Path: {session.local_path[0]}", f"From-Path: {BROWSER}"]
    lines = [f"MSRP {tid} SEND", *paths, *headers]
    content = "" if body is None else f"Content-Type: text/plain\r\n\r\n{body}\r\n"
    return "".join(f"{line}\r\n" for line in lines) + content + f"-------{tid}$\r\n"


async def answer(socket: aiohttp.ClientWebSocketResponse) -> str:
    return await socket.receive_str(timeout=5)


def opened(made: MsrpEndpoint, ear: Ear, *, secure: bool = False) -> MsrpSession:
    session = made.open(ear, transport="ws", secure=secure)
    session.expect(parse_path(BROWSER.replace("msrp:", "msrps:") if secure else BROWSER))
    return session


async def test_browser_binds_speaks_and_is_spoken_to_in_text_and_binary() -> None:
    ear = Ear()
    async with endpoint(MsrpSettings(LISTEN)) as made, browser(made) as socket:
        session = opened(made, ear)
        assert str(session.local_path[0]).endswith(";ws")
        await socket.send_str(frame(session, "bind1"))
        assert (await answer(socket)).startswith("MSRP bind1 200 OK\r\n")
        assert await ear.heard() == "bound"
        await socket.send_bytes(frame(session, "tid1", "Message-ID: 1", body="salut").encode())
        assert await ear.heard() == b"salut"
        assert (await answer(socket)).startswith("MSRP tid1 200")
        session.send("text/plain", b"\xff\xfe", failure_report="no")
        assert b"\xff\xfe" in await socket.receive_bytes(timeout=5)


async def test_every_chunk_is_one_websocket_message() -> None:
    ear = Ear()
    settings = MsrpSettings(LISTEN, chunk_octets=2048)
    async with endpoint(settings) as made, browser(made) as socket:
        session = opened(made, ear)
        await socket.send_str(frame(session, "bind1"))
        await answer(socket)
        session.send_shared(SharedBody("text/plain", b"one"))
        session.send_shared(SharedBody("text/plain", b"two"))
        session.send("text/plain", b"x" * 5000)
        found = [await answer(socket) for _ in range(5)]
        assert all(each.startswith("MSRP ") and each.count("\r\n-------") == 1 for each in found)
        assert [each[-3] for each in found] == ["$", "$", "+", "+", "$"]


@pytest.mark.parametrize("octets", ["MSRP tid1 SEND\r\nTo-", "no MSRP\r\n", ""])
async def test_websocket_message_that_is_no_whole_chunk_ends_the_session(octets: str) -> None:
    ear = Ear()
    async with endpoint(MsrpSettings(LISTEN)) as made, browser(made) as socket:
        session = opened(made, ear)
        await socket.send_str(frame(session, "bind1"))
        await answer(socket)
        assert await ear.heard() == "bound"
        await socket.send_str(octets)
        if octets:
            assert await ear.heard() is EndReason.MALFORMED
            assert (await socket.receive(timeout=5)).data == aiohttp.WSCloseCode.PROTOCOL_ERROR
        else:
            await socket.send_str(frame(session, "tid1", "Message-ID: 1", body="after nothing"))
            assert await ear.heard() == b"after nothing"


async def test_session_for_a_browser_is_not_taken_by_tcp_nor_the_other_way_round() -> None:
    ear = Ear()
    async with endpoint(MsrpSettings(LISTEN)) as made, browser(made) as socket:
        by_tcp = made.open(ear)
        by_tcp.expect(parse_path(BROWSER))
        await socket.send_str(frame(by_tcp, "tid1"))
        assert (await answer(socket)).startswith("MSRP tid1 481")
        session = opened(made, ear)
        reader, writer = await asyncio.open_connection("127.0.0.1", made.listening[1].port)
        writer.write(frame(session, "tid2").encode())
        assert (await reader.readline()).startswith(b"MSRP tid2 481")
        writer.close()
        await writer.wait_closed()


async def test_browser_that_goes_is_a_lost_connection() -> None:
    ear = Ear()
    async with endpoint(MsrpSettings(LISTEN)) as made:
        async with browser(made) as socket:
            session = opened(made, ear)
            await socket.send_str(frame(session, "bind1"))
            assert await ear.heard() == "bound"
        assert await ear.heard() is EndReason.CONNECTION_LOST
        assert not made.connections


async def test_slow_browser_makes_its_session_queue_and_then_gets_all() -> None:
    ear = Ear()
    async with endpoint(MsrpSettings(LISTEN)) as made, browser(made) as socket:
        session = opened(made, ear)
        await socket.send_str(frame(session, "bind1"))
        await answer(socket)
        for number in range(300):
            session.send_shared(SharedBody("text/plain", str(number).encode()))
        found = [await answer(socket) for _ in range(300)]
        assert [int(each.split("\r\n\r\n")[1].split("\r\n")[0]) for each in found] == list(range(300))
        assert session.closed is None


async def test_a_long_message_is_cut_into_pieces_that_a_browser_takes_one_by_one() -> None:
    ear = Ear()
    async with endpoint(MsrpSettings(LISTEN)) as made, browser(made) as socket:
        session = opened(made, ear)
        await socket.send_str(frame(session, "bind1"))
        await answer(socket)
        session.send("text/plain", b"x" * 60_000)
        found = [await answer(socket) for _ in range(4)]
        assert all(len(each) < 17_000 for each in found)
        assert sum(each.partition("\r\n\r\n")[2].count("x") for each in found) == 60_000


async def test_browsers_are_told_that_the_server_goes_away() -> None:
    async with endpoint(MsrpSettings(LISTEN)) as made, browser(made) as socket:
        session = opened(made, Ear())
        await socket.send_str(frame(session, "bind1"))
        await answer(socket)
        stopping = asyncio.get_running_loop().create_task(made.stop())
        assert (await socket.receive(timeout=5)).data == aiohttp.WSCloseCode.GOING_AWAY
        await stopping


async def test_over_tls_the_uri_is_msrps() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    listen = (MsrpListen("127.0.0.1", 0, is_secure=True, is_websocket=True),)
    async with (
        endpoint(MsrpSettings(listen, websockets=WebSocketListeners(WebSocketSettings(tls=context)))) as made,
        browser(made, client) as socket,
    ):
        session = opened(made, Ear(), secure=True)
        assert str(session.local_path[0]).startswith("msrps://")
        await socket.send_str(frame(session, "bind1"))
        assert (await answer(socket)).startswith("MSRP bind1 200 OK\r\n")


async def test_behind_a_reverse_proxy_the_uri_is_where_browsers_connect_to() -> None:
    at = MsrpListen("127.0.0.1", 0, is_secure=True, is_websocket=True, public=("chat.example.com", 443))
    async with endpoint(MsrpSettings((at,))) as made, browser(made) as socket:
        session = opened(made, Ear(), secure=True)
        assert str(session.local_path[0]).startswith("msrps://chat.example.com:443/")
        await socket.send_str(frame(session, "bind1"))
        assert (await answer(socket)).startswith("MSRP bind1 200 OK\r\n")


async def test_another_subprotocol_is_refused() -> None:
    async with endpoint(MsrpSettings(LISTEN)) as made, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"http://127.0.0.1:{made.listening[0].port}/", protocols=("sip",))
