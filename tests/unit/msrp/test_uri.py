"""msrp/uri.py: RFC 4975 §6."""

import pytest

from crossroom.machine import ParseError
from crossroom.msrp.uri import MAX_URI, MsrpUri, format_path, parse_path, shown

PLAIN = "msrp://ua.sip.example:2855/Xy;tcp"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "msrps://gw.bridge.example:2855/9uQ+a=/b;tcp",
        "msrp://ana@ua.example/s;tcp",
        "msrp://[2001:db8::1]:2855/s;tcp",
        "msrps://df7jal23ls0d.invalid:2855/98cjs;ws",
        "msrp://relay.example:2855;tcp",
        "msrp://a.example:1/s;tcp;b=c;d",
    ],
)
def test_uri_survives_being_read_and_written(text: str) -> None:
    assert str(MsrpUri.parse(text)) == text
    assert MsrpUri.parse(str(MsrpUri.parse(text))) == MsrpUri.parse(text)


def test_scheme_and_transport_are_read_in_any_case() -> None:
    uri = MsrpUri.parse("MSRPS://h:1/S;TCP")
    assert (uri.is_secure, uri.transport, uri.session_id) == (True, "tcp", "S")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:a@b",
        "msrp://h:1/s",
        "msrp://h:99999/s;tcp",
        "msrp://[::g]:1/s;tcp",
        "msrp://[1:2]:1/s;tcp",
        "msrp://h:1/;tcp",
        "msrp://h:1/s;tcp x",
        "msrp://h:1/s;tcp\r\n",
        "msrp://hé:1/s;tcp",
        "msrp://" + "h" * MAX_URI + ":1/s;tcp",
    ],
)
def test_anything_else_is_a_parse_error(text: str) -> None:
    with pytest.raises(ParseError):
        MsrpUri.parse(text)


@pytest.mark.parametrize(
    "other",
    [
        "MSRP://UA.SIP.EXAMPLE:2855/Xy;TCP",
        "msrp://ana@ua.sip.example:2855/Xy;tcp;x=y",
        "msrp://%75a.sip.example:2855/Xy;tcp",
    ],
)
def test_uris_that_differ_in_spelling_are_the_same(other: str) -> None:
    assert MsrpUri.parse(PLAIN).is_same(MsrpUri.parse(other))


@pytest.mark.parametrize(
    "other",
    [
        "msrps://ua.sip.example:2855/Xy;tcp",
        "msrp://ub.sip.example:2855/Xy;tcp",
        "msrp://ua.sip.example/Xy;tcp",
        "msrp://ua.sip.example:2856/Xy;tcp",
        "msrp://ua.sip.example:2855/xy;tcp",
        "msrp://ua.sip.example:2855;tcp",
        "msrp://ua.sip.example:2855/Xy;ws",
    ],
)
def test_uris_that_differ_in_a_compared_part_are_not_the_same(other: str) -> None:
    assert not MsrpUri.parse(PLAIN).is_same(MsrpUri.parse(other))


def test_addresses_compare_as_numbers() -> None:
    one, other = (MsrpUri.parse(f"msrp://[{host}]:1/s;tcp") for host in ("2001:DB8:0:0::1", "2001:db8::1"))
    assert one.is_same(other)


def test_path_is_read_and_written_hop_by_hop() -> None:
    text = f"msrp://relay.example:1/r;tcp {PLAIN}"
    path = parse_path(text)
    assert [uri.host for uri in path] == ["relay.example", "ua.sip.example"]
    assert format_path(path) == text


@pytest.mark.parametrize("text", ["", "  ", " ".join([PLAIN] * 17)])
def test_empty_and_endless_paths_are_parse_errors(text: str) -> None:
    with pytest.raises(ParseError):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("msrp://a.example:2855/c0123456789abcdef;tcp", "msrp://a.example:2855/c0123456…;tcp"),
        ("msrps://[::1]:1/c012345;tcp", "msrps://[::1]:1/c012345;tcp"),
        (
            "msrp://r:3/relayrelay;tcp msrp://b:2/c01234567/89=+.;tcp",
            "msrp://r:3/relayrel…;tcp msrp://b:2/c0123456…;tcp",
        ),
        ("no path at all", "no path at all"),
    ],
)
def test_a_log_is_not_told_a_whole_session_id(text: str, seen: str) -> None:
    assert shown(text) == seen
