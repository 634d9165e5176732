"""An MSRP endpoint of ours on loopback sockets, its virtual clock, a face that listens, and the peer octet by octet."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

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
)
from crossroom.net.msrp_session import MsrpSession

PEER = "msrp://peer.example:2855/peer;tcp"
PLAIN = MsrpSettings(listen=(MsrpListen("127.0.0.1", 0),), close_seconds=0.2)


class Ear:
    """A face that writes down what it is told; `heard` waits for the next thing."""

    def __init__(self, status: int | None = 200) -> None:
        self.status = status
        self.told: asyncio.Queue[object] = asyncio.Queue()
        self.warnings = 0  # how often the queue was nearly full

    def on_message(self, message: ReceivedMessage) -> int | None:
        self.told.put_nowait(message)
        return self.status

    def on_nickname(self, request: NicknameRequest) -> None:
        self.told.put_nowait(request.nickname)
        request.respond(425 if request.nickname == "Taken" else 200)

    def on_report(self, report: Report) -> None:
        self.told.put_nowait(report)

    def on_bound(self) -> None:
        self.told.put_nowait("bound")

    def on_congested(self) -> None:
        self.warnings += 1

    def on_closed(self, reason: EndReason) -> None:
        self.told.put_nowait(reason)

    async def heard(self) -> object:
        async with asyncio.timeout(5):
            return await self.told.get()

    async def message(self) -> ReceivedMessage:
        told = await self.heard()
        assert isinstance(told, ReceivedMessage)
        return told


class Wire:
    """The peer, octet by octet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, *frames: str | bytes) -> None:
        self.writer.write(b"".join(each if isinstance(each, bytes) else each.encode() for each in frames))

    async def frame(self) -> str:
        """The next frame, as text."""
        async with asyncio.timeout(5):
            start = await self.reader.readuntil(b"\r\n")
            end = b"-------" + start.split()[1]
            octets = start + await self.reader.readuntil(end)
            return (octets + await self.reader.readexactly(3)).decode()

    async def status(self) -> int:
        match = re.match(r"MSRP \S+ (\d{3})", await self.frame())
        assert match
        return int(match[1])

    async def is_closed(self) -> bool:
        async with asyncio.timeout(5):
            return await self.reader.read() == b""

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:  # the other side was faster
            return


def frame(
    session: MsrpSession | str, tid: str, method: str = "SEND", *headers: str, body: str | None = None
) -> str:
    to = session if isinstance(session, str) else str(session.local_path[0])
    lines = [f"MSRP {tid} {method}", f"To-Path: {to}", f"From-Path: {PEER}", *headers]
    content = "" if body is None else f"Content-Type: text/plain\r\n\r\n{body}\r\n"
    return "".join(f"{line}\r\n" for line in lines) + content + f"-------{tid}$\r\n"


def answer(to: str, status: int = 200) -> str:
    """The response to a frame that we sent."""
    tid = to.split()[1]
    paths = dict(line.split(": ", 1) for line in to.split("\r\n")[1:3])
    return frame(paths["From-Path"], tid, f"{status} X")


class Stage:
    """An endpoint, its clock, and wires to it; everything is closed in the end."""

    def __init__(self, endpoint: MsrpEndpoint, clock: VirtualClock, undo: AsyncExitStack) -> None:
        self.endpoint = endpoint
        self.clock = clock
        self.undo = undo

    async def wire(self) -> Wire:
        address = self.endpoint.listening[0]
        wire = Wire(*await asyncio.open_connection(address.host, address.port))
        self.undo.push_async_callback(wire.close)
        return wire

    async def bound(self, ear: Ear) -> tuple[MsrpSession, Wire]:
        session = self.endpoint.open(ear)
        session.expect(parse_path(PEER))
        wire = await self.wire()
        wire.write(frame(session, "bind"))
        assert await wire.status() == 200
        assert await ear.heard() == "bound"
        return session, wire

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.endpoint.sweep(self.clock.now())


@asynccontextmanager
async def staged(settings: MsrpSettings = PLAIN) -> AsyncIterator[Stage]:
    clock = VirtualClock()
    async with AsyncExitStack() as undo:
        endpoint = MsrpEndpoint(settings, clock, SeededIds(1), structlog.stdlib.get_logger())
        undo.push_async_callback(endpoint.stop)
        await endpoint.start()
        yield Stage(endpoint, clock, undo)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- the state is the product's own, it has no event
            await asyncio.sleep(0)


def tls_settings() -> tuple[MsrpSettings, bytes]:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    listen = (MsrpListen("127.0.0.1", 0, is_secure=True), MsrpListen("127.0.0.1", 0))
    return replace(PLAIN, listen=listen, server_tls=server, client_tls=client), der
