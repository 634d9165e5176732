"""msrp/nickname.py: RFC 7701 §7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroom.machine import ParseError
from crossroom.msrp.nickname import format_nickname, parse_nickname


@pytest.mark.parametrize(
    ("value", "nickname"),
    [
        ('"Alice the great"', "Alice the great"),
        ('"a \\"b\\" \\\\c"', 'a "b" \\c'),
        ('""', ""),
        ("Alice the great", "Alice the great"),
        ('"é"', "é"),
        ('"' + "n" * 1023 + '"', "n" * 1023),
    ],
)
def test_quoted_and_unquoted_nicknames_are_read(value: str, nickname: str) -> None:
    assert parse_nickname(value) == nickname


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        '"',
        '"a',
        'a"b',
        '"a\\n"',
        '"a\x01"',
        '"a\rb"',
        '"\udcff"',
        '"' + "n" * 1024 + '"',
        "é" * 512,
    ],
)
def test_malformed_nicknames_are_parse_errors(value: str | None) -> None:
    with pytest.raises(ParseError):
        parse_nickname(value)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_nickname_survives_being_written_and_read(nickname: str) -> None:
    assert parse_nickname(format_nickname(nickname)) == nickname


def test_nickname_with_a_line_end_is_never_written() -> None:
    with pytest.raises(ParseError):
        format_nickname("a\r\nb")
