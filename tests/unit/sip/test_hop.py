"""Flows, hops and the Via rules between them."""

import pytest

from crossroom.sip.hop import TLS, UDP, Flow, Hop, SentBy, literal_hop, stamp_received, transport_for, via_for
from crossroom.sip.message import Request, parse_datagram
from crossroom.sip.uri import SipUri
from sip_messages import simple
from sip_peer import FROM_TCP, FROM_UDP


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:192.0.2.1", Hop("UDP", "192.0.2.1", 5060, "192.0.2.1")),
        ("sip:192.0.2.1;transport=tcp", Hop("TCP", "192.0.2.1", 5060, "192.0.2.1")),
        ("sips:192.0.2.1", Hop("TLS", "192.0.2.1", 5061, "192.0.2.1")),
        ("sips:192.0.2.1;transport=wss", Hop("WSS", "192.0.2.1", 443, "192.0.2.1")),
        ("sip:[2001:db8::1]:5070;transport=ws", Hop("WS", "2001:db8::1", 5070, "2001:db8::1")),
        ("sip:sip.example", None),
    ],
)
def test_a_numeric_host_needs_no_look_up(uri: str, hop: Hop | None) -> None:
    assert literal_hop(SipUri.parse(uri)) == hop


def test_an_unknown_transport_falls_back_to_udp() -> None:
    assert transport_for(SipUri.parse("sip:x;transport=pigeon")) == "UDP"


def test_a_flow_that_is_opened_again_must_lead_to_the_same_domain() -> None:
    names = ("sip:ana@sip.example", "sip:sip.example")
    assert Hop.back_on(Flow(TLS, "192.0.2.1", 5061, names=names)).name == "sip.example"
    assert Hop.back_on(Flow(TLS, "192.0.2.1", 5061)).name == ""


def test_only_datagrams_ask_for_rport() -> None:
    sent_by = SentBy("192.0.2.2", 5060)
    assert via_for(Hop("UDP", "192.0.2.1", 5060), sent_by, "z9hG4bKx").wants_rport
    assert not via_for(Hop("TCP", "192.0.2.1", 5060), sent_by, "z9hG4bKx").wants_rport


def test_the_source_is_noted_in_the_top_via_only() -> None:
    message = simple("OPTIONS").with_header(
        "Via", "SIP/2.0/UDP p.example;branch=z9hG4bK1, SIP/2.0/UDP q.example"
    )
    stamped = stamp_received(message, FROM_UDP)
    assert stamped.vias[0].received == "192.0.2.1"
    assert stamped.vias[1].received is None
    assert stamp_received(simple("OPTIONS"), FROM_UDP) == simple("OPTIONS")


def test_a_flow_says_what_it_is() -> None:
    assert (FROM_TCP.reliable, FROM_UDP.reliable) == (True, False)
    assert str(Flow("TCP", "192.0.2.1", 5060)) == "tcp:192.0.2.1:5060"


def test_a_stamped_request_is_read_as_its_octets_are_and_its_other_fields_not_again() -> None:
    came = simple("INVITE", "Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKbelow")
    sender = came.from_
    stamped = stamp_received(came, Flow(UDP, "203.0.113.9", 40000, "192.0.2.2", 5060))
    assert stamped.from_ is sender
    assert stamped.via.received == "203.0.113.9"
    again = parse_datagram(bytes(stamped))
    assert isinstance(again, Request)
    assert (again, again.vias) == (stamped, stamped.vias)
