"""msrp/frame_reader.py: one frame in, leniently."""

import re

import pytest

from crossroom.msrp.chunk import Flag, Frame, MsrpRequest, MsrpResponse, Unintelligible
from crossroom.msrp.frame_reader import PLAIN_REQUEST, START_LINE, parse_frame, plain_request

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


@pytest.mark.parametrize(
    ("head", "body", "line"),
    [
        (PATHS + b"\r\nbad", None, b"MSRP a1b2 200 OK"),
        (PATHS + b"\r\nbad", None, b"MSRP a1b2 REPORT"),  # RFC 4975 §7.1.2
        (PATHS, b"body without type", b"MSRP a1b2 REPORT"),
        (PATHS + b"\r\nfailure-report: NO\r\nbad", None, b"MSRP a1b2 SEND"),  # RFC 4975 §7.1.4
        (PATHS + b"\r\nFailure-Report:no", b"body without type", b"MSRP a1b2 SEND"),
    ],
)
def test_what_is_bad_and_may_not_be_answered_has_no_paths(
    head: bytes, body: bytes | None, line: bytes
) -> None:
    item = read(head, body, line)
    assert isinstance(item, Unintelligible)
    assert (item.to_path, item.from_path) == ("", "")


@pytest.mark.parametrize(("head", "body"), [(b"\r\nbad", None), (b"", b"body without type")])
@pytest.mark.parametrize(
    ("method", "back"),
    [
        ("SEND", "msrp://relay:1/r;tcp"),  # RFC 4975 §7.2: the previous hop
        ("NICKNAME", "msrp://relay:1/r;tcp msrp://b:2/y;tcp"),  # and else the whole path
    ],
)
def test_bad_request_from_behind_a_relay_is_answered_as_a_good_one_would_be(
    method: str, back: str, head: bytes, body: bytes | None
) -> None:
    paths = b"To-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://relay:1/r;tcp msrp://b:2/y;tcp"
    item = read(paths + head, body, f"MSRP a1b2 {method}".encode())
    assert isinstance(item, Unintelligible)
    assert (item.to_path, item.from_path) == ("msrp://a:1/x;tcp", back)


def test_nickname_that_is_not_utf_8_is_left_to_its_own_answer() -> None:
    request = read(PATHS + b'\r\nUse-Nickname: "\xff"', line=b"MSRP a1b2 NICKNAME")
    assert isinstance(request, MsrpRequest)
    assert request.header("use-nickname") == '"\udcff"'


USUAL = (
    b"MSRP a1b2 SEND\r\n"
    + PATHS
    + b"\r\nMessage-ID: 7\r\nContent-Type: text/plain; x=y\r\n\r\nhi\r\n-------a1b2$\r\n"
)


@pytest.mark.parametrize("headers", [b"", b"\r\nByte-Range: 1-2/2\r\nX: y z", b"\r\nX: y" * 28])
@pytest.mark.parametrize("body", [b"hi", b"", b"\r", b"\r\n\r\n-------b\r\n"])
def test_usual_request_is_read_at_one_look(headers: bytes, body: bytes) -> None:
    octets = USUAL.replace(b"Message-ID: 7", b"Message-ID: 7" + headers).replace(b"hi", body)
    match = PLAIN_REQUEST.match(octets + b"MSRP next")
    assert match
    assert match.end() == len(octets)
    head = octets.removeprefix(b"MSRP a1b2 SEND\r\n").partition(b"\r\n\r\n")[0]
    assert plain_request(match) == read(head, body)


@pytest.mark.parametrize(
    "octets",
    [
        USUAL.replace(b"To-Path: ", b"To-Path:"),
        USUAL.replace(b"y;tcp", b"y;tcp msrp://c:3/z;tcp"),
        USUAL.replace(b"Message-ID: 7", b"Message-ID: 7 "),
        USUAL.replace(b"Message-ID: 7", b"Message-ID:  7"),
        USUAL.replace(b"Message-ID: 7", b"Message-ID: \xc3\xa4"),
        USUAL.replace(b"Message-ID: 7", b"Message-ID: 7" + b"\r\nX: y" * 29),
        USUAL.replace(b"Content-Type", b"X-Content-Type"),
        USUAL.replace(b"$\r\n", b"+\r\n"),
        USUAL.replace(b"$\r\n", b"#\r\n"),
        USUAL.replace(b"$\r\n", b"$x$\r\n"),
        USUAL.replace(b"hi", b"\r\n-------a1b2+\r\n"),
        USUAL.replace(b"\r\nhi", b""),
        USUAL.replace(b"hi", b"-------a1b2+\r\nhi"),
        USUAL[:-1],
    ],
)
def test_what_is_not_quite_usual_is_left_to_the_long_way(octets: bytes) -> None:
    assert PLAIN_REQUEST.match(octets) is None
