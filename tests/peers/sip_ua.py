"""A scripted SIP user agent over UDP, TCP, TLS or WebSocket: what it answers by itself, and small requests.

Independent of the product on purpose. It does what a script says and answers politely what no script mentions.
Requests are sent by `sip_client.py`; sessions live in `sip_call.py`, subscriptions in `sip_subscription.py`.
"""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self

from peers.sip_client import Headers, SipClient
from peers.sip_dialog import Dialog, DialogKey
from peers.sip_message import SipMessage, parameters
from peers.sip_transport import Reply, Target, new_transport
from peers.tls import Tls
from peers.transcript import Inbox, Transcript

if TYPE_CHECKING:
    from peers.sip_call import IncomingInvite

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, MESSAGE, UPDATE"


class Usage(Protocol):
    """A dialog usage of this peer: receives the requests that arrive inside its dialog."""

    def receive(self, request: SipMessage, reply: Reply) -> None: ...


class SipUA(SipClient):
    """One SIP user at one address."""

    def __init__(  # noqa: PLR0913 - keyword settings of a script
        self,
        name: str,
        domain: str,
        *,
        server: Target | None = None,
        transport: str = "udp",
        host: str = "127.0.0.1",
        password: str | None = None,
        user_agent: str = "TestPeer/1.0",
        tls: Tls | None = None,
    ) -> None:
        super().__init__(name, domain, server, password)
        self.user_agent = user_agent
        self.transcript = Transcript(f"{name}@{domain} (sip {transport})")
        self.transport = new_transport(transport, host, self.transcript, self._receive, tls)
        self.invites: Inbox[IncomingInvite] = Inbox(self.transcript, "INVITE")
        self.requests: Inbox[SipMessage] = Inbox(self.transcript, "request")
        self.usages: dict[DialogKey, Usage] = {}
        self.contact_parameters = ""  # ";isfocus" plays a focus
        self.answer_with: dict[str, int] = {}  # quirk: answer every request of a method with this status
        self.takes: dict[str, Callable[[SipMessage, Reply], None]] = {}  # requests outside dialogs, by method
        self._pending: dict[str, IncomingInvite] = {}
        self._answered: dict[tuple[str, str], bytes] = {}

    async def __aenter__(self) -> Self:
        await self.transport.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.close()

    @property
    def contact_uri(self) -> str:
        return f"sip:{self.name}@{self.transport.sent_by}{self.transport.uri_parameter}"

    def contact(self) -> tuple[str, str]:
        """Return our Contact header."""
        return "Contact", f"<{self.contact_uri}>{self.contact_parameters}"

    async def send_raw(self, data: bytes, target: Target | None = None) -> None:
        """Send octets as they are: for malformed messages."""
        where = target or self.server
        if where is None:
            raise ValueError("nowhere to send to")
        await self.transport.send(data, where)

    # ---- small requests ------------------------------------------------------------------------------

    async def register(self, expires: int = 600) -> SipMessage:
        """Register our contact with the server; PeerFailure unless it says 200."""
        headers = [self.contact(), ("Expires", str(expires))]
        message = self.new_request("REGISTER", f"sip:{self.domain}", headers, to=self.aor)
        response = await self.request(message)
        if response.status != 200:
            raise self.transcript.failure(f"REGISTER was answered {response.start!r}")
        return response

    async def options(self, uri: str, headers: Headers = ()) -> SipMessage:
        """Ask what `uri` can do; return the final response."""
        return await self.request(self.new_request("OPTIONS", uri, [("Accept", "application/sdp"), *headers]))

    async def message(self, uri: str, text: str) -> SipMessage:
        """Send a page-mode MESSAGE (RFC 3428); return the final response."""
        headers = [("Content-Type", "text/plain")]
        return await self.request(self.new_request("MESSAGE", uri, headers, text.encode()))

    # ---- reading -------------------------------------------------------------------------------------

    def _receive(self, message: SipMessage, reply: Reply) -> None:
        if not message.is_request:
            self.receive_response(message)
        elif (stored := self._answered.get((message.branch, message.method))) is not None:
            reply(stored)
        else:
            self._receive_request(message, reply)

    def _receive_request(self, request: SipMessage, reply: Reply) -> None:
        key = request.get("Call-ID"), parameters(request.get("To")).get("tag", "")
        forced = self.answer_with.get(request.method)
        if forced is not None and request.method != "ACK":
            self.requests.put(request)
            self.respond(request, reply, forced)
        elif request.method == "CANCEL":
            self._receive_cancel(request, reply)
        elif key in self.usages:
            self.usages[key].receive(request, reply)
        elif request.method == "ACK":
            self.transcript.note("ACK for nothing")
        elif key[1]:
            self.respond(request, reply, 481)
        elif request.method == "INVITE":
            self._receive_invite(request, reply)
        elif request.method in self.takes:
            self.takes[request.method](request, reply)
        else:
            self.requests.put(request)
            known = request.method in {"OPTIONS", "MESSAGE"}
            self.respond(request, reply, 200 if known else 405, [self.contact(), ("Allow", ALLOW)])

    def _receive_invite(self, request: SipMessage, reply: Reply) -> None:
        from peers.sip_call import IncomingInvite  # the two modules know each other

        invite = IncomingInvite(self, request, reply)
        self._pending[request.branch] = invite
        self.respond(request, reply, 100)
        self.invites.put(invite)

    def _receive_cancel(self, request: SipMessage, reply: Reply) -> None:
        invite = self._pending.get(request.branch)
        self.respond(request, reply, 481 if invite is None else 200)
        if invite:
            invite.withdraw(request)

    def respond(  # noqa: PLR0913 - the parts of a response are its arguments
        self,
        request: SipMessage,
        reply: Reply,
        status: int,
        headers: Headers = (),
        body: bytes = b"",
        *,
        tag: str = "",
    ) -> bytes:
        """Answer a request; the answer is repeated by itself when the request is."""
        response = SipMessage(f"SIP/2.0 {status} {PHRASES.get(status, 'Whatever')}", body=body)
        for name in ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq"):
            response.headers += [(name, value) for value in request.all(name)]
        to = request.get("To")
        if status > 100 and "tag" not in parameters(to):
            response.headers = [
                (name, f"{to};tag={tag or secrets.token_hex(6)}" if name == "To" else value)
                for name, value in response.headers
            ]
        response.headers += headers
        data = bytes(response)
        self._answered[request.branch, request.method] = data
        reply(data)
        return data

    def new_dialog(self, dialog: Dialog, usage: Usage) -> None:
        """From now on requests inside `dialog` go to `usage`."""
        self.usages[dialog.key] = usage


PHRASES = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 302: "Moved Temporarily",
    400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error", 603: "Decline",
}  # fmt: skip
