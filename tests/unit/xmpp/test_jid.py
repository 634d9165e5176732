"""Addresses: parsing, enforcement (RFC 7622), localpart escaping (XEP-0106)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroom.machine import ParseError
from crossroom.xmpp.jid import (
    ESCAPES,
    Jid,
    enforce_domain,
    enforce_local,
    enforce_resource,
    escape_local,
    unescape_local,
)

PARSED = [
    ("tea@conf.example", Jid("tea", "conf.example")),
    ("conf.example", Jid("", "conf.example")),
    ("conf.example/x", Jid("", "conf.example", "x")),
    ("Tea@Conf.Example/Bob", Jid("tea", "conf.example", "Bob")),
    ("a@b.example/c@d/e", Jid("a", "b.example", "c@d/e")),
    ("ZOË@x.example", Jid("zoë", "x.example")),
    ("a@x.example./Tab 1", Jid("a", "x.example", "Tab 1")),
    ("a@xn--mnchen-3ya.example", Jid("a", "münchen.example")),
    ("a@MÜNCHEN.example", Jid("a", "münchen.example")),
    ("a@[2001:DB8::1]/x", Jid("a", "[2001:db8::1]", "x")),
    ("a@192.0.2.1", Jid("a", "192.0.2.1")),
    ("a@x.example/☃ \u00a0b", Jid("a", "x.example", "☃  b")),
    ("a\\40b@x.example", Jid("a\\40b", "x.example")),
]


@pytest.mark.parametrize(("text", "jid"), PARSED)
def test_an_address_is_enforced_and_written_back(text: str, jid: Jid) -> None:
    assert Jid.parse(text) == jid
    assert Jid.parse(str(jid)) == jid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@x.example",
        "a@",
        "a@x.example/",
        "a b@x.example",
        "a&b@x.example",
        "a@b@x.example",
        "a@x..example",
        "a@-x.example",
        "a@x example",
        "\u00e9&@x.example",
        "é'a@x.example",
        "a@x.example/\x07",
        "a@x.example/\ud800",
        "\ud800@x.example",
        "a@\ud800.example",
        "é\u2028@x.example",
        "a@xn--\x80.example",
        "a@xn--zzzzzz99999.example",
        "x" * 1024 + "@x.example",
        "a@x.example/" + "x" * 1024,
        "a@x.example/" + "é" * 512,
        "a@" + ".".join(["x" * 60] * 20),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Jid.parse(text)


def test_a_character_that_the_profile_allows_and_xmpp_does_not_is_refused() -> None:
    with pytest.raises(ParseError, match="no localpart may hold"):
        enforce_local("é@")


def test_bare_and_full_addresses_know_what_they_are() -> None:
    full = Jid.parse("a@x.example/r")
    assert full.bare == Jid("a", "x.example")
    assert full.bare.bare == full.bare
    assert full.bare.is_bare
    assert not full.is_bare
    assert full.bare.with_resource("s") == Jid("a", "x.example", "s")


def test_parts_are_enforced_one_by_one() -> None:
    assert Jid.enforce("A", "X.example", "R") == Jid("a", "x.example", "R")
    assert Jid.enforce("", "x.example") == Jid("", "x.example")
    assert enforce_domain("EXAMPLE") == "example"
    assert enforce_resource("R r") == "R r"


# docs/mapping.md §1.2: plain user part and localpart
ESCAPED = [
    ("ann&co", "ann\\26co"),
    ("d'arc", "d\\27arc"),
    ("a/b@c.org", "a\\2fb\\40c.org"),
    ('q"x', "q\\22x"),
    ("50%", "50%"),
    ("a b", "a\\20b"),
    ("<a:b>", "\\3ca\\3ab\\3e"),
    ("\\27", "\\5c27"),
    ("c:\\net", "c\\3a\\net"),
    ("\\2F", "\\2F"),
]


@pytest.mark.parametrize(("plain", "local"), ESCAPED)
def test_a_localpart_is_escaped_and_unescaped(plain: str, local: str) -> None:
    assert escape_local(plain) == local
    assert unescape_local(local) == plain


def test_a_double_escape_is_undone_in_one_pass() -> None:
    assert unescape_local("\\5c27") == "\\27"


@pytest.mark.parametrize("plain", [" a", "a ", " "])
def test_an_outer_space_cannot_be_escaped(plain: str) -> None:
    with pytest.raises(ParseError):
        escape_local(plain)


@given(st.text(alphabet="ab25cC06f7\\ \"&'/:<>@é", max_size=12).map(lambda text: text.strip(" ")))
def test_any_plain_text_survives_escaping(plain: str) -> None:
    escaped = escape_local(plain)
    assert unescape_local(escaped) == plain
    assert not set(escaped) & (set(ESCAPES) - {"\\"})


@given(st.text(max_size=20))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        jid = Jid.parse(text)
    except ParseError:
        return
    assert Jid.parse(str(jid)) == jid
