"""Octets to frames. The end of a frame is the end-line of its own transaction id, never a Byte-Range.

RFC 4975 §7.3.1. Never raises; every octet is searched for the end-line once, however it arrives.
"""

import re
from dataclasses import dataclass

from crossroom.machine import Malformed
from crossroom.msrp.chunk import Flag, FrameItem, MsrpRequest, Oversized
from crossroom.msrp.frame_reader import (
    FLAGS,
    PLAIN_HEADERS,
    PLAIN_REQUEST,
    PLAIN_START,
    START_LINE,
    parse_frame,
    plain_request,
    plain_response,
)
from crossroom.msrp.frame_writer import PLAIN_RESPONSE

_START = b"MSRP "
_TAIL = 3  # octets of an end-line after its transaction id: flag, CR, LF
_PLAIN = 4096  # octets: to look for a plain request in more does not pay


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What one frame may cost us; octets, except where the name says otherwise."""

    max_start_line: int = 1024  # a method, or a comment: nobody writes more than a sentence
    max_head: int = 16384  # paths through four relays and thirty extension headers fit in it ten times
    max_header_count: int = 64
    max_body: int = 1048576  # of one chunk: a chat message is small, a pasted picture is not


class _Partial:
    """The frame being read; all positions count from its first octet."""

    __slots__ = ("body_at", "end_prefix", "head_at", "is_skipped", "scanned", "start")

    def __init__(self, start: re.Match[bytes]) -> None:
        self.start = start
        self.head_at = start.end() + 2
        self.end_prefix = b"\r\n-------" + start[1]
        self.scanned = start.end()
        self.body_at = 0  # 0: the empty line was not seen yet
        self.is_skipped = False  # its octets are thrown away up to the end-line

    def find_end(self, octets: bytes | bytearray, at: int) -> int:
        """Where the end-line's CRLF is; -1: not yet; -2: its dashes are there without a flag, in the head."""
        prefix = self.end_prefix
        while (found := octets.find(prefix, at + self.scanned)) >= 0:
            flag_at = found + len(prefix)
            if len(octets) < flag_at + _TAIL:
                self.scanned = found - at
                return -1
            if octets[flag_at] in FLAGS and octets[flag_at + 1 : flag_at + _TAIL] == b"\r\n":
                return found - at
            self.scanned = found - at + 1
            # In a body this is content; in the head it can only be an end-line that lost its flag.
            if not self.is_skipped and not self.find_body(octets, at, found - at):
                return -2
        self.scanned = max(self.scanned, len(octets) - at - len(prefix))
        return -1

    def find_body(self, octets: bytes | bytearray, at: int, end: int) -> int:
        """Where the body begins, 0 when there is no empty line before `end`."""
        if not self.body_at:
            empty = octets.find(b"\r\n\r\n", at + self.head_at - 2, at + end + 2)
            self.body_at = empty - at + 4 if empty >= 0 else 0
        return self.body_at


