import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.headers import COMPACT, Headers, canonical

SAMPLE = Headers(
    [("v", "SIP/2.0/UDP a, SIP/2.0/UDP b"), ("FROM", " x "), ("Via", "SIP/2.0/UDP c"), ("X-New", "1, 2")]
)


@pytest.mark.parametrize("short", ["v", "f", "t", "m", "i", "c", "l", "s", "k", "e", "o", "r", "b", "u", "x"])
def test_compact_names_are_known_in_any_case(short: str) -> None:
    assert canonical(short) == canonical(short.upper()) == COMPACT[short]


def test_names_are_written_in_full_and_unknown_ones_kept() -> None:
    assert [name for name, _ in SAMPLE] == ["Via", "From", "Via", "X-New"]
    assert canonical("cseq") == "CSeq"
    assert canonical("x-nEW") == "x-nEW"


def test_values_are_found_without_case() -> None:
    assert SAMPLE.get("from") == SAMPLE.get("f") == "x"
    assert SAMPLE.get("x-new") == "1, 2"
    assert SAMPLE.get("To") is None
    assert SAMPLE.has("V")
    assert not SAMPLE.has("To")


def test_only_lists_are_split_at_commas() -> None:
    assert SAMPLE.all("Via") == ("SIP/2.0/UDP a", "SIP/2.0/UDP b", "SIP/2.0/UDP c")
    assert SAMPLE.all("X-New") == ("1, 2",)
    assert SAMPLE.all("Route") == ()
    assert Headers([("Date", "Sat, 13 Nov 2010")]).all("Date") == ("Sat, 13 Nov 2010",)
    assert Headers([("Authorization", "Digest a=b, c=d")]).all("authorization") == ("Digest a=b, c=d",)
    assert Headers([("Supported", ""), ("Supported", "a,,b")]).all("Supported") == ("a", "b")
    assert SAMPLE.lines("v") == ("SIP/2.0/UDP a, SIP/2.0/UDP b", "SIP/2.0/UDP c")


def test_an_open_quote_in_a_list_is_an_error() -> None:
    with pytest.raises(ParseError):
        Headers([("Contact", '"a <sip:h>, <sip:g>')]).all("Contact")


def test_replacing_keeps_the_place_of_the_first() -> None:
    assert list(SAMPLE.with_("via", "n")) == [("Via", "n"), ("From", "x"), ("X-New", "1, 2")]
    assert SAMPLE.with_("To", "y").fields[-1] == ("To", "y")


def test_lines_are_added_at_the_end_or_before_their_kind() -> None:
    assert SAMPLE.adding("via", "n").lines("Via")[-1] == "n"
    assert SAMPLE.prepending("Via", "n").lines("Via")[0] == "n"
    assert SAMPLE.prepending("Route", "r").fields[0] == ("Route", "r")
    assert SAMPLE.prepending("f", "y").fields[1] == ("From", "y")
    assert SAMPLE.adding_all("Route", ["a", "b"]).lines("Route") == ("a", "b")


def test_lines_are_taken_away_by_any_of_their_names() -> None:
    assert [name for name, _ in SAMPLE.without("v", "x-new")] == ["From"]


def test_each_name_comes_once_with_all_its_lines() -> None:
    headers = Headers([("v", "a"), ("X-New", "1"), ("Via", "b"), ("x-new", "2")])
    assert list(headers.by_name()) == [("Via", ("a", "b")), ("x-new", ("1", "2"))]


def test_equal_fields_are_equal_headers() -> None:
    same = Headers(SAMPLE.fields)
    assert same == SAMPLE
    assert hash(same) == hash(SAMPLE)
    assert len(same) == 4
    assert same != SAMPLE.without("From")
    assert same != SAMPLE.fields
    assert "X-New" in repr(same)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nVia: b"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "\x00"),
        ("X:Y", "a"),
        ("", "a"),
        ("X\r\n", "a"),
    ],
)
def test_a_line_that_cannot_be_written_cannot_be_made(name: str, value: str) -> None:
    for make in (SAMPLE.with_, SAMPLE.adding, SAMPLE.prepending):
        with pytest.raises(LocalProtocolError):
            make(name, value)
    with pytest.raises(LocalProtocolError):
        Headers([(name, value)])
