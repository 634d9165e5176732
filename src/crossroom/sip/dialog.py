"""Dialogs: who talks to whom, by which route, with which numbers. RFC 3261 §12.

A dialog is state shared by its usages (RFC 5057); it sends nothing itself. It lasts for hours and is idle nearly
all the time, so addresses are kept as they are written, and those that many dialogs have in common only once.
"""

from sys import intern
from typing import TYPE_CHECKING

from msgspec import Struct

from crossroom.sip.address import NameAddr
from crossroom.sip.headers import Headers
from crossroom.sip.hop import Flow, literal_hop
from crossroom.sip.message import Request, Response
from crossroom.sip.uri import OtherUri, SipUri

if TYPE_CHECKING:  # usages are built on dialogs, which only keep them
    from crossroom.sip.stack import Usage


class DialogId(Struct, frozen=True, gc=False):
    """RFC 3261 §12: Call-ID, local tag, remote tag."""

    call_id: str
    local_tag: str
    remote_tag: str


class Dialog:
    """One dialog. `usages` are what keeps it alive; the table forgets it with the last one.

    contact: our Contact, in every target refresh. `flow`: what the peer's requests came in on, if any did.
    identity: who the peer is, as it was believed when the dialog began; what it writes in From later proves nothing.
    """

    __slots__ = (
        "_contact",
        "_local",
        "_remote",
        "_remote_contact",
        "_route_set",
        "flow",
        "id",
        "identity",
        "local_cseq",
        "remote_cseq",
        "usages",
    )

    def __init__(
        self,
        id_: DialogId,
        addresses: tuple[NameAddr, NameAddr],
        contact: NameAddr,
        remote_contact: NameAddr,
        route_set: tuple[NameAddr, ...] = (),
    ) -> None:
        self.id = id_
        local, remote = addresses
        self._local = intern(str(local.without_tag()))
        self._remote = str(remote.without_tag())
        self.contact = contact
        self._remote_contact = str(remote_contact)
        self.route_set = route_set
        self.local_cseq = 0
        self.remote_cseq: int | None = None
        self.flow: Flow | None = None
        self.identity: str | None = None
        self.usages: tuple[Usage, ...] = ()

    @classmethod
    def as_uas(cls, request: Request, tag: str, contact: NameAddr, flow: Flow) -> "Dialog":
        """The dialog that our answer to this request makes. RFC 3261 §12.1.1: route set in order."""
        remote_contact = request.contact or request.from_.without_tag()
        id_ = DialogId(request.call_id, tag, request.from_.tag or "")
        local = request.to if request.to.tag else request.to.with_tag(tag)
        dialog = cls(id_, (local, request.from_), contact, remote_contact, request.record_routes)
        dialog.remote_cseq = request.cseq.number
        # a proxy that brought the request and stays out of the dialog (RFC 3261 §16.6 step 4) is no way to the peer
        came_straight = len(request.vias) == 1 or request.record_routes
        dialog.flow = flow if came_straight else None
        return dialog

    @classmethod
    def as_uac(cls, request: Request, response: Response, contact: NameAddr) -> "Dialog":
        """The dialog that this response to our request makes. RFC 3261 §12.1.2: route set reversed."""
        remote_contact = response.contact or NameAddr(request.uri)
        id_ = DialogId(request.call_id, request.from_.tag or "", response.to.tag or "")
        routes = tuple(reversed(response.record_routes))
        dialog = cls(id_, (request.from_, response.to), contact, remote_contact, routes)
        dialog.local_cseq = request.cseq.number
        dialog.identity = str(request.to.uri)  # whom we called, not what the answer has in To
        return dialog

    @classmethod
    def from_notify(cls, request: Request, notify: Request, contact: NameAddr) -> "Dialog":
        """The dialog that a NOTIFY makes before, or instead of, the 2xx to our SUBSCRIBE. RFC 6665 §4.4.1."""
        id_ = DialogId(request.call_id, request.from_.tag or "", notify.from_.tag or "")
        remote_contact = notify.contact or NameAddr(request.uri)
        # the NOTIFY is a request of the peer, so its Record-Route is already in our order
        dialog = cls(id_, (request.from_, notify.from_), contact, remote_contact, notify.record_routes)
        dialog.local_cseq = request.cseq.number
        dialog.identity = str(request.to.uri)
        return dialog

    @property
    def local(self) -> NameAddr:
        """Our address, with our tag."""
        return NameAddr.parse(_tagged(self._local, self.id.local_tag))

    @property
    def remote(self) -> NameAddr:
        """The other's address, with its tag."""
        return NameAddr.parse(_tagged(self._remote, self.id.remote_tag))

    @property
    def contact(self) -> NameAddr:
        """Our Contact."""
        return NameAddr.parse(self._contact)

    @contact.setter
    def contact(self, contact: NameAddr) -> None:
        self._contact = intern(str(contact))

    @property
    def remote_contact(self) -> NameAddr:
        """The Contact that the other end gave last: the remote target."""
        return NameAddr.parse(self._remote_contact)

    @property
    def route_set(self) -> tuple[NameAddr, ...]:
        """The proxies that every request of ours goes by, the next one first."""
        return tuple(map(NameAddr.parse, self._route_set))

    @route_set.setter
    def route_set(self, routes: tuple[NameAddr, ...]) -> None:
        self._route_set = tuple(intern(str(route)) for route in routes)

    def next_cseq(self) -> int:
        """A fresh CSeq number of ours. RFC 3261 §12.2.1.1: "strictly monotonically increasing"."""
        self.local_cseq += 1
        return self.local_cseq

    def request(self, method: str, cseq: int | None = None) -> Request:
        """A request inside the dialog, without Via. RFC 3261 §12.2.1.1. ACK gives its INVITE's number."""
        number = self.next_cseq() if cseq is None else cseq
        uri, routes = self._routing()
        lines = [
            ("Max-Forwards", "70"),
            *[("Route", route) for route in routes],
            ("From", _tagged(self._local, self.id.local_tag)),
            ("To", _tagged(self._remote, self.id.remote_tag)),
            ("Call-ID", self.id.call_id),
            ("CSeq", f"{number} {method}"),
        ]
        if method in TARGET_REFRESH:
            lines.append(("Contact", self._contact))
        return Request(method, uri, Headers(lines))

    def in_order(self, request: Request) -> bool:
        """Note the peer's CSeq; False when it went back. RFC 3261 §12.2.2: 500."""
        number = request.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """Take the peer's new Contact. RFC 3261 §12.2.1.2, §12.2.2; the route set never changes."""
        if message.contact is not None:
            self._remote_contact = str(message.contact)

    def confirm(self, success: Response) -> None:
        """The 2xx of an early dialog of ours came. RFC 3261 §13.2.2.4: only the route set is made anew."""
        self.route_set = tuple(reversed(success.record_routes))
        self.refresh_target(success)

    def stay_on(self, flow: Flow | None) -> None:
        """Keep to the connection that the peer answered on, where that is what its Contact names.

        Over TLS a new one could not be opened: a certificate names a domain, and that is not in a numeric Contact.
        """
        uri = self.remote_contact.uri
        hop = literal_hop(uri) if isinstance(uri, SipUri) else None
        if flow is None or hop is None or not flow.reliable or self.flow is not None:
            return
        if (hop.transport, hop.host, hop.port) == (flow.transport, flow.remote_host, flow.remote_port):
            self.flow = flow

    def flow_to_use(self) -> Flow | None:
        """The flow for requests of ours, when it is better than the peer's Contact (docs/conformance.md, sip-2.11).

        With a route set the proxies decide. A datagram peer whose Contact shows the address that we saw is
        sent to its Contact as RFC 3261 says; any other is behind a NAT, or has a connection open to us.
        """
        if self._route_set or self.flow is None:
            return None
        if self.flow.reliable:
            return self.flow
        uri = self.remote_contact.uri
        if not isinstance(uri, SipUri):
            return self.flow
        hop = literal_hop(uri)
        return None if hop is not None and hop.host == self.flow.remote_host else self.flow

    def _routing(self) -> tuple[SipUri | OtherUri, tuple[str, ...]]:
        target = self.remote_contact.uri
        if isinstance(target, SipUri):
            target = target.without_headers()
        if not self._route_set:
            return target, ()
        first = NameAddr.parse(self._route_set[0]).uri
        if not isinstance(first, SipUri) or first.is_loose_router:
            return target, self._route_set
        # RFC 3261 §12.2.1.1: a strict router gets its own URI as the Request-URI, the target comes last
        return first.without_headers(), (*self._route_set[1:], str(NameAddr(target)))


def _tagged(address: str, tag: str) -> str:
    # RFC 3261 §12.2.1.1: without a tag of the peer's, which RFC 2543 did not ask for, none is written
    return f"{address};tag={tag}" if tag else address


TARGET_REFRESH = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""Methods whose Contact replaces the remote target. RFC 3261 §12.2, RFC 3311, RFC 6665, RFC 3515."""
