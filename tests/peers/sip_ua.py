"""A scripted SIP user agent over UDP, TCP or TLS: client transactions, digest, dispatch of what arrives.

Independent of the product on purpose. It does what a script says and answers politely what no script
mentions. Sessions live in `sip_call.py`, subscriptions and referrals in `sip_subscription.py`.
"""

import secrets
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, Self

from peers.sip_dialog import Dialog, DialogKey
from peers.sip_digest import credentials, strongest
from peers.sip_message import SipMessage, host_and_port, parameters, uri_in
from peers.sip_transport import Reply, SipTransport, Target, TcpTransport, UdpTransport
from peers.transcript import DEFAULT_TIMEOUT, Inbox, Transcript

if TYPE_CHECKING:
    from peers.sip_call import IncomingInvite

T1, T2 = 0.5, 4.0  # seconds, RFC 3261 section 17.1.1.1
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, MESSAGE, UPDATE"
Headers = Iterable[tuple[str, str]]


class Usage(Protocol):
    """A dialog usage of this peer: receives the requests that arrive inside its dialog."""

    def receive(self, request: SipMessage, reply: Reply) -> None: ...


class ClientTransaction:
    """A request that was sent, and what came back."""

    def __init__(self, request: SipMessage, target: Target, transcript: Transcript) -> None:
        self.request = request
        self.target = target
        self.responses: Inbox[SipMessage] = Inbox(transcript, f"response to {request.method}")
        self.progress: Inbox[SipMessage] = Inbox(transcript, "provisional response")
        self.final: SipMessage | None = None
        self.ack: SipMessage | None = None


