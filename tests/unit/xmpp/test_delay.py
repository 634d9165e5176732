"""Stamps and delays."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.delay import Delay, format_stamp, parse_stamp
from crossroom.xmpp.stanza import Kind, Stanza


def test_stamps_are_utc_with_a_z() -> None:
    assert format_stamp(0) == "1970-01-01T00:00:00.000Z"
    assert format_stamp(1_000_000_000.25) == "2001-09-09T01:46:40.250Z"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01T02:00:00+02:00", 0.0),
        (" 1970-01-01T00:00:00.5Z ", 0.5),
        ("1970-01-01T00:00:00.1234567890Z", 0.123456),
    ],
)
def test_a_stamp_of_any_zone_is_read(text: str, at: float) -> None:
    assert parse_stamp(text) == at


@pytest.mark.parametrize(
    "text", ["", "now", "20020910T23:08:25", "1970-01-01", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00"]
)
def test_what_is_no_stamp_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_stamp(text)


@pytest.mark.parametrize("delay", [Delay(0.0), Delay(1.5, "tea@conf.example", "late")])
def test_a_delay_is_written_and_read_back(delay: Delay) -> None:
    assert Delay.of(Stanza(Kind.MESSAGE, children=(delay.as_element(),))) == delay
    assert Delay.of(Stanza(Kind.MESSAGE)) is None
