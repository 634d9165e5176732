"""Any octets give items or Malformed, never an exception; any split gives the same items."""

import contextlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crossroom.machine import Malformed, ParseError, Send
from crossroom.msrp.chunk import FrameItem
from crossroom.msrp.session import Session
from crossroom.msrp.stream import StreamLimits, StreamReader
from crossroom.msrp.uri import MsrpUri, parse_path

LIMITS = StreamLimits(max_start_line=64, max_head=200, max_header_count=6, max_body=40)
US = MsrpUri.parse("msrp://a:1/x;tcp")
PIECES = [
    b"MSRP a1b2 SEND\r\n",
    b"MSRP a1b2 NICKNAME\r\n",
    b"MSRP a1b2 REPORT\r\n",
    b"MSRP a1b2 AUTH\r\n",
    b"MSRP a1b2 200 OK\r\n",
    b"To-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp\r\n",
    b"From-Path: b\r\n",
    b"Message-ID: 7\r\n",
    b"Message-ID: 8\r\n",
    b"Byte-Range: 1-*/30\r\n",
    b"Byte-Range: 4294967297-*/*\r\n",
    b"Byte-Range: 3-4/4\r\n",
    b"Success-Report: yes\r\n",
    b"Failure-Report: no\r\n",
    b'Use-Nickname: "a\xff"\r\n',
    b"Use-Nickname: bob\r\n",
    b"Status: 000 413 x\r\n",
    b"Content-Type: x/y\r\n\r\n",
    b"\r\n",
    b"\r",
    b"\n",
    b"-------a1b2$\r\n",
    b"-------a1b2+\r\n",
    b"-------a1b2#\r\n",
    b"-------a1b2",
    b"x" * 45,
    b"\x00",
    b"\xff",
]
HEADERS = [
    *PIECES[6:18],
    b"Content-Type: x/y\r\n",
    b"Content-Type: x/y; a=b\r\n",
    b"X: \xc3\xa4\r\n",
    b"X:y \r\n",
    b"X: y z\r\n",
]
BODIES = [
    b"",
    b"hi",
    b"\r\n\r\n",
    b"\r\n-------a1b2",
    b"\r\n-------a1b2+\r\n",
    b"-------a1b2+\r\n",
    b"\r\n-------a1b3$\r\n",
    b"x" * 45,
]
REQUESTS = st.builds(
    lambda headers, body, end: b"".join((PIECES[0], PIECES[5], *headers, b"\r\n", *body, b"\r\n", end)),
    st.lists(st.sampled_from(HEADERS), max_size=4),
    st.lists(st.sampled_from(BODIES), max_size=2),
    st.sampled_from(PIECES[21:25]),
)
STREAMS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=40).map(b"".join)


def items(chunks: list[bytes], limits: StreamLimits | None = LIMITS) -> list[FrameItem | Malformed]:
    reader = StreamReader(limits)
    return [item for chunk in chunks for item in reader.receive_data(chunk)]


@given(STREAMS, st.lists(st.integers(0, 600), max_size=8))
def test_any_split_gives_the_same_items(octets: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(octets)]
    whole = items([octets])
    assert items([octets[begin:end] for begin, end in pairwise(edges)]) == whole
    assert items([octets[at : at + 1] for at in range(len(octets))]) == whole
    assert not any(isinstance(item, Malformed) for item in whole[:-1])


@given(st.lists(REQUESTS, min_size=1, max_size=3).map(b"".join))
def test_request_that_is_here_whole_is_read_as_one_that_comes_in_pieces(octets: bytes) -> None:
    assert items([octets], None) == items([octets[at : at + 1] for at in range(len(octets))], None)


@given(STREAMS)
def test_session_takes_whatever_the_reader_gives(octets: bytes) -> None:
    session = Session(US, "abcdefghijklmnop")
    session.sending.set_remote((MsrpUri.parse("msrp://b:2/y;tcp"),))
    for item in items([octets]):
        if not isinstance(item, Malformed):
            for output in session.receive(item, 0.0):
                assert not isinstance(output, Send) or bytes(output.message).startswith(b"MSRP ")
    assert session.tick(1e9) is not None
    assert session.deadline() is None


@given(st.text(max_size=60) | st.from_regex(r"msrps?://[a-z\[\]:%]{1,9}(:[0-9]{1,6})?(/[a-z]*)?;tcp.{0,9}"))
def test_any_text_is_a_path_or_a_parse_error(text: str) -> None:
    with contextlib.suppress(ParseError):
        assert parse_path(str(parse_path(text)[0]))[0].is_same(parse_path(text)[0])
