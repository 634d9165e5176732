import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.reason import Reason, RetryAfter, Warning, read_reasons  # noqa: A004 -- the header's name


def test_a_reason_is_read_and_written() -> None:
    reason = Reason.parse('SIP ;cause=403 ;text="You \\"are\\" out"')
    assert reason == Reason("SIP", 403, 'You "are" out')
    assert str(reason) == 'SIP;cause=403;text="You \\"are\\" out"'
    assert str(Reason.parse("Q.850")) == "Q.850"


@pytest.mark.parametrize("text", ["", "a b", "SIP;cause=x", "SIP;;"])
def test_an_unreadable_reason_is_refused_and_skipped(text: str) -> None:
    with pytest.raises(ParseError):
        Reason.parse(text)
    readable = (Reason("SIP", 200), Reason("Q.850", 16))
    assert read_reasons([text or "a b", "SIP;cause=200, Q.850;cause=16"]) == readable


def test_a_retry_after_may_have_comments_and_parameters() -> None:
    assert RetryAfter.parse("120").seconds == 120
    found = RetryAfter.parse(" 18000 (in a \\) way) ;duration=3600")
    assert str(found) == "18000;duration=3600"
    for text in ("", "soon", "-1", "5 (open", "99999999999"):
        with pytest.raises(ParseError):
            RetryAfter.parse(text)


def test_a_warning_is_read_and_written() -> None:
    warning = Warning.parse('304 h.example:5060 "No \\"tcp\\""')
    assert warning == Warning(304, "h.example:5060", 'No "tcp"')
    assert str(warning) == '304 h.example:5060 "No \\"tcp\\""'
    for text in ("", "304 h", '99 h "x"', '030 h "x"', "304 h x"):
        with pytest.raises(ParseError):
            Warning.parse(text)


def test_values_that_cannot_be_written_cannot_be_made() -> None:
    for make in (
        lambda: Reason("a b"),
        lambda: Reason("SIP", -1),
        lambda: Warning(99, "h", ""),
        lambda: Warning(399, "a b", ""),
        lambda: Warning(399, "", ""),
    ):
        with pytest.raises(LocalProtocolError):
            make()


def test_words_for_people_cannot_break_the_line() -> None:
    assert str(Reason("SIP", 403, "a\r\nVia: b")) == 'SIP;cause=403;text="a  Via: b"'
