"""One MSRP connection: octets in and out, and which sessions are bound to it (RFC 4975 §5.4, §7.3).

All connections read into one buffer, the loop's or their endpoint's: it is empty again before the loop reads the next.
Writing is in msrp_outflow.py.
"""

import asyncio
import socket
from typing import Protocol, assert_never, cast

from crossroom.machine import Malformed
from crossroom.msrp.chunk import (
    PHRASES,
    FrameItem,
    MsrpRequest,
    MsrpResponse,
    Oversized,
    Unintelligible,
    answer,
)
from crossroom.msrp.copies import Copies
from crossroom.msrp.session_events import EndReason
from crossroom.msrp.stream import StreamReader
from crossroom.msrp.uri import shown
from crossroom.net.msrp_face import MsrpSettings
from crossroom.net.msrp_outflow import Outflow, QueuedSession
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log

_MAX_ROUTES = 64  # spellings of To-Path remembered; one per session, unless somebody plays


class BoundSession(QueuedSession, Protocol):
    """What a connection knows of a session."""

    @property
    def local_text(self) -> str:
        """Its own URI, as it was announced."""
        ...

    def take(self, item: FrameItem) -> None:
        """Receive one frame."""

    @property
    def copies(self) -> Copies:
        """Which copies of messages to many it waits for answers to."""
        ...

    def end(self, reason: EndReason) -> None:
        """The connection is gone."""


class ConnectionOwner(Protocol):
    """What a connection needs of its endpoint."""

    settings: MsrpSettings
    read_buffer: bytearray
    read_view: memoryview
    unflushed: list[Outflow]
    log: Log
    refusals: SparseLog

    def now(self) -> float:
        """The machines' time."""

    def opened(self, connection: "MsrpConnection") -> bool:
        """A connection is there; False when there are too many."""

    def closed(self, connection: "MsrpConnection") -> None:
        """It is gone."""

    def flush_soon(self) -> None:
        """See net.msrp_outflow.FlowOwner."""

    def claim(self, connection: "MsrpConnection", to_path: str) -> BoundSession | int:
        """Find, and if need be bind, the session of a To-Path; or the status to refuse with."""


