"""What one occupant has been told: the room as its client knows it, and how each event is written to it.

Pure: events in, copies out, in order. Kept so that a client that lost its state can be told all again.
"""

import sys
from collections import deque
from dataclasses import replace
from typing import assert_never

from crossroom.muc import config_notice, messages, presence
from crossroom.muc.fanout import Copy, Tails
from crossroom.muc.subject import subject_tail
from crossroom.room.address import EndpointId, Nickname
from crossroom.room.commands import HistoryRequest
from crossroom.room.configuration import Configuration
from crossroom.room.events import (
    Acknowledged,
    Changed,
    ComposingChanged,
    Configured,
    Ended,
    Joined,
    Left,
    Occupant,
    Posted,
    Renamed,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.history import History
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind

NOTHING: tuple[Copy, ...] = ()


class View:
    """The room as one occupant sees it: `own` is its endpoint, `room` the bare JID.

    `is_rewritten`: the nickname is not written as its client wrote it.
    """

    def __init__(
        self, room: Jid, own: EndpointId, nickname: Nickname, tails: Tails, *, is_rewritten: bool = False
    ) -> None:
        self.room = room
        self.own = own
        self.nickname = nickname
        self.roster: dict[EndpointId, Occupant] = {}
        self.configuration = Configuration()
        self.is_locked = False
        self.has_ended = False
        self._tails = tails
        self._is_rewritten = is_rewritten
        self._subject: SubjectChanged | None = None
        self._recent: deque[Posted] = deque(maxlen=0)

    @property
    def occupant(self) -> Occupant | None:
        """The occupant itself, None before its arrival and after its end."""
        return self.roster.get(self.own)

    def named(self, nickname: Nickname) -> Occupant | None:
        """Somebody in the room, by nickname."""
        return next((one for one in self.roster.values() if one.nickname == nickname), None)

    def write(self, event: RoomEvent) -> tuple[Copy, ...]:
        """Take note of an event, and say what its occupant is told."""
        match event:
            case Posted():
                return self._posted(event)
            case ComposingChanged() | Acknowledged():
                return self._shared(event)
            case Joined():
                return self._joined(event)
            case Changed():
                self.roster[event.occupant.endpoint] = event.occupant
                return self._shared(event, to_self=self._is_self(event.occupant))
            case Renamed():
                return self._renamed(event)
            case Left():
                return self._left(event)
            case SubjectChanged():
                self._subject = replace(event, delayed=True)
                return self._shared(event)
            case Configured():
                self.configuration, self.is_locked = event.after, False
                return self._shared(event)
            case Ended():
                return self._ended(event)
            case _:
                assert_never(event)

    def again(self, wish: HistoryRequest, now: float) -> tuple[Copy, ...]:
        """Everything that a new arrival is told, for a client that joins once more (XEP-0045 §7.2.1, §17.3).

        `now` is in POSIX seconds, as the posts' own times are.
        """
        named = {one.nickname: one for one in self.roster.values() if not self._is_self(one)}
        others = [presence.shown_tail(self.room, one) for one in named.values()]
        own = self.occupant
        arrival = [] if own is None else [self._arrival(Joined(own, self.configuration))]
        kept = History(len(self._recent), sys.maxsize, self._recent)
        history = [messages.posted_tail(self.room, post) for post in kept.replay(wish, now, is_full=True)]
        subject = self._subject_tail(self._subject or SubjectChanged("", delayed=True))
        return (
            *((Kind.PRESENCE, written) for written in (*others, *arrival)),
            *((Kind.MESSAGE, written) for written in history if written is not None),
            (Kind.MESSAGE, subject),
        )

    def _posted(self, event: Posted) -> tuple[Copy, ...]:
        if event.to is None:
            if event.content is not None:
                self._recent.append(event)
            return self._shared(event)
        if event.author.nickname == self.nickname != event.to:
            return NOTHING  # XEP-0045 §7.5: a private message is not reflected to its author
        return self._shared(event)

    def _joined(self, event: Joined) -> tuple[Copy, ...]:
        occupant = event.occupant
        self.roster[occupant.endpoint] = occupant
        if occupant.endpoint == self.own:
            self.nickname = occupant.nickname
            self.configuration, self.is_locked = event.configuration, event.locked
            self._recent = deque(maxlen=max(event.configuration.history_length, 0))
            # XEP-0045 §7.2.3: also when only the preparation of nicknames made another one of it
            told = replace(event, assigned=event.assigned or self._is_rewritten)
            return ((Kind.PRESENCE, self._arrival(told)),)
        if self.own not in self.roster and occupant.nickname == self.nickname:
            return NOTHING  # another session of the same nickname: its own presence comes last, once
        return self._shared(event, to_self=self._is_self(occupant))

    def _renamed(self, event: Renamed) -> tuple[Copy, ...]:
        self.roster[event.occupant.endpoint] = event.occupant
        if event.occupant.endpoint == self.own:
            self.nickname = event.occupant.nickname
        # a nickname with several sessions changes once, when the last of them has changed
        if not event.is_last_endpoint:
            return NOTHING
        return self._shared(event, to_self=self._is_self(event.occupant))

    def _left(self, event: Left) -> tuple[Copy, ...]:
        self.roster.pop(event.occupant.endpoint, None)
        if event.occupant.endpoint == self.own:
            self.has_ended = True
            return ((Kind.PRESENCE, presence.left_tail(self.room, event, to_self=True)),)
        # XEP-0045 §7.2.8: one of several sessions under a nickname goes unnoticed
        return self._shared(event) if event.is_last_endpoint else NOTHING

    def _ended(self, event: Ended) -> tuple[Copy, ...]:
        own = self.roster.pop(self.own, None)
        if self.has_ended or own is None:
            return NOTHING
        self.has_ended = True
        return ((Kind.PRESENCE, presence.ended_tail(self.room, own, event)),)

    def _is_self(self, occupant: Occupant) -> bool:
        # XEP-0045 §7.2.8: presence of a shared nickname is self-presence to each of its sessions
        return occupant.nickname == self.nickname

    def _arrival(self, event: Joined) -> bytes:
        return presence.joined_tail(self.room, event, to_self=True, entering=True)

    def _shared(self, event: RoomEvent, *, to_self: bool = False) -> tuple[Copy, ...]:
        found = self._tails.find(event, to_self=to_self)
        if found is None:
            found = self._tails.keep(event, self._copies(event, to_self=to_self), to_self=to_self)
        return found

    def _copies(self, event: RoomEvent, *, to_self: bool) -> tuple[Copy, ...]:  # noqa: C901 -- one arm per event
        room = self.room
        match event:
            case Posted():
                write = messages.posted_tail if event.to is None else messages.private_tail
                return _messages(write(room, event))
            case SubjectChanged():
                return _messages(self._subject_tail(event))
            case Configured():
                return _messages(config_notice.configured_tail(room, event))
            case Joined():
                written = presence.joined_tail(room, event, to_self=to_self, entering=False)
                return ((Kind.PRESENCE, written),)
            case Changed():
                return ((Kind.PRESENCE, presence.changed_tail(room, event, to_self=to_self)),)
            case Renamed():
                gone, there = presence.renamed_tails(room, event, to_self=to_self)
                return ((Kind.PRESENCE, gone), (Kind.PRESENCE, there))
            case Left():
                return ((Kind.PRESENCE, presence.left_tail(room, event, to_self=False)),)
            case ComposingChanged():
                return _messages(messages.composing_tail(room, event))
            case Acknowledged():
                return _messages(messages.acknowledged_tail(room, event))
            case Ended():
                return NOTHING
            case _:
                assert_never(event)

    def _subject_tail(self, event: SubjectChanged) -> bytes:
        setter = self.named(event.by) if event.by else None
        return subject_tail(self.room, event, setter.id if setter else "")


def _messages(written: bytes | None) -> tuple[Copy, ...]:
    return NOTHING if written is None else ((Kind.MESSAGE, written),)
