"""What the SIP face implements, and the incoming request that is none of the others."""

from typing import Protocol

from crossroom.net.sip_driver import Driver
from crossroom.net.sip_refer import IncomingRefer
from crossroom.net.sip_session import IncomingCall
from crossroom.net.sip_subscription import IncomingSubscription
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission
from crossroom.sip.answer import Body, HeaderLines
from crossroom.sip.hop import Flow
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request
from crossroom.sip.pending import PendingRequest


class IncomingRequest:
    """OPTIONS, MESSAGE or another request that creates nothing: answer it once."""

    def __init__(self, driver: Driver, pending: PendingRequest, contact: NameAddr) -> None:
        self._driver = driver
        self._pending = pending
        self.contact = contact

    @property
    def request(self) -> Request:
        """The request."""
        return self._pending.request

    @property
    def identity(self) -> str | None:
        """Who the policy believes the sender to be."""
        return self._pending.identity

    @property
    def source(self) -> Flow:
        """Where it came from."""
        return self._pending.flow

    @property
    def session(self) -> InviteUsage | None:
        """The call in whose dialog it came, if in any."""
        return self._pending.session

    def respond(
        self,
        status: int,
        reason: str = "",
        headers: HeaderLines = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> None:
        """Answer. A 2xx to OPTIONS also gets Contact, Allow, Accept, Supported and Allow-Events."""
        self._pending.respond(
            status, reason, headers, Body(body, content_type), self.contact, self._driver.now()
        )
        self._driver.flush()


class SipFace(Protocol):
    """What the agent tells the face. All are called on the loop, must be quick and never raise."""

    def on_invite(self, call: IncomingCall) -> None:
        """A call came in: ring, accept or reject it, now or later."""

    def on_subscribe(self, subscription: IncomingSubscription) -> None:
        """Somebody wants to be notified; the package is one that the settings list."""

    def on_refer(self, refer: IncomingRefer) -> None:
        """Somebody asks us to call, remove or refer somebody."""

    def on_request(self, request: IncomingRequest) -> None:
        """OPTIONS, MESSAGE or anything else that was allowed by the settings."""

    def identity(self, request: Request, source: Flow, proven: str | None) -> Admission:
        """The policy: admit, challenge or refuse a request outside a dialog.

        proven: `username@realm` once the digest credentials for your own Challenge were right; None before.
        """
