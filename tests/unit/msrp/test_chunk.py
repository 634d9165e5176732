"""msrp/chunk.py: the frames' values."""

import pytest

from crossroom.machine import ParseError
from crossroom.msrp.chunk import (
    WHOLE,
    ByteRange,
    FailureReport,
    Flag,
    MsrpRequest,
    MsrpResponse,
    answer,
    parse_status,
)

US, THEM = "msrp://a:1/x;tcp", "msrp://b:2/y;tcp"


def send(*headers: tuple[str, str], method: str = "SEND", from_path: str = THEM) -> MsrpRequest:
    return MsrpRequest("a1b2", method, US, from_path, headers)


@pytest.mark.parametrize("text", ["1-5/5", "1-*/*", "2049-*/4294967296", "1-0/0", "7-*/9"])
def test_byte_range_survives_being_read_and_written(text: str) -> None:
    assert str(ByteRange.parse(text)) == text


@pytest.mark.parametrize("text", ["", "0-5/5", "1-5", "a-b/c", "*-5/5", "1-5/5 ", "1-" + "9" * 20 + "/*"])
def test_anything_else_is_no_byte_range(text: str) -> None:
    with pytest.raises(ParseError):
        ByteRange.parse(text)


def test_absent_headers_have_their_defaults() -> None:
    request = send()
    assert (request.message_id, request.content_type, request.byte_range) == ("", "", WHOLE)
    assert request.failure_report is FailureReport.YES
    assert not request.wants_success_report


def test_headers_are_found_in_any_case() -> None:
    request = send(
        ("message-id", "7"), ("SUCCESS-REPORT", "YES"), ("failure-report", "Partial"), ("byte-range", "2-3/4")
    )
    assert request.message_id == "7"
    assert request.wants_success_report
    assert request.failure_report is FailureReport.PARTIAL
    assert request.byte_range == ByteRange(2, 3, 4)
    assert send(("Failure-Report", "maybe")).failure_report is FailureReport.YES


def test_request_and_response_are_written() -> None:
    request = MsrpRequest("a1b2", "SEND", US, THEM, (("Content-Type", "x/y"),), b"hi", Flag.MORE)
    assert bytes(request) == (
        b"MSRP a1b2 SEND\r\nTo-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp\r\n"
        b"Content-Type: x/y\r\n\r\nhi\r\n-------a1b2+\r\n"
    )
    assert bytes(MsrpResponse("a1b2", 200, US, THEM, "OK")).startswith(b"MSRP a1b2 200 OK\r\nTo-Path: ")
    assert bytes(MsrpResponse("a1b2", 200, US, THEM)).startswith(b"MSRP a1b2 200\r\n")


def test_send_is_answered_to_the_previous_hop_only() -> None:
    response = answer(send(from_path=f"msrp://relay:1/r;tcp {THEM}"), 200, US)
    assert response == MsrpResponse("a1b2", 200, "msrp://relay:1/r;tcp", US, "OK")


def test_nickname_is_answered_along_the_whole_path() -> None:
    response = answer(send(method="NICKNAME", from_path=f"msrp://relay:1/r;tcp {THEM}"), 425, US, "Taken")
    assert response == MsrpResponse("a1b2", 425, f"msrp://relay:1/r;tcp {THEM}", US, "Taken")


@pytest.mark.parametrize(
    ("wanted", "status", "is_answered"),
    [
        ("yes", 200, True),
        ("yes", 403, True),
        ("partial", 200, False),
        ("partial", 403, True),
        ("no", 403, False),
    ],
)
def test_failure_report_decides_about_the_answer(wanted: str, status: int, *, is_answered: bool) -> None:
    response = answer(send(("Failure-Report", wanted)), status, US)
    assert (response is not None) is is_answered


def test_report_is_never_answered() -> None:
    assert answer(send(method="REPORT"), 400, US) is None


def test_status_is_read_in_namespace_000_only() -> None:
    assert parse_status("000 200 OK") == (200, "OK")
    assert parse_status("000 413") == (413, "")
    for text in ("", "200 OK", "001 200 OK", "000 2000"):
        with pytest.raises(ParseError):
            parse_status(text)
