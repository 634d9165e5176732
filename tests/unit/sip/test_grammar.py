import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar


@pytest.mark.parametrize("text", ["INVITE", "a-.!%*_+`'~9"])
def test_tokens_are_tokens(text: str) -> None:
    assert grammar.is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a;b", "é", "a\n", "a\r\n"])
def test_other_text_is_no_token(text: str) -> None:
    assert not grammar.is_token(text)


def test_hosts_are_names_addresses_and_references() -> None:
    assert all(map(grammar.is_host, ["h.example", "192.0.2.1", "[::1]", "_sip.h", "h."]))
    assert not any(map(grammar.is_host, ["", "::1", "h example", "h>", "h\n", "-h"]))


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\x00b", "\ud800"])
def test_a_line_break_can_never_stand_on_a_line(text: str) -> None:
    with pytest.raises(LocalProtocolError):
        grammar.check_line(text)
    assert grammar.check_line(grammar.clean_text(text)) in {"a b", ""}


def test_clean_text_strips_and_blanks_every_control_character() -> None:
    assert grammar.clean_text(" a\r\nVia: b\x7f\x85\u2028c\x1b ") == "a  Via: b   c"


def test_quoting_escapes_and_unquoting_undoes_it() -> None:
    assert grammar.quote('say "hi" \\o/') == '"say \\"hi\\" \\\\o/"'
    assert grammar.unquote('"say \\"hi\\" \\\\o/"') == 'say "hi" \\o/'
    assert grammar.unquote('"plain"') == "plain"
    assert grammar.unquote("bare") == "bare"
    assert grammar.unquote('"') == '"'
    assert grammar.quote("a\r\nb") == '"a  b"'


def test_splitting_stops_at_no_comma_inside_quotes_or_brackets() -> None:
    assert grammar.split_commas('"a,b" <sip:x,y>, <sip:z> ,') == ('"a,b" <sip:x,y>', "<sip:z>", "")
    assert grammar.split_commas(" one ") == ("one",)
    assert grammar.split_commas("a, b") == ("a", "b")


@pytest.mark.parametrize("text", ['a, "b', "a, <b"])
def test_an_open_quote_or_bracket_cannot_be_split(text: str) -> None:
    with pytest.raises(ParseError):
        grammar.split_commas(text)


def test_escapes_are_utf8() -> None:
    assert grammar.unescape("zo%C3%ab") == "zoë"
    assert grammar.unescape("plain") == "plain"
    assert grammar.escape("zoë@x", "") == "zo%C3%AB%40x"


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "%E9"])
def test_broken_escapes_are_refused(text: str) -> None:
    with pytest.raises(ParseError):
        grammar.unescape(text)


def test_a_lone_surrogate_is_never_escaped() -> None:
    with pytest.raises(LocalProtocolError):
        grammar.escape("\ud800", "")


def test_numbers_are_plain_digits_below_their_limit() -> None:
    assert grammar.number(" 0070 ", 255, "x") == 70
    assert grammar.number("0" * 200, 255, "x") == 0
    for text in ("", "-1", "+1", "1.0", "٣", "256", "9" * 5000):
        with pytest.raises(ParseError):
            grammar.number(text, 255, "x")
