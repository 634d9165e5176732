"""Floods: what is turned away, what still gets in, and that nothing is kept of the rest."""

from dataclasses import replace
from ipaddress import ip_network

from msgspec import structs

from crossroom.sip.answer import Body
from crossroom.sip.events import InviteReceived, RequestReceived
from crossroom.sip.message import Request, Response
from crossroom.sip.overload import Rates
from crossroom.sip.settings import AgentSettings
from crossroom.sip.trust import Trusted
from sip_messages import simple
from sip_peer import CONTACT, Peer

BRIEF = Rates(requests=1.0, burst=2, trusted=1.0, trusted_burst=4)


def numbered(method: str, number: int) -> Request:
    message = simple(method, branch=f"z9hG4bKn{number}", cseq=number)
    return message.with_header("Call-ID", f"call-{number}")


def statuses(peer: Peer) -> list[int]:
    answers = [each.message for each in peer.sent]
    peer.sent.clear()
    return [answer.status for answer in answers if isinstance(answer, Response)]


def test_a_source_over_its_rate_is_told_when_to_come_back_and_nothing_is_kept() -> None:
    peer = Peer(AgentSettings(rates=BRIEF))
    for number in range(1, 4):
        peer.put(numbered("INVITE", number))
    assert len(peer.events) == 2
    answer = peer.response()
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "1")
    assert answer.to.tag is not None
    assert peer.agent.tables()["transactions"] == 2
    assert peer.agent.turned_away == (1, 0)


def test_a_repetition_of_what_was_turned_away_gets_the_same_answer() -> None:
    peer = Peer(AgentSettings(rates=replace(BRIEF, burst=1)))
    peer.put(numbered("INVITE", 1))
    first = peer.ask(numbered("INVITE", 2))
    assert peer.ask(numbered("INVITE", 2)) == first


def test_the_acknowledgement_of_a_refusal_is_absorbed() -> None:
    peer = Peer(AgentSettings(rates=replace(BRIEF, burst=1)))
    peer.put(numbered("INVITE", 1))
    peer.event(InviteReceived)
    peer.ask(numbered("INVITE", 2))
    peer.put(structs.replace(numbered("INVITE", 2), method="ACK").with_header("CSeq", "2 ACK"))
    peer.silent()


def test_each_method_has_a_rate_of_its_own() -> None:
    peer = Peer(AgentSettings(rates=replace(BRIEF, burst=1)))
    for number, method in enumerate(("INVITE", "MESSAGE", "OPTIONS", "OPTIONS"), 1):
        peer.put(numbered(method, number))
    assert len(peer.events) == 3
    assert statuses(peer) == [503]


def test_a_trusted_source_has_the_larger_rate() -> None:
    trusted = Trusted((ip_network("192.0.2.0/24"),))
    peer = Peer(AgentSettings(rates=BRIEF, trusted=trusted))
    for number in range(1, 6):
        peer.put(numbered("MESSAGE", number))
    assert len(peer.events) == 4
    assert statuses(peer) == [503]


def test_who_is_in_a_call_is_heard_when_strangers_are_not() -> None:
    peer = Peer(AgentSettings(rates=replace(BRIEF, burst=1), max_transactions=1))
    peer.put(simple("INVITE"))
    incoming = peer.event(InviteReceived).usage
    incoming.accept(CONTACT, Body(), (), peer.now)
    peer.drain()
    answer = peer.response()
    assert peer.ask(numbered("INVITE", 2)).status == 503
    bye = peer.inside("BYE", answer, 2)
    assert peer.ask(bye).status == 200


def test_a_stranger_cannot_pass_with_an_invented_tag() -> None:
    peer = Peer(AgentSettings(rates=replace(BRIEF, burst=1)))
    stray = [numbered("BYE", number).with_header("To", "<sip:b@b.example>;tag=x") for number in (1, 2)]
    assert [peer.ask(message).status for message in stray] == [481, 503]


def test_even_dialogs_wait_when_there_is_no_room_at_all() -> None:
    peer = Peer(AgentSettings(max_transactions=2))
    peer.put(simple("INVITE"))
    incoming = peer.event(InviteReceived).usage
    incoming.accept(CONTACT, Body(), (), peer.now)
    peer.drain()
    answer = peer.response()
    peer.put(peer.inside("OPTIONS", answer, 2))
    peer.event(RequestReceived)
    peer.put(peer.inside("OPTIONS", answer, 3))
    peer.event(RequestReceived)
    assert peer.ask(peer.inside("OPTIONS", answer, 4)).status == 503


def test_a_flood_of_strangers_leaves_no_transactions() -> None:
    peer = Peer(AgentSettings(rates=replace(BRIEF, burst=1)))
    for number in range(1, 2001):
        peer.put(numbered("CANCEL", number))
        peer.put(numbered("REFER", number))
    assert peer.agent.tables() == {
        "dialogs": 0, "transactions": 1, "calls": 0, "waiting": 0, "sources": 1
    }  # fmt: skip
    assert statuses(peer).count(481) == 2000
