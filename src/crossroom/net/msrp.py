"""The MSRP endpoint: listeners, outgoing connections, and which session a frame is for (RFC 4975 §5.4, §7.3).

Drives the pure machines of `msrp/`; knows no rooms. One timer sweeps all sessions once a second.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace

from crossroom.machine import ParseError
from crossroom.msrp.session import Session
from crossroom.msrp.uri import MsrpUri, Path, parse_path, shown
from crossroom.net.clock import Clock
from crossroom.net.ids import Ids
from crossroom.net.listening import listening_on
from crossroom.net.msrp_connection import MsrpConnection, connection_class
from crossroom.net.msrp_dialer import Dialer
from crossroom.net.msrp_face import EndReason, Fingerprint, MsrpListen, MsrpSettings, SessionFace
from crossroom.net.msrp_outflow import Outflow
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.msrp_websocket import MsrpWebSockets
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log

_SWEEP_SECONDS = 1.0  # how late a 30-second timer may be
_READ_BUFFER = 262144  # octets that one read takes at most


class MsrpEndpoint:
    """All MSRP of one process. `start` it in the loop it lives in; `stop` leaves no socket and no timer."""

    def __init__(self, settings: MsrpSettings, clock: Clock, ids: Ids, log: Log) -> None:
        self.settings = settings
        self.log = log
        self.refusals = SparseLog(log, clock.now)
        self.read_buffer = bytearray(_READ_BUFFER)
        self.read_view = memoryview(self.read_buffer)
        self.now = clock.now
        self._ids = ids
        self._sessions: dict[str, MsrpSession] = {}
        self._connections: set[MsrpConnection] = set()
        self._empty: asyncio.Event | None = None  # somebody waits until no connection is left
        self.unflushed: list[Outflow] = []
        self._servers: list[asyncio.Server] = []
        self._browsers: list[MsrpWebSockets] = []
        self._listening: tuple[MsrpListen, ...] = ()
        self._dialer = Dialer(self)
        self._sweeper: asyncio.TimerHandle | None = None

    # -- life ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; raises OSError when an address cannot be had, and then listens nowhere."""
        try:
            self._listening = tuple([await self._listen(address) for address in self.settings.listen])
        except BaseException:
            await self.stop()
            raise
        self._keep_sweeping()

    async def stop(self) -> None:
        """End every session (`on_closed`), write what is pending, close everything."""
        self._stop_listening()
        for session in list(self._sessions.values()):
            session.end(EndReason.STOPPED)
        for connection in list(self._connections):
            connection.close()
        await self._emptied(self.settings.close_seconds)
        for connection in list(self._connections):
            connection.abort_unread()
        for browsers in self._browsers:
            await browsers.close()
        await self._emptied(None)
        self._browsers.clear()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self._listening = ()

    def _stop_listening(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for server in self._servers:
            server.close()
        for browsers in self._browsers:
            browsers.going_away()

    @property
    def listening(self) -> tuple[MsrpListen, ...]:
        """Where it listens, with the actual ports; empty before `start`."""
        return self._listening

    @property
    def sessions(self) -> tuple[MsrpSession, ...]:
        """The sessions that live."""
        return tuple(self._sessions.values())

    @property
    def connections(self) -> frozenset[MsrpConnection]:
        """The connections that are open, whoever opened them."""
        return frozenset(self._connections)

    # -- what the faces use --------------------------------------------------------------------------------

    def open(
        self,
        face: SessionFace,
        *,
        secure: bool = False,
        transport: str = "tcp",
        replaces: MsrpSession | None = None,
    ) -> MsrpSession:
        """A session with an unguessable URI of its own, reachable at once, closed by itself if nobody comes.

        `replaces` is a lost session whose Message-IDs are not to be shown twice (RFC 4975 §5.4). Raises
        LookupError when there is no listener of that kind; `transport` "ws" is for browsers (RFC 7977).
        """
        kind = secure, transport
        address = next((each for each in self._listening if (each.is_secure, each.transport) == kind), None)
        if address is None:
            raise LookupError(f"no MSRP listener for {transport}" + (" over TLS" if secure else ""))
        # RFC 4975 §14.1: at least 80 random bits, of this session only.
        session_id = self._ids.token()
        host, port = address.public or (self.settings.advertise or address.host, address.port)
        uri = MsrpUri(host, port, session_id, transport, is_secure=secure)
        seen = replaces.machine.seen if replaces is not None else None
        session = MsrpSession(self, Session(uri, self._ids.token(), self.settings.session, seen), face)
        self._sessions[session_id] = session
        return session

    def sweep(self, now: float) -> None:
        """Let time pass for every session and connection; called by the endpoint's own timer."""
        for session in list(self._sessions.values()):
            session.sweep(now)
        for connection in list(self._connections):
            connection.sweep(now)

    # -- what sessions and connections use -----------------------------------------------------------------

    async def connection_to(
        self,
        path: Path,
        address: tuple[str, int] | None,
        fingerprints: tuple[Fingerprint, ...],
        *,
        fresh: bool,
    ) -> MsrpConnection:
        """A connection to a path's first hop; raises MsrpUnreachable."""
        return await self._dialer.connection_to(path, address, fingerprints, fresh=fresh)

    def forget(self, session: MsrpSession) -> None:
        """The session is over."""
        session_id = session.machine.local.session_id
        self._sessions.pop(session_id, None)
        self.log.info("msrp session closed", session=shown(session.local_text), reason=str(session.closed))

    def opened(self, connection: MsrpConnection) -> bool:
        """A connection is there."""
        self._connections.add(connection)
        return len(self._connections) <= self.settings.max_connections

    def closed(self, connection: MsrpConnection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections and self._empty is not None:
            self._empty.set()

    def flush_soon(self) -> None:
        """Flush all connections that are written to, once in this turn of the loop."""
        asyncio.get_running_loop().call_soon(self._flush)

    def claim(self, connection: MsrpConnection, to_path: str) -> MsrpSession | int:
        """The session of a To-Path, bound now if it waited for its connection; or the status to refuse with."""
        try:
            path = parse_path(to_path)
        except ParseError:
            return 400
        # The authority is not compared: NATs and border controllers rewrite it; the session-id is the secret.
        session = self._sessions.get(path[0].session_id)
        # RFC 4975 §7.3: a To-Path of several URIs is for somebody behind us, and we are no relay.
        if session is None or len(path) != 1 or path[0].transport != session.machine.local.transport:
            return 481
        if connection.is_websocket is not (path[0].transport == "ws"):
            return 481
        if session.machine.local.is_secure and not connection.is_secure:
            return 481  # what was announced as TLS is never taken in the clear
        if not path[0].is_same(session.machine.local):
            self.log.info("msrp path rewritten", to=shown(to_path), session=shown(session.local_text))
        if session.claimed_by(connection):
            return session
        if session.closed is EndReason.UNTRUSTED:
            # RFC 8122 §6.2: such a connection is not used at all
            asyncio.get_running_loop().call_soon(connection.close)
            return 481
        return 506

    # ------------------------------------------------------------------------------------------------------

    async def _listen(self, address: MsrpListen) -> MsrpListen:
        if address.is_websocket:
            return await self._listen_for_browsers(address)
        tls = self.settings.server_tls if address.is_secure else None
        if address.is_secure and tls is None:
            raise ValueError("a secure MSRP listener needs a certificate")
        loop = asyncio.get_running_loop()
        kind = connection_class(loop, is_secure=address.is_secure)
        with listening_on(address.scheme, address.host, address.port):
            server = await loop.create_server(
                lambda: kind(self, is_secure=address.is_secure), address.host, address.port, ssl=tls
            )
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return MsrpListen(address.host, port, address.is_secure)

    async def _listen_for_browsers(self, address: MsrpListen) -> MsrpListen:
        def make() -> MsrpConnection:
            return MsrpConnection(self, is_secure=address.is_secure, is_websocket=True)

        browsers = MsrpWebSockets(self.settings.websockets, make)
        at, max_body = (address.host, address.port), self.settings.stream.max_body
        with listening_on(address.scheme, *at):
            _, port = await browsers.listen(at, max_body, is_secure=address.has_tls)
        self._browsers.append(browsers)
        return replace(address, port=port)

    async def _emptied(self, seconds: float | None) -> None:
        """Wait until no connection is left, at most that long."""
        if self._connections:
            self._empty = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)

    def _flush(self) -> None:
        unflushed, self.unflushed = self.unflushed, []
        for outflow in unflushed:
            outflow.flush()

    def _keep_sweeping(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._keep_sweeping)
        self.sweep(self.now())
