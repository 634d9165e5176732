"""One open WebSocket (RFC 6455): whole messages in and out, with the same way to send and close as a stream has.

What the messages say is read above; listening is in websocket_listener.py. Only browsers connect, we never do.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from crossroom.net.tcp import Address

_MAX_QUEUED = 1000
"""Messages that wait for a slow browser before it is given up."""


class WebSocketUser(Protocol):
    """Who reads a connection."""

    def frame_received(self, connection: "WebSocketConnection", frame: str | bytes) -> None:
        """A whole WebSocket message came."""

    def websocket_lost(self, connection: "WebSocketConnection") -> None:
        """It is closed, by whomever."""


class WebSocketConnection:
    """See the module. Made when a browser knocks; `run` when the handshake is done."""

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
        self.usual_code = WSCloseCode.OK  # what `close` says unless told otherwise
        self._open = True
        self._code = WSCloseCode.OK
        self._transport: asyncio.Transport | None = None
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
            self.close(WSCloseCode.POLICY_VIOLATION)
            return False
        self._unsent.put_nowait(data)
        self.waiting_octets += len(data)
        return True

    def close(self, code: WSCloseCode | None = None) -> None:
        """Send what is queued, then close; `code` tells the browser why (RFC 6455 §7.4.1)."""
        if self._open:
            self._open = False
            self._code = code or self.usual_code
            self._unsent.put_nowait(None)

    def abort(self) -> None:
        """Close without sending more, also when the other end reads nothing."""
        self._open = False
        while not self._unsent.empty():
            self._unsent.get_nowait()
        self._unsent.put_nowait(None)
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until it is closed."""
        await asyncio.shield(self._closed)

    async def run(
        self, socket: web.WebSocketResponse, user: WebSocketUser, transport: asyncio.Transport | None
    ) -> None:
        """Carry messages both ways until one side closes; `transport` is what the socket writes to."""
        self._transport = transport
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(socket))
                async for message in socket:
                    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        self.last_heard = self._loop.time()
                        user.frame_received(self, message.data)
                self.close()
        finally:
            self.lost(user)

    def lost(self, user: WebSocketUser) -> None:
        """It is closed, or never came to be."""
        self._open = False
        self._transport = None
        self._closed.set_result(None)
        user.websocket_lost(self)

    async def _write(self, socket: web.WebSocketResponse) -> None:
        while (data := await self._unsent.get()) is not None:
            try:
                # RFC 7118 §4.2, RFC 7977 §4.2: text or binary; text where it is UTF-8, which old stacks expect
                await socket.send_str(data.decode())
            except UnicodeDecodeError:
                await socket.send_bytes(data)
            except ConnectionError:
                break  # the reading side sees the end too
            self.waiting_octets -= len(data)
            if self.on_sent is not None:
                self.on_sent()
        await socket.close(code=self._code)
