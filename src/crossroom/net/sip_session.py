"""Calls for the faces: an incoming call, an outgoing invite, and the session that either becomes.

Thin asyncio clothes over sip/invite_uas.py, sip/invite_uac.py and sip/invite.py; no protocol is decided here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from crossroom.net.sip_driver import Driver, settle
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Body, HeaderLines, Rejection
from crossroom.sip.events import (
    Event,
    InviteAnswered,
    InviteCancelled,
    InviteFailed,
    InviteProgress,
    ReinviteAnswered,
    ReinviteReceived,
    SessionConfirmed,
    SessionEnded,
)
from crossroom.sip.hop import Flow
from crossroom.sip.invite import InviteUsage, Phase
from crossroom.sip.invite_uac import InviteUac
from crossroom.sip.invite_uas import InviteUas, Replaceable
from crossroom.sip.message import Request, Response


class CallFailed(Exception):  # noqa: N818 - an outcome, named as the field says it
    """The call was not answered with a 2xx: its status, its reason, the response if there was one."""

    def __init__(self, status: int, reason: str, response: Response | None = None) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.response = response


@dataclass(frozen=True, slots=True)
class EndedSession:
    """How a session ended. `reason`: bye, timeout, failed, local. `status`: of the failure, 0 for a plain BYE."""

    reason: str
    status: int = 0
    reason_header: str = ""


class InviteSession:
    """An answered call, ours or theirs. RFC 3261 §12-15; the session timer runs inside.

    peer_body: the answer to our offer, in a call of ours; who called has its offer in the INVITE, which is not kept.
    Set `on_ended` and `on_reinvite` at once.
    """

    __slots__ = (
        "_closed",
        "_driver",
        "_reinvite",
        "_usage",
        "ended",
        "on_confirmed",
        "on_ended",
        "on_reinvite",
        "peer_body",
    )

    def __init__(self, driver: Driver, usage: InviteUsage, peer_body: bytes = b"") -> None:
        self._driver = driver
        self._usage = usage
        self.peer_body = peer_body
        self.on_ended: Callable[[EndedSession], None] | None = None
        self.on_reinvite: Callable[[Request], Body | Rejection] | None = None
        self.on_confirmed: Callable[[bytes], None] | None = None
        self.ended: EndedSession | None = None
        self._closed: asyncio.Future[None] | None = None  # once somebody waits for it
        self._reinvite: asyncio.Future[Response] | None = None
        usage.listener = self

    @property
    def usage(self) -> InviteUsage:
        """The pure half, for a REFER or a request inside this dialog."""
        return self._usage

    @property
    def body(self) -> bytes:
        """Our last offer or answer that was taken up: what a refresh says again."""
        return self._usage.body.content

    @property
    def local(self) -> NameAddr:
        """Our address in the dialog, with our tag."""
        return self._usage.dialog.local

    @property
    def remote(self) -> NameAddr:
        """The other's address in the dialog, with its tag."""
        return self._usage.dialog.remote

    @property
    def remote_contact(self) -> NameAddr:
        """The Contact that the other end gave last."""
        return self._usage.dialog.remote_contact

    @property
    def call_id(self) -> str:
        """The dialog's Call-ID, for logs."""
        return self._usage.dialog.id.call_id

    async def bye(self, reason_header: str | None = None) -> None:
        """End the session; returns when the BYE is answered or has timed out. Harmless when over."""
        if self.ended is None:
            self._usage.bye(self._driver.now(), reason_header or "")
            self._driver.flush()
        if self._usage.phase is not Phase.OVER:
            self._closed = self._closed or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._closed)

    async def reinvite(self, body: bytes, content_type: str = "application/sdp") -> bytes:
        """Offer something new; the answer's body. The old session stays when `CallFailed` is raised."""
        if self.ended is not None:
            raise CallFailed(481, "The session is over")
        if self._reinvite is not None:
            raise CallFailed(491, "A re-INVITE is on its way already")
        self._reinvite = asyncio.get_running_loop().create_future()
        self._usage.reinvite(Body(body, content_type), self._driver.now())
        self._driver.flush()
        try:
            response = await self._reinvite
        finally:
            self._reinvite = None
        if response.status >= 300:
            raise CallFailed(response.status, response.reason, response)
        return response.body

    def deliver(self, event: Event) -> None:
        """See `Listener.deliver`."""
        match event:
            case SessionConfirmed(body=body) if self.on_confirmed is not None:
                self.on_confirmed(body)
            case ReinviteReceived():
                self._answer_reinvite(event)
            case ReinviteAnswered(response=response) if self._reinvite and not self._reinvite.done():
                self._reinvite.set_result(response)
            case SessionEnded():
                self._end(event)
            case _:
                pass

    def _answer_reinvite(self, event: ReinviteReceived) -> None:
        answer: Body | Rejection = Rejection(488)
        if self.on_reinvite is not None:
            answer = self.on_reinvite(event.request)
        self._usage.answer_reinvite(answer, self._driver.now())

    def _end(self, event: SessionEnded) -> None:
        if self.ended is None:
            self.ended = EndedSession(event.cause, event.status, event.reason_header)
            if self._reinvite is not None and not self._reinvite.done():
                self._reinvite.set_exception(CallFailed(481, "The session is over"))
            if self.on_ended is not None:
                self.on_ended(self.ended)
        if event.closed:
            self._usage.listener = None
            if self._closed is not None:
                settle(self._closed)