class StreamReader:
    """One direction of one connection.

    `receive_data` gives the frames that became complete. `Malformed` is always the last item: after it the
    reader is closed and ignores everything. The same octets give the same items, however they are split.
    """

    __slots__ = (
        "_held",
        "_limits",
        "_partial",
        "_plain_request",
        "_plain_response",
        "is_between_frames",
        "is_closed",
    )

    def __init__(self, limits: StreamLimits | None = None) -> None:
        self._limits = limits = limits or StreamLimits()
        # Short enough that no limit could be passed inside.
        self._plain_response = (
            min(limits.max_start_line, limits.max_head) if limits.max_header_count > 1 else 0
        )
        is_within = limits.max_start_line >= PLAIN_START and limits.max_header_count >= PLAIN_HEADERS
        self._plain_request = min(limits.max_head, limits.max_body, _PLAIN) if is_within else 0
        self._held: bytearray | None = None  # the beginning of something
        self._partial: _Partial | None = None
        self.is_closed = False
        self.is_between_frames = True  # the next octet begins one

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[FrameItem | Malformed]:
        """Take octets as they come; `data` may be overwritten by its owner afterwards."""
        if self.is_between_frames:
            # The usual case: one message, nothing before it and nothing behind.
            plain = PLAIN_REQUEST.match(data, 0, self._plain_request)
            if plain is not None and plain.end() == len(data):
                return [plain_request(plain)]
        if self.is_closed:
            return []
        items: list[FrameItem | Malformed] = []
        held = self._held
        if held is not None:
            held += data
            used = self._read_frames(held, items)
            del held[:used]
        else:
            octets = bytes(data)  # the usual case: whole frames, nothing kept
            used = self._read_frames(octets, items)
            held = bytearray(octets[used:]) if used < len(octets) else None
        self._held = held or None
        if items and isinstance(items[-1], Malformed):
            self.is_closed = True
            self._held = None
        self.is_between_frames = not (self._held or self._partial or self.is_closed)
        return items

    def _read_frames(self, octets: bytes | bytearray, items: list[FrameItem | Malformed]) -> int:
        at = 0
        while at < len(octets) and (step := self._advance(octets, at)) is not None:
            item, at = step
            if item is not None:
                items.append(item)
            if isinstance(item, Malformed):
                break
        return at

    def _advance(self, octets: bytes | bytearray, at: int) -> tuple[FrameItem | Malformed | None, int] | None:
        """One item and where to go on; None when more octets are needed."""
        if self._partial is None:
            # One look instead of ten for what a fan-out is answered with, and for what begins one.
            plain = PLAIN_RESPONSE.match(octets, at, at + self._plain_response)
            if plain is not None:
                return plain_response(plain), plain.end()
            plain = PLAIN_REQUEST.match(octets, at, at + self._plain_request)
            if plain is not None:
                return plain_request(plain), plain.end()
            begun = self._begin(octets, at)
            if isinstance(begun, Malformed):
                return begun, at
            if begun is None:
                return None
            self._partial = begun
        partial = self._partial
        end = partial.find_end(octets, at)
        if partial.is_skipped:
            return self._skip(partial, at, end)
        why = self._head_fault(partial, octets, at, end)
        if why:
            return Malformed(why), at
        body_at = partial.body_at
        seen = len(octets) - at - len(partial.end_prefix) - _TAIL - 1 if end < 0 else end
        if body_at and seen - body_at > self._limits.max_body:
            partial.is_skipped = True
            return self._oversized(partial, octets, at), at
        if end < 0:
            return None
        self._partial = None
        return self._complete(partial, octets, at, end), at + end + len(partial.end_prefix) + _TAIL

    def _begin(self, octets: bytes | bytearray, at: int) -> "_Partial | Malformed | None":
        if not _START.startswith(octets[at : at + len(_START)]):
            return Malformed("no MSRP start line")
        longest = self._limits.max_start_line
        line_end = octets.find(b"\r\n", at, at + longest + 2)
        if line_end < 0:
            return Malformed("start line too long") if len(octets) - at >= longest + 2 else None
        start = START_LINE.fullmatch(bytes(octets[at:line_end]))
        return _Partial(start) if start else Malformed("not an MSRP start line")

    def _head_fault(self, partial: _Partial, octets: bytes | bytearray, at: int, end: int) -> str:
        limit = self._limits.max_head
        if end == -2:
            return "header block too long" if partial.scanned - 1 > limit else "an end-line without its flag"
        body_at = partial.find_body(octets, at, end if end >= 0 else len(octets) - at)
        if body_at:
            head_end = body_at - 4
        else:
            # Without the end in sight the head reaches at least as far as no end-line can begin any more.
            head_end = end if end >= 0 else len(octets) - at - len(partial.end_prefix) - _TAIL
        return "header block too long" if head_end > limit else ""

    def _skip(self, partial: _Partial, at: int, end: int) -> tuple[None, int] | None:
        if end >= 0:
            self._partial = None
            return None, at + end + len(partial.end_prefix) + _TAIL
        # Keep only what may be the beginning of the end-line.
        dropped = partial.scanned
        partial.scanned = 0
        return (None, at + dropped) if dropped else None

    def _oversized(self, partial: _Partial, octets: bytes | bytearray, at: int) -> FrameItem:
        head = bytes(octets[at + partial.head_at : at + partial.body_at - 4])
        frame = parse_frame(partial.start, head, b"", Flag.MORE, self._limits.max_header_count)
        return Oversized(frame) if isinstance(frame, MsrpRequest) else frame

    def _complete(self, partial: _Partial, octets: bytes | bytearray, at: int, end: int) -> FrameItem:
        body_at = partial.body_at
        head = bytes(octets[at + partial.head_at : at + (body_at - 4 if body_at else end)])
        # An empty line and nothing behind it, not even the end-line's own CRLF, is no body.
        body = bytes(memoryview(octets)[at + body_at : at + end]) if 0 < body_at <= end else None
        flag_at = at + end + len(partial.end_prefix)
        flag = FLAGS[octets[flag_at]]
        return parse_frame(partial.start, head, body, flag, self._limits.max_header_count)
