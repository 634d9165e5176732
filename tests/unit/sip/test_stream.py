import pytest

from crossroom.machine import Malformed
from crossroom.sip.layout import Limits
from crossroom.sip.message import BadRequest, Ping, Request
from crossroom.sip.stream import Item, Pong, StreamReader, read_frame
from vectors.sip.torture import options, wire

ONE = options("Content-Length: 4") + b"body"
LIMITS = Limits(head=400, body=10)


def kinds(items: list[Item]) -> list[str]:
    return [type(item).__name__ for item in items]


def in_pieces(octets: bytes, size: int) -> list[Item]:
    reader = StreamReader(LIMITS)
    items: list[Item] = []
    for start in range(0, len(octets), size):
        items += reader.receive_data(octets[start : start + size])
    return items


def test_messages_are_framed_by_their_length() -> None:
    items = StreamReader().receive_data(ONE + ONE)
    assert kinds(items) == ["Request", "Request"]
    assert [item.body for item in items if isinstance(item, Request)] == [b"body", b"body"]


def test_a_message_is_delivered_with_its_last_octet() -> None:
    reader = StreamReader()
    assert reader.receive_data(memoryview(ONE[:-1])) == []
    assert kinds(reader.receive_data(ONE[-1:])) == ["Request"]
    assert not reader.closed


def test_keepalives_between_messages_are_reported_and_skipped() -> None:
    assert kinds(StreamReader().receive_data(b"\r\n")) == ["Pong"]
    assert StreamReader().receive_data(b"\r\n\r\n" + ONE)[:2] == [Pong(), Ping()]
    assert kinds(StreamReader().receive_data(b"\r\n" + ONE + b"\r\n\r\n\r\n")) == [
        "Pong",
        "Request",
        "Pong",
        "Ping",
        "Pong",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "octets",
    [
        ONE + b"\r\n\r\n" + ONE,
        options(),
        options("Content-Length: 11") + 11 * b"x",
        options("X: " + 500 * "x"),
        options("Content-Length: 0", "X: " + 500 * "x") + ONE,
        b"junk\r\n\r\nmore",
        b"\rjunk\r\n\r\n",
        options("Content-Length: 1", "l: 2"),
        wire("SIP/2.0 999 ?", "Content-Length: 0") + ONE,
    ],
)
def test_any_split_gives_the_same_items(octets: bytes, size: int) -> None:
    assert in_pieces(octets, size) == StreamReader(LIMITS).receive_data(octets)


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (options(), 400),
        (options("Content-Length: x"), 400),
        (options("Content-Length: 11"), 413),
        (options("X: " + 500 * "x"), 513),
    ],
)
def test_lost_framing_is_answered_and_closes(octets: bytes, status: int) -> None:
    reader = StreamReader(LIMITS)
    refused, last = reader.receive_data(octets + ONE)
    assert isinstance(refused, BadRequest)
    assert refused.status == status
    assert refused.answer is not None
    assert isinstance(last, Malformed)
    assert reader.closed
    assert reader.receive_data(ONE) == []


def test_what_is_not_sip_closes_without_an_answer() -> None:
    for octets in (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"):
        reader = StreamReader()
        assert kinds(reader.receive_data(octets + ONE)) == ["Malformed"]
        assert reader.closed


def test_a_bad_message_in_good_framing_costs_only_itself() -> None:
    items = StreamReader().receive_data(options("Content-Length: 0", cseq="CSeq: 1 BYE") + ONE)
    assert kinds(items) == ["BadRequest", "Request"]
    items = StreamReader().receive_data(wire("SIP/2.0 200 OK", "Content-Length: 0") + ONE)
    assert items[0] == BadRequest(400, "no Via")
    assert kinds(items[1:]) == ["Request"]


def test_a_websocket_message_is_text_or_octets_and_needs_no_length() -> None:
    for frame in (options() + b"body", (options() + b"body").decode()):
        message = read_frame(frame)
        assert isinstance(message, Request)
        assert message.body == b"body"
    assert isinstance(read_frame("\ud800"), Malformed)
