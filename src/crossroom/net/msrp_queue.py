"""What one session has still to write: bounded in octets and in messages, one piece at a time.

RFC 4975 §7.1.1: long messages are interrupted for whatever else waits. RFC 7701 §6.4: slow readers.
"""

from collections import deque

from crossroom.msrp.message import SHORT, Message, SharedBody, Transfer
from crossroom.msrp.sending import Sending
from crossroom.net.msrp_face import MsrpSettings

_CONGESTED_AT = 0.8  # of a full queue


class SendQueue:
    """Messages in order; a long one steps back behind the others after each chunk of `chunk_octets`.

    Its session gives it up when it is empty.
    """

    __slots__ = ("_is_told", "_items", "_octets", "_sending", "_settings")

    def __init__(self, sending: Sending, settings: MsrpSettings) -> None:
        self._sending = sending
        self._settings = settings
        self._items: deque[SharedBody | Transfer] = deque()
        self._octets = 0
        self._is_told = False  # that it is nearly full

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_congested(self) -> bool:
        """Nearly full: what can be left out should be."""
        return self._passes(_CONGESTED_AT)

    def has_become_congested(self) -> bool:
        """True once, when it is nearly full."""
        is_news = self.is_congested and not self._is_told
        self._is_told = self._is_told or is_news
        return is_news

    def add(self, item: SharedBody | Transfer) -> bool:
        """Queue a message; False when the queue is full and the session has to end."""
        self._items.append(item)
        self._octets += _size(item)
        return not self._passes(1.0)

    def next_octets(self, now: float) -> bytes | None:
        """The next piece to write, None when nothing is left."""
        while self._items:
            item = self._items[0]
            if isinstance(item, Transfer):
                return self._chunk(item, now)
            if len(item.body) <= chunk_octets(self._settings, self._sending):
                self._drop()
                return self._sending.send_shared(item, now)
            self._items[0] = self._sending.begin_shared(item)
        return None

    @property
    def unsent(self) -> tuple[Message, ...]:
        """What was not begun, in order."""
        return tuple(
            item.message(self._sending.fresh_id()) if isinstance(item, SharedBody) else item.message
            for item in self._items
            if isinstance(item, SharedBody) or not (item.has_begun or item.failed)
        )

    def _chunk(self, transfer: Transfer, now: float) -> bytes | None:
        if transfer.failed and not transfer.has_begun:
            self._drop()
            return self.next_octets(now)
        octets = self._sending.send_chunk(transfer, chunk_octets(self._settings, self._sending), now)
        if transfer.is_done:
            self._drop()
        else:
            self._items.rotate(-1)
        return octets

    def _drop(self) -> None:
        self._octets -= _size(self._items.popleft())

    def _passes(self, part: float) -> bool:
        return (
            self._octets > self._settings.max_queue_octets * part
            or len(self._items) > self._settings.max_queue_messages * part
        )


def chunk_octets(settings: MsrpSettings, sending: Sending) -> int:
    """How much of a message goes in one chunk."""
    # RFC 4976 §6.4.1 lets a relay cut chunks again, but not all do: Kamailio drops what is over 11 kB
    return min(SHORT, settings.chunk_octets) if sending.is_relayed else settings.chunk_octets


def _size(item: SharedBody | Transfer) -> int:
    return len(item.body if isinstance(item, SharedBody) else item.message.body)
