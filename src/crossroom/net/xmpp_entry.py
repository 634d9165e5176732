"""The embedded entry for XMPP clients on this machine: a listener, and who is connected."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from crossroom.net.clock import Clock
from crossroom.net.ids import Ids
from crossroom.net.listening import listening_on
from crossroom.net.tasks import Log
from crossroom.net.xmpp_connection import LINGER_SECONDS, READ_OCTETS, XmppConnection
from crossroom.xmpp.account import Site
from crossroom.xmpp.c2s import ClientStream
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.link import StreamEnd
from crossroom.xmpp.stanza import Stanza
from crossroom.xmpp.stream import Limits


@dataclass(frozen=True, slots=True)
class EntrySettings:
    """Where clients of the embedded entry connect, and the domain they get their addresses in. Port 0 takes a free one."""

    site: Site
    host: str = "127.0.0.1"
    port: int = 5222
    most_clients: int = 1000  # each costs a socket and some kilobytes
    limits: Limits = field(default_factory=Limits)  # what one of them may cost


@dataclass(frozen=True, slots=True)
class EntryCalls:
    """What the router wants to hear of the clients."""

    stanza: Callable[[Stanza], None]
    gone: Callable[[Jid], None]


class XmppEntry:
    """Listens, and knows which connection is whose: an anonymous user has exactly one."""

    def __init__(self, settings: EntrySettings, calls: EntryCalls, ids: Ids, clock: Clock, log: Log) -> None:
        self._settings = settings
        self._calls = calls
        self._ids = ids
        self._clock = clock
        self._log = log.bind(entry=settings.site.domain)
        self._buffer = bytearray(READ_OCTETS)
        self._server: asyncio.Server | None = None
        self._connections: set[XmppConnection] = set()
        self._users: dict[Jid, tuple[Jid, XmppConnection]] = {}

    @property
    def domain(self) -> str:
        """The domain of the clients' addresses."""
        return self._settings.site.domain

    @property
    def port(self) -> int:
        """Where we listen; 0 before start()."""
        return self._server.sockets[0].getsockname()[1] if self._server else 0

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        host, port = self._settings.host, self._settings.port
        with listening_on("tcp", host, port):
            self._server = await loop.create_server(self._accept, host, port)

    async def stop(self) -> None:
        """Close every stream politely, and the listener."""
        if self._server:
            self._server.close()
        connections = tuple(self._connections)
        for connection in connections:
            connection.close()
        with contextlib.suppress(TimeoutError):  # what has not gone by itself is cut by its own linger timer
            async with asyncio.timeout(LINGER_SECONDS + 1):
                for connection in connections:
                    await connection.gone

    def send(self, to: Jid, data: bytes) -> bool:
        """Send to a connected user, by full or bare address; False when there is none."""
        jid, connection = self._users.get(to.bare, (None, None))
        if connection is None or (to.resource and to != jid):
            return False
        connection.write(data)
        return True

    def on_up(self, connection: XmppConnection, jid: Jid) -> None:
        """A client is bound."""
        self._users[jid.bare] = (jid, connection)
        self._log.info("xmpp client connected", jid=str(jid))

    def on_stanza(self, connection: XmppConnection, stanza: Stanza) -> None:
        """A stanza for one of the rooms' domains."""
        del connection
        self._calls.stanza(stanza)

    def on_end(self, connection: XmppConnection, end: StreamEnd) -> None:
        """A client's stream ended."""
        self._connections.discard(connection)
        jid = next((jid for jid, owner in self._users.values() if owner is connection), None)
        if jid is None:
            return
        del self._users[jid.bare]
        self._log.info("xmpp client gone", jid=str(jid), condition=end.condition, text=end.text)
        self._calls.gone(jid)

    def _accept(self) -> XmppConnection:
        settings = self._settings
        stream = ClientStream(settings.site, self._ids.token, settings.limits)
        connection = XmppConnection(stream, self, self._buffer, self._clock, self._log)
        self._connections.add(connection)
        if len(self._connections) > self._settings.most_clients:
            self._log.warning("too many xmpp clients", limit=self._settings.most_clients)
            connection.close()
        return connection
