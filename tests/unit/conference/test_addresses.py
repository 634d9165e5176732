import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroom.conference.addresses import (
    Policy,
    UnsupportedScheme,
    address_of,
    aor_of,
    escape_local,
    identity_of,
    is_same_person,
    name_of,
    nickname_in,
    occupant_uri,
    room_of,
    unescape_local,
    uri_of,
)
from crossroom.machine import ParseError
from crossroom.room.address import Address, Network, Nickname
from crossroom.sip.address import NameAddr
from crossroom.sip.uri import SipUri, parse_uri

ROOM = Address("tea", "conf.bridge.example")


@pytest.mark.parametrize(
    ("local", "uri"),
    [
        (r"ann\26co", "sip:ann&co@x.example"),
        (r"d\27arc", "sip:d'arc@x.example"),
        ("zoë", "sip:zo%C3%AB@x.example"),
        (r"a\2fb\40c.org", "sip:a/b%40c.org@x.example"),
        (r"q\22x", "sip:q%22x@x.example"),
        ("50%", "sip:50%25@x.example"),
        (r"a\20b", "sip:a%20b@x.example"),
        (r"c\5c27d", "sip:c%5C27d@x.example"),
        (r"\foo", "sip:%5Cfoo@x.example"),
        (r"up\2F", "sip:up%5C2F@x.example"),
        (r"\3clt\3e\3a", "sip:%3Clt%3E%3A@x.example"),
    ],
)
def test_the_tables_of_the_mapping_hold_both_ways(local: str, uri: str) -> None:
    address = address_of(parse_uri(uri))
    assert escape_local(address.user) == local
    assert address == Address(unescape_local(local), "x.example")
    assert str(aor_of(address)) == uri


def test_a_needless_escape_of_a_backslash_collapses() -> None:
    assert unescape_local(r"\5cfoo") == r"\foo"
    assert escape_local(unescape_local(r"\5cfoo")) == r"\foo"


def test_unescaping_is_one_pass_from_the_left() -> None:
    assert unescape_local(r"\5c27") == r"\27"
    assert unescape_local(r"\2F\26") == r"\2F&"


@pytest.mark.parametrize(
    ("device", "gr"),
    [("Tab 1", "Tab%201"), ("a;b=c@d", "a%3Bb%3Dc%40d"), ("☕", "%E2%98%95"), ("a1", "a1")],
)
def test_a_device_is_the_gr_of_a_gruu(device: str, gr: str) -> None:
    address = Address("bob", "xmpp.example", device)
    assert str(uri_of(address)) == f"sip:bob@xmpp.example;gr={gr}"
    assert address_of(uri_of(address)) == address
    assert str(aor_of(address)) == "sip:bob@xmpp.example"


def test_a_gruu_without_a_value_names_no_device() -> None:
    assert address_of(parse_uri("sip:tgruu.7hs@x.example;gr")).device == ""


def test_port_password_parameters_and_headers_are_no_part_of_an_address() -> None:
    uri = parse_uri("sip:ana:pw@SIP.Example:5070;transport=tcp;user=phone?Subject=x")
    assert address_of(uri, network=Network.SIP) == Address("ana", "sip.example", network=Network.SIP)


def test_the_case_of_a_user_is_kept() -> None:
    assert address_of(parse_uri("sip:Ana@x.example")).user == "Ana"


@pytest.mark.parametrize(
    "uri",
    [
        "sip:%20a@s.example",
        "sip:a%20@s.example",
        "sip:a%00b@s.example",
        "sip:a%0D%0Ab@s.example",
        "sip:a@s.example;gr=x%0Ay",
        "sip:a@s.example;gr=%",
        "sip:a@s.example;gr=%FF",
        "sip:a@192.0.2.1",
        "sip:a@[2001:db8::1]",
        "sip:a@x..example",
        "sip:x.example;user=phone",
        "xmpp:%FF@x.example",
        "im:a@x..example",
    ],
)
def test_what_nobody_can_be_called_is_refused(uri: str) -> None:
    with pytest.raises(ParseError) as raised:
        address_of(parse_uri(uri))
    assert not isinstance(raised.value, UnsupportedScheme)


@pytest.mark.parametrize("uri", ["sips:ana@x.example", "tel:+15551234", "http://x.example/", "cid:1@x"])
def test_a_scheme_that_is_not_translated_is_refused_as_such(uri: str) -> None:
    with pytest.raises(UnsupportedScheme):
        address_of(parse_uri(uri))


def test_an_operator_can_agree_to_more() -> None:
    policy = Policy(phone_domain="phone.example", allows_sips=True, allows_ip_literals=True)
    assert address_of(parse_uri("sips:ana@x.example"), policy) == Address("ana", "x.example")
    phone = Address("+15551234", "phone.example", network=Network.SIP)
    assert address_of(parse_uri("tel:+1-(555)-1234;ext=9"), policy) == phone
    assert address_of(parse_uri("sip:a@192.0.2.1"), policy).domain == "192.0.2.1"
    assert address_of(parse_uri("sip:a@[2001:DB8::01]"), policy).domain == "[2001:db8::1]"
    with pytest.raises(ParseError):
        address_of(parse_uri("tel:call-me"), policy)


