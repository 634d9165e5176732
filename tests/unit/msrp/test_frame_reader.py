"""msrp/frame_reader.py: one frame in, leniently."""

import re

import pytest

from crossroom.msrp.chunk import Flag, Frame, MsrpRequest, MsrpResponse, Unintelligible
from crossroom.msrp.frame_reader import START_LINE, parse_frame

PATHS = b"To-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp"


def start(line: bytes) -> re.Match[bytes]:
    match = START_LINE.fullmatch(line)
    assert match
    return match


def read(head: bytes, body: bytes | None = None, line: bytes = b"MSRP a1b2 SEND") -> Frame | Unintelligible:
    return parse_frame(start(line), head, body, Flag.COMPLETE)


def test_request_is_read() -> None:
    request = read(PATHS + b"\r\nMessage-ID: 7\r\nContent-Type: text/plain", b"hi")
    assert request == MsrpRequest(
        "a1b2",
        "SEND",
        "msrp://a:1/x;tcp",
        "msrp://b:2/y;tcp",
        (("Message-ID", "7"), ("Content-Type", "text/plain")),
        b"hi",
    )


def test_response_is_read_with_and_without_comment() -> None:
    paths = ("msrp://a:1/x;tcp", "msrp://b:2/y;tcp")
    assert read(PATHS, line=b"MSRP a1b2 200 OK") == MsrpResponse("a1b2", 200, *paths, "OK")
    assert read(PATHS, line=b"MSRP a1b2 481") == MsrpResponse("a1b2", 481, *paths)


@pytest.mark.parametrize(
    "head",
    [
        PATHS.replace(b": ", b":"),
        PATHS.replace(b": ", b" : \t"),
        PATHS.replace(b"Path", b"PATH"),
        b"X: y\r\nFrom-Path: msrp://b:2/y;tcp\r\nTo-Path: msrp://a:1/x;tcp",
    ],
)
def test_spaces_case_and_order_do_not_matter(head: bytes) -> None:
    request = read(head)
    assert isinstance(request, MsrpRequest)
    assert (request.to_path, request.from_path) == ("msrp://a:1/x;tcp", "msrp://b:2/y;tcp")


def test_empty_body_counts_only_with_content_type() -> None:
    bare, empty = read(PATHS, b""), read(PATHS + b"\r\ncontent-type: x/y", None)
    assert isinstance(bare, MsrpRequest)
    assert isinstance(empty, MsrpRequest)
    assert bare.body is None
    assert empty.body == b""


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (PATHS, b"body without type"),
        (PATHS + b"\r\nno colon", None),
        (PATHS + b"\r\n: nameless", None),
        (PATHS + b"\r\nX: a\nb", None),
        (PATHS + b"\r\nX: \xff", None),
        (PATHS + b"\r\nX: y" * 63, None),
    ],
)
def test_bad_head_is_unintelligible_but_its_paths_are_salvaged(head: bytes, body: bytes | None) -> None:
    item = read(head, body)
    assert isinstance(item, Unintelligible)
    assert (item.to_path, item.from_path) == ("msrp://a:1/x;tcp", "msrp://b:2/y;tcp")


@pytest.mark.parametrize("head", [b"", b"To-Path: msrp://a:1/x;tcp", b"From-Path: x\r\nTo-Path:"])
def test_missing_path_is_unintelligible(head: bytes) -> None:
    assert isinstance(read(head), Unintelligible)


def test_bad_response_has_no_paths_so_that_it_is_never_answered() -> None:
    item = read(PATHS + b"\r\nbad", line=b"MSRP a1b2 200 OK")
    assert isinstance(item, Unintelligible)
    assert (item.to_path, item.from_path) == ("", "")


def test_nickname_that_is_not_utf_8_is_left_to_its_own_answer() -> None:
    request = read(PATHS + b'\r\nUse-Nickname: "\xff"', line=b"MSRP a1b2 NICKNAME")
    assert isinstance(request, MsrpRequest)
    assert request.header("use-nickname") == '"\udcff"'
