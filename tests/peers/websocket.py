"""A WebSocket client for test peers (RFC 6455), just enough for SIP and MSRP: text and binary messages, ping, close."""

import asyncio
import base64
import re
import secrets
from collections.abc import Callable
from typing import cast

from peers.tls import Tls
from peers.transcript import DEFAULT_TIMEOUT, Transcript

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class WebSocket(asyncio.Protocol):
    """One connection with one subprotocol; every complete message goes to `receive`."""

    def __init__(self, transcript: Transcript, subprotocol: str, receive: Callable[[bytes], None]) -> None:
        self.closed = asyncio.Event()
        self._transcript = transcript
        self._subprotocol = subprotocol
        self._receive = receive
        self._buffer = b""
        self._message = b""
        self._ready = asyncio.Event()

    async def connect(self, target: tuple[str, int], tls: Tls | None = None, path: str = "/") -> None:
        """Open the connection and shake hands; PeerFailure when the server does not switch protocols."""
        loop = asyncio.get_running_loop()
        name = tls.server_name if tls else None
        await loop.create_connection(
            lambda: self, *target, ssl=tls.client if tls else None, server_hostname=name
        )
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        host = name or target[0]
        self._write(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{target[1]}\r\nOrigin: https://{host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {self._subprotocol}\r\n\r\n".encode()
        )
        try:
            async with asyncio.timeout(DEFAULT_TIMEOUT):
                await self._ready.wait()
        except TimeoutError:
            raise self._transcript.failure("WebSocket handshake was not answered 101") from None

    def _write(self, data: bytes) -> None:
        self._transport.write(data)

    def send(self, data: bytes, kind: int = TEXT) -> None:
        """Send one message in one frame, masked as clients must (RFC 6455 section 5.3)."""
        self._transcript.sent(f"websocket {self._subprotocol}", data)
        mask = secrets.token_bytes(4)
        masked = bytes(octet ^ mask[index % 4] for index, octet in enumerate(data))
        size = len(data)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 65536:
            length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
        else:
            length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
        self._write(bytes([0x80 | kind]) + length + mask + masked)

    async def close(self) -> None:
        """Say goodbye, close, and wait until it is closed."""
        if not self._transport.is_closing():
            self.send(b"\x03\xe8", CLOSE)
            self._transport.close()
        await self.closed.wait()

    # ---- asyncio's side ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transcript.note(f"WebSocket closed {exc or ''}")
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._ready.is_set() and not self._switched():
            return
        while (frame := self._next()) is not None:
            self._take(*frame)

    def _switched(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        agreed = re.search(rb"(?im)^Sec-WebSocket-Protocol: *(\S+)", head)
        if not head.startswith(b"HTTP/1.1 101") or agreed is None or agreed[1].decode() != self._subprotocol:
            self._transcript.received("websocket handshake", head)
            self._transport.close()
            return False
        self._buffer = rest
        self._ready.set()
        return True

    def _next(self) -> tuple[int, bool, bytes] | None:
        if len(self._buffer) < 2:
            return None
        size, start = self._buffer[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(self._buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(self._buffer[2:10], "big"), 10
        if len(self._buffer) < start + size:
            return None
        kind, is_last = self._buffer[0] & 0x0F, bool(self._buffer[0] & 0x80)
        payload = self._buffer[start : start + size]
        self._buffer = self._buffer[start + size :]
        return kind, is_last, payload

    def _take(self, kind: int, is_last: bool, payload: bytes) -> None:  # noqa: FBT001 - the FIN bit
        if kind == PING:
            self.send(payload, PONG)
        elif kind == CLOSE:
            self._transport.close()
        elif kind != PONG:
            self._message += payload
            if is_last:
                complete, self._message = self._message, b""
                self._transcript.received(f"websocket {self._subprotocol}", complete)
                self._receive(complete)
