"""What the SIP user agent of this server is told: addresses, limits, certificates. No protocol here."""

import ssl
from dataclasses import dataclass, field

from crossroom.net.websocket_listener import WebSocketListeners
from crossroom.sip.hop import TCP, UDP
from crossroom.sip.layout import Limits
from crossroom.sip.settings import AgentSettings
from crossroom.sip.uri import SipUri


@dataclass(frozen=True, slots=True)
class ListenOn:
    """One address to listen on: a transport in capitals, a numeric host, a port (0: any free one)."""

    transport: str
    host: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class Listening:
    """One address that we do listen on, and the host that others are told."""

    transport: str
    host: str
    port: int
    advertised: str


@dataclass(frozen=True, slots=True)
class SipSettings:
    """Everything the driver needs to know.

    advertise: host that Via and Contact show, default the listening address.
    outbound_proxy: every request outside a dialog goes there first, by a Route with `;lr`.
    max_connections: open streams at once, further ones are closed on accept.
    connect_timeout: seconds for a TCP or TLS connection to open before the next server is tried.
    idle_timeout: seconds without a byte after which a connection that no dialog uses is closed.
    max_unsent: octets waiting for a slow stream before it is given up.
    server_tls, client_tls: contexts for `TLS`; without them TLS is neither offered nor used.
    websockets: listens for browsers, and may be MSRP's too.
    """

    listen: tuple[ListenOn, ...] = (ListenOn(UDP, "127.0.0.1"), ListenOn(TCP, "127.0.0.1"))
    advertise: str = ""
    outbound_proxy: SipUri | None = None
    agent: AgentSettings = field(default_factory=AgentSettings)
    limits: Limits = field(default_factory=Limits)
    max_connections: int = 2000
    connect_timeout: float = 5.0
    idle_timeout: float = 600.0
    max_unsent: int = 1_048_576
    server_tls: ssl.SSLContext | None = None
    client_tls: ssl.SSLContext | None = None
    websockets: WebSocketListeners = field(default_factory=WebSocketListeners)
