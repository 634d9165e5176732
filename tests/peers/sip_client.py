"""The client side of a SIP test peer: requests, their transactions, digest, ACK and CANCEL (RFC 3261 section 17.1)."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable

from peers.sip_digest import credentials, strongest
from peers.sip_message import SipMessage, host_and_port, parameters, uri_in
from peers.sip_transport import SipTransport, Target
from peers.transcript import DEFAULT_TIMEOUT, Inbox, Transcript

T1, T2 = 0.5, 4.0  # seconds, RFC 3261 section 17.1.1.1
Headers = Iterable[tuple[str, str]]


class ClientTransaction:
    """A request that was sent, and what came back."""

    def __init__(self, request: SipMessage, target: Target, transcript: Transcript) -> None:
        self.request = request
        self.target = target
        self.responses: Inbox[SipMessage] = Inbox(transcript, f"response to {request.method}")
        self.progress: Inbox[SipMessage] = Inbox(transcript, "provisional response")
        self.final: SipMessage | None = None
        self.ack: SipMessage | None = None


class SipClient(ABC):
    """Sends requests for one user. `server` is the first hop for everything that names no numeric host."""

    transcript: Transcript
    transport: SipTransport

    def __init__(self, name: str, domain: str, server: Target | None, password: str | None) -> None:
        self.name = name
        self.domain = domain
        self.aor = f"sip:{name}@{domain}"
        self.display_name = ""
        self.user_agent = ""
        self.server = server
        self._password = password
        self._transactions: dict[tuple[str, str], ClientTransaction] = {}

    @abstractmethod
    def contact(self) -> tuple[str, str]:
        """Return our Contact header."""

    def via(self, branch: str) -> str:
        """Return our Via value."""
        return f"SIP/2.0/{self.transport.name} {self.transport.sent_by};branch={branch};rport"

    def new_request(  # noqa: PLR0913 - the parts of a request are its arguments
        self,
        method: str,
        uri: str,
        headers: Headers = (),
        body: bytes = b"",
        *,
        to: str | None = None,
        sender: str | None = None,
    ) -> SipMessage:
        """Return a request outside any dialog, with a new Call-ID and From tag."""
        name = f'"{self.display_name}" ' if self.display_name else ""
        message = SipMessage(f"{method} {uri} SIP/2.0", body=body)
        message.headers = [
            ("From", f"{name}<{sender or self.aor}>;tag={secrets.token_hex(6)}"),
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
        if self.server and not (routes and numeric) and not (in_dialog and numeric):
            return self.server
        return host, port

    async def start(self, message: SipMessage) -> ClientTransaction:
        """Send a request as a new client transaction, and do not wait."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        via = self.via(branch)
        message.headers = [("Via", via), *(pair for pair in message.headers if pair[0] != "Via")]
        if not message.get("User-Agent"):
            message.headers.append(("User-Agent", self.user_agent))
        transaction = ClientTransaction(message, self.target_of(message), self.transcript)
        self._transactions[branch, message.method] = transaction
        await self.transport.send(bytes(message), transaction.target)
        return transaction

    def expect_response(self, request: SipMessage) -> ClientTransaction:
        """Return the transaction of a request that goes out by send_raw()."""
        transaction = ClientTransaction(request, self.target_of(request), self.transcript)
        self._transactions[request.branch, request.method] = transaction
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
        via = self.via(branch)
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

    def receive_response(self, response: SipMessage) -> None:
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
