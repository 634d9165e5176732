"""Stanza errors and stream errors."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.element import OWN, element
from crossroom.xmpp.errors import (
    DEFAULT_TYPES,
    STANZAS,
    STREAMS,
    Condition,
    ErrorType,
    StanzaError,
    StreamCondition,
    error_reply,
    misaddressed_reply,
    read_stream_error,
    stream_error,
)
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import STREAM

ROOM = Jid("tea", "conf.example")
BOB = Jid("bob", "x.example", "ph")
APPLICATION = element("too-cold", "urn:tea")


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_has_its_default_type_and_is_read_back(condition: Condition) -> None:
    error = StanzaError(condition)
    assert StanzaError.parse(error.as_element()) == StanzaError(condition, DEFAULT_TYPES[condition])


def test_everything_an_error_says_is_read_back() -> None:
    error = StanzaError(
        Condition.GONE, ErrorType.MODIFY, "moved", "tea@conf.example", APPLICATION, "xmpp:x@conf.example"
    )
    assert StanzaError.parse(error.as_element()) == error
    assert str(error.as_element()) == (
        "<error type='modify' by='tea@conf.example'>"
        f"<gone xmlns='{STANZAS}'>xmpp:x@conf.example</gone><text xmlns='{STANZAS}'>moved</text>"
        "<too-cold xmlns='urn:tea'/></error>"
    )


def test_an_unknown_condition_or_type_takes_the_default() -> None:
    odd = element("error", OWN, element("odd", STANZAS), type="odd")
    assert StanzaError.parse(odd) == StanzaError(Condition.UNDEFINED_CONDITION, ErrorType.CANCEL)


def test_an_error_is_found_in_its_stanza() -> None:
    error = StanzaError(Condition.CONFLICT, ErrorType.CANCEL)
    assert StanzaError.of(Stanza(Kind.IQ, children=(error.as_element(),))) == error
    assert StanzaError.of(Stanza(Kind.IQ)) is None
    with pytest.raises(ParseError):
        StanzaError.parse(APPLICATION)


def test_an_iq_or_message_is_answered_with_its_payload() -> None:
    request = Stanza(Kind.IQ, ROOM, BOB, "7", "set", "", (APPLICATION,))
    reply = error_reply(request, Condition.FORBIDDEN)
    error = StanzaError(Condition.FORBIDDEN).as_element()
    assert reply == Stanza(Kind.IQ, BOB, ROOM, "7", "error", "", (APPLICATION, error))


def test_a_presence_is_answered_with_what_is_to_be_echoed_only() -> None:
    join = Stanza(Kind.PRESENCE, ROOM, BOB, "7", children=(APPLICATION, APPLICATION))
    error = StanzaError(Condition.CONFLICT, by=str(ROOM))
    plain, echoing = (
        error_reply(join, error),
        error_reply(join, error, echo=(APPLICATION,), from_=ROOM.with_resource("n")),
    )
    assert plain is not None
    assert plain.children == (error.as_element(),)
    assert echoing is not None
    assert echoing.children == (APPLICATION, error.as_element())
    assert echoing.from_ == ROOM.with_resource("n")


@pytest.mark.parametrize(
    "stanza",
    [
        Stanza(Kind.IQ, ROOM, BOB, "1", "error"),
        Stanza(Kind.IQ, ROOM, BOB, "1", "result"),
        Stanza(Kind.MESSAGE, ROOM, BOB, "1", "error"),
        Stanza(Kind.PRESENCE, ROOM, BOB, "1", "error"),
        Stanza(Kind.PRESENCE, ROOM, BOB, "1", "unavailable"),
    ],
)
def test_errors_results_and_departures_are_never_answered(stanza: Stanza) -> None:
    assert error_reply(stanza, Condition.SERVICE_UNAVAILABLE) is None


def test_an_impossible_address_is_answered_in_our_own_name() -> None:
    source = element("iq", OWN, APPLICATION, to="a@@b", from_=str(BOB), id="1", type="get")
    reply = misaddressed_reply(source, Jid("", "conf.example"))
    assert reply is not None
    assert (reply.to, reply.from_, reply.id) == (BOB, Jid("", "conf.example"), "1")
    error = StanzaError.of(reply)
    assert error is not None
    assert error.condition is Condition.JID_MALFORMED


def test_who_cannot_be_reached_is_not_answered() -> None:
    assert misaddressed_reply(element("iq", OWN, from_="@", type="get")) is None
    assert misaddressed_reply(element("message", OWN, from_=str(BOB), to="@", type="error")) is None


def test_a_stream_error_is_written_and_read() -> None:
    assert stream_error(StreamCondition.CONFLICT) == (
        f"<stream:error><conflict xmlns='{STREAMS}'/></stream:error>".encode()
    )
    assert b"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>a&lt;</text>" in stream_error(
        StreamCondition.CONFLICT, "a<"
    )
    read = element("error", STREAM, element("conflict", STREAMS), element("text", STREAMS, "why"))
    assert read_stream_error(read) == (StreamCondition.CONFLICT, "why")
    assert read_stream_error(element("error", STREAM, APPLICATION)) == (
        StreamCondition.UNDEFINED_CONDITION,
        "",
    )
