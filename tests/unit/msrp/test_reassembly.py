"""msrp/reassembly.py: chunks in any order."""

import random

import pytest

from crossroom.machine import ParseError
from crossroom.msrp.chunk import Flag, MsrpRequest
from crossroom.msrp.reassembly import Inbox, InboxLimits, TooLarge

LIMITS = InboxLimits(max_message=100, max_partials=2, max_chunks=30, chunk_seconds=540)


def chunk(start: int, body: bytes, flag: str = "+", message_id: str = "7", total: str = "*") -> MsrpRequest:
    headers = (("Message-ID", message_id), ("Byte-Range", f"{start}-*/{total}"), ("Content-Type", "x/y"))
    return MsrpRequest("a1b2", "SEND", "a", "b", headers, body, Flag(flag))


def feed(*chunks: MsrpRequest) -> list[tuple[str, bytes] | None]:
    inbox = Inbox(LIMITS)
    return [inbox.add(each, 0.0) for each in chunks]


def test_single_chunk_is_whole_at_once() -> None:
    assert feed(chunk(1, b"hello", "$")) == [("x/y", b"hello")]


def test_chunks_in_order_are_whole_at_the_last() -> None:
    assert feed(chunk(1, b"he"), chunk(3, b"ll"), chunk(5, b"o", "$")) == [None, None, ("x/y", b"hello")]


def test_every_order_gives_the_same_message() -> None:
    pieces = [chunk(at + 1, b"abcdefghij"[at : at + 2], "$" if at == 8 else "+") for at in range(0, 10, 2)]
    source = random.Random(1)
    for _ in range(30):
        source.shuffle(pieces)
        assert feed(*pieces)[-1] == ("x/y", b"abcdefghij")


def test_where_chunks_overlap_the_last_received_wins() -> None:
    assert feed(chunk(1, b"abcd"), chunk(3, b"XY"), chunk(5, b"e", "$"))[-1] == ("x/y", b"abXYe")


def test_repeated_chunk_changes_nothing() -> None:
    assert feed(chunk(1, b"ab"), chunk(1, b"ab"), chunk(3, b"c", "$"))[-1] == ("x/y", b"abc")


def test_octets_behind_the_end_are_cut_off() -> None:
    assert feed(chunk(3, b"cdef"), chunk(1, b"abc", "$"))[-1] == ("x/y", b"abc")


def test_gap_at_the_front_is_waited_for() -> None:
    assert feed(chunk(2, b"b"), chunk(3, b"c", "$")) == [None, None]


def test_wrong_total_does_not_matter() -> None:
    assert feed(chunk(1, b"hello", "+", total="3"), chunk(6, b"!", "$", total="3"))[-1] == ("x/y", b"hello!")


def test_empty_chunk_with_more_to_come_is_a_chunk() -> None:
    assert feed(chunk(1, b""), chunk(1, b"a", "$"))[-1] == ("x/y", b"a")


@pytest.mark.parametrize(
    "bad", [chunk(1, b"x" * 101), chunk(100, b"xx"), chunk(1, b"x", total="101"), chunk(2**40, b"x")]
)
def test_message_over_the_limit_is_refused_and_forgotten(bad: MsrpRequest) -> None:
    inbox = Inbox(LIMITS)
    inbox.add(chunk(1, b"x"), 0.0)
    with pytest.raises(TooLarge):
        inbox.add(bad, 0.0)
    assert "7" not in inbox


def test_too_many_unfinished_messages_are_refused() -> None:
    inbox = Inbox(LIMITS)
    inbox.add(chunk(1, b"x", message_id="1"), 0.0)
    inbox.add(chunk(1, b"x", message_id="2"), 0.0)
    with pytest.raises(TooLarge):
        inbox.add(chunk(1, b"x", message_id="3"), 0.0)
    assert len(inbox) == 2


def test_too_many_chunks_are_refused() -> None:
    inbox = Inbox(LIMITS)
    for _ in range(30):
        inbox.add(chunk(1, b"x"), 0.0)
    with pytest.raises(TooLarge):
        inbox.add(chunk(1, b"x"), 0.0)


def test_unreadable_byte_range_is_a_parse_error() -> None:
    with pytest.raises(ParseError):
        Inbox(LIMITS).add(chunk(0, b"x"), 0.0)


def test_message_whose_next_chunk_does_not_come_is_forgotten() -> None:
    inbox = Inbox(LIMITS)
    assert inbox.deadline() is None
    inbox.add(chunk(1, b"x", message_id="1"), 0.0)
    inbox.add(chunk(1, b"x", message_id="2"), 10.0)
    inbox.add(chunk(2, b"x", message_id="1"), 20.0)
    assert inbox.deadline() == 550.0
    assert inbox.tick(549.0) == []
    assert inbox.tick(550.0) == ["2"]
    inbox.discard("1")
    inbox.discard("unknown")
    assert len(inbox) == 0


def test_ten_thousand_chunks_of_one_octet_are_one_message() -> None:
    inbox = Inbox(InboxLimits())
    for at in range(9999):
        assert inbox.add(chunk(at + 1, b"x"), 0.0) is None
    assert inbox.add(chunk(10000, b"x", "$"), 0.0) == ("x/y", b"x" * 10000)
