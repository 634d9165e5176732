"""One XMPP connection: octets to a stream machine and back. Which machine, and what for, its owner knows.

Writes are gathered and flushed once per turn of the loop; one timer per connection asks the machine's deadline.
"""

import asyncio
from typing import Protocol, cast

from crossroom.machine import Deliver, Ended, Send
from crossroom.net.clock import Clock
from crossroom.net.tasks import Log
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.link import Event, Ignored, LinkUp, Output, StreamEnd
from crossroom.xmpp.stanza import Stanza

READ_OCTETS = 65_536
UNSENT_OCTETS = 8_388_608  # a client this far behind is as good as gone; the others must not pay for it
LINGER_SECONDS = 5.0  # how long a closing stream may take to send its last octets


class StreamMachine(Protocol):
    """What drives a stream: xmpp.component.ComponentStream, xmpp.c2s.ClientStream."""

    @property
    def is_up(self) -> bool:
        """True while stanzas may be sent."""

    def open(self, now: float) -> list[Output]:
        """The connection is there."""

    def receive(self, data: bytes, now: float) -> list[Output]:
        """What came on the connection."""

    def receive_end(self, now: float) -> list[Output]:
        """The connection ended."""

    def close(self, now: float) -> list[Output]:
        """End the stream politely."""

    def sent(self, now: float) -> None:
        """Stanzas were written."""

    def tick(self, now: float) -> list[Output]:
        """Time passed."""

    def deadline(self) -> float | None:
        """When tick() is next due."""


class ConnectionOwner(Protocol):
    """Who is told what happens on a connection; quick, never awaits."""

    def on_up(self, connection: "XmppConnection", jid: Jid) -> None:
        """Stanzas may flow."""

    def on_stanza(self, connection: "XmppConnection", stanza: Stanza) -> None:
        """A stanza for us."""

    def on_end(self, connection: "XmppConnection", end: StreamEnd) -> None:
        """The stream ended; the last call, exactly once."""


class XmppConnection(asyncio.BufferedProtocol):
    """Drives one machine on one transport. `buffer` may be shared by all connections of a loop.

    `unsent_limit` is in octets: with more than that waiting, the connection is cut.
    """

    def __init__(  # noqa: PLR0913 -- what it drives, whom it tells, and what it may use
        self,
        machine: StreamMachine,
        owner: ConnectionOwner,
        buffer: bytearray,
        clock: Clock,
        log: Log,
        *,
        unsent_limit: int = UNSENT_OCTETS,
    ) -> None:
        self.machine = machine
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owner = owner
        self._buffer = memoryview(buffer)
        self._clock = clock
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._unsent_octets = 0
        self._unsent_limit = unsent_limit
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._has_ended = False

    def write(self, data: bytes) -> None:
        """Send stanzas with the next flush. A remote that does not read loses its connection."""
        if self.machine.is_up:  # RFC 6120 §4.4: nothing may follow our closing tag
            self._write(data)

    def close(self) -> None:
        """End the stream politely."""
        self._perform(self.machine.close(self._clock.now()))

    def abort(self) -> None:
        """End the connection without a word."""
        if self._transport:
            self._unsent.clear()
            self._unsent_octets = 0
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.BaseProtocol."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's do not derive from it
        if self._has_ended:  # closed before it was made
            self._transport.abort()
            return
        self._perform(self.machine.open(self._clock.now()))

    def get_buffer(self, sizehint: int) -> memoryview:
        """See asyncio.BufferedProtocol."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio.BufferedProtocol."""
        self._perform(self.machine.receive(bytes(self._buffer[:nbytes]), self._clock.now()))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol."""
        del exc
        self._perform(self.machine.receive_end(self._clock.now()))
        if not self._has_ended:
            self._end(StreamEnd(text="connection lost"))
        if self._timer:
            self._timer.cancel()
        self._transport = None
        if not self.gone.done():
            self.gone.set_result(None)

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(message):
                    self._write(message)
                case Deliver(event):
                    self._deliver(event)
                case Ended(end):
                    self._end(end)
        self._rearm()

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._has_ended or self._transport.is_closing():
            return
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(data)
        self._unsent_octets += len(data)
        if self._unsent_octets + self._transport.get_write_buffer_size() > self._unsent_limit:
            self._log.warning("xmpp remote reads too slowly", unsent=self._unsent_octets)
            self.abort()

    def _deliver(self, event: Event) -> None:
        match event:
            case LinkUp(jid):
                self._owner.on_up(self, jid)
            case Stanza():
                self._owner.on_stanza(self, event)
            case Ignored(why):
                self._log.debug("xmpp stanza ignored", why=why)

    def _end(self, end: StreamEnd) -> None:
        self._flush()
        self._has_ended = True
        if self._transport:
            self._transport.close()
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_SECONDS, self.abort)
        self._owner.on_end(self, end)

    def _flush(self) -> None:
        if self._transport and self._unsent and not self._transport.is_closing():
            self._transport.write(b"".join(self._unsent))
            self.machine.sent(self._clock.now())
        self._unsent.clear()
        self._unsent_octets = 0

    def _rearm(self) -> None:
        due = self.machine.deadline()
        if due is None or self._has_ended:
            return
        # a deadline that moved later is found out when the timer fires: stanzas cost no timers
        if self._timer and self._timer_due <= due:
            return
        if self._timer:
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._loop.call_later(max(0.0, due - self._clock.now()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._perform(self.machine.tick(self._clock.now()))
