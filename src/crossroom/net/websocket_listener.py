"""The addresses at which browsers open WebSockets; one may serve SIP (RFC 7118) and MSRP (RFC 7977) at once.

A handshake names the subprotocol (RFC 6455 §4.2.2), and that says who is meant: a browser needs one address only.
"""

import asyncio
import errno
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from aiohttp import WSCloseCode, web

from crossroom.net.tcp import Address
from crossroom.net.websocket import WebSocketConnection, WebSocketUser

_GOODBYE_SECONDS = 1.0
"""What the closing handshake may take when we stop."""
_FORBIDDEN = "pages of this origin may not connect"


@dataclass(frozen=True, slots=True)
class WebSocketSettings:
    """`tls` is needed for a secure listener. `origins`: whose pages may connect, as browsers write it; empty: any.

    heartbeat: seconds between pings of ours (RFC 7118 §6): a browser that is gone is noticed after one and a half.
    is_behind_proxy: what a reverse proxy on this machine says of where the browser is, is believed.
    handshake: seconds that a connection may take until it is a WebSocket, or ask again when it was refused.
    """

    tls: ssl.SSLContext | None = None
    origins: frozenset[str] = frozenset()
    heartbeat: float = 30.0
    handshake: float = 10.0
    is_behind_proxy: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """One subprotocol: `accept` makes the connection or refuses with None, `user` reads it.

    max_message: octets of one WebSocket message; a longer one ends the connection with code 1009.
    """

    subprotocol: str
    accept: Callable[[Address, Address], WebSocketConnection | None]
    user: WebSocketUser
    max_message: int


class WebSocketListener:
    """One service at one address; `close` it once."""

    def __init__(self, socket: "_Socket", service: Service) -> None:
        self._socket = socket
        self._service = service

    @property
    def address(self) -> Address:
        """The address that is listened on."""
        return self._socket.address

    def going_away(self) -> None:
        """Take no more browsers; those that are here will be told 1001 when they are closed (RFC 6455 §7.4.1)."""
        self._socket.retire(self._service)

    async def close(self) -> None:
        """Take no more browsers and close those that are here; the socket goes with its last service."""
        await self._socket.leave(self._service)


class WebSocketListeners:
    """All addresses of one process. Who listens where another subprotocol is listened for shares the socket."""

    def __init__(self, settings: WebSocketSettings | None = None) -> None:
        self._settings = settings or WebSocketSettings()
        self._sockets: dict[Address, _Socket] = {}

    async def listen(self, at: Address, service: Service, *, is_secure: bool) -> WebSocketListener:
        """Listen on any path; port 0 takes a free one. Raises OSError, ValueError without a certificate."""
        if is_secure and self._settings.tls is None:
            raise ValueError("a secure WebSocket listener needs a certificate")
        socket = self._sockets.get(at)
        if socket is None:
            socket = _Socket(self._settings, is_secure=is_secure)
            await socket.open(at)
            key = (at[0], socket.address[1])
            socket.on_closed = partial(self._sockets.pop, key)
            self._sockets[key] = socket
        elif socket.is_secure is not is_secure or service.subprotocol in socket.services:
            raise OSError(errno.EADDRINUSE, "another WebSocket listener has this address")
        socket.services[service.subprotocol] = service
        return WebSocketListener(socket, service)


class _Socket:
    """One listening address with its services by subprotocol."""

    def __init__(self, settings: WebSocketSettings, *, is_secure: bool) -> None:
        self.services: dict[str, Service] = {}
        self.is_secure = is_secure
        self.address: Address = ("", 0)
        self._settings = settings
        self._open: dict[WebSocketConnection, Service] = {}
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=_GOODBYE_SECONDS,
            keepalive_timeout=settings.handshake,  # aiohttp closes what has sent no whole request for so long
        )
        self.on_closed: Callable[[], object] | None = None

    async def open(self, at: Address) -> None:
        await self._runner.setup()
        tls = self._settings.tls if self.is_secure else None
        try:
            await web.TCPSite(self._runner, at[0], at[1], ssl_context=tls).start()
        except OSError:
            await self._runner.cleanup()
            raise
        host, port = self._runner.addresses[0][:2]
        self.address = (str(host), int(port))

    def retire(self, service: Service) -> list[WebSocketConnection]:
        self.services.pop(service.subprotocol, None)
        leaving = [connection for connection, its in self._open.items() if its is service]
        for connection in leaving:
            connection.usual_code = WSCloseCode.GOING_AWAY
        return leaving

    async def leave(self, service: Service) -> None:
        leaving = self.retire(service)
        for connection in leaving:
            connection.close()
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                for connection in leaving:
                    await connection.wait_closed()
        except TimeoutError:
            for connection in leaving:
                connection.abort()
        if not self.services:
            if self.on_closed is not None:
                self.on_closed()
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        service = self._service_for(request)
        transport = request.transport
        connection = service.accept(_address(transport, "sockname"), self._remote(request))
        if connection is None:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(
            protocols=(service.subprotocol,),
            heartbeat=self._settings.heartbeat,
            max_msg_size=service.max_message,
            compress=False,  # it would cost every connection two windows, and tell secrets by lengths (RFC 7692 §9)
        )
        self._open[connection] = service
        try:
            await socket.prepare(request)
        except BaseException:
            del self._open[connection]
            connection.lost(service.user)
            raise
        try:
            await connection.run(socket, service.user, transport)
        finally:
            del self._open[connection]
        return socket

    def _remote(self, request: web.Request) -> Address:
        """Where the browser is. One address for all of them would share its limits and its wrong passwords."""
        direct = _address(request.transport, "peername")
        lines = request.headers.getall("X-Forwarded-For", [""])
        said = lines[-1].rpartition(",")[2].strip()  # the nearest proxy writes last
        if not (said and self._settings.is_behind_proxy and _is_loopback(direct[0])):
            return direct
        try:
            return (str(ip_address(said)), direct[1])
        except ValueError:
            return direct

    def _service_for(self, request: web.Request) -> Service:
        """Who is meant; raises the HTTP error that says why nobody is."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise web.HTTPUpgradeRequired(headers={"Upgrade": "websocket"})  # RFC 9110 §15.5.22
        origin = request.headers.get("Origin")
        # RFC 6455 §10.2: only browsers say where a page is from, and only of pages does it protect anybody
        if self._settings.origins and origin is not None and origin.lower() not in self._settings.origins:
            raise web.HTTPForbidden(text=_FORBIDDEN)
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        for name in offered.split(","):  # RFC 6455 §4.1: in order of preference
            if (service := self.services.get(name.strip().lower())) is not None:
                return service
        # RFC 7118 §4.1, RFC 7977 §4.1: no connection without a subprotocol that both know
        raise web.HTTPBadRequest(text=f"subprotocol required: {' or '.join(sorted(self.services))}")


def _is_loopback(host: str) -> bool:
    return bool(host) and ip_address(host).is_loopback


def _address(transport: asyncio.Transport | None, which: str) -> Address:
    name = transport.get_extra_info(which) if transport is not None else None
    return (str(name[0]).partition("%")[0], int(name[1])) if name else ("", 0)
