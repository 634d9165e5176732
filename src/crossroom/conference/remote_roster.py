"""The roster of a conference elsewhere, for one seat: its documents, and the subscription that brings them.

RFC 4575 §4.6 (what a document changes), RFC 6665 §4.1.3 (when to subscribe again).
"""

import asyncio
from contextlib import suppress

from crossroom.bodies.conference_info import ConferenceInfo
from crossroom.bodies.conference_reader import parse as read_document
from crossroom.bodies.conference_state import Applied, Gap, apply
from crossroom.conference.remote_events import RemoteEvents
from crossroom.machine import ParseError
from crossroom.net.sip import SipAgent
from crossroom.net.sip_subscription import SubscribeFailed, SubscriberSession
from crossroom.net.tasks import Log, Tasks
from crossroom.room.address import Address
from crossroom.sip.answer import OutgoingSubscription

PACE = 5.0
"""Seconds between two subscriptions that were ended, but for the first: a focus that ends each is not chased."""
FOR_EVER = frozenset({"rejected", "noresource", "invariant", "local"})
"""RFC 6665 §4.1.3: after these nobody subscribes again; `local` is our own end."""


class RemoteRoster:
    """Applies what the focus notifies to the roster of one seat (RFC 4575 §4.6)."""

    def __init__(self, room: Address, events: RemoteEvents, log: Log) -> None:
        self.subscription: SubscriberSession | None = None
        self._room = room
        self._events = events
        self._log = log
        self._known: ConferenceInfo | None = None
        self._complete = asyncio.Event()

    def start_anew(self) -> None:
        """Another subscription: its documents have versions of their own, and the first one is full."""
        self._known = None
        self.subscription = None

    def on_notify(self, body: bytes, content_type: str, _state: str) -> None:
        """See net.sip_subscription.OnNotify."""
        if not body:
            return
        try:
            applied = apply(self._known, read_document(body))
        except ParseError as error:
            self._log.warning("roster of focus is malformed", room=str(self._room), why=str(error))
            return
        match applied:
            case Applied(document):
                self._known = document
                self._events.roster_changed(self._events.roster.receive(document))
            case Gap():
                if self.subscription is not None:
                    self.subscription.refresh()  # RFC 4575 §4.6: for the full state
            case _:
                return  # an old document says nothing new
        if self._events.roster.is_complete:
            self._complete.set()

    async def first(self, seconds: float) -> None:
        """Wait until the roster shows this seat; go on with what is known after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._complete.wait()
        except TimeoutError:
            self.assume()

    def assume(self) -> None:
        """Be in the room although no roster says so."""
        self._events.roster_changed(self._events.roster.assume_own())


class RosterSubscription:
    """Subscribes, and again when the focus ends the subscription without meaning the conference or the seat."""

    def __init__(
        self, sip: SipAgent, wanted: OutgoingSubscription, roster: RemoteRoster, tasks: Tasks, log: Log
    ) -> None:
        self._sip = sip
        self._wanted = wanted
        self._roster = roster
        self._tasks = tasks
        self._log = log
        self._over = asyncio.Event()
        self._not_before = 0.0

    async def begin(self) -> None:
        """SUBSCRIBE, and wait for the 2xx. Raises SubscribeFailed."""
        self._roster.start_anew()
        session = await self._sip.subscribe(self._wanted, self._roster.on_notify)
        if self._over.is_set():
            self._tasks.start(session.unsubscribe(), "end of a roster")
            return
        self._roster.subscription = session
        session.on_ended = self._on_ended

    def end(self) -> None:
        """The seat is given up."""
        self._over.set()
        if self._roster.subscription is not None:
            self._tasks.start(self._roster.subscription.unsubscribe(), "end of a roster")

    def _on_ended(self, reason: str) -> None:
        session = self._roster.subscription
        if session is not None and reason not in FOR_EVER and not self._over.is_set():
            self._tasks.start(self._again(float(session.retry_after)), "roster anew")

    async def _again(self, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        seconds = max(seconds, self._not_before - now)
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._over.wait()
        if self._over.is_set():
            return
        self._not_before = asyncio.get_running_loop().time() + PACE
        try:
            await self.begin()
        except SubscribeFailed as failed:
            room = str(self._wanted.target)
            self._log.info("no roster from focus", room=room, status=failed.status)
