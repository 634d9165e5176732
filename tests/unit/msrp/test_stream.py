"""msrp/stream.py: framing by the end-line of this transaction, whatever the split."""

import time

import pytest

from crossroom.machine import Malformed
from crossroom.msrp.chunk import Flag, FrameItem, MsrpRequest, MsrpResponse, Oversized, Unintelligible
from crossroom.msrp.stream import StreamLimits, StreamReader

HEAD = "To-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp\r\n"
PATHS = ("msrp://a:1/x;tcp", "msrp://b:2/y;tcp")
SMALL = StreamLimits(max_start_line=40, max_head=120, max_body=50)


def send(body: bytes, tid: str = "a1b2c3", flag: str = "$") -> bytes:
    head = f"MSRP {tid} SEND\r\n{HEAD}Content-Type: x/y\r\n\r\n".encode()
    return head + body + f"\r\n-------{tid}{flag}\r\n".encode()


def bare(tid: str = "a1b2c3") -> bytes:
    return f"MSRP {tid} SEND\r\n{HEAD}-------{tid}$\r\n".encode()


def read(octets: bytes, limits: StreamLimits | None = None) -> list[FrameItem | Malformed]:
    """Whole, octet by octet, and cut in two anywhere: always the same items."""
    whole = StreamReader(limits).receive_data(octets)
    reader = StreamReader(limits)
    assert [item for at in range(len(octets)) for item in reader.receive_data(octets[at : at + 1])] == whole
    for cut in range(len(octets)):
        reader = StreamReader(limits)
        assert reader.receive_data(octets[:cut]) + reader.receive_data(octets[cut:]) == whole
    return whole


def test_several_frames_in_one_read_come_in_order() -> None:
    items = read(
        bare() + send(b"hi", "zzzz", "+") + b"MSRP a1b2 200 OK\r\n" + HEAD.encode() + b"-------a1b2$\r\n"
    )
    assert items == [
        MsrpRequest("a1b2c3", "SEND", *PATHS),
        MsrpRequest("zzzz", "SEND", *PATHS, (("Content-Type", "x/y"),), b"hi", Flag.MORE),
        MsrpResponse("a1b2", 200, *PATHS, "OK"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n\r\n",
        b"\x00\xff\n\r",
        b"\r\n-------a1b2c3",
        b"\r\n-------a1b2c3!\r\n",
        b"\r\n-------a1b2c3$x",
        b"\r\n-------other$\r\nMSRP other SEND\r\n",
    ],
)
def test_body_is_whatever_is_before_the_own_end_line(body: bytes) -> None:
    items = read(send(body))
    assert [item.body for item in items if isinstance(item, MsrpRequest)] == [body]


def test_byte_range_does_not_frame() -> None:
    octets = send(b"hello").replace(b"Content-Type", b"Byte-Range: 1-2/2\r\nContent-Type")
    item = read(octets)[0]
    assert isinstance(item, MsrpRequest)
    assert item.body == b"hello"


def test_empty_line_without_a_body_is_understood() -> None:
    items = read(bare().replace(b"-------", b"\r\n-------"))
    assert items == [MsrpRequest("a1b2c3", "SEND", *PATHS)]


def test_end_line_may_begin_with_the_empty_line() -> None:
    items = read(send(b"-------a1b2c3+\r\n" + bare("next"))[: -len(b"\r\n-------a1b2c3$\r\n")])
    assert items == [
        MsrpRequest("a1b2c3", "SEND", *PATHS, (("Content-Type", "x/y"),), b"", Flag.MORE),
        MsrpRequest("next", "SEND", *PATHS),
    ]
    assert isinstance(read(send(b"-------a1b2c3+\r\nhi"))[-1], Malformed)


