"""Octets to stanzas, whatever the split."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.element import CLIENT, OWN, Element, element
from crossroom.xmpp.errors import StreamCondition
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import (
    COMPONENT,
    SERVER,
    STREAM,
    Item,
    Limits,
    Misaddressed,
    StreamClosed,
    StreamMalformed,
    StreamOpened,
    StreamReader,
    parse_fragment,
)

HEADER = StreamOpened(CLIENT, "x.example", "bob@x.example", "s1", "1.0", "en")
OPEN = bytes(HEADER)
BODY = element("body", OWN, "hi")


def read(data: bytes, limits: Limits | None = None) -> list[Item]:
    """The items of these octets, which are the same when they come one by one."""
    whole, split = StreamReader(limits), StreamReader(limits)
    items = whole.receive_data(data)
    assert [item for octet in data for item in split.receive_data(bytes([octet]))] == items
    return items


def last_condition(data: bytes, limits: Limits | None = None) -> StreamCondition:
    last = read(data, limits)[-1]
    assert isinstance(last, StreamMalformed)
    return last.condition


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        StreamOpened(COMPONENT, to="rooms.example"),
        StreamOpened(
            SERVER, "a.example", "b.example", version="1.0", prefixes={"db": "jabber:server:dialback"}
        ),
    ],
)
def test_a_stream_header_is_written_and_read_back(header: StreamOpened) -> None:
    assert read(bytes(header)) == [header]


def test_stanzas_elements_and_the_end_come_in_order() -> None:
    data = OPEN + (
        b"\n <message to='a@x.example' type='chat'><body>hi</body></message> \t<r xmlns='urn:xmpp:sm:3'/>"
        b"<presence/></stream:stream>"
    )
    assert read(data) == [
        HEADER,
        Stanza(Kind.MESSAGE, Jid("a", "x.example"), type="chat", children=(BODY,)),
        element("r", "urn:xmpp:sm:3"),
        Stanza(Kind.PRESENCE),
        StreamClosed(),
    ]


@pytest.mark.parametrize("namespace", [CLIENT, COMPONENT, SERVER])
def test_a_stanza_is_the_same_on_every_kind_of_stream(namespace: str) -> None:
    items = read(bytes(StreamOpened(namespace)) + b"<message><body>hi</body></message>")
    assert items[1] == Stanza(Kind.MESSAGE, type="normal", children=(BODY,))


def test_a_forwarded_stanza_keeps_its_declared_namespace() -> None:
    data = OPEN + b"<message><f xmlns='urn:f'><message xmlns='jabber:client'><body/></message></f></message>"
    forwarded = element("f", "urn:f", element("message", CLIENT, element("body", CLIENT)))
    assert read(data)[1] == Stanza(Kind.MESSAGE, type="normal", children=(forwarded,))


def test_text_and_elements_keep_their_order() -> None:
    data = OPEN + b"<x xmlns='urn:x'>a&lt;<b/>c&#10;<![CDATA[<d>]]><e>f</e></x>"
    assert read(data)[1] == element(
        "x", "urn:x", "a<", element("b", "urn:x"), "c\n<d>", element("e", "urn:x", "f")
    )
    assert read(OPEN + b"<x xmlns='urn:x'>\xc3\xa9<b/></x>")[1] == element(
        "x", "urn:x", "é", element("b", "urn:x")
    )


def test_attributes_with_a_namespace_keep_it() -> None:
    items = read(OPEN + b"<x xmlns='urn:x' xmlns:q='urn:q' q:a='1' xml:lang='de'/>")
    assert items[1] == Element("x", "urn:x", {"{urn:q}a": "1", "xml:lang": "de"})


def test_an_impossible_address_does_not_end_the_stream() -> None:
    items = read(OPEN + b"<iq to='a@@b'/><presence/>")
    assert isinstance(items[1], Misaddressed)
    assert items[1].element == element("iq", OWN, to="a@@b")
    assert items[2] == Stanza(Kind.PRESENCE)


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<?xml version='1.0' encoding='utf-16'?><a/>", StreamCondition.UNSUPPORTED_ENCODING),
        (b"<!DOCTYPE a []><a/>", StreamCondition.RESTRICTED_XML),
        (b"<html>", StreamCondition.BAD_FORMAT),
        (b"<stream xmlns='jabber:client'>", StreamCondition.INVALID_NAMESPACE),
        (f"<s:stream xmlns:s='{STREAM}'>".encode(), StreamCondition.INVALID_NAMESPACE),
        (f"<s:stream xmlns='urn:x' xmlns:s='{STREAM}'>".encode(), StreamCondition.INVALID_NAMESPACE),
        (OPEN + b"<!-- x -->", StreamCondition.RESTRICTED_XML),
        (OPEN + b"<?php x?>", StreamCondition.RESTRICTED_XML),
        (OPEN + b"<message><body>&lol;</body></message>", StreamCondition.RESTRICTED_XML),
        (OPEN + b"<message></presence>", StreamCondition.NOT_WELL_FORMED),
        (OPEN + b"<q:message/>", StreamCondition.NOT_WELL_FORMED),
        (OPEN + b"<message>\xff</message>", StreamCondition.NOT_WELL_FORMED),
        (OPEN + b"<message>\x00</message>", StreamCondition.NOT_WELL_FORMED),
        (OPEN + b"hello<presence/>", StreamCondition.BAD_FORMAT),
    ],
)
def test_what_xmpp_forbids_ends_the_stream_with_its_condition(
    data: bytes, condition: StreamCondition
) -> None:
    assert last_condition(data) is condition


@pytest.mark.parametrize(
    "text", [b"-\x00\xff|mm", OPEN.decode().encode("utf-16-le"), OPEN.decode().encode("utf-16")]
)
def test_utf16_is_no_xmpp_whatever_the_split(text: bytes) -> None:
    assert last_condition(text) is StreamCondition.NOT_WELL_FORMED


def test_a_declaration_of_utf8_is_fine() -> None:
    assert read(OPEN.replace(b"'1.0'?", b"'1.0' encoding='UTF-8'?", 1)) == [HEADER]


def test_a_stanza_of_the_largest_size_passes_and_one_octet_more_does_not() -> None:
    limits = Limits(stanza_octets=len(OPEN))
    room = len(OPEN) - len(b"<message><body></body></message>")
    largest = b"<message><body>" + b"x" * room + b"</body></message>"
    assert len(read(OPEN + largest + b" " * 9 + largest, limits)) == 3
    assert (
        last_condition(OPEN + b"  " + largest.replace(b"xx", b"xxx", 1), limits)
        is StreamCondition.POLICY_VIOLATION
    )
    assert (
        last_condition(OPEN + b"<message a='" + b"x" * len(OPEN), limits) is StreamCondition.POLICY_VIOLATION
    )


def test_a_stream_header_has_the_same_limit() -> None:
    assert last_condition(OPEN, Limits(stanza_octets=50)) is StreamCondition.POLICY_VIOLATION


def test_a_stanza_may_be_only_so_deep() -> None:
    limits = Limits(depth=3)
    assert len(read(OPEN + b"<iq><b><c/></b></iq>", limits)) == 2
    assert last_condition(OPEN + b"<iq><b><c><d/></c></b></iq>", limits) is StreamCondition.POLICY_VIOLATION


def test_a_parser_that_has_read_much_is_renewed_unnoticed() -> None:
    stanza = b"<iq to='a@x.example' xml:lang='en'><x xmlns='urn:x'>text</x></iq><stream:features/> <iq><!-- "
    assert read(OPEN + stanza * 3, Limits(renewal_octets=1)) == read(OPEN + stanza * 3)
    reader = StreamReader(Limits(renewal_octets=1000))
    reader.receive_data(OPEN)
    assert len(reader.receive_data(stanza[:-9] * 100 + b"</stream:stream>")) == 201


def test_a_very_long_name_is_only_a_name() -> None:
    name = "n" * 500
    (_, read_back) = read(OPEN + f"<{name} xmlns='urn:x'/>".encode())
    assert read_back == element(name, "urn:x")
    assert str(read_back) == f"<{name} xmlns='urn:x'/>"


def test_nothing_is_read_after_the_end() -> None:
    reader = StreamReader()
    reader.receive_data(OPEN + b"</stream:stream><presence/>")
    assert reader.receive_data(b"<presence/>") == []
    assert reader.receive_end() == []


def test_a_connection_that_ends_within_a_stream_says_so_once() -> None:
    reader = StreamReader()
    reader.receive_data(OPEN)
    (last,) = reader.receive_end()
    assert isinstance(last, StreamMalformed)
    assert reader.receive_end() == []


def test_a_fragment_is_read_back() -> None:
    assert parse_fragment(b"<body>hi</body>") == (BODY,)
    assert parse_fragment(b"") == ()


@pytest.mark.parametrize(
    "octets", [b"<body>", b"</message><presence/>", b"</message><message>", b"</stream:stream>"]
)
def test_what_is_no_fragment_is_refused(octets: bytes) -> None:
    with pytest.raises(ParseError):
        parse_fragment(octets)
