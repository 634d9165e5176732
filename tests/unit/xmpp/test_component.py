"""The component's stream, both sides of it (XEP-0114)."""

import pytest

from crossroom.machine import Deliver, Ended, LocalProtocolError, Send
from crossroom.xmpp.component import ComponentStream, ComponentTiming
from crossroom.xmpp.element import element
from crossroom.xmpp.errors import StreamCondition
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.link import Ignored, LinkUp, Output, StreamEnd
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import COMPONENT, STREAM_END, Limits, StreamOpened

DOMAIN = Jid("", "rooms.example")
ROOM = Jid("tea", "rooms.example")
BOB = Jid("bob", "x.example", "ph")
SERVER_HEADER = bytes(StreamOpened(COMPONENT, from_="rooms.example", id="3BF96D32"))
ERROR = b"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"


def stream(limits: Limits | None = None) -> ComponentStream:
    return ComponentStream("rooms.example", "test", limits, ComponentTiming(30, 60, 2))


def up() -> ComponentStream:
    machine = stream()
    machine.open(0)
    machine.receive(SERVER_HEADER, 1)
    assert machine.receive(b"<handshake/>", 2) == [Deliver(LinkUp(DOMAIN))]
    return machine


def sent(outputs: list[Output]) -> bytes:
    return b"".join(output.message for output in outputs if isinstance(output, Send))


def ends(outputs: list[Output]) -> StreamCondition | None:
    (end,) = [output.reason for output in outputs if isinstance(output, Ended)]
    assert outputs[-1] == Ended(end)
    return end.condition


def test_the_handshake_is_the_digest_of_stream_id_and_secret() -> None:
    machine = stream()
    assert machine.open(0) == [Send(bytes(StreamOpened(COMPONENT, to="rooms.example")))]
    assert not machine.is_up
    # sha1("3BF96D32" + "test")
    assert machine.receive(SERVER_HEADER, 1) == [
        Send(b"<handshake>aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>")
    ]
    assert machine.receive(b"<handshake/>", 2) == [Deliver(LinkUp(DOMAIN))]
    assert machine.is_up


def test_a_stanza_for_us_is_delivered_and_one_without_addresses_is_not() -> None:
    machine = up()
    message = Stanza(Kind.MESSAGE, ROOM, BOB, "1", "groupchat", children=(element("body"),))
    assert machine.receive(bytes(message), 3) == [Deliver(message)]
    assert machine.receive(b"<message to='tea@rooms.example'/>", 3) == [
        Deliver(Ignored("a message without from or to"))
    ]
    assert machine.receive(b"<message from='bob@x.example'/>", 3) == [
        Deliver(Ignored("a message without from or to"))
    ]


def test_an_impossible_address_costs_one_stanza_and_never_the_link() -> None:
    machine = up()
    asked = b"<iq type='get' id='1' from='bob@x.example/ph' to='te a@rooms.example'><q xmlns='u'/></iq>"
    answer = sent(machine.receive(asked, 3))
    assert answer.startswith(b"<iq to='bob@x.example/ph' from='rooms.example' id='1' type='error'>")
    assert b"<jid-malformed " in answer
    assert machine.is_up


def test_what_is_no_stanza_is_ignored() -> None:
    machine = up()
    assert machine.receive(b"<a xmlns='urn:a'/><handshake/>", 3) == [
        Deliver(Ignored("<a/> in urn:a")),
        Deliver(Ignored("<handshake/> in jabber:component:accept")),
    ]


def test_a_stanza_before_the_handshake_ends_the_stream() -> None:
    machine = stream()
    machine.open(0)
    outputs = machine.receive(SERVER_HEADER + b"<presence/><presence/>", 1)
    assert ends(outputs) is StreamCondition.NOT_AUTHORIZED
    assert machine.receive(b"<presence/>", 2) == []


def test_a_stream_of_another_kind_is_refused() -> None:
    machine = stream()
    machine.open(0)
    assert ends(machine.receive(bytes(StreamOpened("jabber:client")), 1)) is StreamCondition.INVALID_NAMESPACE


@pytest.mark.parametrize("condition", ["conflict", "host-unknown", "not-authorized", "system-shutdown"])
def test_a_stream_error_ends_the_stream_with_its_condition(condition: str) -> None:
    machine = stream()
    machine.open(0)
    outputs = machine.receive(SERVER_HEADER + ERROR % condition.encode(), 1)
    assert ends(outputs) == condition
    assert sent(outputs).endswith(STREAM_END)
    assert machine.deadline() is None


def test_what_cannot_be_followed_ends_the_stream() -> None:
    outputs = up().receive(b"<message><!-- x --></message>", 3)
    assert ends(outputs) is StreamCondition.RESTRICTED_XML
    assert b"<restricted-xml " in sent(outputs)


def test_a_stanza_over_the_limit_ends_the_stream() -> None:
    machine = stream(Limits(stanza_octets=300))
    machine.open(0)
    assert (
        ends(machine.receive(SERVER_HEADER + b"<message a='" + b"x" * 300, 1))
        is StreamCondition.POLICY_VIOLATION
    )


def test_the_servers_closing_tag_is_answered() -> None:
    machine = up()
    assert machine.receive(STREAM_END, 3) == [Send(STREAM_END), Ended(StreamEnd())]
    assert machine.receive_end(3) == []
    assert machine.close(3) == []


def test_a_lost_connection_ends_the_stream() -> None:
    assert up().receive_end(3) == [Ended(StreamEnd(text="connection lost"))]


def test_our_closing_tag_waits_for_the_servers() -> None:
    machine = up()
    assert machine.close(10) == [Send(STREAM_END)]
    assert machine.close(10) == []
    assert not machine.is_up
    assert machine.receive(b"<message from='a@b' to='tea@rooms.example'/>", 11) == []
    assert machine.receive(STREAM_END, 11) == [Ended(StreamEnd(by_us=True))]


def test_our_closing_tag_does_not_wait_for_ever() -> None:
    machine = up()
    machine.close(10)
    assert machine.deadline() == 12
    assert machine.tick(11.9) == []
    assert machine.tick(12) == [Ended(StreamEnd(text="no closing tag in time", by_us=True))]
    assert machine.tick(99) == []


def test_a_stream_that_never_began_is_just_over() -> None:
    assert stream().close(0) == [Ended(StreamEnd(by_us=True))]


def test_a_stream_that_is_not_up_yet_is_closed_at_once() -> None:
    machine = stream()
    machine.open(0)
    assert machine.close(1) == [Send(STREAM_END), Ended(StreamEnd(by_us=True))]


def test_a_server_that_does_not_accept_us_in_time_is_given_up() -> None:
    machine = stream()
    machine.open(0)
    assert machine.deadline() == 30
    assert machine.tick(29) == []
    assert ends(machine.tick(30)) is StreamCondition.CONNECTION_TIMEOUT


def test_an_idle_stream_is_kept_alive_by_spaces() -> None:
    machine = up()
    assert machine.deadline() == 62
    machine.sent(10)
    assert machine.deadline() == 70
    assert machine.tick(70) == [Send(b" ")]
    assert machine.deadline() == 130


def test_what_is_written_before_the_link_is_up_does_not_move_its_deadline() -> None:
    machine = stream()
    machine.open(0)
    machine.sent(5)
    assert machine.deadline() == 30


def test_a_stream_is_opened_once() -> None:
    with pytest.raises(LocalProtocolError):
        up().open(3)
