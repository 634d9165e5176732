"""MSRP over WebSocket (RFC 7977): browsers connect to us, one chunk in each WebSocket message, both ways.

Gives an MsrpConnection the transport that it writes to. We never connect by WebSocket ourselves.
"""

import asyncio
import ssl
from collections.abc import Callable
from itertools import count

from crossroom.net.msrp_connection import MsrpConnection
from crossroom.net.tcp import Address
from crossroom.net.websocket import WebSocketConnection, WebSocketListener

SUBPROTOCOL = "msrp"
_ROOM = 64
"""Messages that wait for a browser before its sessions queue; far below what the link itself holds."""
_HEAD_OCTETS = 20_000
"""More than a chunk's head and end-line ever are."""


class WebSocketTransport(asyncio.Transport):
    """What an MsrpConnection writes to: each write is one WebSocket message (RFC 7977 §5.3)."""

    def __init__(self, link: WebSocketConnection, connection: MsrpConnection) -> None:
        super().__init__({"peername": link.remote})
        self._link = link
        self._connection = connection
        self._is_paused = False
        link.on_sent = self._sent

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Queue one chunk."""
        if self._link.send(bytes(data)) and not self._is_paused and self._link.waiting > _ROOM:
            self._is_paused = True
            self._connection.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing: messages are counted here, not octets."""

    def get_write_buffer_size(self) -> int:
        """How many octets wait."""
        return self._link.waiting_octets

    def is_closing(self) -> bool:
        """True once it was closed, by whomever."""
        return not self._link.is_open

    def close(self) -> None:
        """Send what is queued, then close."""
        self._link.close()

    def abort(self) -> None:
        """Close at once."""
        self._link.abort()

    def _sent(self) -> None:
        if self._is_paused and self._link.waiting <= _ROOM // 2:
            self._is_paused = False
            self._connection.resume_writing()


class MsrpWebSockets:
    """One listening address and its browsers; `make` gives the connection for one more of them."""

    def __init__(self, make: Callable[[], MsrpConnection]) -> None:
        self._make = make
        self._serials = count(1)
        self._connections: dict[WebSocketConnection, MsrpConnection] = {}
        self._listener: WebSocketListener | None = None

    async def listen(self, at: Address, context: ssl.SSLContext | None, max_body: int) -> Address:
        """Listen; the actual address. Raises OSError."""
        self._listener = await WebSocketListener.listen(
            at, self._accept, self, context, max_body + _HEAD_OCTETS, subprotocol=SUBPROTOCOL
        )
        return self._listener.address

    async def close(self) -> None:
        """Stop listening and close what is open."""
        if self._listener is not None:
            await self._listener.close()

    def frame_received(self, link: WebSocketConnection, frame: str | bytes) -> None:
        """See `WebSocketUser.frame_received`."""
        # RFC 7977 §5.3: text or binary, the octets are the same
        octets = frame.encode() if isinstance(frame, str) else frame
        connection = self._connections.get(link)
        if connection is not None:
            connection.take_whole(octets)

    def websocket_lost(self, link: WebSocketConnection) -> None:
        """See `WebSocketUser.websocket_lost`."""
        connection = self._connections.pop(link, None)
        if connection is not None:
            connection.connection_lost(None)

    def _accept(self, local: Address, remote: Address) -> WebSocketConnection:
        link = WebSocketConnection(next(self._serials), local, remote)
        connection = self._connections[link] = self._make()
        connection.connection_made(WebSocketTransport(link, connection))
        return link