class MsrpConnection(asyncio.BaseProtocol):
    """See the module. `is_secure`: TLS is below it; `key` names where it leads when we opened it."""

    __slots__ = (
        "_copies",
        "_only",
        "_owner",
        "_peer",
        "_reader",
        "_routes",
        "_transport",
        "has_read",
        "idle_since",
        "is_closing",
        "is_secure",
        "is_websocket",
        "key",
        "outflow",
        "read_at",
        "reason",
        "sessions",
    )

    def __init__(
        self,
        owner: ConnectionOwner,
        *,
        is_secure: bool,
        key: tuple[str, int, bool] | None = None,
        is_websocket: bool = False,
    ) -> None:
        self.is_secure = is_secure
        self.is_websocket = is_websocket
        self.key = key
        self.sessions: tuple[BoundSession, ...] = ()
        self.is_closing = False
        self.has_read = False  # since the last sweep
        self.read_at = 0.0  # when a sweep last saw that it had read
        self.idle_since = owner.now()  # when it last had no session
        self._owner = owner
        self._reader = StreamReader(owner.settings.stream)
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._routes: dict[str, BoundSession] | None = None  # where To-Path alone does not say it
        self._only: BoundSession | None = None  # the session, where there is just one
        self._copies: Copies | None = None  # its own
        self.outflow = Outflow(owner, self)
        self.reason = EndReason.CONNECTION_LOST  # why it is closed, once it is

    # -- what the loop calls -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop has a transport for us."""
        # Not asserted: uvloop's transports have the methods, but not the base class.
        self._transport = transport = cast("asyncio.Transport", transport)
        self._peer = str(transport.get_extra_info("peername"))
        self.outflow.open(transport, joins=not self.is_websocket)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.read_at = self._owner.now()
        if not self._owner.opened(self):
            self._owner.refusals.warning("msrp connection refused: too many", peer=self._peer)
            self.abort(EndReason.CONGESTED)

    def data_received(self, octets: bytes | bytearray, size: int | None = None) -> None:
        """Octets came: all, or as many as `size` of what is overwritten later."""
        self.has_read = True
        at, end, copies = 0, len(octets) if size is None else size, self._copies
        if copies is not None and self._reader.is_between_frames:
            at = copies.take_usual(octets, end)  # hot: the answers to a fan-out
            if at == end:
                return
        for item in self._reader.receive_data(memoryview(octets)[at:end]):
            self._route(item)

    def take_whole(self, octets: bytes) -> None:
        """A WebSocket message came: exactly one frame (RFC 7977 §5.1)."""
        self.has_read = True
        size, copies = len(octets), self._copies
        if copies is not None and copies.take_usual(octets, size) == size:
            return
        for item in self._reader.receive_data(octets):
            self._route(item)
        if not (self.is_closing or self._reader.is_between_frames):
            self._owner.log.warning("msrp frame not whole in its WebSocket message", peer=self._peer)
            self.close(EndReason.MALFORMED)

    def eof_received(self) -> bool:
        """The peer writes no more: a half-closed connection is a lost one (RFC 4975 §5.4)."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone: its sessions hear it at once, not after 30 seconds."""
        self.is_closing = True
        if exc is not None:
            self._owner.log.info("msrp connection lost", peer=self._peer, why=str(exc))
        self._owner.closed(self)
        self._forget_sessions()

    def pause_writing(self) -> None:
        """The socket is full."""
        self.outflow.pause()

    def resume_writing(self) -> None:
        """There is room again."""
        self.outflow.resume()

    # -- what sessions and the endpoint call ---------------------------------------------------------------

    @property
    def peer_certificate(self) -> bytes | None:
        """The peer's certificate (DER), None without TLS or without one."""
        tls = self._transport.get_extra_info("ssl_object") if self._transport else None
        certificate: bytes | None = tls.getpeercert(binary_form=True) if tls else None
        return certificate

    def bind(self, session: BoundSession) -> None:
        """This session's frames come and go here."""
        self.sessions = (*self.sessions, session)
        self._find_only()

    def release(self, session: BoundSession) -> None:
        """The session is over; the last one takes the connection with it."""
        self.sessions = tuple(other for other in self.sessions if other is not session)
        self._routes = None
        self.outflow.skip(session)
        self._find_only()
        if not self.sessions:
            self.close()

    def close(self, reason: EndReason = EndReason.CONNECTION_LOST) -> None:
        """Write what is pending, then close."""
        if self.is_closing:
            return
        self.outflow.close()
        self.is_closing = True
        self.reason = reason
        self.idle_since = self._owner.now()
        if self._transport is not None:
            self._transport.close()
        self._forget_sessions()

    def abort(self, reason: EndReason) -> None:
        """Close without waiting for anything."""
        self.is_closing = True
        self.reason = reason
        self.outflow.discard()
        if self._transport is not None:
            self._transport.abort()
        self._forget_sessions()

    def abort_unread(self) -> None:
        """Give up the octets that the peer did not read in time after `close`."""
        if self._transport is not None:
            self._transport.abort()

    def sweep(self, now: float) -> None:
        """Let time pass."""
        if self.has_read:
            self.has_read = False
            self.read_at = now
        settings = self._owner.settings
        if self.is_closing:
            if now - self.idle_since > settings.close_seconds:
                self.abort_unread()
        elif self.sessions:
            self.idle_since = now
        elif now - self.idle_since > settings.bind_seconds:
            self.close()  # RFC 4975 §5.4: it named no session of ours for long enough

    # ------------------------------------------------------------------------------------------------------

    def _find_only(self) -> None:
        self._only = only = self.sessions[0] if len(self.sessions) == 1 else None
        self._copies = only.copies if only is not None else None

    def _forget_sessions(self) -> None:
        sessions, self.sessions = self.sessions, ()
        self._find_only()
        self._routes = None
        self.outflow.discard()
        for session in sessions:
            session.end(self.reason)

    def _route(self, item: FrameItem | Malformed) -> None:
        if self.is_closing:
            return
        if isinstance(item, Malformed):
            self._owner.refusals.warning("msrp stream malformed", peer=self._peer, why=item.why)
            self.close(EndReason.MALFORMED)
            return
        to_path = item.request.to_path if isinstance(item, Oversized) else item.to_path
        only = self._only
        claimed = only if only is not None and only.local_text == to_path else self._claimed(to_path)
        if not isinstance(claimed, int):
            claimed.take(item)
        elif (response := refusal(item, claimed)) is not None:
            to = shown(to_path)
            self._owner.refusals.info("msrp request refused", peer=self._peer, status=response.status, to=to)
            self.outflow.write(bytes(response))

    def _claimed(self, to_path: str) -> BoundSession | int:
        """The session of a To-Path, or the status to refuse with; remembered where it is not plain to see."""
        session = self._routes.get(to_path) if self._routes else None
        if session is not None:
            return session
        claimed = self._owner.claim(self, to_path)
        is_plain = self._only is claimed and self._only.local_text == to_path
        if not isinstance(claimed, int) and not is_plain:
            if self._routes is None or len(self._routes) >= _MAX_ROUTES:
                self._routes = {}
            if claimed in self.sessions:  # not yet, while it is being bound to another one (see claimed_by)
                self._routes[to_path] = claimed
        return claimed


class BufferedConnection(MsrpConnection, asyncio.BufferedProtocol):
    """One that reads into the buffer of its endpoint."""

    __slots__ = ()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- ours has one size
        """The endpoint's one buffer."""
        return self._owner.read_view

    def buffer_updated(self, nbytes: int) -> None:
        """Octets came."""
        self.data_received(self._owner.read_buffer, nbytes)


def connection_class(loop: asyncio.AbstractEventLoop, *, is_secure: bool) -> type[MsrpConnection]:
    """What reads at the least cost here.

    uvloop has one buffer for all TCP connections, and to be asked for another costs it a call more. Everything else
    would make one of 256 KiB for each read.
    """
    has_buffer = type(loop).__module__.partition(".")[0] == "uvloop" and not is_secure
    return MsrpConnection if has_buffer else BufferedConnection


def refusal(item: FrameItem, status: int) -> MsrpResponse | None:
    """The answer to a frame that is for no session of ours; None where nobody waits for one."""
    match item:
        case MsrpResponse():
            return None  # nobody waits for it, or no longer
        case Unintelligible(transaction_id, to_path, from_path):
            if not (to_path and from_path):
                return None
            return MsrpResponse(transaction_id, 400, from_path, to_path, PHRASES[400])
        case Oversized(request):
            return answer(request, status, request.to_path)
        case MsrpRequest():
            return answer(item, status, item.to_path)
        case _:
            assert_never(item)