class IncomingCall:
    """An INVITE that waits for us: ring it, accept it or reject it, once. Nothing was sent but 100.

    identity: the address that the policy admitted. `contact`: what our answers show; change it before
    ring or accept (a focus adds `;isfocus`, RFC 4579 §5.1). `on_cancelled` is called when the caller gave up.
    """

    def __init__(self, driver: Driver, uas: InviteUas, contact: NameAddr) -> None:
        self._driver = driver
        self._uas = uas
        self.contact = contact
        self.on_cancelled: Callable[[], None] | None = None
        self.cancelled = False
        uas.listener = self

    @property
    def request(self) -> Request:
        """The INVITE."""
        return self._uas.request

    @property
    def source(self) -> Flow:
        """Where it came from."""
        return self._uas.flow

    @property
    def identity(self) -> str | None:
        """Who the policy believes the caller to be."""
        return self._uas.identity

    @property
    def replaces(self) -> Replaceable | None:
        """The call that this one asks to replace (RFC 3891), matched and allowed by its tags."""
        return self._uas.replaces

    def ring(self, status: int = 180, headers: HeaderLines = ()) -> None:
        """A provisional response."""
        self._uas.ring(status, self.contact, headers, self._driver.now())
        self._driver.flush()

    async def accept(
        self, body: bytes, content_type: str = "application/sdp", headers: HeaderLines = ()
    ) -> InviteSession:
        """Answer 200; repeated until the ACK comes, and BYE if it never does (RFC 3261 §13.3.1.4).

        Raises CallFailed(487) when the caller gave up meanwhile.
        """
        if self.cancelled or self._uas.answered:
            raise CallFailed(487, "Request Terminated")
        usage = self._uas.accept(self.contact, Body(body, content_type), headers, self._driver.now())
        self._uas.listener = None
        session = InviteSession(self._driver, usage)
        self._driver.flush()
        return session

    def reject(self, status: int, reason: str = "", headers: HeaderLines = ()) -> None:
        """A final answer that is not 2xx. Harmless when the caller gave up meanwhile."""
        if not self.cancelled and not self._uas.answered:
            self._uas.reject(Rejection(status, reason, headers), self._driver.now())
            self._uas.listener = None
            self._driver.flush()

    def deliver(self, event: Event) -> None:
        """See `Listener.deliver`."""
        if isinstance(event, InviteCancelled):
            self.cancelled = True
            self._uas.listener = None
            if self.on_cancelled is not None:
                self.on_cancelled()


class OutgoingInvite:
    """An INVITE on its way. Iterate for provisional responses; `await outcome()` for the session."""

    def __init__(self, driver: Driver, uac: InviteUac) -> None:
        self._driver = driver
        self._uac = uac
        self._progress: asyncio.Queue[Response | None] = asyncio.Queue(maxsize=64)
        self._outcome: asyncio.Future[InviteSession] = asyncio.get_running_loop().create_future()
        # an invite whose outcome nobody asks for is no defect: look at the exception once
        self._outcome.add_done_callback(_seen)
        self.on_provisional: Callable[[Response], None] | None = None
        uac.listener = self

    @property
    def call_id(self) -> str:
        """The Call-ID, for logs."""
        return self._uac.call_id

    @property
    def answered(self) -> InviteSession | None:
        """The session, if there is one by now."""
        done = self._outcome.done() and not self._outcome.cancelled() and self._outcome.exception() is None
        return self._outcome.result() if done else None

    async def outcome(self) -> InviteSession:
        """The session. Raises CallFailed(status, reason, response); cancelled waiting leaves the call alone."""
        return await asyncio.shield(self._outcome)

    def cancel(self, reason: str = "") -> None:
        """Give up: CANCEL when allowed (RFC 3261 §9.1), BYE if a 200 crosses it. `reason`: a Reason value."""
        if not self._outcome.done():
            self._uac.cancel(self._driver.now(), reason)
            self._driver.flush()

    async def __aiter__(self) -> AsyncIterator[Response]:
        """The provisional responses as they come, until there is an outcome."""
        while (response := await self._progress.get()) is not None:
            yield response

    def deliver(self, event: Event) -> None:
        """See `Listener.deliver`."""
        match event:
            case InviteProgress(response=response):
                self._note(response)
            case InviteAnswered(usage=usage, answer=answer):
                self._finish()
                session = InviteSession(self._driver, usage, answer.content)
                self._outcome.set_result(session)
            case InviteFailed(response=response):
                self._finish()
                self._outcome.set_exception(CallFailed(response.status, response.reason, response))
            case _:
                pass

    def _note(self, response: Response) -> None:
        if self.on_provisional is not None:
            self.on_provisional(response)
        if self._progress.qsize() < self._progress.maxsize - 1:  # a slow reader misses repeats, never the end
            self._progress.put_nowait(response)

    def _finish(self) -> None:
        self._uac.listener = None
        self._progress.put_nowait(None)


def _seen(outcome: "asyncio.Future[InviteSession]") -> None:
    if not outcome.cancelled():
        outcome.exception()
