"""One MSRP session as its user sees it: drives the machine, binds it to a connection, queues for slow readers.

Callbacks run on the loop; nothing here creates a task or a timer, the endpoint's sweep is the only clock.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from crossroom.machine import Ended, Send
from crossroom.msrp.chunk import FailureReport, FrameItem, MsrpRequest, MsrpResponse
from crossroom.msrp.copies import Copies
from crossroom.msrp.message import Message, SharedBody, Transfer
from crossroom.msrp.receiving import Output
from crossroom.msrp.session import Session
from crossroom.msrp.session_events import Bound, EndReason, Outcome, Result
from crossroom.msrp.uri import Path
from crossroom.net.msrp_calls import FaceCalls
from crossroom.net.msrp_connection import MsrpConnection
from crossroom.net.msrp_face import Fingerprint, MsrpSettings, MsrpUnreachable, OnResult, SessionFace
from crossroom.net.msrp_fingerprint import is_acceptable
from crossroom.net.msrp_held import HeldFrames
from crossroom.net.msrp_outflow import Outflow
from crossroom.net.msrp_queue import SendQueue, chunk_octets
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log


class SessionOwner(Protocol):
    """What a session needs of its endpoint."""

    settings: MsrpSettings
    log: Log
    refusals: SparseLog

    def now(self) -> float:
        """The machines' time."""

    async def connection_to(
        self,
        path: Path,
        address: tuple[str, int] | None,
        fingerprints: tuple[Fingerprint, ...],
        *,
        fresh: bool,
    ) -> MsrpConnection:
        """A connection to the first hop; raises MsrpUnreachable."""

    def forget(self, session: "MsrpSession") -> None:
        """The session is over."""


