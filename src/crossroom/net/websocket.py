"""WebSocket listeners for SIP and MSRP: one message of theirs per WebSocket message. RFC 7118, 7977, 6455.

Frames and connections only; what they say is read above. Only browsers connect, we never do.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSMsgType, web

from crossroom.net.tcp import Address

_MAX_QUEUED = 1000
"""Messages that wait for a slow browser before it is given up."""
_HEARTBEAT = 30.0
"""Seconds between pings of ours (RFC 7118 §6): a browser that is gone is noticed within a minute."""


class WebSocketUser(Protocol):
    """Who reads a connection."""

    def frame_received(self, connection: "WebSocketConnection", frame: str | bytes) -> None:
        """A whole WebSocket message came."""

    def websocket_lost(self, connection: "WebSocketConnection") -> None:
        """It is closed, by whomever."""


class WebSocketConnection:
    """One open WebSocket, with the same way to send and close as a stream has."""

    def __init__(self, serial: int, local: Address, remote: Address) -> None:
        loop = asyncio.get_running_loop()
        self.serial = serial
        self.local = local
        self.remote = remote
        self.last_heard = loop.time()
        self._loop = loop
        self.on_sent: Callable[[], None] | None = None  # called after each message that went out
        self.waiting_octets = 0
        self._unsent: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_QUEUED)
        self._open = True
        self._closed: asyncio.Future[None] = loop.create_future()

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self._open

    @property
    def waiting(self) -> int:
        """How many messages wait to be sent."""
        return self._unsent.qsize()

    def send(self, data: bytes) -> bool:
        """Queue a message; False when the connection is closed or choked."""
        if not self._open or self._unsent.qsize() >= _MAX_QUEUED - 1:
            self.close()
            return False
        self._unsent.put_nowait(data)
        self.waiting_octets += len(data)
        return True

    def close(self) -> None:
        """Send what is queued, then close."""
        if self._open:
            self._open = False
            self._unsent.put_nowait(None)

    def abort(self) -> None:
        """Close without sending more."""
        while not self._unsent.empty():
            self._unsent.get_nowait()
        self._open = False
        self._unsent.put_nowait(None)

    async def wait_closed(self) -> None:
        """Wait until it is closed."""
        await asyncio.shield(self._closed)

    async def run(self, socket: web.WebSocketResponse, user: WebSocketUser) -> None:
        """Carry messages both ways until one side closes."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(socket))
                async for message in socket:
                    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        self.last_heard = self._loop.time()
                        user.frame_received(self, message.data)
                self.close()
        finally:
            self._open = False
            self._closed.set_result(None)
            user.websocket_lost(self)

    async def _write(self, socket: web.WebSocketResponse) -> None:
        while (data := await self._unsent.get()) is not None:
            try:
                # RFC 7118 §5: text or binary; text where it is UTF-8, which old browsers' stacks expect
                await socket.send_str(data.decode())
            except UnicodeDecodeError:
                await socket.send_bytes(data)
            except ConnectionError:
                break  # the reading side sees the end too
            self.waiting_octets -= len(data)
            if self.on_sent is not None:
                self.on_sent()
        await socket.close()


class WebSocketListener:
    """One listening address. `accept` makes the connection, or refuses with None."""

    def __init__(self, runner: web.AppRunner, site: web.TCPSite) -> None:
        self._runner = runner
        self._site = site

    @classmethod
    async def listen(  # noqa: PLR0913 -- all but the first three are options
        cls,
        at: Address,
        accept: Callable[[Address, Address], WebSocketConnection | None],
        user: WebSocketUser,
        context: ssl.SSLContext | None = None,
        max_message: int = 1_048_576,
        *,
        subprotocol: str = "sip",
    ) -> "WebSocketListener":
        """Listen on any path; port 0 takes a free one. Raises OSError."""

        async def serve(request: web.Request) -> web.StreamResponse:
            offered = request.headers.get("Sec-WebSocket-Protocol", "")
            if subprotocol not in {name.strip().lower() for name in offered.split(",")}:
                # RFC 7118 §4.1, RFC 7977 §4.1
                raise web.HTTPBadRequest(text=f"subprotocol {subprotocol} required")
            transport = request.transport
            connection = accept(_address(transport, "sockname"), _address(transport, "peername"))
            if connection is None:
                raise web.HTTPServiceUnavailable
            socket = web.WebSocketResponse(
                protocols=(subprotocol,), heartbeat=_HEARTBEAT, max_msg_size=max_message
            )
            try:
                await socket.prepare(request)
            except BaseException:
                user.websocket_lost(connection)
                raise
            await connection.run(socket, user)
            return socket

        app = web.Application()
        app.router.add_get("/{path:.*}", serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, at[0], at[1], ssl_context=context)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        return cls(runner, site)

    @property
    def address(self) -> Address:
        """The address that is listened on."""
        host, port = self._runner.addresses[0][:2]
        return (str(host), int(port))

    async def close(self) -> None:
        """Stop listening and close what is open."""
        await self._runner.cleanup()


def _address(transport: asyncio.Transport | None, which: str) -> Address:
    name = transport.get_extra_info(which) if transport is not None else None
    return (str(name[0]).partition("%")[0], int(name[1])) if name else ("", 0)
