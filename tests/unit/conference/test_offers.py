import pytest

from crossroom.conference.offers import description_in
from crossroom.sip.answer import Rejection
from crossroom.sip.message import Request, parse_datagram

HEAD = (
    "INVITE sip:tea@conf.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
    "To: <sip:tea@conf.example>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.1>\r\n"
)
PARTS = (
    "--b\r\nContent-Type: text/html\r\nContent-Disposition: render{0}\r\n\r\n<p>\r\n"
    "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n"
)
OPTIONAL, REQUIRED = PARTS.format("; handling=optional"), PARTS.format("; handling=required")
RELATED = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <1>\r\n\r\nx\r\n--b--"
NESTED = f"--c\r\nContent-Type: multipart/alternative;boundary=b\r\n\r\n{REQUIRED}\r\n--c--"


def invite(*lines: str, body: str = "") -> Request:
    more = "".join(f"{line}\r\n" for line in lines)
    request = parse_datagram(f"{HEAD}{more}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("content_type", "body", "found"),
    [
        ("application/sdp", "v=0", b"v=0"),
        ("application/sdp", "", b""),
        ("multipart/mixed;boundary=b", OPTIONAL, b"v=0"),
        ("multipart/mixed;boundary=b", OPTIONAL.replace("application/sdp", "text/plain"), None),
        ("multipart/mixed;boundary=b", REQUIRED, None),
        ("multipart/mixed;boundary=b", REQUIRED.replace("; handling=required", ""), None),
        # RFC 2046 §5.1.4: of alternatives the last one that is understood, and one is enough
        ("multipart/alternative;boundary=b", REQUIRED, b"v=0"),
        ("multipart/alternative;boundary=b", REQUIRED.replace("application/sdp", "text/plain"), None),
        ("multipart/mixed;boundary=c", NESTED, b"v=0"),
        ("multipart/related;boundary=b", RELATED, b"v=0"),
        ("multipart/mixed", "v=0", b"v=0"),
        ("application/x-unheard-of", "<any/>", None),
    ],
)
def test_the_offer_is_found_wherever_the_body_holds_it(
    content_type: str, body: str, found: bytes | None
) -> None:
    description = description_in(invite(f"Content-Type: {content_type}", body=body))
    if found is None:
        assert isinstance(description, Rejection)
        assert description.status == 415
        assert ("Accept", "application/sdp, multipart/mixed, multipart/alternative") in description.headers
    else:
        assert description == found


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), b"v=0"),
        (("Content-Type: application/sdp", "Content-Disposition: session"), b"v=0"),
        # RFC 3959: a description of something else than this session
        (("Content-Type: application/sdp", "Content-Disposition: early-session;handling=optional"), b""),
        (("Content-Type: text/plain", "Content-Disposition: render ; Handling=OPTIONAL"), b""),
        (("Content-Type: text/plain", "Content-Disposition: icon;handling=optional;;"), None),
        (("Content-Type: application/sdp", "Content-Disposition: early-session"), None),
        (("Content-Type: application/sdp", "Content-Encoding: identity"), b"v=0"),
        (("Content-Type: application/sdp", "Content-Encoding: gzip"), None),
        (("Content-Encoding: gzip", "Content-Disposition: session;handling=optional"), b""),
    ],
)
def test_what_must_be_understood_is_refused_and_what_need_not_is_passed_over(
    lines: tuple[str, ...], found: bytes | None
) -> None:
    description = description_in(invite(*lines, body="v=0"))
    if found is None:
        assert isinstance(description, Rejection)
        assert description.status == 415
    else:
        assert description == found


def test_an_encoding_that_nobody_can_undo_is_answered_with_those_we_can() -> None:
    refused = description_in(invite("Content-Type: application/sdp", "e: gzip", body="v=0"))
    assert isinstance(refused, Rejection)
    assert refused.headers == (("Accept-Encoding", "identity"),)
