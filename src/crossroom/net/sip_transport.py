"""SIP messages over sockets: the transport layer of RFC 3261 §18, without any knowledge of transactions.

Datagrams and streams in, parsed messages and their flow up; messages and a hop down. Reuses connections.
"""

import asyncio
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from crossroom.machine import Malformed
from crossroom.net.listening import listening_on
from crossroom.net.sip_datagrams import SipDatagrams
from crossroom.net.sip_settings import Listening, ListenOn, SipSettings
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Tasks
from crossroom.net.tcp import READ_AT_ONCE, Address, Connection, StreamListener, connect
from crossroom.net.tls import certified_names, names_domain
from crossroom.net.udp import shown
from crossroom.net.websocket import WebSocketConnection
from crossroom.net.websocket_listener import Service, WebSocketListener
from crossroom.sip.hop import SECURE, TLS, UDP, WS, WSS, Flow, Hop
from crossroom.sip.message import BadRequest, Ping, Request, Response
from crossroom.sip.stream import StreamReader, read_frame
from crossroom.sip.transaction_layer import LiveTransaction, Transmission

_PONG = b"\r\n"
_MAX_WAITING = 1000
"""Messages that wait for one connection to open; more are reported as failed."""


class TransportUser(Protocol):
    """Who gets what comes in."""

    def message_received(self, message: Request | Response, flow: Flow) -> None:
        """A whole message."""

    def sending_failed(self, sender: LiveTransaction) -> None:
        """What this transaction sent cannot be sent."""


class Link(Protocol):
    """What streams and WebSockets have in common."""

    serial: int
    local: Address
    remote: Address
    last_heard: float

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""

    def send(self, data: bytes) -> bool:
        """Queue octets; False when the link is closed or choked."""

    def close(self) -> None:
        """Send what is queued, then close."""

    def abort(self) -> None:
        """Close at once."""

    async def wait_closed(self) -> None:
        """Wait until it is closed."""


@dataclass(frozen=True, slots=True)
class _Open:
    """One open link, and its flow; a WebSocket needs no reader, as each of its frames is a message."""

    link: Link
    flow: Flow
    reader: StreamReader | None