class SipUA:
    """One SIP user at one address. `server` is the first hop for everything that names no numeric host."""

    def __init__(  # noqa: PLR0913 - keyword settings of a script
        self,
        name: str,
        domain: str,
        *,
        server: Target | None = None,
        transport: str = "udp",
        host: str = "127.0.0.1",
        password: str | None = None,
        display_name: str = "",
        user_agent: str = "TestPeer/1.0",
        client_tls: ssl.SSLContext | None = None,
        server_tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
    ) -> None:
        self.name = name
        self.aor = f"sip:{name}@{domain}"
        self.domain = domain
        self.host = host
        self.display_name = display_name
        self.user_agent = user_agent
        self.transcript = Transcript(f"{name}@{domain} (sip {transport})")
        self.invites: Inbox[IncomingInvite] = Inbox(self.transcript, "INVITE")
        self.requests: Inbox[SipMessage] = Inbox(self.transcript, "request")
        self.usages: dict[DialogKey, Usage] = {}
        self.contact_parameters = ""  # ";isfocus" plays a focus
        self.answer_with: dict[str, int] = {}  # quirk: answer every request of a method with this status
        self._server = server
        self._password = password
        self._transport_name = transport
        self._pending: dict[str, IncomingInvite] = {}
        self._transactions: dict[tuple[str, str], ClientTransaction] = {}
        self._answered: dict[tuple[str, str], bytes] = {}
        self.transport: SipTransport
        if transport == "udp":
            self.transport = UdpTransport(host, self.transcript, self._receive)
        else:
            self.transport = TcpTransport(
                host,
                self.transcript,
                self._receive,
                client_tls=client_tls,
                server_tls=server_tls,
                server_name=server_name,
            )

    async def __aenter__(self) -> Self:
        await self.transport.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.close()

    # ---- writing -------------------------------------------------------------------------------------

    @property
    def contact_uri(self) -> str:
        suffix = "" if self._transport_name == "udp" else f";transport={self._transport_name}"
        return f"sip:{self.name}@{self.host}:{self.transport.port}{suffix}"

    def contact(self) -> tuple[str, str]:
        """Return our Contact header."""
        return "Contact", f"<{self.contact_uri}>{self.contact_parameters}"

    def new_request(
        self, method: str, uri: str, headers: Headers = (), body: bytes = b"", to: str | None = None
    ) -> SipMessage:
        """Return a request outside any dialog, with a new Call-ID and From tag."""
        name = f'"{self.display_name}" ' if self.display_name else ""
        message = SipMessage(f"{method} {uri} SIP/2.0", body=body)
        message.headers = [
            ("From", f"{name}<{self.aor}>;tag={secrets.token_hex(6)}"),
            ("To", f"<{to or uri}>"),
            ("Call-ID", secrets.token_hex(12)),
            ("CSeq", f"{secrets.randbelow(10000) + 1} {method}"),
            ("Max-Forwards", "70"),
            *headers,
        ]
        return message

    def target_of(self, message: SipMessage) -> Target:
        """Return where a request goes first: its Route or Request-URI when numeric, else the server."""
        routes = message.listed("Route")
        host, port = host_and_port(uri_in(routes[0]) if routes else message.uri)
        in_dialog = "tag" in parameters(message.get("To"))
        numeric = host.replace(".", "").isdigit() or ":" in host
        if self._server and not (routes and numeric) and not (in_dialog and numeric):
            return self._server
        return host, port

    async def start(self, message: SipMessage) -> ClientTransaction:
        """Send a request as a new client transaction, and do not wait."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        via = f"SIP/2.0/{self.transport.name} {self.host}:{self.transport.port};branch={branch};rport"
        message.headers = [("Via", via), *(pair for pair in message.headers if pair[0] != "Via")]
        if not message.get("User-Agent"):
            message.headers.append(("User-Agent", self.user_agent))
        transaction = ClientTransaction(message, self.target_of(message), self.transcript)
        self._transactions[branch, message.method] = transaction
        await self.transport.send(bytes(message), transaction.target)
        return transaction

    async def finish(self, transaction: ClientTransaction, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait for the final response, sending again over UDP (RFC 3261 timers A and E)."""
        interval, waited = T1, 0.0
        request = transaction.request
        while waited < within:
            pause = min(interval, within - waited)
            response = await transaction.responses.take_or_none(within=pause)
            if response:
                return response
            waited += pause
            interval = min(interval * 2, T2)
            ringing = request.method == "INVITE" and transaction.progress.items
            if not self.transport.reliable and not ringing:
                await self.transport.send(bytes(request), transaction.target)
        raise self.transcript.failure(f"no final response to {request.start!r} within {within:g} s")

    async def request(self, message: SipMessage, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Send a request, answer one digest challenge when there is a password, return the final response."""
        response = await self.finish(await self.start(message), within=within)
        if response.status in {401, 407} and self._password is not None:
            return await self.finish(
                await self.start(self.with_credentials(message, response)), within=within
            )
        return response

    def with_credentials(self, message: SipMessage, challenged: SipMessage) -> SipMessage:
        """Return the request again, CSeq + 1, with the answer to the challenge (RFC 3261 section 22)."""
        kind = "WWW-Authenticate" if challenged.status == 401 else "Proxy-Authenticate"
        header = "Authorization" if challenged.status == 401 else "Proxy-Authorization"
        again = SipMessage(message.start, list(message.headers), message.body)
        number = int(message.get("CSeq").split()[0]) + 1
        again.put("CSeq", f"{number} {message.method}")
        value = credentials(
            strongest(challenged.all(kind)),
            method=message.method,
            uri=message.uri,
            user=self.name,
            password=self._password or "",
        )
        again.put(header, value)
        return again

    async def send_ack(self, transaction: ClientTransaction, ack: SipMessage) -> None:
        """Send the ACK for a 2xx, and again for every copy of that 2xx (RFC 3261 section 13.2.2.4)."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        via = f"SIP/2.0/{self.transport.name} {self.host}:{self.transport.port};branch={branch};rport"
        ack.headers.insert(0, ("Via", via))
        transaction.ack = ack
        await self.transport.send(bytes(ack), self.target_of(ack))

    async def send_cancel(self, transaction: ClientTransaction) -> SipMessage:
        """Send CANCEL for a pending INVITE and return the answer to it (RFC 3261 section 9.1)."""
        invite = transaction.request
        cancel = SipMessage(f"CANCEL {invite.uri} SIP/2.0")
        for name in ("Via", "Route", "From", "To", "Call-ID", "Max-Forwards"):
            cancel.headers += [(name, value) for value in invite.all(name)[: 1 if name == "Via" else None]]
        cancel.put("CSeq", f"{invite.get('CSeq').split()[0]} CANCEL")
        pending = ClientTransaction(cancel, transaction.target, self.transcript)
        self._transactions[invite.branch, "CANCEL"] = pending
        await self.transport.send(bytes(cancel), transaction.target)
        return await self.finish(pending)

    async def send_raw(self, data: bytes, target: Target | None = None) -> None:
        """Send octets as they are: for malformed messages."""
        where = target or self._server
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
            self._receive_response(message)
        elif (stored := self._answered.get((message.branch, message.method))) is not None:
            reply(stored)
        else:
            self._receive_request(message, reply)

    def _receive_response(self, response: SipMessage) -> None:
        transaction = self._transactions.get((response.branch, response.method))
        if transaction is None:
            self.transcript.note(f"response to nothing we sent: {response.start}")
        elif response.status < 200:
            transaction.progress.put(response)
        else:
            first = transaction.final is None
            transaction.final = response
            if response.method == "INVITE":
                self._acknowledge(transaction, response)
            if first:
                transaction.responses.put(response)

    def _acknowledge(self, transaction: ClientTransaction, response: SipMessage) -> None:
        """Send what a final response to INVITE asks for right away (RFC 3261 section 17.1.1.3)."""
        ack = transaction.ack
        if response.status >= 300:
            invite = transaction.request
            ack = SipMessage(f"ACK {invite.uri} SIP/2.0", [("Via", invite.get("Via"))])
            ack.headers += [("Route", route) for route in invite.all("Route")]
            ack.headers += [("From", invite.get("From")), ("To", response.get("To"))]
            ack.headers += [("Call-ID", invite.get("Call-ID")), ("Max-Forwards", "70")]
            ack.put("CSeq", f"{invite.get('CSeq').split()[0]} ACK")
        if ack is not None:
            target = transaction.target if response.status >= 300 else self.target_of(ack)
            self.transport.send_now(bytes(ack), target)

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
