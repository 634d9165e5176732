"""REFER for the faces, both ends. RFC 3515, RFC 4488, RFC 7647.

Thin asyncio clothes over sip/refer.py; no protocol is decided here.
"""

import asyncio
from collections.abc import AsyncIterator

from crossroom.net.sip_driver import Driver
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import HeaderLines, Rejection
from crossroom.sip.events import Event, ReferEnded, ReferProgressed
from crossroom.sip.hop import Flow
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request
from crossroom.sip.refer import ReferReceiver, ReferSender, ReferStatus


class ReferFailed(Exception):  # noqa: N818 - an outcome, named as the field says it
    """The REFER itself was refused, or its progress ended without a final status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class ReferProgress:
    """Tells the referrer how it goes. With `Refer-Sub: false` agreed, nothing is sent (RFC 4488 §4)."""

    def __init__(self, driver: Driver, receiver: ReferReceiver) -> None:
        self._driver = driver
        self._receiver = receiver

    def notify(self, status: int, reason: str = "") -> None:
        """A provisional status of the referred request; coalesced while a NOTIFY is on its way."""
        self._receiver.progress(status, reason, self._driver.now())
        self._driver.flush()

    def final(self, status: int, reason: str = "") -> None:
        """The last status: NOTIFY with `terminated;reason=noresource`. Later calls do nothing."""
        self._receiver.final(status, reason, self._driver.now())
        self._driver.flush()


class IncomingRefer:
    """A REFER that waits for us: accept or reject it once."""

    def __init__(self, driver: Driver, receiver: ReferReceiver, contact: NameAddr) -> None:
        self._driver = driver
        self._receiver = receiver
        self.contact = contact

    @property
    def request(self) -> Request:
        """The REFER."""
        return self._receiver.request

    @property
    def refer_to(self) -> NameAddr:
        """The one Refer-To value, as written; its `method` may be in the URI or beside it."""
        return self._receiver.refer_to

    @property
    def referred_by(self) -> str | None:
        """Referred-By, to be copied unmodified (RFC 3892 §2.3)."""
        return self._receiver.request.headers.get("Referred-By")

    @property
    def identity(self) -> str | None:
        """Who the policy believes the referrer to be."""
        return self._receiver.identity

    @property
    def source(self) -> Flow:
        """Where it came from."""
        return self._receiver.flow

    @property
    def session(self) -> InviteUsage | None:
        """The call in whose dialog the REFER came, or that its Target-Dialog names (RFC 4538); or None."""
        return self._receiver.session

    def accept(self, headers: HeaderLines = ()) -> ReferProgress:
        """Answer 200 and start the implicit subscription with `100 Trying`. RFC 3515 §2.4.4."""
        self._receiver.accept(self.contact, headers, self._driver.now())
        self._driver.flush()
        return ReferProgress(self._driver, self._receiver)

    def reject(self, status: int, reason: str = "", headers: HeaderLines = ()) -> None:
        """A final answer that is not 2xx."""
        self._receiver.reject(Rejection(status, reason, headers), self._driver.now())
        self._driver.flush()


class ReferOutcome:
    """A REFER of ours that was accepted. Iterate for the statuses, the final one last; or await `final()`."""

    def __init__(self, driver: Driver, sender: ReferSender) -> None:
        self._driver = driver
        self._sender = sender
        loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[None] = loop.create_future()
        self._final: asyncio.Future[ReferStatus] = loop.create_future()
        self._statuses: asyncio.Queue[ReferStatus | None] = asyncio.Queue(maxsize=64)
        self._failure: ReferStatus | None = None
        sender.listener = self

    async def accepted(self) -> "ReferOutcome":
        """Wait for the 2xx to the REFER. Raises ReferFailed."""
        await asyncio.shield(self._accepted)
        if self._failure is not None:
            raise ReferFailed(self._failure.status, self._failure.reason)
        return self

    async def final(self) -> ReferStatus:
        """The last status reported: 408 when none came in time, 200 at once without a subscription."""
        return await asyncio.shield(self._final)

    def stop(self) -> None:
        """No further interest: ends the subscription, not what was asked for (RFC 3515 §2.4.4)."""
        self._sender.stop(self._driver.now())
        self._driver.flush()

    async def __aiter__(self) -> AsyncIterator[ReferStatus]:
        """The statuses as they come."""
        while (status := await self._statuses.get()) is not None:
            yield status

    def deliver(self, event: Event) -> None:
        """See `Listener.deliver`."""
        match event:
            case ReferProgressed(status=None):
                self._accept()
            case ReferProgressed(status=ReferStatus() as status):
                self._accept()
                if self._statuses.qsize() < self._statuses.maxsize - 2:  # room for the final one and the end
                    self._statuses.put_nowait(status)
            case ReferEnded(status=status, accepted=accepted):
                self._end(status, accepted=accepted)
            case _:
                pass

    def _accept(self) -> None:
        if not self._accepted.done():
            self._accepted.set_result(None)

    def _end(self, status: ReferStatus, *, accepted: bool) -> None:
        self._sender.listener = None
        if not accepted:
            self._failure = status
        self._accept()
        self._final.set_result(status)
        self._statuses.put_nowait(status)
        self._statuses.put_nowait(None)
