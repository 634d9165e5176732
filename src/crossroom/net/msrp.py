"""The MSRP endpoint: listeners, outgoing connections, and which session a frame is for (RFC 4975 §5.4, §7.3).

Drives the pure machines of `msrp/`; knows no rooms. One timer sweeps all sessions once a second.
"""

import asyncio
import hashlib
import hmac
import ssl
from weakref import WeakValueDictionary

from crossroom.machine import ParseError
from crossroom.msrp.session import Session
from crossroom.msrp.uri import MsrpUri, Path, parse_path
from crossroom.net.clock import Clock
from crossroom.net.ids import Ids
from crossroom.net.msrp_connection import MsrpConnection
from crossroom.net.msrp_face import Fingerprint, MsrpListen, MsrpSettings, MsrpUnreachable, SessionFace
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.tasks import Log

_SWEEP_SECONDS = 1.0  # how late a 30-second timer may be
_READ_BUFFER = 262144  # octets that one read takes at most
_DISCARD = 9  # RFC 6135 §4.2: the port of somebody who only connects
_HASHES = frozenset({"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"})  # RFC 8122 §5


class MsrpEndpoint:
    """All MSRP of one process. `start` it in the loop it lives in; `stop` leaves no socket and no timer."""

    def __init__(self, settings: MsrpSettings, clock: Clock, ids: Ids, log: Log) -> None:
        self.settings = settings
        self.log = log
        self.read_buffer = memoryview(bytearray(_READ_BUFFER))
        self.now = clock.now
        self._ids = ids
        self._sessions: dict[str, MsrpSession] = {}
        self._connections: set[MsrpConnection] = set()
        self._dirty: list[MsrpConnection] = []
        self._servers: list[asyncio.Server] = []
        self._listening: tuple[MsrpListen, ...] = ()
        self._locks: WeakValueDictionary[tuple[str, int, bool], asyncio.Lock] = WeakValueDictionary()
        self._sweeper: asyncio.TimerHandle | None = None

    # -- life ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; raises OSError when an address cannot be had, and then listens nowhere."""
        try:
            self._listening = tuple([await self._listen(address) for address in self.settings.listen])
        except BaseException:
            await self.stop()
            raise
        self._sweep_later()

    async def stop(self) -> None:
        """End every session (`on_closed`), write what is pending, close everything."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for server in self._servers:
            server.close()
        for session in list(self._sessions.values()):
            session.stop()
        connections = list(self._connections)
        for connection in connections:
            connection.close()
        waiting = {connection.done for connection in connections}
        if waiting:
            await asyncio.wait(waiting, timeout=self.settings.close_seconds)
        for connection in list(self._connections):
            connection.abort_unread()
        if waiting:
            await asyncio.wait(waiting)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self._listening = ()

    @property
    def listening(self) -> tuple[MsrpListen, ...]:
        """Where it listens, with the actual ports; empty before `start`."""
        return self._listening

    @property
    def sessions(self) -> tuple[MsrpSession, ...]:
        """The sessions that live."""
        return tuple(self._sessions.values())

    @property
    def connection_count(self) -> int:
        """The connections that are open, either way."""
        return len(self._connections)

    # -- what the faces use --------------------------------------------------------------------------------

    def open(
        self, face: SessionFace, *, secure: bool = False, replaces: MsrpSession | None = None
    ) -> MsrpSession:
        """A session with an unguessable URI of its own, reachable at once, closed by itself if nobody comes.

        `replaces` is a lost session whose Message-IDs are not to be shown twice (RFC 4975 §5.4). Raises
        LookupError when there is no listener of that kind.
        """
        address = next((each for each in self._listening if each.is_secure == secure), None)
        if address is None:
            raise LookupError("no MSRP listener for " + ("TLS" if secure else "TCP"))
        # RFC 4975 §14.1: at least 80 random bits, of this session only.
        session_id = self._ids.token()
        host = self.settings.advertise or address.host
        uri = MsrpUri(host, address.port, session_id, "tcp", is_secure=secure)
        seen = replaces.machine.seen if replaces is not None else ()
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
        uri = path[0]  # RFC 4975 §5.1: the leftmost is the next hop
        host, port = address or (uri.host, uri.port or 0)
        if uri.transport != "tcp" or port in (0, _DISCARD):
            raise MsrpUnreachable(f"nobody can connect to {uri}")
        key = host.lower(), port, uri.is_secure
        may_share = self.settings.reuse_connections and not fresh and not fingerprints
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            shared = self._open_connection(key) if may_share else None
            return shared or await self._connect(key, fingerprints)

    def forget(self, session: MsrpSession) -> None:
        """The session is over."""
        self._sessions.pop(session.machine.local.session_id, None)

    def opened(self, connection: MsrpConnection) -> bool:
        """A connection is there."""
        self._connections.add(connection)
        return len(self._connections) <= self.settings.max_connections

    def closed(self, connection: MsrpConnection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)

    def dirty(self, connection: MsrpConnection) -> None:
        """Flush this connection with the others, once in this turn of the loop."""
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        self._dirty.append(connection)

    def claim(self, connection: MsrpConnection, to_path: str) -> MsrpSession | int:
        """The session of a To-Path, bound now if it waited for its connection; or the status to refuse with."""
        try:
            path = parse_path(to_path)
        except ParseError:
            return 400
        # The authority is not compared: NATs and border controllers rewrite it; the session-id is the secret.
        session = self._sessions.get(path[0].session_id)
        # RFC 4975 §7.3: a To-Path of several URIs is for somebody behind us, and we are no relay.
        if session is None or len(path) != 1 or path[0].transport != "tcp":
            return 481
        if session.machine.local.is_secure and not connection.is_secure:
            return 481  # what was announced as TLS is never taken in the clear
        return session if session.claimed_by(connection) else 506

    # ------------------------------------------------------------------------------------------------------

    async def _listen(self, address: MsrpListen) -> MsrpListen:
        tls = self.settings.server_tls if address.is_secure else None
        if address.is_secure and tls is None:
            raise ValueError("a secure MSRP listener needs a certificate")
        server = await asyncio.get_running_loop().create_server(
            lambda: MsrpConnection(self, is_secure=address.is_secure), address.host, address.port, ssl=tls
        )
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        self.log.info("msrp listening", host=address.host, port=port, secure=address.is_secure)
        return MsrpListen(address.host, port, address.is_secure)

    def _open_connection(self, key: tuple[str, int, bool]) -> MsrpConnection | None:
        return next((each for each in self._connections if each.key == key and not each.is_closing), None)

    async def _connect(
        self, key: tuple[str, int, bool], fingerprints: tuple[Fingerprint, ...]
    ) -> MsrpConnection:
        host, port, is_secure = key
        shared_key = None if fingerprints else key
        try:
            async with asyncio.timeout(self.settings.connect_seconds):
                # Every address of the name is tried, in order; never SRV (RFC 4975 §6.2).
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: MsrpConnection(self, is_secure=is_secure, key=shared_key),
                    host,
                    port,
                    ssl=self._client_tls(fingerprints) if is_secure else None,
                )
        except (OSError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
            raise MsrpUnreachable(f"{host}:{port}: {str(error) or type(error).__name__}") from error
        if fingerprints and not matches(connection.peer_certificate, fingerprints):
            connection.close()
            raise MsrpUnreachable(f"{host}:{port}: the certificate is not the announced one")
        return connection

    def _client_tls(self, fingerprints: tuple[Fingerprint, ...]) -> ssl.SSLContext:
        if not fingerprints:
            return self.settings.client_tls or ssl.create_default_context()
        # RFC 8122 §6.2: the fingerprint decides, so the chain and the name do not.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            connection.flush()

    def _sweep_later(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._swept)

    def _swept(self) -> None:
        self._sweep_later()
        self.sweep(self.now())


def matches(certificate: bytes | None, fingerprints: tuple[Fingerprint, ...]) -> bool:
    """True when any announced fingerprint is this certificate's (RFC 8122 §5: one of several is enough)."""
    for fingerprint in fingerprints:
        algorithm = fingerprint.algorithm.lower()
        if certificate is None or algorithm not in _HASHES:
            continue
        digest = hashlib.new(algorithm.replace("-", ""), certificate).hexdigest()
        if hmac.compare_digest(digest.encode(), fingerprint.value.replace(":", "").lower().encode()):
            return True
    return False
