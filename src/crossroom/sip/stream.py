"""Messages on a byte stream, and on WebSocket frames (RFC 3261 §18.3, RFC 5626 §4.4.1, RFC 7118 §4.2).

The reader remembers where it is between calls: however the octets are cut, the items are the same.
"""

from dataclasses import dataclass

from crossroom.machine import Malformed
from crossroom.sip.layout import NO_LIMITS_GIVEN, Fault, Head, Limits, read_head
from crossroom.sip.message import BadRequest, Message, Ping, content_length, parse_datagram, read_message

__all__ = ["Item", "Ping", "Pong", "StreamReader", "read_frame"]


@dataclass(frozen=True, slots=True)
class Pong:
    """A single CRLF between messages: the answer to our ping, or the first half of a ping."""


Item = Message | BadRequest | Ping | Pong | Malformed


class StreamReader:
    """Reads one connection. After a `Malformed` item it is closed and reads nothing more.

    A CRLF between messages is reported at once as `Pong`, since nothing may follow it; when a second one
    follows, that one is `Ping`. A `Pong` that nobody waits for means nothing (RFC 3261 §7.5).
    """

    __slots__ = ("_body_length", "_buffer", "_half_ping", "_head", "_limits", "_searched", "closed")

    def __init__(self, limits: Limits = NO_LIMITS_GIVEN) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0  # the end of the head is not before this place
        self._head: Head | None = None
        self._body_length = 0
        self._half_ping = False
        self.closed = False

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Item]:
        """Take the next octets; never raises."""
        items: list[Item] = []
        if self.closed:
            return items
        self._buffer += data
        while found := self._next():
            items += found
        return items

    def _next(self) -> list[Item]:
        if self.closed:
            return []
        if self._head is not None:
            return self._read_body(self._head)
        if self._buffer[:2] == b"\r\n":
            return [self._keepalive()]
        if not self._buffer.removeprefix(b"\r"):
            return []
        self._half_ping = False
        return self._read_head()

    def _keepalive(self) -> Item:
        del self._buffer[:2]
        self._half_ping = not self._half_ping
        return Pong() if self._half_ping else Ping()

    def _read_head(self) -> list[Item]:
        end = self._buffer.find(b"\r\n\r\n", self._searched)
        limit = self._limits.head
        if end > limit or (end < 0 and len(self._buffer) >= limit + 4):
            # Read just past the limit: the answer then is the same however much of the rest is here.
            head = read_head(bytes(self._buffer[: limit + 1]), self._limits)
            return self._give_up(head, Fault(513, f"a head of more than {limit} octets"))
        if end < 0:
            self._searched = max(0, len(self._buffer) - 3)
            return []
        head = read_head(bytes(self._buffer[:end]), self._limits)
        del self._buffer[: end + 4]
        self._searched = 0
        return self._begin_body(head)

    def _begin_body(self, head: Head) -> list[Item]:
        length = content_length(head)
        if length is None:
            # RFC 3261 §18.3: on a stream Content-Length is all the framing there is.
            return self._give_up(head, Fault(400, "no Content-Length"))
        if isinstance(length, Fault):
            return self._give_up(head, length)
        if length > self._limits.body:
            return self._give_up(head, Fault(413, f"a body of {length} octets"))
        self._head, self._body_length = head, length
        return self._read_body(head)

    def _read_body(self, head: Head) -> list[Item]:
        if len(self._buffer) < self._body_length:
            return []
        body = bytes(self._buffer[: self._body_length])
        del self._buffer[: self._body_length]
        self._head = None
        item = read_message(head, body, None, self._limits)
        self.closed = isinstance(item, Malformed)
        return [item]

    def _give_up(self, head: Head, fault: Fault) -> list[Item]:
        self.closed = True
        self._buffer.clear()
        item = read_message(head, b"", fault, self._limits)
        return [item] if isinstance(item, Malformed) else [item, Malformed(fault.why)]


def read_frame(
    frame: str | bytes, limits: Limits = NO_LIMITS_GIVEN
) -> Message | BadRequest | Ping | Malformed:
    """Read one WebSocket message, text or binary; never raises.

    RFC 7118 §4.2, §5: each carries exactly one SIP message, and Content-Length may be missing.
    """
    octets = frame.encode("utf-8", "replace") if isinstance(frame, str) else frame
    return parse_datagram(octets, limits)
