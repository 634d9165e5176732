"""The session description of a request: its body, or that part of a multipart one (RFC 3261 §7.4, RFC 5621).

What must be understood and is not is refused with 415 (RFC 3261 §8.2.3); what may be passed over is.
"""

from crossroom.bodies.mime import MimePart
from crossroom.bodies.multipart import MAX_DEPTH, is_multipart, parts_of
from crossroom.machine import ParseError
from crossroom.sip.answer import SDP, Rejection
from crossroom.sip.message import Request
from crossroom.sip.params import NO_PARAMS, Params
from crossroom.sip.settings import ACCEPT

NOT_UNDERSTOOD = Rejection(415, headers=(("Accept", ", ".join(ACCEPT)),))
ENCODED = Rejection(415, headers=(("Accept-Encoding", "identity"),))


class _MustBeUnderstood(Exception):  # noqa: N818 - what it says, not that something went wrong
    """A part that we do not understand has to be."""


def description_in(request: Request) -> bytes | Rejection:
    """The octets of the offer, empty where there is none; or the refusal of a body that asks for too much.

    A multipart body that cannot be taken apart is given as it is: whoever reads it says that it is no description.
    """
    if not request.body:
        return b""
    names = ("Content-Type", "Content-Disposition")
    headers = tuple((name, value) for name in names if (value := request.headers.get(name)) is not None)
    whole = MimePart(headers or (("Content-Type", SDP),), request.body)
    encodings = {value.lower() for value in request.headers.all("Content-Encoding")}
    if encodings - {"identity"}:
        return ENCODED if _is_required(whole) else b""
    try:
        return _description(whole) or b""
    except _MustBeUnderstood:
        return NOT_UNDERSTOOD
    except ParseError:
        return request.body


def _description(part: MimePart, depth: int = 0) -> bytes | None:
    """The description in one part, None for one without. Raises _MustBeUnderstood, and ParseError."""
    if is_multipart(part) and depth < MAX_DEPTH:
        parts = parts_of(part)
        if part.media_type == "multipart/alternative":
            return _alternative(parts, depth)
        if part.media_type == "multipart/related":
            parts = parts[:1]  # RFC 2387 §3.2: the root is the first part, and speaks of the others
        found = [_description(each, depth + 1) for each in parts]
        return next((each for each in found if each is not None), None)
    # RFC 3261 §20.11: application/sdp without a disposition is a "session"
    if part.media_type == SDP and _disposition(part)[0] in {"", "session"}:
        return part.body
    if _is_required(part):
        raise _MustBeUnderstood
    return None


def _alternative(parts: list[MimePart], depth: int) -> bytes | None:
    """RFC 2046 §5.1.4: the last one that is understood; one is enough."""
    for part in reversed(parts):
        try:
            return _description(part, depth + 1)
        except _MustBeUnderstood:
            continue
    raise _MustBeUnderstood


def _is_required(part: MimePart) -> bool:
    """RFC 3261 §20.11: "If the handling parameter is missing, the value 'required' SHOULD be assumed"."""
    return (_disposition(part)[1].text("handling") or "").lower() != "optional"


def _disposition(part: MimePart) -> tuple[str, Params]:
    kind, semicolon, params = (part.header("Content-Disposition") or "").partition(";")
    try:
        return kind.strip().lower(), Params.parse(semicolon + params)
    except ParseError:
        return kind.strip().lower(), NO_PARAMS