class SipTransport:
    """All sockets of one user agent. `tasks` are the agent's own; all that is logged here strangers can cause."""

    def __init__(self, settings: SipSettings, user: TransportUser, tasks: Tasks, log: SparseLog) -> None:
        self._settings = settings
        self._user = user
        self._tasks = tasks
        self._log = log
        self.read_buffer = memoryview(bytearray(READ_AT_ONCE))
        self._datagrams = SipDatagrams(settings.limits, user.message_received, log)
        self._listeners: list[StreamListener] = []
        self._browsers: list[WebSocketListener] = []
        self._connections: dict[int, _Open] = {}
        self._routes: dict[tuple[str, str, int, str], int] = {}
        self._waiting: dict[tuple[str, str, int, str], list[Transmission]] = {}
        self._serials = count(1)
        self._closing = False

    @property
    def connections(self) -> int:
        """How many streams are open."""
        return len(self._connections)

    def is_open(self, flow: Flow) -> bool:
        """Whether the connection of a flow is still there; a datagram peer has none."""
        return self._open_link(flow.serial) is not None

    async def listen(self, wanted: ListenOn) -> Listening:
        """Open one listening address. Raises OSError."""
        with listening_on(wanted.transport, wanted.host, wanted.port):
            if wanted.transport == UDP:
                host, port = await self._datagrams.bind(wanted.host, wanted.port)
            elif wanted.transport in {WS, WSS}:
                host, port = await self._listen_for_browsers(wanted)
            else:
                context = self._settings.server_tls if wanted.transport == TLS else None
                listener = await StreamListener.listen(
                    wanted.host, wanted.port, lambda: self._incoming(wanted.transport), context
                )
                self._listeners.append(listener)
                host, port = listener.address
        return Listening(wanted.transport, host, port, self._settings.advertise or shown(host))

    async def _listen_for_browsers(self, wanted: ListenOn) -> Address:
        def accept(local: Address, remote: Address) -> WebSocketConnection | None:
            connection = WebSocketConnection(next(self._serials), local, remote)
            return connection if self._made(connection, wanted.transport) else None

        limits = self._settings.limits
        service = Service("sip", accept, self, limits.head + limits.body)
        listeners, at = self._settings.websockets, (wanted.host, wanted.port)
        listener = await listeners.listen(at, service, is_secure=wanted.transport == WSS)
        self._browsers.append(listener)
        return listener.address

    def send(self, transmission: Transmission) -> None:
        """Put a message on the wire, now or when its connection is open; a failure is reported later."""
        hop = transmission.hop
        if hop.transport == UDP:
            if not self._datagrams.send(bytes(transmission.message), hop):
                self._fail([transmission])
            return
        connection = self._connection_to(hop)
        if connection is not None and connection.send(bytes(transmission.message)):
            return
        key = _key(hop)
        waiting = self._waiting.get(key)
        if waiting is None:
            full = self._closing or len(self._connections) >= self._settings.max_connections
            if full or hop.transport in {WS, WSS}:  # RFC 7118 §B.1: nobody can connect to a browser
                self._fail([transmission])
                return
            self._waiting[key] = [transmission]
            self._tasks.start(self._open(hop), "sip connect")
        elif len(waiting) < _MAX_WAITING:
            waiting.append(transmission)
        else:
            self._fail([transmission])

    async def close(self) -> None:
        """Close every socket and wait until it is closed. What is queued still goes out."""
        self._closing = True
        for browsers in self._browsers:
            browsers.going_away()
        for listener in self._listeners:
            await listener.close()
        connections = [known.link for known in self._connections.values()]
        for connection in connections:
            connection.close()
        try:
            async with asyncio.timeout(2):
                for connection in connections:
                    await connection.wait_closed()
        except TimeoutError:
            for connection in connections:
                connection.abort()
            for connection in connections:
                await connection.wait_closed()
        for browsers in self._browsers:
            await browsers.close()
        await self._datagrams.close()

    def close_idle(self, now: float, kept: frozenset[int]) -> None:
        """Close the streams that have been silent for too long, but those that a dialog needs.

        WebSockets may be silent: whether the browser is still there is asked by pings.
        """
        links = [known.link for known in self._connections.values()]
        streams = [link for link in links if isinstance(link, Connection)]
        for connection in streams:
            if connection.serial not in kept and now - connection.last_heard > self._settings.idle_timeout:
                connection.close()

    def data_received(self, connection: Connection, data: bytes) -> None:
        """See `StreamUser.data_received`."""
        known = self._connections.get(connection.serial)
        if known is None or known.reader is None:
            return
        for item in known.reader.receive_data(data):
            self._item(item, known.flow, connection)

    def frame_received(self, connection: WebSocketConnection, frame: str | bytes) -> None:
        """See `WebSocketUser.frame_received`."""
        known = self._connections.get(connection.serial)
        if known is not None:
            self._item(read_frame(frame, self._settings.limits), known.flow, connection)

    def connection_lost(self, connection: "Link") -> None:
        """See `StreamUser.connection_lost`, `WebSocketUser.websocket_lost`."""
        serial = connection.serial
        self._connections.pop(serial, None)
        self._routes = {key: known for key, known in self._routes.items() if known != serial}

    websocket_lost = connection_lost

    def _item(self, item: object, flow: Flow, connection: "Link") -> None:
        match item:
            case Request() | Response():
                self._user.message_received(item, flow)
            case BadRequest():
                self._log.warning("sip bad request", source=str(flow), status=item.status, why=item.why)
                if item.answer is not None:
                    connection.send(bytes(item.answer))
            case Malformed(why=why):
                self._log.warning("sip stream broken", source=str(flow), why=why)
                connection.close()
            case Ping():
                connection.send(_PONG)  # RFC 5626 §4.4.1
            case _:
                pass  # a pong: the connection is alive, which last_heard says already

    def _incoming(self, transport: str) -> Connection:
        return Connection(
            self,
            next(self._serials),
            outgoing=False,
            max_unsent=self._settings.max_unsent,
            on_made=lambda connection: self._made(connection, transport),
        )

    def _made(self, connection: "Link", transport: str) -> bool:
        if self._closing or len(self._connections) >= self._settings.max_connections:
            self._log.warning("sip connection refused", remote=connection.remote, why="too many")
            connection.abort()
            return False
        serial = connection.serial
        names: tuple[str, ...] = ()
        reader = None
        if isinstance(connection, Connection):
            names = certified_names(connection.peer_certificate)
            reader = StreamReader(self._settings.limits)
        flow = Flow(transport, *connection.remote, *connection.local, serial, names)
        self._connections[serial] = _Open(connection, flow, reader)
        # docs/conformance.md, sip-2.7: an incoming TLS connection is no proof of where it comes from, so it is not reused
        if transport not in SECURE:
            self._routes.setdefault((transport, *connection.remote, ""), serial)
        return True

    async def _open(self, hop: Hop) -> None:
        key = _key(hop)
        try:
            connection = await self._connect(hop)
        except OSError as error:
            self._log.warning(
                "sip connection failed", to=f"{hop.transport}:{hop.host}:{hop.port}", why=str(error)
            )
            self._fail(self._waiting.pop(key, []))
            return
        for transmission in self._waiting.pop(key, []):
            if not connection.send(bytes(transmission.message)):
                self._fail([transmission])

    async def _connect(self, hop: Hop) -> Connection:
        """Open a connection, over TLS to somebody who proves to be who was asked for. Raises OSError."""
        secure = hop.transport in SECURE
        context = self._settings.client_tls if secure else None
        name = hop.name or hop.host
        if secure and context is None:
            raise OSError("no TLS settings")
        connection = await connect(
            (hop.host, hop.port),
            lambda: Connection(
                self,
                next(self._serials),
                outgoing=True,
                max_unsent=self._settings.max_unsent,
                on_made=lambda connection: self._connected(connection, hop),
            ),
            timeout=self._settings.connect_timeout,
            context=context,
            server_name=name,
        )
        if connection.serial not in self._connections:
            raise OSError(f"the certificate does not name {name}" if secure else "too many connections")
        return connection

    def _connected(self, connection: Connection, hop: Hop) -> None:
        # RFC 5922 §7: the certificate must be that of the domain asked for, not of what SRV named
        if hop.transport in SECURE and not names_domain(connection.peer_certificate, hop.name or hop.host):
            connection.abort()
            return
        self._made(connection, hop.transport)
        if connection.serial in self._connections:
            self._routes[_key(hop)] = connection.serial

    def _connection_to(self, hop: Hop) -> "Link | None":
        found = self._open_link(hop.flow.serial) if hop.flow is not None else None
        if found is None and (serial := self._routes.get(_key(hop))) is not None:
            found = self._open_link(serial)
        return found

    def _open_link(self, serial: int) -> "Link | None":
        known = self._connections.get(serial)
        return known.link if known is not None and known.link.is_open else None

    def _fail(self, transmissions: list[Transmission]) -> None:
        """Report failures in a turn of their own: whoever sent is still in the middle of sending."""
        loop = asyncio.get_running_loop()
        for transmission in transmissions:
            if transmission.sender is not None:
                loop.call_soon(self._user.sending_failed, transmission.sender)


def _key(hop: Hop) -> tuple[str, str, int, str]:
    """What connections are reused by: the address, and over TLS also the name that was verified."""
    return (hop.transport, hop.host, hop.port, hop.name if hop.transport in SECURE else "")
