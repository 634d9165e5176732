"""The embedded entry's side of a client's stream, both sides of it (RFC 6120 §9.1)."""

from itertools import count

import pytest

from crossroom.machine import Deliver, Ended, LocalProtocolError, Send
from crossroom.xmpp.account import Site
from crossroom.xmpp.c2s import BIND, SASL, ClientStream
from crossroom.xmpp.element import CLIENT, OWN, element
from crossroom.xmpp.errors import StreamCondition
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.link import Ignored, LinkUp, Output, StreamEnd
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import STREAM_END, StreamOpened

SITE = Site("local.example", frozenset({"rooms.example"}))
HEADER = bytes(StreamOpened(CLIENT, to="local.example", version="1.0", lang="de"))
AUTH = bytes(element("auth", SASL, mechanism="ANONYMOUS"))
ME = Jid("id1", "local.example", "ph")


def stream() -> ClientStream:
    numbers = count(1)
    machine = ClientStream(SITE, lambda: f"ID{next(numbers)}")
    assert machine.open(0) == []
    return machine


def sent(outputs: list[Output]) -> bytes:
    return b"".join(output.message for output in outputs if isinstance(output, Send))


def ends(outputs: list[Output]) -> StreamCondition | None:
    assert isinstance(outputs[-1], Ended)
    return outputs[-1].reason.condition


def binding() -> ClientStream:
    machine = stream()
    machine.receive(HEADER + AUTH, 1)
    machine.receive(HEADER, 2)
    return machine


def bind(resource: str = "ph") -> bytes:
    wanted = element("bind", BIND, element("resource", BIND, resource)) if resource else element("bind", BIND)
    return bytes(Stanza(Kind.IQ, id="b", type="set", children=(wanted,)))


def bound() -> ClientStream:
    machine = binding()
    machine.receive(bind(), 3)
    assert machine.is_up
    return machine


def test_a_login_goes_as_the_rfc_draws_it() -> None:
    machine = stream()
    assert sent(machine.receive(HEADER, 1)) == (
        bytes(StreamOpened(CLIENT, from_="local.example", id="ID2", version="1.0", lang="de"))
        + b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
        b"<mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>"
    )
    assert sent(machine.receive(AUTH, 2)) == b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    assert sent(machine.receive(HEADER, 3)) == (
        bytes(StreamOpened(CLIENT, from_="local.example", id="ID3", version="1.0", lang="de"))
        + b"<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
        b"<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session></stream:features>"
    )
    assert machine.receive(bind(), 4) == [
        Send(
            b"<iq id='b' type='result'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            b"<jid>id1@local.example/ph</jid></bind></iq>"
        ),
        Deliver(LinkUp(ME)),
    ]
    assert machine.jid == ME
    assert machine.deadline() is None


@pytest.mark.parametrize("wanted", ["", "\u200b\u0378"])
def test_a_client_that_wants_no_possible_resource_gets_one(wanted: str) -> None:
    machine = binding()
    machine.receive(bind(wanted), 3)
    assert machine.jid == Jid("id1", "local.example", "ID4")


@pytest.mark.parametrize(
    ("header", "condition"),
    [
        (StreamOpened("jabber:server", to="local.example", version="1.0"), StreamCondition.INVALID_NAMESPACE),
        (StreamOpened(CLIENT, to="rooms.example", version="1.0"), StreamCondition.HOST_UNKNOWN),
        (StreamOpened(CLIENT, to="local.example"), StreamCondition.UNSUPPORTED_VERSION),
    ],
)
def test_a_header_that_does_not_fit_is_answered_with_ours_and_an_error(
    header: StreamOpened, condition: StreamCondition
) -> None:
    outputs = stream().receive(bytes(header), 1)
    assert ends(outputs) is condition
    assert sent(outputs).startswith(b"<?xml version='1.0'?><stream:stream ")
    assert sent(outputs).endswith(STREAM_END)


def test_other_ways_to_log_in_are_not_there_and_may_be_given_up() -> None:
    machine = stream()
    machine.receive(HEADER, 1)
    assert b"<invalid-mechanism/>" in sent(
        machine.receive(bytes(element("auth", SASL, mechanism="PLAIN")), 2)
    )
    assert b"<invalid-mechanism/>" in sent(machine.receive(bytes(element("response", SASL)), 2))
    assert b"<aborted/>" in sent(machine.receive(bytes(element("abort", SASL)), 2))
    assert b"<success " in sent(machine.receive(AUTH, 2))


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<presence/>", StreamCondition.NOT_AUTHORIZED),
        (b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", StreamCondition.UNSUPPORTED_STANZA_TYPE),
        (b"<!-- x -->", StreamCondition.RESTRICTED_XML),
    ],
)
def test_what_may_not_come_before_login_ends_the_stream(data: bytes, condition: StreamCondition) -> None:
    machine = stream()
    machine.receive(HEADER, 1)
    outputs = machine.receive(data + b"<presence/>", 2)
    assert ends(outputs) is condition
    assert sent(outputs).startswith(b"<stream:error>")
    assert machine.receive(b"<presence/>", 3) == []


def test_an_error_before_the_header_follows_a_header_of_ours() -> None:
    outputs = stream().receive(b"GET / HTTP/1.1\r\n\r\n", 1)
    assert ends(outputs) is StreamCondition.NOT_WELL_FORMED
    assert sent(outputs).startswith(b"<?xml version='1.0'?><stream:stream ")


