import pytest

from crossroom.machine import ParseError
from crossroom.sip.headers import Headers
from crossroom.sip.sipfrag import SipFragment


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"SIP/2.0 100 Trying", 100, "Trying"),
        (b"SIP/2.0 200 OK\r\n", 200, "OK"),
        (b"sip/2.0 603\n", 603, ""),
        (b"\r\nSIP/2.0  486  Busy\r\nContact: <sip:a>\r\n\r\nbody", 486, "Busy"),
    ],
)
def test_the_status_line_of_a_fragment_is_read(body: bytes, status: int, reason: str) -> None:
    fragment = SipFragment.from_bytes(body)
    assert (fragment.status, fragment.reason) == (status, reason)
    assert fragment.is_final is (status >= 200)


def test_headers_of_a_fragment_are_kept_and_written() -> None:
    fragment = SipFragment.from_bytes(b"SIP/2.0 302 Moved\nm: <sip:a>\n")
    assert fragment.headers.get("Contact") == "<sip:a>"
    assert bytes(fragment) == b"SIP/2.0 302 Moved\r\nContact: <sip:a>\r\n"
    assert SipFragment.from_bytes(bytes(fragment)) == fragment


def test_a_fragment_gets_the_usual_phrase_and_no_foreign_line() -> None:
    assert bytes(SipFragment(180)) == b"SIP/2.0 180 Ringing\r\n"
    assert bytes(SipFragment(200, "O\r\nVia: K", Headers())) == b"SIP/2.0 200 O  Via: K\r\n"


@pytest.mark.parametrize(
    "body", [b"", b"To: x", b"INVITE sip:h SIP/2.0", b"SIP/2.0 99 x", b"SIP/2.0 2000 x", b"\xff"]
)
def test_other_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        SipFragment.from_bytes(body)
