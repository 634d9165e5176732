"""Subscriptions to the conference package (RFC 4575): who is told what changed in the roster, and when.

One `Audience` per roster: all its subscribers are sent the same octets. A subscriber that answers slowly is
not waited for; it gets the next document later, or the whole roster when it has missed more than one.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from crossroom.bodies.conference_info import CONTENT_TYPE
from crossroom.bodies.conference_writer import write
from crossroom.conference.roster import Roster
from crossroom.room.address import Address
from crossroom.room.events import RoomEvent
from crossroom.sip.answer import NO_BODY, Body

PACE = 0.002
"""Seconds between two documents for each subscriber there is: a join storm in a big room becomes few documents."""
LONGEST_PACE = 5.0
"""RFC 4575 §3.9: no subscriber needs more than one notification in five seconds."""


class Notifier(Protocol):
    """One subscription as the SIP driver shows it (net.sip_subscription.NotifierSession)."""

    ended: str | None

    def notify(self, body: bytes, content_type: str) -> bool:
        """Send now, or ask for what is due later."""
        ...

    def terminate(self, reason: str, body: Body = ..., retry_after: int | None = None) -> None:
        """Send the last NOTIFY."""
        ...


class Subscription:
    """One subscriber (net.sip_subscription.NotifierFace).

    `person` is who subscribed, for the day that they leave the room.
    """

    __slots__ = ("_audience", "_missed", "person", "session")

    def __init__(self, audience: "Audience", person: Address) -> None:
        self.person = person
        self.session: Notifier | None = None
        self._audience = audience
        self._missed: tuple[bytes, ...] = ()

    def begin(self, session: Notifier) -> None:
        """Tell this subscriber too, from the next change on; nothing if it asked for one look only."""
        if session.ended is None:
            self.session = session
            self._audience.add(self)

    def tell(self, document: bytes) -> None:
        """Send the next document, now or when the last one was answered."""
        if self.session is not None and not self.session.notify(document, CONTENT_TYPE):
            # the first, and that there are more: then it is sent the whole
            self._missed = (*self._missed[:1], document)

    def terminate(self, reason: str, body: Body = NO_BODY, retry_after: int | None = None) -> None:
        """Send the last NOTIFY."""
        if self.session is not None:
            self.session.terminate(reason, body, retry_after)

    def full(self) -> Body:
        """See NotifierFace."""
        return self._audience.full()

    def due(self) -> Body | None:
        """See NotifierFace."""
        missed, self._missed = self._missed, ()
        if not missed:
            return None
        return Body(missed[0], CONTENT_TYPE) if len(missed) == 1 else self._audience.full()

    def ended(self, _reason: str) -> None:
        """See NotifierFace."""
        self._audience.remove(self)


class WholeSubscription(Subscription):
    """A subscriber that takes every document for the whole roster, as some user agents do."""

    __slots__ = ()


class Audience:
    """The subscribers of one roster."""

    def __init__(self, roster: Roster, wall: Callable[[], datetime]) -> None:
        self.roster = roster
        self._wall = wall
        self._subscriptions: dict[Subscription, None] = {}
        self._subscribers: Counter[tuple[str, ...]] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0
        self._last: RoomEvent | None = None

    def __len__(self) -> int:
        return len(self._subscriptions)

    def receive(self, event: RoomEvent) -> None:
        """Note an event, and tell the subscribers soon."""
        if event is self._last:  # every seat of the room reports it, one after the other
            return
        self._last = event
        self.roster.receive(event, self._wall().isoformat(timespec="seconds").replace("+00:00", "Z"))
        if self.roster.has_changes and self._subscriptions and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._not_before), self._tell)

    def full(self) -> Body:
        """The whole roster, for a new or refreshed subscription."""
        return Body(write(self.roster.full()), CONTENT_TYPE)

    def prepare(self) -> None:
        """Bring every subscriber up to date before another one joins them."""
        while self.roster.has_changes:
            self._broadcast()

    def add(self, subscription: Subscription) -> None:
        """Tell this one too, from the next change on."""
        self._subscriptions[subscription] = None
        self._subscribers[subscription.person.identity] += 1

    def remove(self, subscription: Subscription) -> None:
        """Tell this one no more."""
        if subscription not in self._subscriptions:
            return
        del self._subscriptions[subscription]
        self._subscribers[subscription.person.identity] -= 1
        if not self._subscribers[subscription.person.identity]:
            del self._subscribers[subscription.person.identity]

    def subscriptions_of(self, person: Address) -> int:
        """How many subscriptions one person has."""
        return self._subscribers[person.identity]

    def dismiss(self, person: Address, reason: str) -> None:
        """End the subscriptions of somebody (RFC 6665 §4.1.3 gives the reasons)."""
        for subscription in [one for one in self._subscriptions if one.person.is_same_person(person)]:
            subscription.terminate(reason)

    def retire(self) -> None:
        """Nobody keeps this roster any more, though the conference goes on: whoever has a seat may subscribe again."""
        self._stop()
        for subscription in list(self._subscriptions):
            subscription.terminate("deactivated")

    def pause(self, seconds: int) -> None:
        """The service goes down, the conference does not end: whoever comes back to it may subscribe then.

        RFC 6665 §4.1.3: probation, as a SUBSCRIBE sent at once, which deactivated asks for, would meet nobody.
        """
        self._stop()
        for subscription in list(self._subscriptions):
            subscription.terminate("probation", retry_after=seconds)

    def close(self) -> None:
        """The conference is over: say so to everybody (RFC 4575 §3.3)."""
        self._stop()
        if self._subscriptions:
            last = Body(write(self.roster.ended()), CONTENT_TYPE)
            for subscription in list(self._subscriptions):
                subscription.terminate("noresource", last)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        self._timer = None
        self._broadcast()
        loop = asyncio.get_running_loop()
        pace = min(LONGEST_PACE, PACE * len(self._subscriptions))
        self._not_before = loop.time() + pace
        if self.roster.has_changes and self._subscriptions:  # who was removed is told, and then deleted
            self._timer = loop.call_at(self._not_before, self._tell)

    def _broadcast(self) -> None:
        changes = self.roster.changes()
        if changes is None or not self._subscriptions:
            return
        document, whole = write(changes), b""
        for subscription in list(self._subscriptions):
            if isinstance(subscription, WholeSubscription):
                whole = whole or self.full().content
                subscription.tell(whole)
            else:
                subscription.tell(document)
