import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.params import Params
from crossroom.sip.uri import OtherUri, SipUri, comparable_host, parse_uri


def test_every_part_of_a_uri_is_read() -> None:
    uri = SipUri.parse("SIPS:zo%C3%AB:p%3Aw@H.example:5061;transport=TLS;lr?Subject=a%20b&Replaces=x")
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port) == (
        "sips",
        "zoë",
        "p:w",
        "H.example",
        5061,
    )
    assert uri.params == Params((("transport", "TLS"), ("lr", None)))
    assert uri.headers == (("Subject", "a b"), ("Replaces", "x"))
    assert uri.transport == "tls"
    assert uri.is_loose_router
    assert str(uri) == "sips:zo%C3%AB:p%3Aw@H.example:5061;transport=TLS;lr?Subject=a%20b&Replaces=x"


# The table of docs/mapping.md §1.2: plain user part, URI.
@pytest.mark.parametrize(
    ("user", "text"),
    [
        ("ann&co", "sip:ann&co@x.example"),
        ("d'arc", "sip:d'arc@x.example"),
        ("zoë", "sip:zo%C3%AB@x.example"),
        ("a/b@c.org", "sip:a/b%40c.org@x.example"),
        ('q"x', "sip:q%22x@x.example"),
        ("50%", "sip:50%25@x.example"),
        ("-_.!~*'()&=+$,;?/", "sip:-_.!~*'()&=+$,;?/@x.example"),
        ("#%[\\]^`{|}<>: ", "sip:%23%25%5B%5C%5D%5E%60%7B%7C%7D%3C%3E%3A%20@x.example"),
    ],
)
def test_users_are_escaped_as_the_mapping_says(user: str, text: str) -> None:
    assert str(SipUri("x.example", user)) == text
    assert SipUri.parse(text).user == user


def test_a_resource_becomes_a_gr_parameter_whatever_it_contains() -> None:
    uri = SipUri("x.example", "a").with_param("gr", "Tab 1;=@💬")
    assert str(uri) == "sip:a@x.example;gr=Tab%201%3B%3D%40%F0%9F%92%AC"
    assert SipUri.parse(str(uri)).gr == "Tab 1;=@💬"


def test_a_gruu_may_have_no_value_and_most_uris_are_none() -> None:
    assert SipUri.parse("sip:a@x;gr").gr == ""
    assert SipUri.parse("sip:a@x").gr is None
    assert SipUri.parse("sip:a@x").transport is None


@pytest.mark.parametrize(
    "text",
    [
        "sip:", "sip:@h", "sip:a@", "sip:a@b@c", "sip:a b@h", "sip:h:99999", "sip:h:", "sip:[::1::]", "sip:[]", "sip:h;;a",
        "sip:%E9@h", "sip:%zz@h", "sip:h?a", "sip:h?=b", "sip:h?a=%zz", "<sip:h>", "sip:a@h\r\n", "h", "1tel:5", "tel:",
        "tel:a b", "tel:\ud800", "",
    ],
)  # fmt: skip
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_uri(text)


def test_other_schemes_are_kept_as_written() -> None:
    uri = parse_uri("XMPP:bob@x.example/phone")
    assert uri == OtherUri("xmpp", "bob@x.example/phone")
    assert str(uri) == "xmpp:bob@x.example/phone"
    assert uri.matches(OtherUri("xmpp", "bob@x.example/phone"))
    assert not uri.matches(SipUri("x.example"))
    with pytest.raises(ParseError):
        SipUri.parse("tel:+1555")


@pytest.mark.parametrize(
    "make",
    [
        lambda: SipUri("h\r\n"),
        lambda: SipUri("h", ""),
        lambda: SipUri("h", port=70000),
        lambda: SipUri("h", scheme="http"),
        lambda: OtherUri("tel", "a b"),
        lambda: OtherUri("t l", "a"),
        lambda: OtherUri("tel", "\ud800"),
    ],
)
def test_a_uri_that_cannot_be_written_cannot_be_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(LocalProtocolError):
        make()


def test_parts_can_be_taken_away() -> None:
    uri = SipUri.parse("sip:a:p@h:5070;method=BYE;x?Subject=y")
    assert str(uri.without_params("METHOD").without_headers()) == "sip:a:p@h:5070;x"
    assert str(uri.address_of_record) == "sip:a@h:5070"
    assert str(uri.with_param("lr")) == "sip:a:p@h:5070;method=BYE;x;lr?Subject=y"


# RFC 3261 §19.1.4, with our own examples.
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61na@sip.example;transport=TCP", "sip:ana@SIP.example;Transport=tcp"),
        ("sip:h.example", "sip:h.example.;newparam=5"),
        ("sip:h.example;security=on", "sip:h.example;newparam=5"),
        ("sip:h?To=a&From=b", "sip:h?from=b&to=a"),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]"),
        ("sip:h;lr", "sip:h;lr"),
    ],
)
def test_equivalent_uris_match_both_ways(one: str, other: str) -> None:
    assert parse_uri(one).matches(parse_uri(other))
    assert parse_uri(other).matches(parse_uri(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:ANA@h", "sip:ana@h"),
        ("sip:ana@h", "sip:h"),
        ("sip:ana:x@h", "sip:ana@h"),
        ("sip:ana@h", "sip:ana@h:5060"),
        ("sip:ana@h", "sips:ana@h"),
        ("sip:ana@h", "sip:ana@g"),
        ("sip:h;transport=udp", "sip:h"),
        ("sip:h;user=phone", "sip:h"),
        ("sip:h;ttl=1", "sip:h"),
        ("sip:h;method=BYE", "sip:h"),
        ("sip:h;maddr=1.2.3.4", "sip:h"),
        ("sip:h;a=1", "sip:h;a=2"),
        ("sip:h;a", "sip:h;a=2"),
        ("sip:h?Subject=x", "sip:h"),
        ("sip:h", "tel:5"),
    ],
)
def test_different_uris_do_not_match(one: str, other: str) -> None:
    assert not parse_uri(one).matches(parse_uri(other))
    assert not parse_uri(other).matches(parse_uri(one))


def test_a_bad_reference_still_compares() -> None:
    assert comparable_host("[::1::2]") == "[::1::2]"
