"""What every stream machine does with a stanza that is none, and how it ends."""

import pytest

from crossroom.machine import Deliver, Ended, Send
from crossroom.xmpp.element import OWN, Element, element
from crossroom.xmpp.errors import StreamCondition
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.link import Ignored, StreamEnd, admit, answer_misaddressed, refuse
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import Misaddressed

ROOM = Jid("tea", "conf.example")
BOB = Jid("bob", "x.example", "ph")
PING = element("ping", "urn:xmpp:ping")


@pytest.mark.parametrize(
    "stanza",
    [
        Stanza(Kind.MESSAGE, ROOM, BOB),
        Stanza(Kind.PRESENCE, ROOM, BOB),
        Stanza(Kind.IQ, ROOM, BOB, "1", "get", "", (PING,)),
        Stanza(Kind.IQ, ROOM, BOB, "1", "result"),
        Stanza(Kind.IQ, ROOM, BOB, "1", "error", "", (PING, PING)),
    ],
)
def test_a_stanza_that_is_one_is_delivered(stanza: Stanza) -> None:
    assert admit(stanza) == [Deliver(stanza)]


@pytest.mark.parametrize(
    "iq",
    [
        Stanza(Kind.IQ, ROOM, BOB, "1", "get"),
        Stanza(Kind.IQ, ROOM, BOB, "1", "set", "", (PING, PING)),
        Stanza(Kind.IQ, ROOM, BOB, "", "get", "", (PING,)),
    ],
)
def test_a_request_that_asks_nothing_or_too_much_is_a_bad_request(iq: Stanza) -> None:
    (answer,) = admit(iq)
    assert isinstance(answer, Send)
    assert b"type='error'" in answer.message
    assert b"<bad-request " in answer.message


def test_an_iq_of_no_type_is_ignored() -> None:
    assert admit(Stanza(Kind.IQ, ROOM, BOB, "1", "odd")) == [Deliver(Ignored("an iq of type 'odd'"))]


def test_an_impossible_address_is_answered_where_somebody_asked() -> None:
    us = Jid("", "conf.example")
    asked = element("iq", OWN, to="@", from_=str(BOB), id="1", type="get")
    (answer,) = answer_misaddressed(Misaddressed(asked, "empty"), us)
    assert isinstance(answer, Send)
    assert b"<jid-malformed " in answer.message


@pytest.mark.parametrize(
    "source", [element("iq", OWN, to="@", type="get"), element("message", OWN, from_="@")]
)
def test_an_impossible_address_is_ignored_where_nobody_can_be_told(source: Element) -> None:
    (ignored,) = answer_misaddressed(Misaddressed(source, "empty"), ROOM)
    assert ignored == Deliver(Ignored(f"{source.name}: empty"))


def test_an_error_of_ours_ends_the_stream() -> None:
    end = StreamEnd(StreamCondition.INVALID_XML, "why", by_us=True)
    octets = (
        b"<stream:error><invalid-xml xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
        b"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>why</text></stream:error></stream:stream>"
    )
    assert refuse(StreamCondition.INVALID_XML, "why") == [Send(octets), Ended(end)]
