"""One event, many occupants: its stanzas are written once and kept while the event is being told."""

from crossroom.room.events import RoomEvent
from crossroom.xmpp.stanza import Kind

Copy = tuple[Kind, bytes]
"""A stanza without its recipient: the kind, and everything behind `to`."""


class Tails:
    """Remembers one event only: a fan-out tells it to everybody before the next one comes."""

    def __init__(self) -> None:
        self._event: RoomEvent | None = None
        self._copies: dict[bool, tuple[Copy, ...]] = {}

    def find(self, event: RoomEvent, *, to_self: bool) -> tuple[Copy, ...] | None:
        """The stanzas of this very event, None when it has not been written yet."""
        return self._copies.get(to_self) if event is self._event else None

    def keep(self, event: RoomEvent, copies: tuple[Copy, ...], *, to_self: bool) -> tuple[Copy, ...]:
        """Remember them for the next recipient."""
        if event is not self._event:
            self._event, self._copies = event, {}
        self._copies[to_self] = copies
        return copies
