"""A scripted MSRP endpoint: connect or listen, bind, SEND whole or in chunks, REPORT, NICKNAME (RFC 4975, RFC 7701).

It answers every request by itself, as told by the quirk fields of a session. No tasks: callbacks only.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from peers.msrp_frame import MsrpFrame, MsrpStream
from peers.sip_message import in_uri
from peers.tls import Tls, fingerprint_of
from peers.transcript import DEFAULT_TIMEOUT, Inbox, Transcript, happens

PHRASES = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    413: "Stop",
    415: "Unsupported Media Type",
    425: "Nickname Taken",
    428: "No Private Messages",
    481: "No Session",
}


@dataclass(slots=True)
class MsrpMessage:
    """A complete message, put together from its chunks."""

    message_id: str
    content_type: str
    body: bytes
    frames: list[MsrpFrame]


class MsrpConnection(asyncio.Protocol):
    """One TCP or TLS connection of the endpoint."""

    def __init__(self, ua: "MsrpUA") -> None:
        self._ua = ua
        self._stream = MsrpStream()
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        host, port = self.transport.get_extra_info("peername")[:2]
        self._label = f"msrp {host}:{port}"
        self._ua.connections.add(self)

    def write(self, data: bytes) -> None:
        """Send octets in one write."""
        self._ua.transcript.sent(self._label, data)
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._ua.transcript.received(self._label, data)
        try:
            frames = self._stream.receive_data(data)
        except ValueError as error:
            self._ua.transcript.note(f"unreadable MSRP: {error}")
            self.transport.close()
            return
        for frame in frames:
            self._ua.receive(frame, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ua.transcript.note(f"{self._label} closed {exc or ''}")
        self.closed.set()
        self._ua.connections.discard(self)
        self._ua.lost(self)


class MsrpUA:
    """A listener on a free port and the sessions of one user."""

    def __init__(
        self,
        transcript: Transcript,
        *,
        host: str = "127.0.0.1",
        tls: Tls | None = None,
    ) -> None:
        self.transcript = transcript
        self.host = host
        self.port = 0
        self.connections: set[MsrpConnection] = set()
        self.sessions: dict[str, MsrpSession] = {}
        self.tls = tls

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: MsrpConnection(self), self.host, 0, ssl=self.tls.server if self.tls else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close the listener and every connection, and wait until they are."""
        self._server.close()
        for connection in list(self.connections):
            connection.transport.close()
            await connection.closed.wait()
        await self._server.wait_closed()

    async def connect(self, target: tuple[str, int], fingerprint: str, *, secure: bool) -> MsrpConnection:
        """Open a connection; PeerFailure when its certificate is not the one announced."""
        loop = asyncio.get_running_loop()
        if not secure:
            return (await loop.create_connection(lambda: MsrpConnection(self), *target))[1]
        if self.tls is None:
            raise self.transcript.failure("msrps: without certificates of our own")
        context = self.tls.unverified_client if fingerprint else self.tls.client
        transport, connection = await loop.create_connection(
            lambda: MsrpConnection(self), *target, ssl=context, server_hostname=self.tls.server_name
        )
        shown = fingerprint_of(transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
        if fingerprint and shown.lower() != fingerprint.lower():
            raise self.transcript.failure(f"MSRP certificate is {shown}, the SDP says {fingerprint}")
        return connection

    def new_session(self) -> "MsrpSession":
        """Return a session with a fresh URI of ours, connected to nothing yet."""
        session = MsrpSession(self, secrets.token_hex(10))
        self.sessions[session.id] = session
        return session

    def receive(self, frame: MsrpFrame, connection: MsrpConnection) -> None:
        """Give a frame to the session its To-Path names (RFC 4975 section 7.3)."""
        session = self.sessions.get(_session_id(frame.get("To-Path").split()[-1:]))
        if session is None:
            self.transcript.note(f"MSRP for no session: {frame.get('To-Path')!r}")
            if not frame.is_response and frame.kind != "REPORT":
                connection.write(bytes(_response(frame, 481)))
            return
        session.bind(connection)
        session.receive(frame)

    def lost(self, connection: MsrpConnection) -> None:
        """Tell the sessions of a lost connection."""
        for session in self.sessions.values():
            if session.connection is connection:
                session.closed.set()


def _session_id(path: list[str]) -> str:
    found = re.match(r"msrps?://[^/]+/([^;]+)", path[0]) if path else None
    return found[1] if found else ""


def _response(request: MsrpFrame, status: int) -> MsrpFrame:
    # RFC 4975 section 7.2: the response to SEND goes to the previous hop only
    to_path = request.get("From-Path").split()[0]
    headers = [("To-Path", to_path), ("From-Path", request.get("To-Path").split()[0])]
    return MsrpFrame(str(status), headers, transaction=request.transaction, comment=PHRASES.get(status, ""))


def _success_report(message: MsrpMessage, our_uri: str) -> MsrpFrame:
    size = len(message.body)
    headers = [
        ("To-Path", message.frames[-1].get("From-Path")),
        ("From-Path", our_uri),
        ("Message-ID", message.message_id),
        ("Byte-Range", f"1-{size}/{size}"),
        ("Status", "000 200 OK"),
    ]
    return MsrpFrame("REPORT", headers)


@dataclass(slots=True)
class _Parts:
    frames: list[MsrpFrame] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)


