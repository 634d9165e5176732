"""MSRP over WebSocket (RFC 7977): browsers connect to us, one chunk in each WebSocket message, both ways.

Gives an MsrpConnection the transport that it writes to. We never connect by WebSocket ourselves.
"""

import asyncio
from collections.abc import Callable
from itertools import count

from aiohttp import WSCloseCode

from crossroom.msrp.session_events import EndReason
from crossroom.net.msrp_connection import MsrpConnection
from crossroom.net.tcp import Address
from crossroom.net.websocket import WebSocketConnection
from crossroom.net.websocket_listener import Service, WebSocketListener, WebSocketListeners

SUBPROTOCOL = "msrp"
_ROOM = 64
"""Messages that wait for a browser before its sessions queue; far below what the link itself holds."""
_HEAD_OCTETS = 20_000
"""More than a chunk's head and end-line ever are."""


_CLOSE_CODES = {
    EndReason.MALFORMED: WSCloseCode.PROTOCOL_ERROR,
    EndReason.CONGESTED: WSCloseCode.POLICY_VIOLATION,
}
"""What the browser is told of the end of its connection (RFC 6455 §7.4.1); 1000 for any other reason."""


class WebSocketTransport(asyncio.Transport):
    """What an MsrpConnection writes to: each write is one WebSocket message (RFC 7977 §5.1)."""

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
        self._link.close(_CLOSE_CODES.get(self._connection.reason))

    def abort(self) -> None:
        """Close at once."""
        self._link.abort()

    def _sent(self) -> None:
        if self._is_paused and self._link.waiting <= _ROOM // 2:
            self._is_paused = False
            self._connection.resume_writing()


class MsrpWebSockets:
    """One listening address and its browsers; `make` gives the connection for one more of them."""

    def __init__(self, listeners: WebSocketListeners, make: Callable[[], MsrpConnection]) -> None:
        self._listeners = listeners
        self._make = make
        self._serials = count(1)
        self._connections: dict[WebSocketConnection, MsrpConnection] = {}
        self._listener: WebSocketListener | None = None

    async def listen(self, at: Address, max_body: int, *, is_secure: bool) -> Address:
        """Listen; the actual address. Raises OSError, ValueError without a certificate."""
        service = Service(SUBPROTOCOL, self._accept, self, max_body + _HEAD_OCTETS)
        self._listener = await self._listeners.listen(at, service, is_secure=is_secure)
        return self._listener.address

    def going_away(self) -> None:
        """Take no more browsers; those that are here are told so when they are closed."""
        if self._listener is not None:
            self._listener.going_away()

    async def close(self) -> None:
        """Stop listening and close what is open."""
        if self._listener is not None:
            await self._listener.close()

    def frame_received(self, link: WebSocketConnection, frame: str | bytes) -> None:
        """See `WebSocketUser.frame_received`."""
        # RFC 7977 §4.2: text or binary, the octets are the same
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
