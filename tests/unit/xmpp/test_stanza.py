"""Stanzas: reading, writing, and the shared tail."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.element import CLIENT, OWN, Element, element, serialise
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza, head, serialise_tail, tail

ROOM = Jid("tea", "conf.example")
BOB = Jid("bob", "x.example", "ph")
BODY = element("body", OWN, "hi")


def test_a_stanza_is_read_from_its_element_and_made_one_again() -> None:
    source = Element(
        "message",
        OWN,
        {"to": str(ROOM), "from": str(BOB), "id": "1", "type": "groupchat", "xml:lang": "en"},
        (BODY,),
    )
    stanza = Stanza.parse(source)
    assert stanza == Stanza(Kind.MESSAGE, ROOM, BOB, "1", "groupchat", "en", (BODY,))
    assert stanza.as_element() == source
    assert Stanza.parse(Element("presence")).as_element() == Element("presence")


def test_text_between_the_children_of_a_stanza_is_nothing() -> None:
    assert Stanza.parse(element("presence", OWN, " ", BODY)).children == (BODY,)


@pytest.mark.parametrize(
    "source",
    [
        element("features"),
        element("message", CLIENT),
        element("iq", OWN, to="a@@b"),
        element("iq", OWN, from_="/x"),
    ],
)
def test_what_is_no_stanza_is_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        Stanza.parse(source)


@pytest.mark.parametrize(
    ("text", "kind"), [("", "normal"), ("odd", "normal"), ("chat", "chat"), ("error", "error")]
)
def test_an_unknown_message_type_is_normal(text: str, kind: str) -> None:
    assert Stanza.parse(element("message", OWN, type=text or None)).type == kind


def test_a_copy_is_a_head_and_a_shared_tail() -> None:
    stanza = Stanza(Kind.MESSAGE, BOB, ROOM, "1", "groupchat", "en", (BODY,))
    shared = serialise_tail(stanza)
    assert shared == (
        b" from='tea@conf.example' id='1' type='groupchat' xml:lang='en'><body>hi</body></message>"
    )
    assert head(Kind.MESSAGE, BOB) + shared == bytes(stanza)
    assert tail(stanza, serialise(stanza.children)) == shared


def test_a_stanza_without_addresses_is_written_without() -> None:
    assert bytes(Stanza(Kind.PRESENCE)) == b"<presence></presence>"


def test_addresses_are_escaped() -> None:
    assert head(Kind.IQ, Jid("", "x.example", "d'arc<")) == b"<iq to='x.example/d&apos;arc&lt;'"


def test_what_a_stanza_carries_is_found() -> None:
    error = element("error", OWN)
    message = Stanza(Kind.MESSAGE, children=(error, BODY))
    assert message.find("error") is error
    assert message.find("x", "urn:x") is None
    assert message.payload is BODY
    assert message.body == "hi"
    assert Stanza(Kind.MESSAGE).body is None
    assert Stanza(Kind.MESSAGE).payload is None
    assert message.with_children().children == ()


def test_requests_are_answered_to_where_they_came_from() -> None:
    request = Stanza(Kind.IQ, ROOM, BOB, "7", "get", "en", (element("ping", "urn:xmpp:ping"),))
    assert request.is_request
    assert request.result(BODY) == Stanza(Kind.IQ, BOB, ROOM, "7", "result", "", (BODY,))
    assert not request.result().is_request
    assert not Stanza(Kind.MESSAGE, type="get").is_request
    assert Stanza(Kind.IQ, type="error").is_error
    assert not request.is_error
