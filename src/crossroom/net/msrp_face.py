"""What the MSRP endpoint and its user say to each other: settings, the face, what is handed over.

Values and protocols only; sockets are in msrp_connection.py, sessions in msrp_session.py.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

from crossroom.msrp.message import SharedBody
from crossroom.msrp.receiving import SessionLimits
from crossroom.msrp.session_events import EndReason, Outcome, Report, Result
from crossroom.msrp.stream import StreamLimits
from crossroom.net.websocket_listener import WebSocketListeners

__all__ = [
    "EndReason",
    "Fingerprint",
    "MsrpListen",
    "MsrpSettings",
    "MsrpUnreachable",
    "NicknameRequest",
    "Outcome",
    "ReceivedMessage",
    "Report",
    "Result",
    "SessionFace",
    "SharedBody",
]

OnResult = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class MsrpListen:
    """Where to listen, or (`MsrpEndpoint.listening`) where it does; port 0 takes a free one.

    `public` is what browsers connect to instead: a reverse proxy, which ends their TLS.
    """

    host: str
    port: int
    is_secure: bool = False
    is_websocket: bool = False
    public: tuple[str, int] | None = None

    @property
    def has_tls(self) -> bool:
        """Whether TLS ends here."""
        return self.is_secure and self.public is None

    @property
    def transport(self) -> str:
        """As a URI of MSRP names it (RFC 4975 §6, RFC 7977 §5.2.1)."""
        return "ws" if self.is_websocket else "tcp"

    @property
    def scheme(self) -> str:
        """As the configuration names it."""
        kinds = ("ws", "wss") if self.is_websocket else ("tcp", "tls")
        return kinds[self.has_tls]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A certificate's hash as SDP announces it (RFC 8122 §5): `sha-256`, `AB:CD:...`."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class MsrpSettings:
    """Everything that can be set; octets, counts, or seconds as the name says.

    `advertise` is the host our URIs show, needed when listening on all addresses. `server_tls` is needed for
    a secure listener; `client_tls` verifies those we connect to by name (the system's authorities when None),
    `fingerprint_tls` those we know by fingerprint. `requires_certificate`: who announced a fingerprint and
    connects must show the certificate. `websockets` listens for browsers, and may be SIP's too.
    """

    listen: tuple[MsrpListen, ...] = (MsrpListen("127.0.0.1", 2855),)
    advertise: str = ""
    server_tls: ssl.SSLContext | None = None
    client_tls: ssl.SSLContext | None = None
    fingerprint_tls: ssl.SSLContext | None = None
    requires_certificate: bool = False
    websockets: WebSocketListeners = field(default_factory=WebSocketListeners)
    stream: StreamLimits = field(default_factory=StreamLimits)
    session: SessionLimits = field(default_factory=SessionLimits)
    chunk_octets: int = 16384  # of a long message between two looks at what else waits
    high_water: int = 262144  # octets on their way into one socket before its sessions queue
    max_queue_octets: int = 4194304  # of one session; past it the endpoint reads too slowly to stay
    max_queue_messages: int = 1000  # of one session, as above
    max_held: int = 64  # frames that came before the peer's path was known
    max_connections: int = 20000
    connect_seconds: float = 10.0
    bind_seconds: float = 30.0  # a passive session, or a connection without one, is given up then
    close_seconds: float = 5.0  # for the last octets of a connection that is closed
    keepalive_seconds: float = 0.0  # of silence before a bodiless SEND; 0: TCP keepalive only
    reuse_connections: bool = True  # RFC 4975 §5.4


class MsrpUnreachable(ConnectionError):  # noqa: N818 -- named for what happened, as ConnectionRefused is
    """A session could not be connected; the text says why. `status` is the peer's answer, 0 without one."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class ReceivedMessage(Struct, eq=False):
    """A whole message. Answer it once: by the status that `on_message` returns, or later by `respond`.

    Unanswered it is answered 408 after `SessionLimits.decision_seconds`.
    """

    id: str
    content_type: str
    body: bytes
    wants_report: bool
    _respond: Callable[[int, str, bool, bytes], None]
    _report: Callable[[int, str, bytes], None]

    def respond(self, status: int, comment: str = "", *, report: bool = True, wrapper: bytes = b"") -> None:
        """Answer; with 200 the REPORT follows if it was asked for, unless `report` is False (see `report`).

        `wrapper` are octets of message/cpim that the REPORT carries (RFC 7701 §6.2).
        """
        self._respond(status, comment, report, wrapper)

    def report(self, status: int = 200, comment: str = "", *, wrapper: bytes = b"") -> None:
        """Send the REPORT that `respond(200, report=False)` kept back; `wrapper` as there."""
        self._report(status, comment, wrapper)


class NicknameRequest:
    """A NICKNAME; empty `nickname` gives it up. Answer it once by `respond`; 408 by itself after a while."""

    __slots__ = ("_respond", "nickname")

    def __init__(self, nickname: str, respond: Callable[[int, str, bool], None]) -> None:
        self.nickname = nickname
        self._respond = respond

    def respond(self, status: int, comment: str = "") -> None:
        """Answer: 200, 403, 424, 425."""
        self._respond(status, comment, False)  # noqa: FBT003 -- a NICKNAME has no report


class SessionFace(Protocol):
    """The user of one session: called on the loop, quick, never awaits, never raises."""

    def on_message(self, message: ReceivedMessage) -> int | None:
        """A whole message came: the status to answer, or None when `message.respond` will be called."""

    def on_nickname(self, request: NicknameRequest) -> None:
        """The peer asks for a nickname."""

    def on_report(self, report: Report) -> None:
        """A REPORT came about a message of ours, or a copy of `send_shared` failed (408: no answer)."""

    def on_bound(self) -> None:
        """The session has its connection: before any message is handed over."""

    def on_congested(self) -> None:
        """The queue has got nearly full: told once each time."""

    def on_closed(self, reason: EndReason) -> None:
        """The session is over; not called for the face's own `close()`. Nothing comes after it."""
