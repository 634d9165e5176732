import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.content import ContentType
from crossroom.sip.headers import Headers
from crossroom.sip.multipart import Part, find_part, parse_parts, write_parts

MIXED = ContentType.parse('multipart/mixed;boundary="b 1"')
BODY = (
    b"preamble\r\n--b 1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b 1 \r\n"
    b"c: application/resource-lists+xml\r\nContent-Disposition: recipient-list;handling=optional\r\n"
    b"Content-ID: <list@h>\r\n\r\n<x/>\r\n--b 1--\r\nepilogue\r\n--b 1\r\n\r\nnot a part"
)


def test_parts_are_read_with_their_headers() -> None:
    sdp, recipients = parse_parts(BODY, MIXED)
    assert (sdp.content_type.type, sdp.content) == ("application/sdp", b"v=0\r\n")
    assert (recipients.content_type.type, recipients.content) == ("application/resource-lists+xml", b"<x/>")
    assert recipients.disposition is not None
    assert recipients.disposition.is_optional
    assert recipients.content_id == "list@h"
    assert (sdp.disposition, sdp.content_id) == (None, None)


def test_a_part_is_found_by_its_type() -> None:
    assert find_part(BODY, MIXED, "Application/SDP") == b"v=0\r\n"
    assert find_part(BODY, MIXED, "text/html") is None
    assert find_part(b"v=0", ContentType("application/sdp"), "application/sdp") == b"v=0"


def test_bare_line_feeds_a_missing_end_and_a_missing_type_are_read() -> None:
    parts = parse_parts(b"--b 1\n\nhello\n--b 1\nContent-Type: text/html\n\nworld", MIXED)
    assert [(part.content_type.type, part.content) for part in parts] == [
        ("text/plain", b"hello"),
        ("text/html", b"world"),
    ]
    (bare,) = parse_parts(b"--b 1\r\nContent-ID: x\r\n--b 1--", MIXED)
    assert (bare.content_type.type, bare.content) == ("text/plain", b"")


def test_nested_parts_stand_in_their_place() -> None:
    inner = write_parts((Part(ContentType("text/html"), b"in"),), "inner")
    outer = write_parts(
        (
            Part(ContentType("text/plain"), b"1"),
            Part(ContentType.parse("multipart/alternative;boundary=inner"), inner),
        ),
        "outer",
    )
    parts = parse_parts(outer, ContentType.parse("multipart/mixed;boundary=outer"))
    assert [part.content for part in parts] == [b"1", b"in"]


def test_what_is_written_is_read_the_same() -> None:
    part = Part(ContentType("application/sdp"), b"--\r\nv=0\r\n", Headers([("Content-ID", "<a>")]))
    body = write_parts((part, part), "x")
    found = parse_parts(body, ContentType.parse("multipart/mixed;boundary=x"))
    assert [(read.content_type, read.content, read.content_id) for read in found] == 2 * [
        (part.content_type, part.content, "a")
    ]


@pytest.mark.parametrize("boundary", ["a\r\nb", "", "v=0"])
def test_a_boundary_that_would_not_hold_is_refused(boundary: str) -> None:
    with pytest.raises(LocalProtocolError):
        write_parts((Part(ContentType("text/plain"), b"v=0"),), boundary)


def deep(depth: int) -> tuple[bytes, ContentType]:
    part = Part(ContentType("text/plain"), b"x")
    for level in range(depth):
        part = Part(
            ContentType.parse(f"multipart/mixed;boundary=n{level}"), write_parts((part,), f"n{level}")
        )
    return part.content, part.content_type


def test_depth_and_count_are_limited() -> None:
    assert parse_parts(*deep(4))[0].content == b"x"
    with pytest.raises(ParseError):
        parse_parts(*deep(5))
    many = tuple(Part(ContentType("text/plain"), b"") for _ in range(33))
    with pytest.raises(ParseError):
        parse_parts(write_parts(many, "z"), ContentType.parse("multipart/mixed;boundary=z"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--b 1\r\n\r\nx", "multipart/mixed"),
        (b"nothing here", 'multipart/mixed;boundary="b 1"'),
        (b"--b 1--", 'multipart/mixed;boundary="b 1"'),
        (b"--b 1\r\nno header\r\n\r\nx\r\n--b 1--", 'multipart/mixed;boundary="b 1"'),
        (b"--b 1\r\nContent-Type: x\r\n\r\nx\r\n--b 1--", 'multipart/mixed;boundary="b 1"'),
    ],
)
def test_other_bodies_are_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(ParseError):
        parse_parts(body, ContentType.parse(content_type))
