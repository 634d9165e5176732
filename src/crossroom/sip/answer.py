"""Small values that the user agent and its user hand each other: bodies, header lines, asked-for requests.

No wire text here: the values themselves are in their own modules.
"""

from dataclasses import dataclass

from msgspec import Struct

from crossroom.sip.address import NameAddr
from crossroom.sip.hop import Flow
from crossroom.sip.uri import SipUri

HeaderLines = tuple[tuple[str, str], ...]
"""Further header lines to add, in order: (name, value)."""

SDP = "application/sdp"


class Body(Struct, frozen=True, gc=False):
    """Octets and their type; no octets, no Content-Type."""

    content: bytes = b""
    content_type: str = SDP


NO_BODY = Body()


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to a server that challenges us. RFC 3261 §22.2; `realm` None answers any realm."""

    username: str
    password: str
    realm: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """No, with this status."""

    status: int
    reason: str = ""
    headers: HeaderLines = ()


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """An INVITE to send. `timeout`: seconds to wait for an answer before CANCEL (RFC 3261 timer C's role).

    target: Request-URI. route: preloaded Route values, first hop first (the outbound proxy comes on top).
    flow: send on this flow instead of resolving the target (a UA behind NAT, RFC 5626).
    """

    target: SipUri
    from_: NameAddr
    to: NameAddr
    contact: NameAddr
    body: bytes = b""
    content_type: str = SDP
    headers: HeaderLines = ()
    credentials: Account | None = None
    timeout: float = 60.0
    route: tuple[NameAddr, ...] = ()
    flow: Flow | None = None


@dataclass(frozen=True, slots=True)
class OutgoingSubscription:
    """A SUBSCRIBE to send and keep refreshed. `event` as in the Event header; `accept` the body types."""

    target: SipUri
    from_: NameAddr
    to: NameAddr
    contact: NameAddr
    event: str
    accept: tuple[str, ...] = ()
    expires: int = 3600
    headers: HeaderLines = ()
    credentials: Account | None = None
    route: tuple[NameAddr, ...] = ()
    flow: Flow | None = None


@dataclass(frozen=True, slots=True)
class OutgoingRefer:
    """A REFER to send. `refer_to` as written; `timeout`: seconds to wait for the last sipfrag."""

    target: SipUri
    from_: NameAddr
    to: NameAddr
    contact: NameAddr
    refer_to: NameAddr
    headers: HeaderLines = ()
    credentials: Account | None = None
    timeout: float = 180.0
    route: tuple[NameAddr, ...] = ()
    flow: Flow | None = None


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """Any other request: OPTIONS, MESSAGE, a single SUBSCRIBE. `to` defaults to the target."""

    method: str
    target: SipUri
    from_: NameAddr
    to: NameAddr | None = None
    contact: NameAddr | None = None
    body: bytes = b""
    content_type: str = ""
    headers: HeaderLines = ()
    credentials: Account | None = None
    route: tuple[NameAddr, ...] = ()
    flow: Flow | None = None
