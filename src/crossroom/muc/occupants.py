"""Who of this network is in which room: one occupancy per full JID and room.

An occupancy is given the room's events and writes them; what its user asks is done in turns, in order.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator

from crossroom.focus.interface import Participation
from crossroom.muc.fanout import Copy, Tails
from crossroom.muc.router import Router
from crossroom.muc.view import View
from crossroom.net.tasks import Turns
from crossroom.room.address import Nickname
from crossroom.room.events import Ended, Posted, RoomEvent
from crossroom.xmpp.jid import Jid

PRIVATE_REMEMBERED = 32
"""Private messages of an occupant whose bounce is still told: more than wait on one link."""
LONGEST_REMEMBERED = 1024
"""Characters of an id that is remembered for it: ids in use have 10 to 40, and a stanza may be all id."""


class Occupancy:
    """One full JID in one room, from the wish to enter as `asked` (an occupant JID) until the end."""

    def __init__(self, asked: Jid, user: Jid, wanted: Nickname, turns: Turns, router: Router) -> None:
        self.asked = asked
        self.room = asked.bare
        self.user = user
        self.wanted = wanted
        self.turns = turns
        self.participation: Participation | None = None
        self.view: View | None = None
        self.joining: asyncio.Task[None] | None = None
        self.is_over = False
        self._router = router
        self._early: list[RoomEvent] = []
        self._private: deque[tuple[str, Nickname]] = deque(maxlen=PRIVATE_REMEMBERED)

    @property
    def nickname(self) -> Nickname:
        """The nickname in the room, or the one wanted while the join is in progress."""
        return self.view.nickname if self.view else self.wanted

    @property
    def occupant_jid(self) -> Jid:
        """The occupant JID of now."""
        return Jid(self.room.local, self.room.domain, self.nickname)

    def deliver(self, event: RoomEvent) -> None:
        """Tell the user what happened (focus.interface.Deliver)."""
        if self.is_over:
            return
        if self.view is None:
            self._early.append(event)  # until join() has said which endpoint is ours
            return
        self.write(self.view.write(event))
        if isinstance(event, Posted) and event.to is not None and len(event.id) <= LONGEST_REMEMBERED:
            self._private.append((event.id, event.author.nickname))
        if isinstance(event, Ended):
            self.is_over = True

    def enter(self, participation: Participation, tails: Tails) -> None:
        """The room let us in: tell what it has said so far."""
        self.participation = participation
        is_rewritten = self.asked.resource != self.wanted
        self.view = View(self.room, participation.endpoint, self.wanted, tails, is_rewritten=is_rewritten)
        early, self._early = self._early, []
        for event in early:
            self.deliver(event)

    def author_of(self, message_id: str) -> Nickname | None:
        """Who wrote a private message that this user was lately given, None for any other message."""
        return next((author for known, author in self._private if message_id and known == message_id), None)

    def end(self) -> None:
        """Nothing is written any more, whatever the room still says."""
        self.is_over = True
        self._early.clear()

    def write(self, copies: Iterable[Copy]) -> None:
        """Send stanzas to the user, in order."""
        for kind, tail in copies:
            self._router.send_tail(kind, self.user, tail, self.room.domain)


class Occupants:
    """All occupancies, by room and by user."""

    def __init__(self) -> None:
        self._rooms: dict[Jid, dict[Jid, Occupancy]] = {}
        self._users: dict[Jid, dict[Jid, Occupancy]] = {}

    def __iter__(self) -> Iterator[Occupancy]:
        return (one for users in self._rooms.values() for one in users.values())

    def __len__(self) -> int:
        return sum(map(len, self._rooms.values()))

    def find(self, room: Jid, user: Jid) -> Occupancy | None:
        """The occupancy of a full JID in a room."""
        return self._rooms.get(room, {}).get(user)

    def add(self, occupancy: Occupancy) -> None:
        """Take note of somebody who wants to enter."""
        self._rooms.setdefault(occupancy.room, {})[occupancy.user] = occupancy
        self._users.setdefault(occupancy.user, {})[occupancy.room] = occupancy

    def remove(self, occupancy: Occupancy) -> None:
        """Forget somebody; another occupancy that took its place stays."""
        if self.find(occupancy.room, occupancy.user) is not occupancy:
            return
        for index, outer, inner in (
            (self._rooms, occupancy.room, occupancy.user),
            (self._users, occupancy.user, occupancy.room),
        ):
            del index[outer][inner]
            if not index[outer]:
                del index[outer]

    def sweep(self, occupancy: Occupancy) -> None:
        """Forget somebody who is not in the room any more."""
        if occupancy.is_over:
            self.remove(occupancy)

    def of_user(self, user: Jid) -> list[Occupancy]:
        """All rooms that a full JID is in."""
        return list(self._users.get(user, {}).values())

    def in_room(self, room: Jid) -> list[Occupancy]:
        """Everybody of this network in a room."""
        return list(self._rooms.get(room, {}).values())

    def all_named(self, room: Jid, nickname: Nickname) -> list[Occupancy]:
        """The sessions of an occupant of this network."""
        return [one for one in self.in_room(room) if one.view and one.nickname == nickname]

    def named(self, room: Jid, nickname: Nickname) -> Occupancy | None:
        """An occupant of this network by nickname; of several sessions the first."""
        return next(iter(self.all_named(room, nickname)), None)
