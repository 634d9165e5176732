"""The writing half of one MSRP connection: a list that is flushed once per turn of the loop, and turns.

Answers, REPORTs and binding always go out at once; whole messages only while there is room, session by session.
"""

import asyncio
from typing import Protocol

from crossroom.msrp.session_events import EndReason
from crossroom.net.msrp_face import MsrpSettings


class QueuedSession(Protocol):
    """A session that may have more to write than there is room for."""

    def pump_once(self) -> bool:
        """Write one queued piece; False when nothing is queued any more."""


class FlowOwner(Protocol):
    """The endpoint of the connection."""

    settings: MsrpSettings
    unflushed: list["Outflow"]

    def flush_soon(self) -> None:
        """Flush what will be `unflushed`, all of it in this turn of the loop: called before the first."""


class OwnConnection(Protocol):
    """The connection, as its writing half needs it."""

    def abort(self, reason: EndReason) -> None:
        """Close without waiting for anything."""


class Outflow:
    """See the module."""

    __slots__ = (
        "_connection",
        "_high_water",
        "_is_closed",
        "_joins",
        "_owner",
        "_pending",
        "_pending_octets",
        "_transport",
        "_waiting",
        "is_paused",
        "is_writable",
    )

    def __init__(self, owner: FlowOwner, connection: OwnConnection) -> None:
        self.is_paused = False  # the socket is full
        self.is_writable = True  # whole messages may be written
        self._high_water = owner.settings.high_water
        self._owner = owner
        self._connection = connection
        self._transport: asyncio.WriteTransport | None = None
        self._joins = True
        self._is_closed = False
        self._pending: list[bytes] = []
        self._pending_octets = 0
        self._waiting: tuple[QueuedSession, ...] = ()

    def open(self, transport: asyncio.WriteTransport, *, joins: bool = True) -> None:
        """The connection is there; with `joins` frames may be written together."""
        self._joins = joins
        self._transport = transport
        transport.set_write_buffer_limits(high=self._high_water)

    def write(self, octets: bytes) -> None:
        """Write with the next flush; nothing once it is closed (the sessions hear of that)."""
        pending = self._pending
        if not pending:
            if self._is_closed:
                return
            unflushed = self._owner.unflushed
            if not unflushed:
                self._owner.flush_soon()
            unflushed.append(self)
        pending.append(octets)
        self._pending_octets += len(octets)
        if self._pending_octets >= self._high_water:
            self.is_writable = False

    def flush(self) -> None:
        """Hand what was written to the socket, and let queued messages follow."""
        pending, transport = self._pending, self._transport
        if transport is None or not pending:
            return
        self._pending_octets = 0
        self.is_writable = not self.is_paused
        if len(pending) == 1:
            transport.write(pending.pop())
        else:
            self._pending = []
            for frame in (b"".join(pending),) if self._joins else pending:
                transport.write(frame)
        if self.is_paused and transport.get_write_buffer_size() > self._owner.settings.max_queue_octets:
            # Even answers are not read: nothing bounds them but this.
            self._connection.abort(EndReason.CONGESTED)
        elif self._waiting:
            self.pump()

    def wants_turn(self, session: QueuedSession) -> None:
        """A session has messages queued: let it write when it is its turn."""
        if session not in self._waiting:
            self._waiting += (session,)
        self.pump()

    def skip(self, session: QueuedSession) -> None:
        """A session has nothing to write any more."""
        self._waiting = tuple(other for other in self._waiting if other is not session)

    def pump(self) -> None:
        """Let queued sessions write, one piece each in turn (RFC 4975 §7.1.1), while there is room."""
        while self._waiting and self.is_writable and not self._is_closed:
            session, *others = self._waiting
            self._waiting = tuple(others)
            if session.pump_once() and session not in self._waiting:
                self._waiting += (session,)

    def pause(self) -> None:
        """The socket is full."""
        self.is_paused = True
        self.is_writable = False

    def resume(self) -> None:
        """There is room in the socket again."""
        self.is_paused = False
        self.is_writable = self._pending_octets < self._high_water
        self.pump()

    def close(self) -> None:
        """Hand over what is pending; nothing more is taken."""
        self._waiting = ()
        self.flush()
        self._is_closed = True

    def discard(self) -> None:
        """Forget what is pending; nothing more is taken."""
        self._is_closed = True
        self._pending.clear()
        self._waiting = ()
