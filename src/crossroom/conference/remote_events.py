"""What a seat in a conference elsewhere delivers: one queue, in order, never re-entered, ended once.

Roster and messages arrive on two roads (SUBSCRIBE and MSRP). Until the own `Joined` was delivered messages wait;
after that one from somebody whom no roster has shown yet waits for the NOTIFY, but not for long (docs/focus.md).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from msgspec import structs

from crossroom.conference.roster_diff import RosterDiff
from crossroom.focus.interface import Deliver
from crossroom.room.address import EndpointId, Nickname
from crossroom.room.events import (
    Acknowledged,
    ComposingChanged,
    Ended,
    Left,
    Occupant,
    Posted,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, Role

PATIENCE = 2.0
"""Seconds that a message waits for its author to appear in the roster."""
FOREMOST = 1000
"""Messages that wait at the most; past it they go as they are."""

Find = Callable[[], Occupant | None]
Said = Posted | ComposingChanged | Acknowledged


class RemoteEvents:
    """The events of one seat, on their way to its `deliver`."""

    def __init__(self, roster: RosterDiff, deliver: Deliver) -> None:
        self.roster = roster
        self._deliver = deliver
        self._queue: deque[RoomEvent] = deque()
        self._is_delivering = False
        self._held: deque[tuple[Find, Said]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.is_over = False

    def put(self, events: Iterable[RoomEvent]) -> None:
        """Deliver these; from inside a `deliver` they queue behind what is being delivered."""
        if self.is_over:
            return
        self._queue.extend(events)
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._queue:
                self._deliver(self._queue.popleft())
        finally:
            self._is_delivering = False

    def roster_changed(self, events: Iterable[RoomEvent]) -> None:
        """Deliver what the roster says, and then the messages that waited for it.

        The first subject comes after the history (XEP-0045 §7.1), which arrived on the other road.
        """
        for event in events:
            if isinstance(event, SubjectChanged) and event.delayed:
                self._release_history()
            self.put([event])
        self._release()

    def say(self, event: Said, find: Find) -> None:
        """Deliver a message once its author is known: `find` looks in the roster as it is then."""
        self._held.append((find, event))
        self._release()
        if len(self._held) > FOREMOST:
            self._give_up_waiting()

    def end(self, departure: Departure, text: str = "") -> None:
        """Deliver the own `Left` and `Ended`, exactly once; nothing comes after it."""
        if self.is_over:
            return
        if self.roster.is_complete:
            self._give_up_waiting()
            gone = replace(self.roster.own, role=Role.NONE)
            self.put([Left(gone, departure, text), Ended(departure, text)])
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def _release_history(self) -> None:
        while self._held and isinstance(self._held[0][1], Posted) and self._held[0][1].delayed:
            find, event = self._held.popleft()
            author = find()
            self.put([structs.replace(event, author=author) if author else event])

    def _release(self) -> None:
        """Deliver what need not wait; order is kept, so everything waits behind the first that must."""
        while self._held and self.roster.is_complete:
            find, event = self._held[0]
            author = find()
            if author is None and not (isinstance(event, Posted) and event.delayed):
                break
            self._held.popleft()
            self.put([structs.replace(event, author=author) if author else event])
        if self._held and self.roster.is_complete and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        self._timer = None
        held, self._held = self._held, deque()
        for find, event in held:
            author = find()
            self.put([structs.replace(event, author=author) if author else event])


def stranger(nickname: Nickname) -> Occupant:
    """Somebody who speaks and is in no roster."""
    return Occupant(EndpointId(""), nickname, Role.PARTICIPANT, Affiliation.NONE)
