"""The link to an XMPP server as its component: connect, connect again, and keep what is said meanwhile."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from crossroom.net.clock import Clock
from crossroom.net.tasks import Log
from crossroom.net.xmpp_connection import READ_OCTETS, XmppConnection
from crossroom.xmpp.component import ComponentStream
from crossroom.xmpp.errors import StreamCondition
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.link import StreamEnd
from crossroom.xmpp.stanza import Stanza


@dataclass(frozen=True, slots=True)
class ComponentSettings:
    """Where the server listens for components, and who we are. Seconds, and octets kept while the link is down."""

    host: str
    port: int
    domain: str
    secret: str
    stanza_octets: int = 500_000  # Prosody closes the whole stream over a stanza of more than 512 KiB
    unsent_octets: int = (
        134_217_728  # one message to ten thousand occupants is some megabytes, all on this one link
    )
    queue_octets: int = 1_048_576  # some thousand stanzas: a server's restart, not a day's outage
    connect_timeout: float = 15.0
    first_retry: float = 1.0
    longest_retry: float = 60.0


@dataclass(frozen=True, slots=True)
class LinkCalls:
    """What the router wants to hear of a link."""

    stanza: Callable[[Stanza], None]
    up: Callable[[str], None]
    lost: Callable[[str], None]


class XmppComponent:
    """One component's link: `run()` keeps it until `stop()`."""

    def __init__(self, settings: ComponentSettings, calls: LinkCalls, clock: Clock, log: Log) -> None:
        self._settings = settings
        self.domain = Jid.enforce("", settings.domain).domain
        self._calls = calls
        self._clock = clock
        self._log = log.bind(component=settings.domain)
        self._connection: XmppConnection | None = None
        self._ended: asyncio.Future[StreamEnd] | None = None
        self._kept: deque[bytes] = deque()
        self._kept_octets = 0
        self._is_up = False
        self._was_up = False
        self._stopping = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """True while the server has accepted us."""
        return self._is_up

    def fits(self, data: bytes) -> bool:
        """True for a stanza that the server will take: a larger one would cost the link."""
        return len(data) <= self._settings.stanza_octets

    def send(self, data: bytes) -> bool:
        """Send a stanza now, or when the link is up again; False when too much waits already and it is dropped."""
        if self._is_up and self._connection:
            self._connection.write(data)
            return True
        if self._kept_octets + len(data) > self._settings.queue_octets:
            return False
        self._kept.append(data)
        self._kept_octets += len(data)
        return True

    async def run(self) -> None:
        """Keep the link until stop()."""
        retry = self._settings.first_retry
        while not self._stopping.is_set():
            end, was_up = await self._run_once()
            retry = self._settings.first_retry if was_up else retry
            # RFC 6120 §4.9.3.3: a conflict is another instance of us; asking often only makes the two fight
            wait = self._settings.longest_retry if end.condition is StreamCondition.CONFLICT else retry
            if not self._stopping.is_set():
                self._log.warning("component link down", condition=end.condition, text=end.text, retry=wait)
            await self._pause(wait)
            retry = min(retry * 2, self._settings.longest_retry)

    async def stop(self) -> None:
        """Close the stream politely and do not come back."""
        self._stopping.set()
        self._is_up = False
        connection = self._connection
        if connection:
            connection.close()
            await connection.gone

    def on_up(self, connection: XmppConnection, jid: Jid) -> None:
        """The server accepted us: what was kept goes first."""
        self._is_up = self._was_up = True
        self._log.info("component link up")
        while self._kept:
            connection.write(self._kept.popleft())
        self._kept_octets = 0
        del jid
        self._calls.up(self.domain)

    def on_stanza(self, connection: XmppConnection, stanza: Stanza) -> None:
        """A stanza for our domain."""
        if stanza.to and stanza.to.domain == self.domain:
            self._calls.stanza(stanza)
        else:
            self._log.debug("xmpp stanza for another domain", to=str(stanza.to), fd=id(connection))

    def on_end(self, connection: XmppConnection, end: StreamEnd) -> None:
        """The stream ended."""
        del connection
        if self._ended and not self._ended.done():
            self._ended.set_result(end)
        if self._is_up:
            self._is_up = False
            self._calls.lost(self.domain)

    async def _run_once(self) -> tuple[StreamEnd, bool]:
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._was_up = False
        stream = ComponentStream(self.domain, self._settings.secret)
        connection = XmppConnection(
            stream,
            self,
            bytearray(READ_OCTETS),
            self._clock,
            self._log,
            unsent_limit=self._settings.unsent_octets,
        )
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await loop.create_connection(lambda: connection, self._settings.host, self._settings.port)
        except OSError as error:  # TimeoutError is one
            return StreamEnd(StreamCondition.REMOTE_CONNECTION_FAILED, str(error)), False
        self._connection = connection
        try:
            end = await self._ended
        finally:
            connection.close()
            self._connection = None
        return end, self._was_up

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return  # the pause is over
