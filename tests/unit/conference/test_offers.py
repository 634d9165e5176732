import pytest

from crossroom.conference.offers import description_in
from crossroom.sip.message import Request, parse_datagram

HEAD = (
    "INVITE sip:tea@conf.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
    "To: <sip:tea@conf.example>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.1>\r\n"
)
MIXED = (
    "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n"
    "Content-Type: application/resource-lists+xml\r\nContent-Disposition: recipient-list\r\n\r\n<x/>\r\n--b--\r\n"
)


def invite(content_type: str, body: str) -> Request:
    line = f"Content-Type: {content_type}\r\n" if content_type else ""
    request = parse_datagram(f"{HEAD}{line}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("content_type", "body", "found"),
    [
        ("application/sdp", "v=0", b"v=0"),
        ("", "", b""),
        ("multipart/mixed;boundary=b", MIXED, b"v=0"),
        ("multipart/mixed;boundary=b", MIXED.replace("application/sdp", "text/html"), b""),
        ("multipart/mixed", "v=0", b"v=0"),
    ],
)
def test_the_offer_is_found_wherever_the_body_holds_it(content_type: str, body: str, found: bytes) -> None:
    assert description_in(invite(content_type, body)) == found