class Assembly:
    """Puts chunks together by Message-ID and Byte-Range (RFC 4975 section 7.3.1)."""

    def __init__(self) -> None:
        self._parts: dict[str, _Parts] = {}

    def take(self, frame: MsrpFrame) -> MsrpMessage | None:
        """Add one SEND with a body; return the message when it is complete."""
        message_id, body = frame.get("Message-ID"), frame.body or b""
        parts = self._parts.setdefault(message_id, _Parts())
        first = int(frame.get("Byte-Range").partition("-")[0] or 1) - 1
        parts.frames.append(frame)
        parts.body[first : first + len(body)] = body
        if frame.flag != "+":
            del self._parts[message_id]
        if frame.flag != "$":
            return None
        return MsrpMessage(message_id, frame.get("Content-Type"), bytes(parts.body), parts.frames)


class MsrpSession:
    """One MSRP session of this endpoint; its public fields steer how it answers."""

    def __init__(self, ua: MsrpUA, session_id: str) -> None:
        self.id = session_id
        self.connection: MsrpConnection | None = None
        self.remote_path = ""
        self.relay_path = ""  # the Use-Path of a relay that we have logged in to: see msrp_relay.py
        self.answer_with: int | None = 200  # quirk: another status for content, None for silence
        self.answer_others_with = 501  # NICKNAME and unknown methods: 200 plays a chat room
        self.sends_reports = True
        self.on_message: Callable[[MsrpMessage], None] | None = None  # instead of `received`
        self.on_nickname: Callable[[str], int] | None = None  # plays a chat room: nickname to status
        self.others: Inbox[MsrpFrame] = Inbox(ua.transcript, "MSRP request")
        self.received: Inbox[MsrpMessage] = Inbox(ua.transcript, "MSRP message")
        self.reports: Inbox[MsrpFrame] = Inbox(ua.transcript, "REPORT")
        self.responses: Inbox[MsrpFrame] = Inbox(ua.transcript, "MSRP response")
        self.binds: Inbox[MsrpFrame] = Inbox(ua.transcript, "bodiless SEND")
        self.closed = asyncio.Event()
        self._bound = asyncio.Event()
        self._ua = ua
        self._assembly = Assembly()

    @property
    def uri(self) -> str:
        """Our own URI, for From-Path."""
        scheme = "msrps" if self._ua.tls else "msrp"
        return f"{scheme}://{in_uri(self._ua.host)}:{self._ua.port}/{self.id};tcp"

    @property
    def path(self) -> str:
        """How others reach us, for a=path: by way of our relay, when we have one."""
        return f"{self.relay_path} {self.uri}".strip()

    # ---- connecting ----------------------------------------------------------------------------------

    async def connect(
        self,
        remote_path: str,
        *,
        behind: tuple[MsrpFrame, ...] = (),
        bind: bool = True,
        fingerprint: str = "",
    ) -> None:
        """Connect to the first URI of `remote_path` and bind; `behind` goes into the same segment.

        Over TLS the certificate must have `fingerprint` (RFC 8122), or without one the name of our Tls.
        Behind a relay we are connected to that already.
        """
        self.remote_path = remote_path
        if not self.relay_path:
            await self._connect(remote_path, fingerprint)
        if bind:
            frame = self.bind_frame()
            self.write(frame, *behind)
            await self.expects_response(frame, 200)

    async def _connect(self, remote_path: str, fingerprint: str) -> None:
        found = re.match(r"msrps?://(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+):(\d+)", remote_path, re.IGNORECASE)
        if found is None:
            raise self._ua.transcript.failure(f"no host and port in MSRP path {remote_path!r}")
        secure = remote_path.lower().startswith("msrps:")
        connection = await self._ua.connect((found[1].strip("[]"), int(found[2])), fingerprint, secure=secure)
        self.bind(connection)

    def bind(self, connection: MsrpConnection) -> None:
        """Use this connection from now on."""
        if self.connection is not connection:
            self.connection = connection
            self.closed.clear()
        self._bound.set()

    async def listen(self, remote_path: str, *, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until the other side has connected and sent something."""
        self.remote_path = remote_path
        if self.relay_path:  # the connection was ours: wait for the SEND that binds the session
            await self.binds.take(within=within)
            return
        otherwise = "nobody connected to our MSRP path"
        await happens(self._bound, self._ua.transcript, within=within, otherwise=otherwise)

    async def expects_closed(self, *, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until the connection is gone."""
        otherwise = "MSRP connection is still open"
        await happens(self.closed, self._ua.transcript, within=within, otherwise=otherwise)

    def close(self) -> None:
        """Close the connection without a word."""
        if self.connection:
            self.connection.transport.close()

    # ---- frames --------------------------------------------------------------------------------------

    def frame(
        self, method: str, *headers: tuple[str, str], body: bytes | None = None, flag: str = "$"
    ) -> MsrpFrame:
        """Return a request of this session."""
        to_path = f"{self.relay_path} {self.remote_path}".strip()  # RFC 4976 section 5.2
        paths = [("To-Path", to_path), ("From-Path", self.uri)]
        return MsrpFrame(method, [*paths, *headers], body, flag)

    def bind_frame(self) -> MsrpFrame:
        """Return a SEND without body (RFC 4975 section 5.4)."""
        return self.frame("SEND", ("Message-ID", secrets.token_hex(8)))

    def send_frames(  # noqa: PLR0913 - the fields of a SEND are its arguments
        self,
        content_type: str,
        body: bytes,
        *,
        chunk: int | None = None,
        message_id: str | None = None,
        success_report: bool = False,
        failure_report: str | None = None,
        total: int | str | None = None,
    ) -> list[MsrpFrame]:
        """Return the SENDs of one message, cut into `chunk` octets; `total` lies about the size, or says `*`."""
        message_id = message_id or secrets.token_hex(8)
        size = chunk or max(len(body), 1)
        frames = []
        for start in range(0, max(len(body), 1), size):
            part = body[start : start + size]
            last = start + size >= len(body)
            span = f"{start + 1 if body else 1}-{start + len(part)}/{len(body) if total is None else total}"
            headers = [("Message-ID", message_id), ("Byte-Range", span)]
            if success_report:
                headers.append(("Success-Report", "yes"))
            if failure_report:
                headers.append(("Failure-Report", failure_report))
            headers.append(("Content-Type", content_type))
            frames.append(self.frame("SEND", *headers, body=part, flag="$" if last else "+"))
        return frames

    def write(self, *frames: MsrpFrame) -> None:
        """Send frames in one TCP write."""
        self.send_raw(b"".join(bytes(frame) for frame in frames))

    def send_raw(self, data: bytes) -> None:
        """Send octets as they are."""
        if self.connection is None:
            raise self._ua.transcript.failure("MSRP session is not connected")
        self.connection.write(data)

    async def response_to(self, frame: MsrpFrame, *, within: float = DEFAULT_TIMEOUT) -> int:
        """Return the status that answers `frame`."""
        answer = await self.responses.take(
            lambda r: r.transaction == frame.transaction,
            within=within,
            wanted=f"to {frame.kind} {frame.transaction}",
        )
        return int(answer.kind)

    async def expects_response(self, frame: MsrpFrame, status: int) -> None:
        """Wait for the answer to `frame`; PeerFailure when it is another status."""
        found = await self.response_to(frame)
        if found != status:
            raise self._ua.transcript.failure(f"{frame.kind} was answered {found}, not {status}")

    async def send(  # noqa: PLR0913 - as send_frames
        self,
        content_type: str,
        body: bytes,
        *,
        chunk: int | None = None,
        message_id: str | None = None,
        success_report: bool = False,
        failure_report: str | None = None,
        total: int | None = None,
    ) -> int:
        """Send one message; return 200, or the first other status that answered one of its chunks."""
        frames = self.send_frames(
            content_type,
            body,
            chunk=chunk,
            message_id=message_id,
            success_report=success_report,
            failure_report=failure_report,
            total=total,
        )
        self.write(*frames)
        if failure_report in {"no", "partial"}:
            return 200
        statuses = [await self.response_to(frame) for frame in frames]
        return next((status for status in statuses if status != 200), 200)

    async def nickname(self, name: str, *, quoted: bool = True) -> int:
        """Ask for a nickname (RFC 7701 section 7); return the status."""
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        frame = self.frame("NICKNAME", ("Use-Nickname", f'"{escaped}"' if quoted else name))
        self.write(frame)
        return await self.response_to(frame)

    # ---- reading -------------------------------------------------------------------------------------

    def receive(self, frame: MsrpFrame) -> None:
        """Take one frame: responses and reports to their inboxes, requests answered at once."""
        if frame.is_response:
            self.responses.put(frame)
        elif frame.kind == "REPORT":
            self.reports.put(frame)
        elif frame.kind == "SEND":
            self._receive_send(frame)
        elif frame.kind == "NICKNAME" and self.on_nickname:
            name = frame.get("Use-Nickname").strip('"').replace('\\"', '"').replace("\\\\", "\\")
            self._answer(frame, self.on_nickname(name))
        else:
            self.others.put(frame)
            self._answer(frame, self.answer_others_with)

    def _answer(self, frame: MsrpFrame, status: int | None) -> None:
        wanted = frame.get("Failure-Report").lower() or "yes"
        if status is None or wanted == "no" or (wanted == "partial" and status == 200):
            return
        self.write(_response(frame, status))

    def _receive_send(self, frame: MsrpFrame) -> None:
        if frame.body is None:
            self._answer(frame, 200)
            self.binds.put(frame)
            return
        self._answer(frame, self.answer_with)
        if self.answer_with != 200:
            return
        message = self._assembly.take(frame)
        if message is None:
            return
        if self.sends_reports and frame.get("Success-Report").lower() == "yes":
            self.write(_success_report(message, self.uri))
        if self.on_message:
            self.on_message(message)
        else:
            self.received.put(message)

    async def expects_report(self, message_id: str, *, within: float = DEFAULT_TIMEOUT) -> MsrpFrame:
        """Wait for the REPORT about one of our messages."""
        return await self.reports.take(
            lambda r: r.get("Message-ID") == message_id, within=within, wanted=f"for {message_id}"
        )
