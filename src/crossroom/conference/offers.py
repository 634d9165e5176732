"""The session description of a request: its body, or that part of a multipart one (RFC 3261 §7.4, RFC 5621 §3)."""

from crossroom.bodies.mime import MimePart
from crossroom.bodies.multipart import is_multipart, readable
from crossroom.machine import ParseError
from crossroom.sip.answer import SDP
from crossroom.sip.message import Request


def description_in(request: Request) -> bytes:
    """The octets of the offer, empty where there is none; what cannot be taken apart is given as it is."""
    content_type = request.headers.get("Content-Type") or SDP
    body = MimePart((("Content-Type", content_type),), request.body)
    if not is_multipart(body):
        return request.body
    try:
        parts = readable(body)
    except ParseError:
        return request.body  # whoever reads the description says that it is none
    return next((part.body for part in parts if part.media_type == SDP), b"")