def test_an_xmpp_uri_names_somebody_on_xmpp() -> None:
    expected = Address("a&b@c", "xmpp.example", "T 1", Network.XMPP)
    uri = parse_uri("xmpp:a%5C26b%5C40c@xmpp.example/T%201?message;body=x")
    assert address_of(uri) == expected
    assert address_of(identity_of(expected)) == expected
    assert str(identity_of(Address("", "xmpp.example", network=Network.XMPP))) == "xmpp:xmpp.example"
    assert address_of(parse_uri("xmpp://bob@xmpp.example")).user == "bob"


def test_an_im_uri_of_a_cpim_names_a_person_on_either_network() -> None:
    assert address_of(parse_uri("im:an%26a@x.example?x=y")) == Address("an&a", "x.example")


def test_the_identity_of_others_is_their_sip_uri() -> None:
    assert str(identity_of(Address("ana", "sip.example", "a1", Network.SIP))) == "sip:ana@sip.example;gr=a1"


def test_domains_are_a_labels_on_sip_and_u_labels_inside() -> None:
    address = address_of(parse_uri("sip:a@XN--Mnchen-3ya.example"))
    assert address.domain == "münchen.example"
    assert str(uri_of(address)) == "sip:a@xn--mnchen-3ya.example"
    assert (
        str(identity_of(Address("a", "münchen.example", network=Network.XMPP)))
        == "xmpp:a@m%C3%BCnchen.example"
    )


@pytest.mark.parametrize("domain", ["xn--a", "xn--\u00e9".encode("ascii", "ignore").decode() + "---x"])
def test_labels_that_only_look_like_a_labels_stay(domain: str) -> None:
    assert address_of(parse_uri(f"sip:a@{domain}.example")).domain == f"{domain}.example"


@pytest.mark.parametrize("domain", ["no domain", "ü" * 70 + ".example", "", "bad\nhost"])
def test_a_domain_that_sip_cannot_write_is_a_parse_error(domain: str) -> None:
    with pytest.raises(ParseError):
        uri_of(Address("a", domain))


def test_an_xmpp_identity_that_cannot_be_written_is_a_parse_error() -> None:
    with pytest.raises(ParseError):
        identity_of(Address("", "", network=Network.XMPP))


def test_a_room_and_its_occupants_have_sip_uris() -> None:
    uri = occupant_uri(ROOM, Nickname("Bob B"))
    assert str(uri) == "sip:tea@conf.bridge.example;gr=Bob%20B"
    assert nickname_in(uri, ROOM) == "Bob B"
    assert room_of(uri) == ROOM


@pytest.mark.parametrize(
    "uri",
    [
        "sip:tea@conf.bridge.example",
        "sip:tea@other.example;gr=Bob",
        "tel:1",
        "sip:tea@conf.bridge.example;gr=%",
    ],
)
def test_other_uris_name_no_occupant(uri: str) -> None:
    assert nickname_in(parse_uri(uri), ROOM) is None


def test_two_uris_of_one_person_are_recognised() -> None:
    assert is_same_person(parse_uri("sip:Ana@X.example:5070;gr=1"), parse_uri("sips:ana@x.example")) is False
    assert is_same_person(parse_uri("sip:Ana@X.example:5070;gr=1"), parse_uri("sip:ana@x.example"))
    assert is_same_person(parse_uri("sip:bob@x.example"), parse_uri("xmpp:bob@x.example/phone"))
    assert not is_same_person(parse_uri("sip:bob@x.example"), parse_uri("sip:ana@x.example"))
    assert is_same_person(parse_uri("tel:1"), parse_uri("tel:1"))


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        ('"Ana  A" <sip:ana@x.example>', "Ana  A"),
        ("<sip:ana@x.example>", "ana"),
        ("<sip:x.example>", ""),
        ("<tel:+1>", ""),
    ],
)
def test_somebody_without_a_nickname_is_called_by_name_or_user(caller: str, name: str) -> None:
    assert name_of(NameAddr.parse(caller)) == name


PRINTABLE = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])


@settings(max_examples=200, deadline=None)
@given(st.text(PRINTABLE, min_size=1, max_size=20), st.text(PRINTABLE, max_size=20))
def test_any_address_survives_the_way_to_sip_and_back(user: str, device: str) -> None:
    address = Address(user.strip(" ") or "x", "x.example", device)
    assert address_of(SipUri.parse(str(uri_of(address)))) == address


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(string.ascii_lowercase + "\\ \"&'/:<>@0234567acef%"), min_size=1, max_size=12))
def test_escaping_a_user_is_undone_by_unescaping(user: str) -> None:
    assert unescape_local(escape_local(user)) == user
    assert not set(escape_local(user)) & set(" \"&'/:<>@")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30))
def test_any_uri_is_an_address_or_a_parse_error(rest: str) -> None:
    for scheme in ("sip", "xmpp", "im", "tel"):
        try:
            address = address_of(parse_uri(f"{scheme}:{rest}"), Policy(phone_domain="p.example"))
        except ParseError:
            continue
        assert address.domain
