from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroom.bodies.xml import (
    Element,
    Limits,
    Name,
    clean,
    escape_attribute,
    escape_text,
    parse_document,
    write_document,
)
from crossroom.machine import ParseError

NS = "urn:example:a"
PREFIXES = {NS: "", "urn:example:b": "b"}


def test_elements_attributes_and_text_are_read() -> None:
    root = parse_document(
        b'<?xml version="1.0"?><!-- note --><a xmlns="urn:example:a" xmlns:q="urn:q" k="1" q:k="2"> x<c/>y </a>'
    )
    assert root.name == Name("a", NS)
    assert root.attribute(Name("k")) == "1"
    assert root.attribute(Name("k", "urn:q")) == "2"
    assert root.attribute(Name("none")) is None
    assert root.children == (Element(Name("c", NS)),)
    assert root.text == "xy"


def test_a_document_is_utf8_whatever_it_says() -> None:
    assert parse_document('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode()).text == "é"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>\xff</a>",
        b"<p:a/>",
        b"<a>&unknown;</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<?php x?><a/>",
        b"<a><?php x?></a>",
        '<?xml version="1.0"?><a/>'.encode("utf-16"),
        '<?xml version="1.0"?><a/>'.encode("utf-16-le"),
    ],
)
def test_what_is_not_well_formed_and_harmless_is_refused(document: bytes) -> None:
    with pytest.raises(ParseError):
        parse_document(document)


def test_limits_bound_octets_elements_and_depth() -> None:
    limits = Limits(octets=40, elements=4, depth=3)
    assert parse_document(b"<a><b><c/></b><d/></a>", limits).name.local == "a"
    with pytest.raises(ParseError, match="octets"):
        parse_document(b"<a>" + b" " * 40 + b"</a>", limits)
    with pytest.raises(ParseError, match="more than 4"):
        parse_document(b"<a><b/><b/><b/><b/></a>", limits)
    with pytest.raises(ParseError, match="deeper"):
        parse_document(b"<a><b><c><d/></c></b></a>", limits)


def test_what_xml_forbids_is_never_written() -> None:
    assert clean("a\x00b\x0b￾\ud800") == "a�b���"
    assert escape_text("<a>&\r\x01") == "&lt;a&gt;&amp;&#13;�"
    assert escape_attribute("\"'\n\t<") == "&quot;&apos;&#10;&#9;&lt;"


def test_namespaces_come_back_as_they_were() -> None:
    deep = Element(Name("deep", NS))
    root = Element(
        Name("a", NS),
        (
            (Name("plain"), 'x"y'),
            (Name("known", "urn:example:b"), "1"),
            (Name("other", "urn:example:c"), "2"),
            (Name("lang", "http://www.w3.org/XML/1998/namespace"), "en"),
            (Name("same", NS), "3"),
        ),
        (
            Element(Name("b", "urn:example:b"), (), (deep,)),
            Element(Name("c", "urn:example:c"), (), (deep,), "text"),
            Element(Name("none"), (), (deep, Element(Name("none")))),
        ),
    )
    assert parse_document(write_document(root, PREFIXES)) == root


TEXT = st.text(max_size=12)


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT)
def test_any_text_is_written_and_read_as_itself_but_for_what_is_forbidden(value: str, text: str) -> None:
    root = Element(Name("a", NS), ((Name("k"), value),), (Element(Name("b", NS), (), (), text),))
    read = parse_document(write_document(root, PREFIXES))
    assert read.attribute(Name("k")) == clean(value)
    assert read.children[0].text == clean(text).strip()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_any_octets_are_a_document_or_a_parse_error(document: bytes) -> None:
    for candidate in (document, b"<a>" + document + b"</a>"):
        with suppress(ParseError):
            assert parse_document(candidate).name.local
