"""multipart bodies: their parts, and which of them is read."""

import pytest

from crossroom.bodies.mime import MimePart
from crossroom.bodies.multipart import MAX_DEPTH, MAX_PARTS, parts_of, readable
from crossroom.machine import ParseError


def multipart(
    kind: str, *parts: str, boundary: str = "cut", preamble: str = "", closing: str = "--cut--\r\n"
) -> MimePart:
    body = preamble + "".join(f"--cut\r\n{part}\r\n" for part in parts) + closing
    return MimePart((("Content-Type", f'multipart/{kind}; boundary="{boundary}"'),), body.encode())


PLAIN = "Content-Type: text/plain\r\n\r\nplain tea"
HTML = "Content-Type: text/html\r\n\r\n<b>rich tea</b>"
PICTURE = "Content-Type: image/png\r\n\r\nPNG"


def bodies(part: MimePart) -> list[bytes]:
    return [shown.body for shown in readable(part)]


def test_a_body_that_is_no_multipart_is_read_itself() -> None:
    assert bodies(MimePart.of("text/plain", "tea")) == [b"tea"]


@pytest.mark.parametrize("parts", [(HTML, PLAIN), (PLAIN, HTML), (PICTURE, HTML, PLAIN)])
def test_of_alternatives_the_plain_text_is_read(parts: tuple[str, ...]) -> None:
    assert bodies(multipart("alternative", *parts)) == [b"plain tea"]


def test_without_plain_text_any_text_is_better_than_none() -> None:
    assert bodies(multipart("alternative", PICTURE, HTML)) == [b"<b>rich tea</b>"]
    assert bodies(multipart("alternative", PICTURE)) == [b"PNG"]


def test_a_mixture_is_read_in_order() -> None:
    assert bodies(multipart("mixed", PLAIN, PICTURE, HTML)) == [b"plain tea", b"PNG", b"<b>rich tea</b>"]
    assert bodies(multipart("unheard-of", PLAIN, PICTURE)) == [b"plain tea", b"PNG"]


def test_of_what_is_related_the_root_is_read() -> None:
    assert bodies(multipart("related", HTML, PICTURE)) == [b"<b>rich tea</b>"]


def test_an_alternative_may_contain_a_multipart() -> None:
    inner = 'Content-Type: multipart/mixed; boundary="in"\r\n\r\n--in\r\n\r\nfirst\r\n--in\r\n\r\nsecond\r\n--in--'
    assert bodies(multipart("alternative", PICTURE, inner)) == [b"first", b"second"]


def test_what_stands_around_the_parts_is_not_read() -> None:
    part = multipart("mixed", PLAIN, preamble="for old mail readers\r\n", closing="--cut--\r\nepilogue")
    assert bodies(part) == [b"plain tea"]


def test_a_part_without_headers_is_plain_text() -> None:
    [shown] = readable(multipart("mixed", "\r\nbare"))
    assert (shown.media_type, shown.body) == ("text/plain", b"bare")


def test_an_empty_part_is_a_part() -> None:
    part = MimePart(
        (("Content-Type", "multipart/mixed; boundary=cut"),), b"--cut\r\n\r\n--cut\r\n\r\nx\r\n--cut--"
    )
    assert bodies(part) == [b"", b"x"]


def test_an_absent_end_is_the_end_of_the_body() -> None:
    part = MimePart((("Content-Type", "multipart/mixed; boundary=cut"),), b"--cut\n\nhalf a ta")
    assert bodies(part) == [b"half a ta"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/mixed", b"--cut\r\n\r\nx\r\n--cut--"),
        ("multipart/mixed; boundary=" + "b" * 71, b"x"),
        ("multipart/mixed; boundary=cut", b"no delimiter"),
        ("multipart/mixed; boundary=cut", b"--cut--"),
        ("multipart/mixed; boundary=cut", b"--cut\r\nno header\r\n\r\nx\r\n--cut--"),
        ("multipart/mixed; boundary=cut", b"--cut\r\n\r\nx\r\n" * (MAX_PARTS + 1)),
    ],
)
def test_what_cannot_be_read_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(ParseError):
        parts_of(MimePart((("Content-Type", content_type),), body))


def test_nesting_has_an_end() -> None:
    text = "\r\nx"
    for depth in range(MAX_DEPTH + 1):
        text = f"Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n{text}\r\n--b{depth}--"
    with pytest.raises(ParseError, match="deep"):
        readable(MimePart.from_bytes(text.encode()))
