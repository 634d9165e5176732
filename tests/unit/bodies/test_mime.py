"""bodies/mime.py: the part inside a CPIM message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroom.bodies.mime import MAX_HEADER_BLOCK, MimePart, media_type_of, parse_headers, plain_text
from crossroom.machine import LocalProtocolError, ParseError


def test_text_goes_out_as_utf_8_with_its_language() -> None:
    part = MimePart.of("text/plain", "thé", "fr")
    assert bytes(part) == (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Language: fr\r\n\r\nth\xc3\xa9"
    )
    assert MimePart.from_bytes(bytes(part)) == part
    assert (part.media_type, part.language, part.text) == ("text/plain", "fr", "thé")


def test_octets_go_out_as_they_are() -> None:
    part = MimePart.of("image/png", b"\x89PNG\r\n")
    assert MimePart.from_bytes(bytes(part)).body == b"\x89PNG\r\n"
    assert part.language == ""


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain; charset=ISO-8859-1", "é"),
        ('text/plain;charset="iso-8859-1"', "é"),
        ("text/plain; x=y; Charset = latin-1", "é"),
        ("text/plain", "�"),
        ('text/plain; charset="utf8"', "�"),
    ],
)
def test_charset_is_honoured_and_utf_8_by_default(content_type: str, text: str) -> None:
    assert MimePart((("Content-Type", content_type),), b"\xe9").text == text


@pytest.mark.parametrize("charset", ["klingon", "rot13", "zlib", "x\x00", "idna", "undefined"])
def test_unknown_charset_is_a_parse_error(charset: str) -> None:
    with pytest.raises(ParseError):
        _ = MimePart((("Content-Type", f"text/plain; charset={charset}"),), b"x").text


def test_part_without_headers_is_plain_text() -> None:
    part = MimePart.from_bytes(b"\r\nhi")
    assert (part.headers, part.media_type, part.body) == ((), "text/plain", b"hi")


@given(
    st.sampled_from([b"Content-Type: ", b"content-type: ", b"Content-Type:", b"X-Type: "]),
    st.sampled_from([b"text/plain", b"Text/Plain", b"text/html", b"text", b"text/plain x"]),
    st.sampled_from(
        [b"", b"; charset=utf-8", b';charset="UTF-8"', b'; charset="utf-8', b";charset=ascii", b";x=y"]
    ),
    st.sampled_from(
        [b"\r\n\r\n", b"\n\n", b"\r\n\r", b"\r\n folded\r\n\r\n", b"\r\nContent-Type: a/b\r\n\r\n"]
    ),
    st.binary(max_size=3),
)
def test_the_usual_part_is_read_as_any_other(
    name: bytes, media_type: bytes, parameter: bytes, end: bytes, body: bytes
) -> None:
    octets = name + media_type + parameter + end + body
    text = plain_text(octets)
    try:
        part = MimePart.from_bytes(octets)
    except ParseError:
        assert text is None
        return
    assert media_type_of(octets) == part.media_type
    if text is not None:
        assert (part.media_type, part.text, part.language) == ("text/plain", text, "")


def test_plain_text_in_utf_8_needs_no_second_look() -> None:
    assert plain_text(bytes(MimePart.of("text/plain", "th\u00e9"))) == "th\u00e9"
    assert plain_text(bytes(MimePart.of("text/plain", "th\u00e9", "fr"))) is None
    assert plain_text(b"Content-Type: text/plain\r\n\r\n\xff") is None


def test_folded_headers_are_joined() -> None:
    assert parse_headers("A: b\r\n\tc\r\nD:e\r\n") == [("A", "b c"), ("D", "e")]


@pytest.mark.parametrize(
    "octets", [b"A: b", b"no colon\r\n\r\n", b": x\r\n\r\n", b"A: \x00\r\n\r\n", b"A: \xff\r\n\r\n"]
)
def test_what_cannot_be_read_is_a_parse_error(octets: bytes) -> None:
    with pytest.raises(ParseError):
        MimePart.from_bytes(octets)


def test_endless_header_block_is_a_parse_error() -> None:
    with pytest.raises(ParseError):
        MimePart.from_bytes(b"A: " + b"b" * MAX_HEADER_BLOCK + b"\r\n\r\n")


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\x00"])
def test_line_end_in_a_header_is_never_written(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        bytes(MimePart((("Content-Type", value),), b""))


@pytest.mark.parametrize("language", ["", "en\nContent-Type: x/y", "en\x00", "é", "e" * 65])
def test_a_language_that_is_none_is_left_out(language: str) -> None:
    assert bytes(MimePart.of("text/plain", "x", language)) == bytes(MimePart.of("text/plain", "x"))


def test_half_characters_are_replaced() -> None:
    part = MimePart((("Content-Type", "text/plain; charset=unicode_escape"),), rb"\ud800 and \u00e9")
    assert part.text == "\ufffd and é"