@pytest.mark.parametrize(
    "iq",
    [
        Stanza(Kind.PRESENCE),
        Stanza(Kind.IQ, id="1", type="get", children=(element("bind", BIND),)),
        Stanza(Kind.IQ, id="1", type="set", children=(element("x", "urn:x"),)),
    ],
)
def test_nothing_but_resource_binding_may_come_first(iq: Stanza) -> None:
    assert ends(binding().receive(bytes(iq), 3)) is StreamCondition.NOT_AUTHORIZED


def test_a_misaddressed_stanza_before_binding_is_too_early_too() -> None:
    assert ends(binding().receive(b"<iq to='@'/>", 3)) is StreamCondition.NOT_AUTHORIZED


def test_a_stanza_for_a_room_gets_its_sender_and_language() -> None:
    machine = bound()
    room = Jid("tea", "rooms.example")
    assert machine.receive(b"<message to='tea@rooms.example' type='groupchat' id='1'/>", 4) == [
        Deliver(Stanza(Kind.MESSAGE, room, ME, "1", "groupchat", "de"))
    ]
    assert machine.receive(
        b"<presence from='id1@local.example' to='tea@rooms.example' xml:lang='en'/>", 4
    ) == [Deliver(Stanza(Kind.PRESENCE, room, ME, lang="en"))]


def test_nobody_speaks_in_anothers_name() -> None:
    outputs = bound().receive(b"<message from='eve@local.example' to='tea@rooms.example'/>", 4)
    assert ends(outputs) is StreamCondition.INVALID_FROM


@pytest.mark.parametrize("to", ["bob@elsewhere.example", "elsewhere.example", "id2@local.example/x"])
def test_only_the_rooms_can_be_reached(to: str) -> None:
    machine = bound()
    answer = sent(machine.receive(f"<message to='{to}' id='7'/>".encode(), 4))
    assert answer.startswith(f"<message to='id1@local.example/ph' from='{to}' id='7' type='error'>".encode())
    assert b"<service-unavailable " in answer
    assert machine.receive(f"<presence to='{to}' type='unavailable'/>".encode(), 4) == [
        Deliver(Ignored(f"presence to {to.partition('/')[0].rpartition('@')[2]}"))
    ]


def test_an_impossible_address_is_answered() -> None:
    answer = sent(bound().receive(b"<message to='a b@rooms.example' id='7'/>", 4))
    assert answer.startswith(b"<message to='id1@local.example/ph' from='local.example' id='7' type='error'>")
    assert b"<jid-malformed " in answer


def test_the_server_itself_answers() -> None:
    machine = bound()
    ping = b"<iq type='get' id='p' to='local.example'><ping xmlns='urn:xmpp:ping'/></iq>"
    assert sent(machine.receive(ping, 4)) == (
        b"<iq to='id1@local.example/ph' from='local.example' id='p' type='result'></iq>"
    )
    roster = b"<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"
    assert b"type='result'><query xmlns='jabber:iq:roster'/>" in sent(machine.receive(roster, 4))


def test_presence_for_contacts_and_messages_to_oneself_go_nowhere() -> None:
    machine = bound()
    assert machine.receive(b"<presence/><message/><iq type='result' id='1'/>", 4) == []


def test_a_request_without_a_question_is_a_bad_request() -> None:
    assert b"<bad-request " in sent(bound().receive(b"<iq type='get' id='1'/>", 4))


def test_a_stream_error_or_end_of_the_client_is_answered_with_our_end() -> None:
    error = b"<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    outputs = bound().receive(error, 4)
    assert ends(outputs) is StreamCondition.RESET
    assert sent(outputs) == STREAM_END
    assert bound().receive(STREAM_END, 4) == [Send(STREAM_END), Ended(StreamEnd())]


def test_a_lost_connection_ends_the_stream_once() -> None:
    machine = bound()
    assert machine.receive_end(4) == [Ended(StreamEnd(text="connection lost"))]
    assert machine.receive_end(4) == []
    assert machine.close(4) == []


def test_a_shutdown_is_announced_and_waits_for_the_client() -> None:
    machine = bound()
    outputs = machine.close(10)
    assert sent(outputs) == (
        b"<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
    )
    assert not machine.is_up
    assert machine.receive(b"<presence to='tea@rooms.example'/>", 11) == []
    assert machine.receive(STREAM_END, 11) == [Ended(StreamEnd(by_us=True))]


def test_a_shutdown_does_not_wait_for_ever() -> None:
    machine = bound()
    machine.close(10)
    assert machine.close(10) == []
    assert machine.deadline() == 12
    assert machine.tick(12) == [Ended(StreamEnd(text="no closing tag in time", by_us=True))]


def test_a_shutdown_says_nothing_to_who_has_not_spoken() -> None:
    assert stream().close(1) == [Ended(StreamEnd(by_us=True))]


def test_a_client_that_does_not_log_in_goes() -> None:
    machine = stream()
    machine.sent(1)
    assert machine.deadline() == 30
    assert machine.tick(29) == []
    outputs = machine.tick(30)
    assert ends(outputs) is StreamCondition.CONNECTION_TIMEOUT
    assert machine.tick(31) == []


def test_a_stream_is_opened_once() -> None:
    with pytest.raises(LocalProtocolError):
        bound().open(5)


def test_own_elements_after_login_are_no_stanzas() -> None:
    data = bytes(element("odd", OWN))
    assert ends(bound().receive(data, 5)) is StreamCondition.UNSUPPORTED_STANZA_TYPE
