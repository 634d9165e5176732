"""multipart bodies: the SDP, the resource list and the rest of one request (RFC 2046 §5.1, RFC 5621)."""

import re
from dataclasses import dataclass

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.content import ContentDisposition, ContentType
from crossroom.sip.headers import Headers
from crossroom.sip.layout import NO_LIMITS_GIVEN, Limits, read_head

MAX_PARTS = 32  # a call carries a description and a list, and rarely a third thing
MAX_DEPTH = 4  # multipart inside multipart: alternatives inside a mixture is two
_TEXT = ContentType("text/plain")  # RFC 2046 §5.2: what a part without Content-Type is


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a body."""

    content_type: ContentType
    content: bytes
    headers: Headers = Headers()  # noqa: RUF009 -- immutable

    @property
    def disposition(self) -> ContentDisposition | None:
        """Content-Disposition of the part; raises ParseError."""
        value = self.headers.get("Content-Disposition")
        return None if value is None else ContentDisposition.parse(value)

    @property
    def content_id(self) -> str | None:
        """Content-ID without angle brackets: what a `cid:` URI names."""
        value = self.headers.get("Content-ID")
        return None if value is None else value.strip().removeprefix("<").removesuffix(">")


def parse_parts(body: bytes, content_type: ContentType) -> tuple[Part, ...]:
    """Return the parts of a body in order, nested ones in their place; any other body is one part.

    Raises:
        ParseError: no boundary, no part, an unreadable part, too many or too deep.

    """
    return _parts(Part(content_type, body), MAX_DEPTH)


def find_part(body: bytes, content_type: ContentType, wanted: str) -> bytes | None:
    """Return the first part of a media type, `application/sdp`; None if there is none; raises ParseError."""
    for part in parse_parts(body, content_type):
        if part.content_type.type == wanted.lower():
            return part.content
    return None


def write_parts(parts: tuple[Part, ...], boundary: str) -> bytes:
    """Write a multipart body. `boundary`: the caller's random token.

    Raises:
        LocalProtocolError: the boundary is no token, or occurs in a part.

    """
    if not grammar.is_token(boundary) or any(boundary.encode() in part.content for part in parts):
        raise LocalProtocolError(f"not a boundary for these parts: {boundary!r}")
    pieces: list[bytes] = []
    for part in parts:
        headers = part.headers.without("Content-Type")
        lines = [f"Content-Type: {part.content_type}", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join([f"--{boundary}", *lines])
        pieces.append(f"{head}\r\n\r\n".encode() + part.content + b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces)


def _parts(part: Part, depth: int) -> tuple[Part, ...]:
    if not part.content_type.type.startswith("multipart/"):
        return (part,)
    if depth == 0:
        raise ParseError(f"multipart more than {MAX_DEPTH} deep")
    found: list[Part] = []
    for piece in _pieces(part.content, part.content_type):
        found += _parts(_read_part(piece, NO_LIMITS_GIVEN), depth - 1)
        if len(found) > MAX_PARTS:
            raise ParseError(f"more than {MAX_PARTS} parts")
    return tuple(found)


def _pieces(body: bytes, content_type: ContentType) -> list[bytes]:
    boundary = content_type.boundary
    if not boundary:
        raise ParseError("multipart without a boundary")
    # RFC 2046 §5.1.1: a delimiter begins a line; the line end before it belongs to it.
    delimiter = re.escape(boundary.encode("utf-8", "replace"))
    lines = list(re.finditer(rb"(?:^|\r?\n)--" + delimiter + rb"(--)?[ \t]*(?=\r?\n|$)", body))
    closing = next((at for at, line in enumerate(lines) if line[1]), None)
    if not lines or closing == 0:
        raise ParseError("multipart without a part")
    # Some endpoints forget the closing delimiter: the last part then ends with the body.
    ends = [line.start() for line in lines[1:]] + [len(body)]
    starts = [line.end() for line in lines]
    count = len(lines) if closing is None else closing
    return [body[start:end] for start, end in zip(starts[:count], ends[:count], strict=True)]


def _read_part(piece: bytes, limits: Limits) -> Part:
    piece = piece.removeprefix(b"\r").removeprefix(b"\n")
    if re.match(rb"\r?\n", piece):
        return Part(_TEXT, piece.removeprefix(b"\r").removeprefix(b"\n"))
    head_end = re.search(rb"\r?\n\r?\n", piece)
    octets, content = (
        (piece, b"") if head_end is None else (piece[: head_end.start()], piece[head_end.end() :])
    )
    # A part has no start line: an empty one stands in.
    head = read_head(b"\r\n" + octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), limits)
    if head.fault is not None:
        raise ParseError(head.fault.why)
    headers = Headers.from_wire(head.fields)
    value = headers.get("Content-Type")
    return Part(_TEXT if value is None else ContentType.parse(value), content, headers)
