"""Elements, and the one writer of XML."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroom.machine import LocalProtocolError
from crossroom.xmpp.element import CLIENT, OWN, Element, element, escape, first, permitted, serialise
from crossroom.xmpp.stream import parse_fragment

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)


def test_an_element_is_written_with_its_namespace_once() -> None:
    inner = element("b", "urn:a", "t", c="1")
    assert bytes(element("a", "urn:a", inner, element("c", "urn:c"))) == (
        b"<a xmlns='urn:a'><b c='1'>t</b><c xmlns='urn:c'/></a>"
    )


def test_an_own_element_is_written_without_a_namespace_on_any_stream() -> None:
    assert bytes(element("body", OWN, "hi")) == b"<body>hi</body>"


def test_an_own_element_inside_a_foreign_one_is_a_clients() -> None:
    assert bytes(element("forwarded", "urn:f", element("message", OWN, element("body")))) == (
        b"<forwarded xmlns='urn:f'><message xmlns='jabber:client'><body/></message></forwarded>"
    )


def test_attributes_with_a_namespace_keep_it() -> None:
    written = Element("a", OWN, {"{urn:x}b": "1", "xml:lang": "en", "c": "2"})
    assert str(written) == "<a xmlns:n0='urn:x' n0:b='1' xml:lang='en' c='2'/>"
    assert parse_fragment(bytes(written)) == (written,)


def test_special_characters_are_escaped() -> None:
    assert escape("a<b>&'\"\t\n\r") == "a&lt;b&gt;&amp;&apos;&quot;&#9;&#10;&#13;"
    assert escape("plain ☃") == "plain ☃"
    assert (
        str(element("a", OWN, "'\"\t\n<>&\r", b="'\n")) == "<a b='&apos;&#10;'>'\"\t\n&lt;&gt;&amp;&#13;</a>"
    )


@pytest.mark.parametrize("bad", ["\x00", "\x08", "\x0b", "\x1b", "\ud800", "\ufffe", "\uffff"])
def test_a_forbidden_character_becomes_a_replacement_character(bad: str) -> None:
    assert str(element("a", OWN, f"x{bad}", b=f"{bad}y")) == "<a b='\ufffdy'>x\ufffd</a>"
    assert permitted(f"x{bad}<") == "x\ufffd<"


@pytest.mark.parametrize("name", ["", "a b", "a>", "1a", "a:b", "xml:a:b", "a\n", "\x00"])
def test_a_name_that_is_none_is_our_defect(name: str) -> None:
    with pytest.raises(LocalProtocolError):
        bytes(Element(name))
    with pytest.raises(LocalProtocolError):
        bytes(Element("a", OWN, {name: "1"}))
    with pytest.raises(LocalProtocolError):
        bytes(Element("a", OWN, {f"{{urn:x}}{name}": "1"}))


@given(ANY_TEXT, ANY_TEXT)
def test_whatever_is_written_is_well_formed(text: str, value: str) -> None:
    parsed = ET.fromstring(bytes(element("a", "urn:a", text, element("b", "urn:b", c=value))))
    assert (parsed.text or "") == permitted(text)
    assert parsed[0].get("c") == permitted(value)


@given(ANY_TEXT)
def test_any_namespace_is_written_so_that_it_is_read_back(uri: str) -> None:
    (read,) = parse_fragment(bytes(Element("a", f"urn:{uri}", {f"{{urn:{uri}}}b": "1"})))
    assert read.namespace == f"urn:{permitted(uri)}"


def test_children_are_found_by_name_and_namespace() -> None:
    own, foreign = element("b", "urn:a", "1"), element("b", "urn:b", "2")
    parent = element("a", "urn:a", "x", own, "y", foreign, own)
    assert parent.text == "xy"
    assert parent.elements == (own, foreign, own)
    assert parent.find("b") is own
    assert parent.find("b", "urn:b") is foreign
    assert parent.find("c") is None
    assert parent.find_all("b") == (own, own)
    assert parent.find_all("b", "urn:b") == (foreign,)
    assert parent.child_text("b") == "1"
    assert parent.child_text("c") == ""
    assert first(parent.elements, "b", "urn:b") is foreign


def test_absent_children_and_attributes_are_left_out() -> None:
    made = element("a", CLIENT, None, "", from_="x", to=None)
    assert made == Element("a", CLIENT, {"from": "x"}, ())
    assert made.get("from") == "x"
    assert made.get("to") == ""
    assert made.get("to", "-") == "-"


def test_several_elements_are_written_one_after_the_other() -> None:
    both = (element("body", OWN, "é"), element("x", "urn:x"))
    assert serialise(both) == "<body>é</body><x xmlns='urn:x'/>".encode()
    assert parse_fragment(serialise(both)) == both
