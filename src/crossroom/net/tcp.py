"""Streams: listeners and outgoing connections, in clear or over TLS. Bytes only, no protocol.

Writes are gathered and flushed once per turn of the loop; a peer that does not read is cut off.
"""

import asyncio
import ssl
from collections.abc import Callable
from sys import intern
from typing import Any, Protocol

Address = tuple[str, int]


READ_AT_ONCE = 16_384
"""Octets: some twenty messages, and then the other sockets of the loop have their turn."""


class StreamUser(Protocol):
    """Who reads a connection. `read_buffer`, of READ_AT_ONCE octets, is for all of its connections."""

    read_buffer: memoryview

    def data_received(self, connection: "Connection", data: bytes) -> None:
        """Octets came."""

    def connection_lost(self, connection: "Connection") -> None:
        """It is closed, by whomever."""


class Connection(asyncio.BufferedProtocol):
    """One open stream. `serial` tells connections apart, `outgoing` who opened it."""

    __slots__ = (
        "_closed",
        "_is_closed",
        "_loop",
        "_max_unsent",
        "_on_made",
        "_transport",
        "_unsent",
        "_user",
        "last_heard",
        "local",
        "outgoing",
        "remote",
        "serial",
    )

    def __init__(
        self,
        user: StreamUser,
        serial: int,
        *,
        outgoing: bool,
        max_unsent: int,
        on_made: "OnMade | None" = None,
    ) -> None:
        self._user = user
        self._on_made = on_made
        self._max_unsent = max_unsent
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] | None = None  # while something waits for the end of this turn
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[None] | None = None  # once somebody waits for it
        self._is_closed = False
        self.serial = serial
        self.outgoing = outgoing
        self.local: Address = ("", 0)
        self.remote: Address = ("", 0)
        self.last_heard = self._loop.time()

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def peer_certificate(self) -> dict[str, Any] | None:
        """The verified certificate of the other end, as ssl.getpeercert() gives it; None in clear."""
        if self._transport is None:
            return None
        found = self._transport.get_extra_info("peercert")
        return found if isinstance(found, dict) and found else None

    def send(self, data: bytes) -> bool:
        """Queue octets for this turn of the loop; False when the connection is closed or choked."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > self._max_unsent:
            self._transport.abort()  # a slow reader must not fill our memory
            return False
        if self._unsent is None:
            self._unsent = []
            self._loop.call_soon(self._flush)
        self._unsent.append(data)
        return True

    def abort(self) -> None:
        """Close at once, nothing more is sent."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Send what is queued, then close."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until it is closed."""
        if not self._is_closed:
            self._closed = self._closed or self._loop.create_future()
            await asyncio.shield(self._closed)

    def connection_made(self, transport: Any) -> None:
        """See asyncio.BufferedProtocol."""
        self._transport = transport
        self.local = _address(transport.get_extra_info("sockname"))
        self.remote = _address(transport.get_extra_info("peername"))
        on_made, self._on_made = self._on_made, None
        if on_made is not None:
            on_made(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- ours has one size
        """See asyncio.BufferedProtocol."""
        return self._user.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio.BufferedProtocol."""
        self.last_heard = self._loop.time()
        self._user.data_received(self, bytes(self._user.read_buffer[:nbytes]))

    def connection_lost(self, _exc: Exception | None) -> None:
        """See asyncio.BufferedProtocol."""
        self._unsent = None
        self._is_closed = True
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)
        self._user.connection_lost(self)

    def _flush(self) -> None:
        data, self._unsent = self._unsent, None
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(data))


OnMade = Callable[[Connection], object]


class StreamListener:
    """One listening address. `accept` makes the connection object for each that comes in."""

    def __init__(self, server: asyncio.Server) -> None:
        self._server = server

    @classmethod
    async def listen(
        cls, host: str, port: int, accept: Callable[[], Connection], context: ssl.SSLContext | None = None
    ) -> "StreamListener":
        """Listen; port 0 takes a free one. Raises OSError."""
        loop = asyncio.get_running_loop()
        return cls(await loop.create_server(accept, host, port, ssl=context))

    @property
    def address(self) -> Address:
        """The address that is listened on."""
        return _address(self._server.sockets[0].getsockname())

    async def close(self) -> None:
        """Stop listening; open connections stay."""
        self._server.close()
        await asyncio.sleep(0)


async def connect(
    address: Address,
    make: Callable[[], Connection],
    *,
    timeout: float,  # noqa: ASYNC109 - passed on to asyncio.timeout right here
    context: ssl.SSLContext | None = None,
    server_name: str | None = None,
) -> Connection:
    """Open a connection. Raises OSError (TimeoutError and ssl.SSLError among them)."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout):
        _, connection = await loop.create_connection(
            make, address[0], address[1], ssl=context, server_hostname=server_name if context else None
        )
    return connection


def _address(name: Any) -> Address:
    # interned: the connections of a server share its own address, and those of a proxy its
    return (intern(str(name[0]).partition("%")[0]), int(name[1])) if name else ("", 0)