@dataclass(eq=False, slots=True)
class MsrpSession:
    """Made by `MsrpEndpoint.open`: passive, listening from that moment, until somebody connects or `connect`.

    `local_path` goes into a=path; call `expect` as soon as the peer's is known: what came before waits.
    `closed` is why it ended, None while it lives; `undelivered` are then the messages that may not have
    arrived, for a session that replaces this one to send again (RFC 4975 §5.4).
    """

    _owner: SessionOwner
    machine: Session
    face: SessionFace
    closed: EndReason | None = field(default=None, init=False)
    undelivered: tuple[Message, ...] = field(default=(), init=False)
    _connection: MsrpConnection | None = field(default=None, init=False)
    _fingerprints: tuple[Fingerprint, ...] = field(default=(), init=False)
    _held: HeldFrames | None = field(default=None, init=False)  # before the peer's path is known
    _is_active: bool = field(default=False, init=False)
    _is_bound: bool = field(default=False, init=False)
    _binding: asyncio.Future[None] | None = field(default=None, init=False)
    _outflow: Outflow | None = field(default=None, init=False)  # while whole messages may be written
    _waits_since: float = field(init=False)
    _queue: SendQueue | None = field(default=None, init=False)  # while something waits to be written
    _calls: FaceCalls = field(init=False)
    # Looked up once: a fan-out comes by here for every copy.
    copies: Copies = field(init=False)
    local_text: str = field(init=False)
    _short: int = field(init=False)

    def __post_init__(self) -> None:
        owner, sending = self._owner, self.machine.sending
        self._waits_since = owner.now()
        self._calls = FaceCalls(self, owner)
        self.copies = sending.outbox.copies
        self.local_text = self.machine.local_text
        self._short = owner.settings.chunk_octets

    # -- what the face uses --------------------------------------------------------------------------------

    @property
    def local_path(self) -> Path:
        """What goes into a=path."""
        return (self.machine.local,)

    def expect(self, path: Path, *, fingerprints: tuple[Fingerprint, ...] = ()) -> None:
        """Be the passive side: take what came before the peer's path was known, and what comes now.

        With `fingerprints` (RFC 8122) who connects by TLS must not show another certificate than these.
        """
        self._fingerprints = fingerprints
        if not _is_trusted(self._connection, fingerprints, self._owner.settings):
            self.end(EndReason.UNTRUSTED)
            return
        self.machine.sending.set_remote(path)
        self._short = chunk_octets(self._owner.settings, self.machine.sending)
        self._waits_since = self._owner.now()
        held, self._held = self._held, None
        for item in held.items if held is not None else ():
            self.take(item)

    @property
    def is_bound(self) -> bool:
        """True between `on_bound` and the end."""
        return self._is_bound and self.closed is None

    @property
    def is_congested(self) -> bool:
        """The queue is nearly full: send nothing that can be left out."""
        return self._queue is not None and self._queue.is_congested

    async def connect(
        self,
        remote_path: Path,
        *,
        address: tuple[str, int] | None = None,
        fingerprints: tuple[Fingerprint, ...] = (),
    ) -> None:
        """Be the active side: connect, send the binding SEND and wait for its answer.

        `address` overrides where to connect to (RFC 6714); with `fingerprints` (RFC 8122) these decide about
        the peer's certificate instead of its name. Raises MsrpUnreachable; the session is closed then.
        """
        self._is_active = True
        self.machine.sending.set_remote(remote_path)
        self._short = chunk_octets(self._owner.settings, self.machine.sending)
        try:
            for fresh in (
                False,
                True,
            ):  # a peer that knows no second session on one connection gets a fresh one
                connection = await self._owner.connection_to(remote_path, address, fingerprints, fresh=fresh)
                if await self._bind_on(connection):
                    break
        except BaseException:
            self.close()
            raise

    def send(  # noqa: PLR0913 -- all but the content are options by name
        self,
        content_type: str,
        body: bytes,
        *,
        failure_report: FailureReport | str = FailureReport.YES,
        success_report: bool = False,
        message_id: str | None = None,
        on_result: OnResult | None = None,
    ) -> str:
        """Send a message, or queue it; gives its Message-ID.

        `on_result` is called exactly once, later: accepted, refused, timed out or lost; never with
        `failure_report="no"`, when nothing can be known.
        """
        sending = self.machine.sending
        message_id = message_id or sending.fresh_id()
        message = Message(message_id, content_type, body, success_report, FailureReport(failure_report))
        if on_result is not None and message.failure_report is not FailureReport.NO:
            self._calls.expect_result(message_id, on_result)
        begun = sending.begin(message) if self.closed is None else Result(message_id, Outcome.LOST, 481)
        if isinstance(begun, Result):
            asyncio.get_running_loop().call_soon(self._calls.result, begun)
        else:
            self._enqueue(begun)
        return message_id

    def send_shared(self, shared: SharedBody) -> None:
        """Send one recipient's copy of a fan-out; build the SharedBody once for all.

        A copy that fails is told by `face.on_report`; success is not told.
        """
        outflow = self._outflow
        if outflow is None or not outflow.is_writable or self._queue is not None or shared.size > self._short:
            self._enqueue(shared)
        else:
            octets = self.copies.send(shared)
            outflow.write(octets or self.machine.sending.send_shared(shared, self._owner.now()))

    async def set_nickname(self, nickname: str) -> int:
        """Ask the peer for a nickname, empty to give it up; its status, 408 for silence, 481 when it is over.

        Raises ParseError for a nickname that no header can carry. The session must be bound.
        """
        if self._connection is None or self.closed is not None:
            return 481
        self._connection.outflow.write(self.machine.sending.set_nickname(nickname, self._owner.now()))
        return await self._calls.expect_nickname()

    def close(self) -> None:
        """End the session: what is queued is not sent any more, `on_closed` is not called."""
        self.end(EndReason.CLOSED)

    # -- what the connection and the endpoint use ----------------------------------------------------------

    def claimed_by(self, connection: MsrpConnection) -> bool:
        """Bind to this connection if that is possible; True when its frames are this session's.

        A wrong certificate ends the session: whoever knows its URI and is not the peer has read the SDP.
        """
        is_free = self._connection is None and not self._is_active and self.closed is None
        if self._connection is connection or not (is_free or self.machine.sending.is_relayed):
            return self._connection is connection
        if not _is_trusted(connection, self._fingerprints, self._owner.settings):
            self.end(EndReason.UNTRUSTED)
            return False
        # A relay need not send on the connection that we opened to it: it may open one of its own to us.
        if is_free or self.is_bound:
            before, self._connection = self._connection, connection
            connection.bind(self)
            if before is not None:
                self._outflow = connection.outflow
                before.release(self)
                self._outflow.wants_turn(self)
        return self._connection is not None  # which stays while we are binding

    def take(self, item: FrameItem) -> None:
        """Receive one frame; held while the peer's path is not known."""
        if self.closed is not None:
            return
        if self._is_bound:
            self.run(self.machine.receive(item, self._owner.now()))
        else:
            self._take_unbound(item)

    def _take_unbound(self, item: FrameItem) -> None:
        if not self.machine.sending.knows_remote:
            self._held = self._held or HeldFrames(self._owner.settings)
            if not self._held.add(item):
                self.end(EndReason.FLOODED)
            return
        is_bare = isinstance(item, MsrpRequest) and item.body is None and item.method == "SEND"
        # Binding is told before any message, and after the answer to a bare binding SEND.
        if not (is_bare or isinstance(item, MsrpResponse)):
            self._now_bound()
        self.run(self.machine.receive(item, self._owner.now()))
        if is_bare:
            self._now_bound()

    def pump_once(self) -> bool:
        """Write one queued piece; see BoundSession."""
        queue = self._queue
        if self._connection is None or not self._is_bound or queue is None:
            return False
        octets = queue.next_octets(self._owner.now())
        if octets is not None:
            self._connection.outflow.write(octets)
        self._queue = queue or None
        return self._queue is not None

    def end(self, reason: EndReason) -> None:
        """Over, whatever the cause; the first reason counts."""
        if self.closed is not None:
            return
        self.closed = reason
        connection, self._connection, self._outflow = self._connection, None, None
        unsent = self._queue.unsent if self._queue is not None else ()
        self.undelivered = (*self.machine.unanswered, *unsent)
        self._queue = self._held = None
        self.run(self.machine.lost())
        is_told = _failed(self._binding, MsrpUnreachable(f"closed: {reason}"))
        if connection is not None:
            connection.release(self)
        self._owner.forget(self)
        self._calls.closed(EndReason.CLOSED if is_told else reason)  # `connect` raises: that is enough

    def sweep(self, now: float) -> None:
        """Let time pass."""
        settings = self._owner.settings
        connection, sending = self._connection, self.machine.sending
        if connection is not None and connection.has_read:
            sending.late = ()
        self.run(self.machine.tick(now))
        if len(sending.late) > settings.max_queue_messages:
            self.end(EndReason.UNRESPONSIVE)
            return
        heard_at = max(self._waits_since, connection.read_at) if connection else self._waits_since
        if connection is None:
            is_expected = not self._is_active and self.machine.sending.knows_remote
            if is_expected and now - heard_at > settings.bind_seconds:
                self.end(EndReason.NEVER_BOUND)
        elif self._is_bound and 0 < settings.keepalive_seconds < now - heard_at:
            self._waits_since = now
            connection.outflow.write(self.machine.sending.keepalive(now))

    async def _bind_on(self, connection: MsrpConnection) -> bool:
        """False when the peer refuses to share a connection that was there before."""
        is_shared = bool(connection.sessions)
        if self.closed is not None:
            raise MsrpUnreachable(f"closed: {self.closed}")
        self._connection = connection
        connection.bind(self)
        self._binding = asyncio.get_running_loop().create_future()
        connection.outflow.write(self.machine.sending.bind(self._owner.now()))
        try:
            await self._binding
        except MsrpUnreachable as error:
            if not is_shared or error.status not in (481, 506):
                raise
            return False
        finally:
            self._binding = None
        return True

    def _now_bound(self) -> None:
        if self._is_bound or self.closed is not None or self._connection is None:
            return
        self._is_bound = True
        self._outflow = self._connection.outflow
        self._calls.deliver(Bound())
        if self._queue is not None and self._connection is not None:
            self._connection.outflow.wants_turn(self)

    def _enqueue(self, item: SharedBody | Transfer) -> None:
        if self.closed is not None:
            return
        queue = self._queue or SendQueue(self.machine.sending, self._owner.settings)
        self._queue = queue if queue.add(item) else None
        if self._queue is None:
            # The caller may be in the middle of a fan-out: let it finish first.
            asyncio.get_running_loop().call_soon(self.end, EndReason.CONGESTED)
        elif self._is_bound and self._connection is not None:
            self._connection.outflow.wants_turn(self)
            if queue.has_become_congested():
                self._calls.congested()

    def run(self, outputs: list[Output]) -> None:
        """Carry out what the machine wants."""
        for output in outputs:
            if isinstance(output, Send):
                if self._connection is not None:
                    self._connection.outflow.write(bytes(output.message))
            elif isinstance(output, Ended):
                status = _STATUS.get(output.reason, 0)
                if not _failed(self._binding, MsrpUnreachable(f"refused: {output.reason}", status)):
                    self.end(output.reason)
            elif isinstance(output.event, Bound):
                if self._binding is not None and not self._binding.done():
                    self._binding.set_result(None)
                self._now_bound()
            else:
                self._calls.deliver(output.event)


_STATUS = {
    EndReason.NO_SUCH_SESSION: 481,
    EndReason.BOUND_ELSEWHERE: 506,
    EndReason.REFUSED: 403,
    EndReason.UNRESPONSIVE: 408,
}


def _is_trusted(
    connection: MsrpConnection | None, fingerprints: tuple[Fingerprint, ...], settings: MsrpSettings
) -> bool:
    """Whether who connected, if anybody has, may be the peer that announced these."""
    if connection is None or not fingerprints:
        return True
    shown = connection.peer_certificate
    return is_acceptable(shown, fingerprints, is_required=settings.requires_certificate)


def _failed(binding: asyncio.Future[None] | None, why: MsrpUnreachable) -> bool:
    """Tell whoever waits for the binding; False when nobody does."""
    if binding is None or binding.done():
        return False
    binding.set_exception(why)
    return True
