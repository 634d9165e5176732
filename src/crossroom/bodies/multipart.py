"""multipart bodies in a message: their parts, and which of them a person reads (RFC 2046 §5.1, RFC 2387).

RFC 4975 §7.3.1 makes multipart/mixed and multipart/alternative mandatory to receive.
"""

import re

from crossroom.bodies.mime import MimePart
from crossroom.machine import ParseError

MAX_DEPTH = 4  # an alternative in a mixture is two; anything deeper is a game
MAX_PARTS = 64  # as many as somebody would attach by hand
MAX_BOUNDARY = 70  # RFC 2046 §5.1.1: "no more than 70 characters"


def is_multipart(part: MimePart) -> bool:
    """True for every multipart/*."""
    return part.media_type.startswith("multipart/")


def parts_of(part: MimePart) -> list[MimePart]:
    """The parts of one multipart body, in order; an absent closing delimiter ends with the body.

    Raises:
        ParseError: no usable boundary, no part, too many of them, or a part that cannot be read.

    """
    boundary = part.parameter("boundary")
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise ParseError("multipart without a usable boundary")
    # RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    pieces: list[bytes] = []
    begin, at = None, 0
    while (found := delimiter.search(part.body, at)) is not None and len(pieces) <= MAX_PARTS:
        if begin is not None:
            pieces.append(part.body[begin : found.start()])
        begin = None if found[1] else found.end()
        if begin is None:
            break
        # the line end of this delimiter may belong to the next one as well, around an empty part
        at = max(found.end() - 2, found.start() + 1)
    if begin is not None:
        pieces.append(part.body[begin:])
    if not 0 < len(pieces) <= MAX_PARTS:
        raise ParseError(f"multipart with {len(pieces)} parts")
    return [_part(piece) for piece in pieces]


def readable(part: MimePart, depth: int = 0) -> list[MimePart]:
    """What a person reads of a body, in order: itself, one of several alternatives, or all that is mixed.

    Raises ParseError as `parts_of`, and for what is nested too deep.
    """
    if not is_multipart(part):
        return [part]
    if depth >= MAX_DEPTH:
        raise ParseError(f"multipart more than {MAX_DEPTH} deep")
    parts = parts_of(part)
    match part.media_type.removeprefix("multipart/"):
        case "alternative":
            return readable(min(parts, key=_plainness), depth + 1)
        case "related":
            return readable(parts[0], depth + 1)  # RFC 2387 §3.2: the root is the first part
        case _:
            return [shown for each in parts for shown in readable(each, depth + 1)]


def _plainness(part: MimePart) -> int:
    """0 is best: plain text, then any text, then what may contain text."""
    media_type = part.media_type
    if media_type == "text/plain":
        return 0
    if media_type.startswith("text/"):
        return 1
    return 2 if is_multipart(part) else 3


def _part(octets: bytes) -> MimePart:
    # RFC 2046 §5.1: a part may have no header at all, and begins with the empty line then
    if not octets:
        return MimePart((), b"")
    bare = re.match(rb"\r?\n", octets)
    return MimePart((), octets[bare.end() :]) if bare else MimePart.from_bytes(octets)
