"""Any octets are a CPIM message or a ParseError; what was read can be written and read again."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from crossroom.bodies.cpim import CpimMessage
from crossroom.bodies.iscomposing import IsComposing
from crossroom.machine import ParseError

PIECES = [
    b"From: Bob <sip:b@c>\r\n",
    b'From: "B\\u0041\\ud83d" <sip:b@c>\n',
    b"To:<sip:b@c>\r\n",
    b"cc: <a:b>\r\n",
    b"DateTime: 2026-02-03T10:11:12Z\r\n",
    b"Subject:;lang=fr \\n\\\\\r\n",
    b"NS: imdn <urn:ietf:params:imdn>\r\n",
    b"NS: <urn:x>\r\n",
    b"NS: c <urn:ietf:params:cpim-headers:>\r\n",
    b"c.To: <sip:b@c>\r\n",
    b"c.NS: c <urn:y>\r\n",
    b"imdn.Message-ID: 7\r\n",
    b"Content-Type: text/plain; charset=utf8\r\n",
    b"\r\n",
    b"\n",
    b" ",
    b"\\",
    b"\xff",
]
OCTETS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=16).map(b"".join)


@given(OCTETS)
def test_what_can_be_read_can_be_written_and_read_again(octets: bytes) -> None:
    with contextlib.suppress(ParseError):
        message = CpimMessage.from_bytes(octets)
        assert CpimMessage.from_bytes(bytes(message)) == message
        assert isinstance(message.part.text, str)


@given(OCTETS)
def test_documents_of_any_octets_are_read_or_refused(octets: bytes) -> None:
    with contextlib.suppress(ParseError):
        assert isinstance(IsComposing.from_bytes(octets), IsComposing)
