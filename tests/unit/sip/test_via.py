import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.via import Via


def test_a_via_is_read_with_all_the_white_space_its_grammar_allows() -> None:
    via = Via.parse(" SIP / 2.0 / udp  h.example : 5070 ; branch=z9hG4bK1 ;rport")
    assert str(via) == "SIP/2.0/UDP h.example:5070;branch=z9hG4bK1;rport"
    assert (via.transport, via.host, via.port, via.branch) == ("UDP", "h.example", 5070, "z9hG4bK1")
    assert via.has_cookie
    assert via.wants_rport
    assert via.rport is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/3.0/UDP h",
        "HTTP/1.1 h",
        "SIP/2.0/UDP h:x",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP h;;",
        "SIP/2.0/UDP ::1",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Via.parse(text)


@pytest.mark.parametrize(
    ("transport", "host", "port"), [("U P", "h", 1), ("UDP", "h\r\n", 1), ("UDP", "h", 70000)]
)
def test_a_via_that_cannot_be_written_cannot_be_made(transport: str, host: str, port: int) -> None:
    with pytest.raises(LocalProtocolError):
        Via(transport, host, port)


@pytest.mark.parametrize(
    ("text", "port"), [("UDP", 5060), ("TCP", 5060), ("TLS", 5061), ("WS", 80), ("WSS", 443), ("NOVA", 5060)]
)
def test_sent_by_has_the_default_port_of_its_transport(text: str, port: int) -> None:
    assert Via(text, "H.example").sent_by == ("h.example", port)
    assert Via(text, "H.example", 7).sent_by == ("h.example", 7)


@pytest.mark.parametrize(
    ("value", "port"),
    [("5080", 5080), ("", None), ("x", None), ("99999", None), ("123456", None), ("٣", None)],
)
def test_only_a_port_counts_as_rport(value: str, port: int | None) -> None:
    assert Via.parse(f"SIP/2.0/UDP h;rport={value}").rport == port


def test_a_hop_without_branch_has_no_cookie() -> None:
    assert not Via.parse("SIP/2.0/UDP h").has_cookie
    assert Via.parse("SIP/2.0/UDP h;branch=Z9HG4BK1").has_cookie


@pytest.mark.parametrize(
    ("text", "source", "stamped"),
    [
        ("SIP/2.0/UDP 192.0.2.1;branch=a", "192.0.2.1", "SIP/2.0/UDP 192.0.2.1;branch=a"),
        ("SIP/2.0/UDP 10.0.0.1;branch=a", "192.0.2.1", "SIP/2.0/UDP 10.0.0.1;branch=a;received=192.0.2.1"),
        ("SIP/2.0/UDP h.example", "192.0.2.1", "SIP/2.0/UDP h.example;received=192.0.2.1"),
        ("SIP/2.0/UDP 192.0.2.1;rport", "192.0.2.1", "SIP/2.0/UDP 192.0.2.1;rport=999;received=192.0.2.1"),
        ("SIP/2.0/UDP h;received=1.2.3.4;rport", "192.0.2.1", "SIP/2.0/UDP h;rport=999;received=192.0.2.1"),
        ("SIP/2.0/UDP [2001:DB8::1]", "2001:db8::1", "SIP/2.0/UDP [2001:DB8::1]"),
        ("SIP/2.0/UDP [2001:db8::2]", "2001:db8::1", "SIP/2.0/UDP [2001:db8::2];received=2001:db8::1"),
    ],
)
def test_the_source_is_noted_where_it_differs_or_was_asked_for(text: str, source: str, stamped: str) -> None:
    assert str(Via.parse(text).stamped(source, 999)) == stamped
