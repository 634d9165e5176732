"""msrp/message.py: messages to chunks."""

import pytest

from crossroom.machine import LocalProtocolError
from crossroom.msrp.chunk import FailureReport, Flag
from crossroom.msrp.frame_writer import build_frame
from crossroom.msrp.message import SHORT, Chunk, Message, SharedBody, Transfer


def chunks(message: Message, size: int) -> list[Chunk]:
    transfer, cut = Transfer(message), []
    while not transfer.is_done:
        cut.append(transfer.cut(size))
    return cut


def ranges(cut: list[Chunk]) -> list[str]:
    return [dict(chunk.headers)["Byte-Range"] for chunk in cut]


def test_short_message_is_one_chunk_with_its_whole_range() -> None:
    (chunk,) = chunks(Message("7", "text/plain", b"hello"), 2048)
    assert chunk == Chunk(
        (("Message-ID", "7"), ("Byte-Range", "1-5/5"), ("Content-Type", "text/plain")),
        b"hello",
        Flag.COMPLETE,
    )


def test_empty_message_has_the_empty_range() -> None:
    (chunk,) = chunks(Message("7", "text/plain", b""), 2048)
    assert ranges([chunk]) == ["1-0/0"]
    assert (chunk.body, chunk.flag) == (b"", Flag.COMPLETE)


def test_chunks_are_contiguous_and_all_but_the_last_say_more() -> None:
    cut = chunks(Message("7", "text/plain", b"x" * 5000), SHORT)
    assert ranges(cut) == ["1-2048/5000", "2049-4096/5000", "4097-5000/5000"]
    assert [chunk.flag for chunk in cut] == [Flag.MORE, Flag.MORE, Flag.COMPLETE]


def test_chunk_over_2048_octets_is_interruptible() -> None:
    cut = chunks(Message("7", "text/plain", b"x" * 5000), 4000)
    assert ranges(cut) == ["1-*/5000", "4001-5000/5000"]


@pytest.mark.parametrize(
    ("success", "failure", "expected"),
    [
        (False, FailureReport.YES, ()),
        (True, FailureReport.YES, (("Success-Report", "yes"),)),
        (True, FailureReport.NO, (("Success-Report", "yes"), ("Failure-Report", "no"))),
        (False, FailureReport.PARTIAL, (("Failure-Report", "partial"),)),
    ],
)
def test_report_headers_are_in_every_chunk(
    success: bool,  # noqa: FBT001 -- a table
    failure: FailureReport,
    expected: tuple[tuple[str, str], ...],
) -> None:
    for chunk in chunks(Message("7", "text/plain", b"x" * 10, success, failure), 5):
        assert chunk.headers[0] == ("Message-ID", "7")
        assert chunk.headers[1 : 1 + len(expected)] == expected
        assert len(chunk.headers) == 3 + len(expected)


def test_failed_transfer_ends_with_an_abort() -> None:
    transfer = Transfer(Message("7", "text/plain", b"x" * 5000))
    before = transfer.has_begun
    transfer.cut(SHORT)
    assert (before, transfer.has_begun) == (False, True)
    transfer.failed = True
    chunk = transfer.cut(SHORT)
    assert (chunk.body, chunk.flag, ranges([chunk])) == (b"", Flag.ABORTED, ["2049-*/5000"])
    assert transfer.is_done


def test_message_without_type_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        Transfer(Message("7", "", b"x")).cut(10)


@pytest.mark.parametrize("size", [0, 5, 2048, 2049])
def test_shared_tail_is_that_of_the_single_message(size: int) -> None:
    body = b"x" * size
    shared = SharedBody("message/cpim", body, FailureReport.PARTIAL)
    chunk = Transfer(shared.message("7")).cut(size or 1)
    built = build_frame("a1b2", "SEND", chunk.headers, chunk.body)
    tail = shared.numbered_tail.removeprefix(shared.number)
    assert built == b"MSRP a1b2 SEND\r\nMessage-ID: 7" + tail + b"\r\n-------a1b2$\r\n"
    assert shared.numbered_end == shared.number + b"$\r\n"


def test_shared_bodies_are_numbered_in_the_order_of_their_making() -> None:
    one, two = SharedBody("x/y", b""), SharedBody("x/y", b"")
    assert 0 < one.serial < two.serial
    assert (one.number, two.number) == (b"-%x" % one.serial, b"-%x" % two.serial)


def test_shared_body_cannot_carry_a_line_end_in_its_type() -> None:
    with pytest.raises(LocalProtocolError):
        SharedBody("text/plain\r\nX: y", b"")


def test_shared_body_that_could_hold_an_end_line_has_no_number() -> None:
    assert SharedBody("text/plain", b"--------").serial == 0
