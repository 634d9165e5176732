"""Where messages come from and go to: flows and hops, and the Via rules that join them.

RFC 3261 §18.2, RFC 3581 (rport), RFC 5626 (flow). Nothing here resolves a name or opens a connection.
"""

from dataclasses import dataclass, replace
from ipaddress import ip_address

from crossroom.sip.headers import Headers
from crossroom.sip.message import Request
from crossroom.sip.params import Params
from crossroom.sip.uri import SipUri
from crossroom.sip.via import DEFAULT_PORTS, Via

UDP = "UDP"
TCP = "TCP"
TLS = "TLS"
WS = "WS"
WSS = "WSS"
STREAMS = frozenset({TCP, TLS, WS, WSS})
"""Transports that keep order and lose nothing: no retransmission by transactions."""
SECURE = frozenset({TLS, WSS})
BROWSERS = frozenset({WS, WSS})
"""Transports by which the other end connects to us, and never we to it (RFC 7118 §B.1)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One datagram peer, or one connection: what a message came in on, and what it can be answered on.

    Hosts are numeric addresses without brackets. `serial` tells connections apart; 0 for datagrams.
    names: SIP URIs for which a verified client certificate speaks (RFC 5922 §7.1); none without one.
    """

    transport: str
    remote_host: str
    remote_port: int
    local_host: str = ""
    local_port: int = 0
    serial: int = 0
    names: tuple[str, ...] = ()

    @property
    def reliable(self) -> bool:
        """Whether the transport itself delivers in order and without loss."""
        return self.transport in STREAMS

    def __str__(self) -> str:
        return f"{self.transport.lower()}:{self.remote_host}:{self.remote_port}"


@dataclass(frozen=True, slots=True)
class Hop:
    """The next place a message goes: a numeric host, a port, a transport.

    `flow`: prefer this one while it is open. `name`: the domain that was asked for, which a TLS certificate
    must carry (RFC 5922 §4: the name before SRV, not its target).
    """

    transport: str
    host: str
    port: int
    name: str = ""
    flow: Flow | None = None

    @property
    def reliable(self) -> bool:
        """Whether the transport itself delivers in order and without loss."""
        return self.transport in STREAMS

    @classmethod
    def back_on(cls, flow: Flow) -> "Hop":
        """The other end of a flow; a new connection to it must show the domain that the first one proved."""
        name = next((each.removeprefix("sip:") for each in flow.names if "@" not in each), "")
        return cls(flow.transport, flow.remote_host, flow.remote_port, name, flow)


@dataclass(frozen=True, slots=True)
class SentBy:
    """What our own Via and Contact say for one transport."""

    host: str
    port: int


def stamp_received(request: Request, flow: Flow) -> Request:
    """Note in the top Via where the request really came from. RFC 3261 §18.2.1, RFC 3581 §4."""
    stamped = request.via.stamped(flow.remote_host, flow.remote_port)
    if stamped == request.via:
        return request
    return with_top_via(request, stamped)


def with_top_via(request: Request, via: Via) -> Request:
    """The same request with another top Via; the hops below stay, and nothing is read again."""
    below = request.headers.all("Via")[1:]
    others = [pair for pair in request.headers if pair[0] != "Via"]
    lines = (("Via", str(via)), *[("Via", value) for value in below], *others)
    changed = request.with_headers(Headers.from_wire(lines))
    changed.know_from(request, (via, *(request.vias[1:] if below else ())))
    return changed


def response_hop(request: Request, flow: Flow) -> Hop:
    """Where the answer to a request goes: its own connection, or received/rport. RFC 3261 §18.2.2."""
    via = request.via
    # the source address is what `received` says: never trust an address that the sender wrote itself
    if flow.reliable:
        # if the connection is gone, a new one goes to sent-by
        port = via.port or DEFAULT_PORTS.get(flow.transport, 5060)
        return Hop(flow.transport, flow.remote_host, port, flow=flow)
    port = flow.remote_port if via.wants_rport else via.port or DEFAULT_PORTS[UDP]
    answer = replace(flow, remote_port=port)
    return Hop(flow.transport, flow.remote_host, port, flow=answer)


def via_for(hop: Hop, sent_by: SentBy, branch: str) -> Via:
    """Our own Via for a request that goes to this hop. RFC 3581 §3: an empty rport on UDP."""
    rport = () if hop.reliable else (("rport", None),)
    return Via(hop.transport, sent_by.host, sent_by.port, Params((("branch", branch), *rport)))


def next_hop_uri(request: Request) -> SipUri | None:
    """The URI to resolve for a request: its first Route, else its Request-URI; None if neither is SIP."""
    routes = request.routes
    uri = routes[0].uri if routes else request.uri
    return uri if isinstance(uri, SipUri) else None


def literal_hop(uri: SipUri) -> Hop | None:
    """The hop of a URI that names a numeric host: nothing to look up. RFC 3263 §4.1, §4.2."""
    host = target_host(uri)
    try:
        ip_address(host)
    except ValueError:
        return None
    transport = transport_for(uri)
    name = uri.host.strip("[]")
    return Hop(transport, host, uri.port or DEFAULT_PORTS.get(transport, 5060), name=name)


def target_host(uri: SipUri) -> str:
    """Where a URI is sent to: its maddr if it has one, else its host; without brackets. RFC 3263 §4."""
    return (uri.params.get("maddr") or uri.host).strip("[]")


def transport_for(uri: SipUri) -> str:
    """The transport that a URI asks for, or else the default: UDP, and TLS for sips. RFC 3263 §4.1."""
    named = (uri.transport or "").upper()
    if uri.scheme == "sips":
        return WSS if named in {WS, WSS} else TLS
    return named if named in DEFAULT_PORTS else UDP
