"""UDP and TCP (and TLS over TCP) under a SIP test peer: bytes in, messages out, replies where they came from.

Callbacks only, no tasks: what arrives is given to `receive(message, reply)` at once.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from typing import cast

from peers.sip_message import SipMessage, SipStream, in_uri
from peers.tls import Tls
from peers.transcript import Transcript
from peers.websocket import WebSocket

Reply = Callable[[bytes], None]
Receive = Callable[[SipMessage, Reply], None]
Target = tuple[str, int]


class UdpTransport(asyncio.DatagramProtocol):
    """One socket for everything."""

    name = "UDP"
    uri_parameter = ""
    reliable = False

    def __init__(self, host: str, transcript: Transcript, receive: Receive) -> None:
        self._host = host
        self._transcript = transcript
        self._receive = receive
        self._closed = asyncio.Event()
        self._kept: socket.socket | None = None
        self.port = 0

    @property
    def sent_by(self) -> str:
        """Where answers shall go: the host and port of Via and Contact."""
        return f"{in_uri(self._host)}:{self.port}"

    async def open(self) -> None:
        """Bind to a port that is free by TCP too."""
        loop = asyncio.get_running_loop()
        while True:
            transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._host, 0))
            self._transport = transport
            self.port = transport.get_extra_info("sockname")[1]
            if transport.get_extra_info("socket") is None or self._keeps_tcp():
                return
            transport.close()
            await self._closed.wait()
            self._closed.clear()

    def _keeps_tcp(self) -> bool:
        """Whoever sends us more than 1300 octets tries TCP first: nobody else may answer there in our place."""
        kept = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        try:
            kept.bind((self._host, self.port))
        except OSError:
            kept.close()
            return False
        self._kept = kept
        return True

    async def send(self, data: bytes, target: Target) -> None:
        """Send one datagram."""
        self._write(data, target)

    def send_now(self, data: bytes, target: Target) -> None:
        """Send one datagram without waiting."""
        self._write(data, target)

    def _write(self, data: bytes, target: Target) -> None:
        self._transcript.sent(f"sip udp {target[0]}:{target[1]}", data)
        self._transport.sendto(data, target)

    def datagram_received(self, data: bytes, addr: Target) -> None:
        self._transcript.received(f"sip udp {addr[0]}:{addr[1]}", data)
        if not data.strip():
            return
        try:
            message = SipMessage.parse(data)
        except ValueError as error:
            self._transcript.note(f"unreadable SIP: {error}")
            return
        self._receive(message, lambda answer: self._write(answer, addr))

    def error_received(self, exc: Exception) -> None:
        self._transcript.note(f"UDP error: {exc}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transcript.note(f"UDP socket closed {exc or ''}")
        self._closed.set()
        if self._kept is not None:
            self._kept.close()

    async def close(self) -> None:
        """Close the socket and wait until it is."""
        self._transport.close()
        await self._closed.wait()


class TcpConnection(asyncio.Protocol):
    """One TCP or TLS connection, whoever opened it."""

    def __init__(self, transcript: Transcript, receive: Receive, opened: set["TcpConnection"]) -> None:
        self._transcript = transcript
        self._receive = receive
        self._opened = opened
        self._stream = SipStream()
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        host, port = self.transport.get_extra_info("peername")[:2]
        self._label = f"sip tcp {host}:{port}"
        self._opened.add(self)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._transcript.sent(self._label, data)
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._transcript.received(self._label, data)
        try:
            messages = self._stream.receive_data(data)
        except ValueError as error:
            self._transcript.note(f"unreadable SIP stream: {error}")
            self.transport.close()
            return
        for message in messages:
            self._receive(message, self.write)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transcript.note(f"{self._label} closed {exc or ''}")
        self._opened.discard(self)
        self.closed.set()


class TcpTransport:
    """A listening socket, and connections opened on demand, one per target."""

    reliable = True

    def __init__(self, host: str, transcript: Transcript, receive: Receive, tls: Tls | None = None) -> None:
        self.name = "TLS" if tls else "TCP"
        self.uri_parameter = f";transport={self.name.lower()}"
        self.port = 0
        self._host = host
        self._transcript = transcript
        self._receive = receive
        self._tls = tls
        self._opened: set[TcpConnection] = set()
        self._by_target: dict[Target, TcpConnection] = {}

    @property
    def sent_by(self) -> str:
        """Where answers shall go: the host and port of Via and Contact."""
        return f"{in_uri(self._host)}:{self.port}"

    def _protocol(self) -> TcpConnection:
        return TcpConnection(self._transcript, self._receive, self._opened)

    async def open(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocol, self._host, 0, ssl=self._tls.server if self._tls else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def send(self, data: bytes, target: Target) -> None:
        """Send on the connection to `target`, opening it when there is none."""
        connection = self._by_target.get(target)
        if connection is None or connection.transport.is_closing():
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(
                self._protocol,
                *target,
                ssl=self._tls.client if self._tls else None,
                server_hostname=self._tls.server_name if self._tls else None,
            )
            self._by_target[target] = connection
        connection.write(data)

    def send_now(self, data: bytes, target: Target) -> None:
        """Send on a connection that exists; note when there is none."""
        connection = self._by_target.get(target)
        if connection is None or connection.transport.is_closing():
            self._transcript.note(f"no connection to {target} any more")
        else:
            connection.write(data)

    async def close(self) -> None:
        """Close the listener and every connection, and wait until they are."""
        self._server.close()
        for connection in list(self._opened):
            connection.transport.close()
            await connection.closed.wait()
        await self._server.wait_closed()


class WebSocketTransport:
    """One WebSocket to the server, for everything in both directions (RFC 7118)."""

    reliable = True
    port = 0

    def __init__(self, transcript: Transcript, receive: Receive, tls: Tls | None = None) -> None:
        self.name = "WSS" if tls else "WS"
        self.uri_parameter = ";transport=ws"
        # RFC 7118 section B.1: a browser has no address that anybody could connect to
        self.sent_by = f"{secrets.token_hex(6)}.invalid"
        self._transcript = transcript
        self._receive = receive
        self._tls = tls
        self._socket: WebSocket | None = None

    async def open(self) -> None:
        """Nothing yet: the server is known with the first message."""

    async def send(self, data: bytes, target: Target) -> None:
        """Send one message, connecting first when there is no WebSocket."""
        if self._socket is None or self._socket.closed.is_set():
            self._socket = WebSocket(self._transcript, "sip", self._message)
            await self._socket.connect(target, self._tls)
        self._socket.send(data)

    def send_now(self, data: bytes, target: Target) -> None:
        """Send on the WebSocket that exists; note when there is none."""
        if self._socket is None or self._socket.closed.is_set():
            self._transcript.note(f"no WebSocket to {target} any more")
        else:
            self._socket.send(data)

    def _message(self, data: bytes) -> None:
        if not data.strip():
            return
        try:
            message = SipMessage.parse(data)
        except ValueError as error:
            self._transcript.note(f"unreadable SIP: {error}")
            return
        socket = self._socket
        self._receive(message, lambda answer: socket.send(answer) if socket else None)

    async def close(self) -> None:
        """Close the WebSocket and wait until it is."""
        if self._socket:
            await self._socket.close()


SipTransport = UdpTransport | TcpTransport | WebSocketTransport


def new_transport(
    kind: str, host: str, transcript: Transcript, receive: Receive, tls: Tls | None
) -> SipTransport:
    """Return a transport that is not open yet; kind is udp, tcp, tls, ws or wss (tls and wss want `tls`)."""
    secure = tls if kind in {"tls", "wss"} else None
    if kind in {"tls", "wss"} and secure is None:
        raise ValueError(f"{kind} without certificates")
    match kind:
        case "udp":
            return UdpTransport(host, transcript, receive)
        case "tcp" | "tls":
            return TcpTransport(host, transcript, receive, secure)
        case "ws" | "wss":
            return WebSocketTransport(transcript, receive, secure)
        case _:
            raise ValueError(f"no transport {kind!r}")
