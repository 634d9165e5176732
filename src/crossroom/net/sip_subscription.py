"""Subscriptions for the faces, both ends, any event package. RFC 6665.

Thin asyncio clothes over sip/notifier.py and sip/subscriber.py; no protocol is decided here.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from crossroom.net.sip_driver import Driver, settle
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import NO_BODY, Body, HeaderLines, Rejection
from crossroom.sip.events import (
    Event,
    NotifierEnded,
    NotifierReady,
    NotifyReceived,
    SubscriberActive,
    SubscriberEnded,
    SubscriptionRefreshed,
)
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from crossroom.sip.notifier import Notifier
from crossroom.sip.subscriber import Subscriber

OnNotify = Callable[[bytes, str, str], None]
"""Called with (body, content type, subscription state: active, pending or terminated)."""


class SubscribeFailed(Exception):  # noqa: N818 - an outcome, named as the field says it
    """The SUBSCRIBE was refused, or the subscription ended before it was active."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class NotifierFace(Protocol):
    """Who knows what one subscriber is to be told: called on the loop, quick, never awaits."""

    def full(self) -> Body:
        """A full body, the answer to each SUBSCRIBE (RFC 6665 §4.2.1)."""
        ...

    def due(self) -> Body | None:
        """The body that waited for the answer to the last NOTIFY, which may sum up several; None: none after all."""
        ...

    def ended(self, reason: str) -> None:
        """The subscription is over."""
        ...


class NotifierSession:
    """A subscription to us. At most one NOTIFY is on its way (docs/conformance.md, sip-7.9).

    notify() while one is outstanding only marks the subscription as due: when the answer comes, the face is
    asked for the next body.
    """

    __slots__ = ("_driver", "_due", "_face", "_notifier", "ended")

    def __init__(self, driver: Driver, notifier: Notifier, face: NotifierFace) -> None:
        self._driver = driver
        self._notifier = notifier
        self._face = face
        self.ended: str | None = None
        self._due = False
        notifier.listener = self

    @property
    def remote(self) -> NameAddr:
        """The subscriber's address."""
        return self._notifier.dialog.remote

    @property
    def busy(self) -> bool:
        """Whether a NOTIFY is on its way."""
        return self._notifier.busy

    @property
    def call_id(self) -> str:
        """The dialog's Call-ID, for logs."""
        return self._notifier.dialog.id.call_id

    def notify(self, body: bytes, content_type: str) -> bool:
        """Send this now: True; or, with a NOTIFY outstanding, remember to ask the face: False."""
        if self.ended is not None:
            return False
        if self._notifier.busy:
            self._due = True
            return False
        self._notifier.notify(Body(body, content_type), self._driver.now())
        self._driver.flush()
        return True

    def terminate(self, reason: str, body: Body = NO_BODY, retry_after: int | None = None) -> None:
        """The last NOTIFY, `Subscription-State: terminated;reason=…`. Harmless when over."""
        if self.ended is None:
            self._notifier.terminate(reason, body, self._driver.now(), retry_after)
            self._driver.flush()

    def deliver(self, event: Event) -> None:
        """See `Listener.deliver`."""
        match event:
            case NotifierReady():
                self._ready()
            case SubscriptionRefreshed():
                self._notifier.refreshed(self._face.full(), self._driver.now())
            case NotifierEnded(reason=reason):
                self.ended = reason
                self._notifier.listener = None
                self._face.ended(reason)
            case _:
                pass

    def _ready(self) -> None:
        if not self._due or self.ended is not None or self._notifier.busy:
            return
        self._due = False
        body = self._face.due()
        if body is not None:
            self._notifier.notify(body, self._driver.now())


class IncomingSubscription:
    """A SUBSCRIBE that waits for us: accept or reject it once. `package` is the Event without parameters."""

    def __init__(self, driver: Driver, notifier: Notifier, contact: NameAddr) -> None:
        self._driver = driver
        self._notifier = notifier
        self.contact = contact

    @property
    def request(self) -> Request:
        """The SUBSCRIBE."""
        return self._notifier.request

    @property
    def package(self) -> str:
        """The event package asked for."""
        return self._notifier.event.package

    @property
    def identity(self) -> str | None:
        """Who the policy believes the subscriber to be."""
        return self._notifier.identity

    @property
    def source(self) -> Flow:
        """Where it came from."""
        return self._notifier.flow

    def accept(self, expires: int, face: NotifierFace, headers: HeaderLines = ()) -> NotifierSession:
        """Answer 200 and send the first NOTIFY with the face's full body at once. RFC 6665 §4.2.1.

        expires: seconds, the most we grant; the subscriber gets what it asked for if that is less. For
        Expires: 0 the one NOTIFY is the last too, and the session is over when it is answered.
        """
        session = NotifierSession(self._driver, self._notifier, face)
        self._notifier.accept(self.contact, expires, face.full(), headers, self._driver.now())
        self._driver.flush()
        return session

    def reject(self, status: int, reason: str = "", headers: HeaderLines = ()) -> None:
        """A final answer that is not 2xx: 403, 404, 480, 489…"""
        self._notifier.reject(Rejection(status, reason, headers), self._driver.now())
        self._driver.flush()


class SubscriberSession:
    """A subscription of ours, refreshed until it is left or the notifier ends it. An async context."""

    def __init__(self, driver: Driver, subscriber: Subscriber, on_notify: OnNotify) -> None:
        self._driver = driver
        self._subscriber = subscriber
        self._on_notify = on_notify
        self.on_ended: Callable[[str], None] | None = None
        self.ended: str | None = None
        self.status = 0
        self.retry_after = 0  # seconds that the notifier asks for before another subscription
        loop = asyncio.get_running_loop()
        self._active: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        subscriber.listener = self

    async def active(self) -> Self:
        """Wait for the 2xx. Raises SubscribeFailed."""
        await asyncio.shield(self._active)
        if self.ended is not None:
            raise SubscribeFailed(self.status, self.ended)
        return self

    def refresh(self) -> None:
        """SUBSCRIBE again now: the notifier sends its full state."""
        if self.ended is None:
            self._subscriber.refresh(self._driver.now())
            self._driver.flush()

    async def unsubscribe(self) -> None:
        """SUBSCRIBE with Expires: 0; returns when the last NOTIFY came or it is clear that none will."""
        if self.ended is None:
            self._subscriber.unsubscribe(self._driver.now())
            self._driver.flush()
        await asyncio.shield(self._closed)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.unsubscribe()

    def deliver(self, event: Event) -> None:
        """See `Listener.deliver`."""
        match event:
            case SubscriberActive():
                settle(self._active)
            case NotifyReceived(request=request, state=state):
                self._on_notify(request.body, request.headers.get("Content-Type") or "", state)
            case SubscriberEnded(reason=reason, status=status, retry_after=retry_after):
                self.retry_after = retry_after
                self._end(reason, status)
            case _:
                pass

    def _end(self, reason: str, status: int) -> None:
        self.ended = reason
        self.status = status
        self._subscriber.listener = None
        settle(self._active)
        settle(self._closed)
        if self.on_ended is not None:
            self.on_ended(reason)
