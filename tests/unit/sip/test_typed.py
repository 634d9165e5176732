import pytest

from crossroom.machine import ParseError
from crossroom.sip.headers import Headers
from crossroom.sip.message import Request
from crossroom.sip.uri import SipUri


def message(*fields: tuple[str, str]) -> Request:
    return Request("INVITE", SipUri("h"), Headers(fields))


def test_every_accessor_reads_its_field() -> None:
    read = message(
        ("Via", "SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b"), ("From", "<sip:a@h>;tag=f"), ("To", "<sip:b@h>;tag=t"),
        ("Call-ID", "Ab@c"), ("CSeq", "1 INVITE"), ("Contact", "<sip:c1>, <sip:c2>"), ("Route", "<sip:r1;lr>,<sip:r2>"),
        ("Record-Route", "<sip:rr>"), ("Max-Forwards", "70"), ("Expires", "3600"), ("Event", "refer;id=1"),
        ("Content-Type", "Application/SDP"), ("Require", "Timer, 100rel"), ("Supported", "replaces"),
        ("Supported", "gruu,, "), ("Allow", "INVITE,BYE"), ("RSeq", "5"),
    )  # fmt: skip
    assert read.via.branch == "1"
    assert [via.host for via in read.vias] == ["a", "b"]
    assert (read.from_.tag, read.to.tag) == ("f", "t")
    assert (read.call_id, str(read.cseq)) == ("Ab@c", "1 INVITE")
    assert [str(contact) for contact in read.contacts] == ["<sip:c1>", "<sip:c2>"]
    assert read.contact == read.contacts[0]
    assert [str(route) for route in read.routes] == ["<sip:r1;lr>", "<sip:r2>"]
    assert [str(route) for route in read.record_routes] == ["<sip:rr>"]
    assert (read.max_forwards, read.expires, read.number("RSeq")) == (70, 3600, 5)
    assert str(read.event) == "refer;id=1"
    assert str(read.content_type) == "application/sdp"
    assert (read.require, read.supported, read.allow) == (
        ("timer", "100rel"),
        ("replaces", "gruu"),
        ("INVITE", "BYE"),
    )
    assert read.from_ is read.from_  # read once


def test_missing_optional_fields_are_none_or_empty() -> None:
    bare = message()
    assert (bare.max_forwards, bare.expires, bare.event, bare.content_type, bare.contact) == (None,) * 5
    assert (bare.contacts, bare.routes, bare.record_routes, bare.require, bare.allow) == ((),) * 5


def test_a_star_is_no_contact_address() -> None:
    assert message(("Contact", "*")).contacts == ()


@pytest.mark.parametrize("name", ["vias", "via", "from_", "to", "call_id", "cseq"])
def test_a_missing_mandatory_field_is_a_parse_error_each_time(name: str) -> None:
    bare = message()
    for _ in range(2):
        with pytest.raises(ParseError):
            getattr(bare, name)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("Call-ID", "a b", "call_id"),
        ("Call-ID", "", "call_id"),
        ("Max-Forwards", "256", "max_forwards"),
        ("Expires", "4294967296", "expires"),
        ("Event", "a b", "event"),
        ("Content-Type", "text", "content_type"),
        ("Contact", "<sip:a>, *", "contacts"),
        ("Route", "<sip:", "routes"),
    ],
)
def test_an_unreadable_field_is_a_parse_error(field: str, value: str, name: str) -> None:
    with pytest.raises(ParseError):
        getattr(message((field, value)), name)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("From", "<sip:a@h>", "from_"), ("To", "<sip:a@h>", "to"), ("Call-ID", "a", "call_id"), ("CSeq", "1 INVITE", "cseq"),
        ("Max-Forwards", "70", "max_forwards"), ("Expires", "1", "expires"), ("Event", "a", "event"),
        ("Content-Type", "a/b", "content_type"),
    ],
)  # fmt: skip
def test_a_second_line_of_a_field_that_decides_is_a_parse_error(field: str, value: str, name: str) -> None:
    with pytest.raises(ParseError, match=f"{field} twice"):
        getattr(message((field, value), (field, value)), name)


def test_accessors_document_themselves_on_the_class() -> None:
    assert Request.call_id.__doc__ == "Call-ID, compared with case."
