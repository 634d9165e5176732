"""INVITE sessions of a SIP test peer: calling, being called, re-INVITE, BYE (RFC 3261 sections 13 to 15)."""

import asyncio
import secrets
from collections.abc import Callable

from peers.sip_client import T1, T2, ClientTransaction, Headers
from peers.sip_dialog import Dialog
from peers.sip_message import SipMessage, display_name_in, parameters, uri_in
from peers.sip_transport import Reply
from peers.sip_ua import ALLOW, SipUA
from peers.transcript import DEFAULT_TIMEOUT, Inbox

SDP = ("Content-Type", "application/sdp")


class Call:
    """An established INVITE session."""

    def __init__(self, ua: SipUA, dialog: Dialog, answered: SipMessage, local_sdp: str) -> None:
        self.ua = ua
        self.dialog = dialog
        self.local_sdp = local_sdp
        self.remote_sdp = answered.text
        self.remote_contact = answered.get("Contact")
        self.over = False
        self._hung_up = False  # by the other side
        self.byes: Inbox[SipMessage] = Inbox(ua.transcript, "BYE")
        self.notifies: Inbox[SipMessage] = Inbox(ua.transcript, "NOTIFY in the INVITE dialog")
        self.offers: Inbox[SipMessage] = Inbox(ua.transcript, "re-INVITE or UPDATE")
        self.acks: Inbox[SipMessage] = Inbox(ua.transcript, "ACK")
        self.answer_offer: Callable[[str], str] = lambda _: self.local_sdp
        ua.new_dialog(dialog, self)

    @property
    def is_with_focus(self) -> bool:
        return "isfocus" in parameters(self.remote_contact)

    def receive(self, request: SipMessage, reply: Reply) -> None:
        """Answer what arrives inside the dialog."""
        if request.method == "BYE" and self._hung_up:
            self.ua.respond(request, reply, 481)
        elif request.method == "BYE":
            self.over = self._hung_up = True
            self.byes.put(request)
            self.ua.respond(request, reply, 200)
        elif request.method == "ACK":
            self.acks.put(request)
        elif request.method == "NOTIFY":
            self.notifies.put(request)
            self.ua.respond(request, reply, 200)
        elif request.method in {"INVITE", "UPDATE"}:
            self.offers.put(request)
            body = self.answer_offer(request.text).encode() if request.body else b""
            self.ua.respond(request, reply, 200, [self.ua.contact(), *([SDP] if body else [])], body)
        else:
            self.ua.respond(request, reply, 405, [("Allow", ALLOW)])

    async def request(self, method: str, headers: Headers = (), body: bytes = b"") -> SipMessage:
        """Send a request inside the dialog; return the final response."""
        message = self.dialog.request(method)
        message.headers += headers
        message.body = body
        return await self.ua.request(message)

    async def bye(self, headers: Headers = ()) -> SipMessage:
        """Hang up; return the answer."""
        self.over = True
        return await self.request("BYE", headers)

    async def reinvite(self, sdp: str) -> SipMessage:
        """Offer again; return the final response, acknowledged."""
        message = self.dialog.request("INVITE")
        message.headers += [self.ua.contact(), SDP]
        message.body = sdp.encode()
        transaction = await self.ua.start(message)
        response = await self.ua.finish(transaction)
        if response.status < 300:
            await self.ua.send_ack(transaction, self.dialog.request("ACK", cseq=self.dialog.cseq))
            self.local_sdp, self.remote_sdp = sdp, response.text
        return response

    async def reinvite_without_offer(self, answer: str) -> SipMessage:
        """Ask for an offer, and answer it in the ACK (RFC 3261 section 14.2); return the final response."""
        message = self.dialog.request("INVITE")
        message.headers.append(self.ua.contact())
        transaction = await self.ua.start(message)
        response = await self.ua.finish(transaction)
        if response.status < 300:
            ack = self.dialog.request("ACK", cseq=self.dialog.cseq)
            ack.headers.append(SDP)
            ack.body = answer.encode()
            await self.ua.send_ack(transaction, ack)
            self.local_sdp, self.remote_sdp = answer, response.text
        return response

    async def expects_bye(self, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait until the other side hangs up; return its BYE."""
        return await self.byes.take(within=within)


class OutgoingInvite:
    """An INVITE on its way: ring, cancel, final answer."""

    def __init__(self, ua: SipUA, transaction: ClientTransaction, sdp: str) -> None:
        self._ua = ua
        self._transaction = transaction
        self._sdp = sdp

    @property
    def transaction(self) -> ClientTransaction:
        """What was sent last, and what came back."""
        return self._transaction

    async def expects_progress(self, status: int, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait for a provisional response of that status."""
        progress = self._transaction.progress
        return await progress.take(lambda r: r.status == status, within=within, wanted=str(status))

    async def cancel(self) -> SipMessage:
        """Withdraw the INVITE; return the answer to CANCEL."""
        return await self._ua.send_cancel(self._transaction)

    async def final(self, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Return the final response, one digest challenge answered on the way; a 2xx is not yet acknowledged."""
        response = await self._ua.finish(self._transaction, within=within)
        if response.status in {401, 407}:
            again = self._ua.with_credentials(self._transaction.request, response)
            self._transaction = await self._ua.start(again)
            response = await self._ua.finish(self._transaction, within=within)
        return response

    async def call(self, *, within: float = DEFAULT_TIMEOUT) -> Call:
        """Wait for the 2xx, acknowledge it and return the session; PeerFailure when refused."""
        return await self.established(await self.final(within=within))

    async def established(self, response: SipMessage) -> Call:
        """Acknowledge a 2xx and return the session; PeerFailure when it is a refusal."""
        if response.status >= 300:
            raise self._ua.transcript.failure(f"INVITE was answered {response.start!r}")
        dialog = Dialog.of_caller(self._transaction.request, response)
        call = Call(self._ua, dialog, response, self._sdp)
        await self._ua.send_ack(self._transaction, dialog.request("ACK", cseq=dialog.cseq))
        return call


async def start_invite(
    ua: SipUA, uri: str, sdp: str, headers: Headers = (), *, sender: str | None = None
) -> OutgoingInvite:
    """Send an INVITE with an offer (or without one when `sdp` is empty) from us or `sender`, and do not wait."""
    body = [SDP] if sdp else []
    standard = [ua.contact(), ("Allow", ALLOW), ("Accept", "application/sdp"), ("Supported", "replaces")]
    message = ua.new_request("INVITE", uri, [*standard, *body, *headers], sdp.encode(), sender=sender)
    return OutgoingInvite(ua, await ua.start(message), sdp)


class IncomingInvite:
    """An INVITE that waits for our decision."""

    def __init__(self, ua: SipUA, request: SipMessage, reply: Reply) -> None:
        self.ua = ua
        self.request = request
        self.cancelled = asyncio.Event()
        self._reply = reply
        self._tag = secrets.token_hex(6)
        self._acked = asyncio.Event()
        self._call: Call | None = None

    @property
    def tag(self) -> str:
        """Our tag in every answer."""
        return self._tag

    @property
    def from_uri(self) -> str:
        return uri_in(self.request.get("From"))

    @property
    def from_name(self) -> str:
        return display_name_in(self.request.get("From"))

    @property
    def is_from_focus(self) -> bool:
        return "isfocus" in parameters(self.request.get("Contact"))

    @property
    def referred_by(self) -> str:
        """The URI of Referred-By, "" when absent."""
        return uri_in(self.request.get("Referred-By"))

    @property
    def offer(self) -> str:
        return self.request.text

    def __repr__(self) -> str:
        return f"<INVITE from {self.from_uri}>"

    def ring(self, status: int = 180) -> None:
        """Send a provisional response."""
        self.ua.respond(self.request, self._reply, status, [self.ua.contact()], tag=self._tag)

    async def reject(self, status: int = 603, headers: Headers = ()) -> None:
        """Refuse, and wait for the ACK."""
        self.ua.usages[self.request.get("Call-ID"), self._tag] = self
        data = self.ua.respond(self.request, self._reply, status, headers, tag=self._tag)
        await self._until_acked(data)

    async def accept(self, sdp: str, headers: Headers = ()) -> Call:
        """Answer 200 with `sdp`, wait for the ACK, return the session."""
        dialog = Dialog.of_callee(self.request, self._tag)
        self._call = call = Call(self.ua, dialog, self.request, sdp)
        self.ua.usages[dialog.key] = self  # until the ACK
        standard = [self.ua.contact(), ("Allow", ALLOW), SDP]
        data = self.ua.respond(
            self.request, self._reply, 200, [*standard, *headers], sdp.encode(), tag=self._tag
        )
        ack = await self._until_acked(data)
        if ack.body:
            call.remote_sdp = ack.text
        return call

    async def _until_acked(self, response: bytes) -> SipMessage:
        interval, waited = T1, 0.0
        while waited < DEFAULT_TIMEOUT:
            try:
                async with asyncio.timeout(interval):
                    await self._acked.wait()
            except TimeoutError:
                waited += interval
                interval = min(interval * 2, T2)
                self._reply(response)
            else:
                return self._ack
        raise self.ua.transcript.failure("our final response to INVITE was never acknowledged")

    def receive(self, request: SipMessage, reply: Reply) -> None:
        """Take the ACK; nothing else may arrive yet."""
        if request.method == "ACK":
            self._ack = request
            self._acked.set()
            if self._call:
                self.ua.new_dialog(self._call.dialog, self._call)
        else:
            self.ua.respond(request, reply, 491 if request.method == "INVITE" else 500)

    def withdraw(self, cancel: SipMessage) -> None:
        """CANCEL came: answer the INVITE 487."""
        self.ua.transcript.note(f"withdrawn: {cancel.get('Reason') or 'no reason given'}")
        self.cancelled.set()
        self.ua.usages[self.request.get("Call-ID"), self._tag] = self
        self.ua.respond(self.request, self._reply, 487, tag=self._tag)

    async def expects_cancel(self, *, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until the caller gives up."""
        try:
            async with asyncio.timeout(within):
                await self.cancelled.wait()
        except TimeoutError:
            raise self.ua.transcript.failure(f"no CANCEL within {within:g} s") from None