def test_bad_head_costs_one_frame_and_not_the_stream() -> None:
    items = read(bare().replace(b"From-Path: ", b"From Path ") + bare("next"))
    assert isinstance(items[0], Unintelligible)
    assert items[1:] == [MsrpRequest("next", "SEND", *PATHS)]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "no MSRP start line"),
        (b"\x16\x03\x01", "no MSRP start line"),
        (b"MSRP a1 SEND\r\n", "not an MSRP start line"),
        (b"MSRP a1b2c3 send\r\n", "not an MSRP start line"),
        (b"MSRP a1b2c3 2000 OK\r\n", "not an MSRP start line"),
        (b"MSRP a1b2c3 200 " + b"x" * 50, "start line too long"),
        (b"MSRP a1b2c3 200 " + b"x" * 50 + b"\r\n", "start line too long"),
        (b"MSRP a1b2c3 SEND\r\nX: " + b"x" * 200, "header block too long"),
        (
            b"MSRP a1b2c3 SEND\r\nX: " + b"x" * 200 + b"\r\n\r\n\r\n-------a1b2c3$\r\n",
            "header block too long",
        ),
        (b"MSRP a1b2c3 SEND\r\nX: " + b"x" * 200 + b"\r\n-------a1b2c3$\r\n", "header block too long"),
        (b"MSRP a1b2c3 SEND\r\nX: " + b"x" * 200 + b"\r\n-------a1b2c3\r\n", "header block too long"),
        (b"MSRP a1b2c3 SEND\r\nX: y\r\n-------a1b2c3\r\n....", "an end-line without its flag"),
    ],
)
def test_lost_framing_ends_the_stream(octets: bytes, why: str) -> None:
    assert read(bare() + octets + bare(), SMALL)[1:] == [Malformed(why)]


def test_closed_reader_ignores_everything() -> None:
    reader = StreamReader()
    reader.receive_data(b"x")
    assert reader.is_closed
    assert reader.receive_data(bare()) == []


@pytest.mark.parametrize("size", [50, 51, 70, 300])
def test_body_over_the_limit_is_told_once_and_skipped(size: int) -> None:
    items = read(send(b"\r\n-------a1b2c3 " + b"x" * (size - 16)) + bare("next"), SMALL)
    first = items[0]
    if size == 50:
        assert isinstance(first, MsrpRequest)
    else:
        assert isinstance(first, Oversized)
        assert first.request.body == b""
    assert items[1:] == [MsrpRequest("next", "SEND", *PATHS)]


@pytest.mark.parametrize("limit", ["max_start_line", "max_head", "max_header_count", "max_body"])
def test_usual_request_is_held_to_the_limits_too(limit: str) -> None:
    octets = send(b"x" * 100)
    exact = {
        "max_start_line": octets.index(b"\r\n"),
        "max_head": octets.index(b"\r\n\r\n"),
        "max_header_count": 3,
        "max_body": 100,
    }
    (within,) = read(octets, StreamLimits(**{limit: exact[limit]}))
    assert isinstance(within, MsrpRequest)
    assert not isinstance(read(octets, StreamLimits(**{limit: exact[limit] - 1}))[0], MsrpRequest)


def test_usual_requests_are_read_in_any_company() -> None:
    items = read(send(b"hi") + send(b"", "zzzz") + bare() + send(b"x" * 5000, "next"))
    assert [item.body for item in items if isinstance(item, MsrpRequest)] == [b"hi", b"", None, b"x" * 5000]


def test_body_over_the_limit_is_told_before_its_end() -> None:
    reader = StreamReader(SMALL)
    octets = send(b"x" * 1000)
    assert [type(item) for item in reader.receive_data(octets[:300])] == [Oversized]
    assert reader.receive_data(octets[300:]) == []
    assert len(reader.receive_data(bare())) == 1


def test_body_over_the_limit_behind_a_bad_head_is_unintelligible() -> None:
    items = read(send(b"x" * 60).replace(b"To-Path", b"To Path"), SMALL)
    assert [type(item) for item in items] == [Unintelligible]


def test_long_chunk_in_small_pieces_is_not_searched_again() -> None:
    def seconds(size: int) -> float:
        octets = send(b"-" * size)
        reader = StreamReader()
        begun = time.perf_counter()
        count = sum(len(reader.receive_data(octets[at : at + 16])) for at in range(0, len(octets), 16))
        assert count == 1
        return time.perf_counter() - begun

    # Four times the octets: about four times the work, where searching again would be sixteen times.
    assert min(seconds(400_000) for _ in range(3)) < 12 * min(seconds(100_000) for _ in range(3))
