"""One request of ours: where it goes, what it tries next, how it proves who we are."""

import gc
import weakref

import pytest

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Account, OutgoingRequest
from crossroom.sip.auth import DigestChallenge, DigestCredentials, user_hash
from crossroom.sip.client_request import NO_SERVER
from crossroom.sip.events import RequestAnswered
from crossroom.sip.hop import TCP, TLS, UDP, Flow, Hop
from crossroom.sip.message import Request
from crossroom.sip.uri import OtherUri, SipUri
from sip_messages import response_to
from sip_peer import FROM_TCP, FROM_UDP, Peer

FROM = NameAddr.parse("<sip:tea@conference.example>")
NAMED = SipUri("sip.example", user="bob")
FIRST, SECOND = Hop(UDP, "192.0.2.11", 5060, "sip.example"), Hop(UDP, "192.0.2.12", 5060, "sip.example")


def send(
    peer: Peer,
    target: SipUri = NAMED,
    *,
    body: bytes = b"",
    account: Account | None = None,
    flow: Flow | None = None,
) -> None:
    wanted = OutgoingRequest(
        "MESSAGE", target, FROM, body=body, content_type="text/plain", credentials=account, flow=flow
    )
    peer.agent.request(wanted, None, peer.now)
    peer.drain()


def test_a_numeric_address_is_sent_to_without_asking() -> None:
    peer = Peer()
    send(peer, SipUri.parse("sip:bob@192.0.2.9:5070"), body=b"hi")
    assert not peer.asked
    hop = peer.sent[0].hop
    assert (hop.transport, hop.host, hop.port) == (UDP, "192.0.2.9", 5070)
    sent = peer.request()
    assert sent.via.wants_rport
    assert (sent.via.branch or "").startswith("z9hG4bK")
    assert sent.max_forwards == 70
    assert sent.content_type is not None
    peer.put(response_to(sent, 202))
    assert peer.event(RequestAnswered).response.status == 202


@pytest.mark.parametrize("is_answered", [True, False])
def test_what_is_over_is_gone_at_once_and_waits_for_no_garbage_collection(is_answered: bool) -> None:  # noqa: FBT001 - a parameter
    peer = Peer(flow=FROM_TCP)
    gc.disable()
    try:
        send(peer, SipUri.parse("sip:bob@192.0.2.9;transport=tcp"))
        sender = peer.sent[0].sender
        assert sender is not None
        asking, sender = weakref.ref(sender.user), None
        request = peer.request()
        if is_answered:
            peer.put(response_to(request, 200))
        else:
            peer.pass_time(40)
        assert peer.event(RequestAnswered).response.status == (200 if is_answered else 408)
        assert asking() is None
    finally:
        gc.enable()


def test_the_next_server_is_tried_with_a_new_branch() -> None:
    peer = Peer()
    send(peer)
    assert peer.asked[0].uri == NAMED
    peer.resolve(FIRST, SECOND)
    first = peer.request()
    peer.put(response_to(first, 503, ("Retry-After", "60 (busy)")))
    second = peer.sent[0]
    assert second.hop == SECOND
    assert peer.request().via.branch != first.via.branch
    send(peer)
    peer.resolve(FIRST, SECOND)
    assert peer.sent[0].hop == SECOND, "RFC 3261 §21.5.4: not the first one until Retry-After"


def test_nothing_new_goes_to_a_server_before_it_wants_to_be_asked_again() -> None:
    peer = Peer()
    for wait in ("60", "50"):
        send(peer)
        peer.resolve(FIRST if wait == "60" else SECOND)
        peer.put(response_to(peer.request(), 503, ("Retry-After", wait)))
        peer.event(RequestAnswered)
    send(peer)
    peer.resolve(FIRST, SECOND)
    answer = peer.event(RequestAnswered).response
    assert (answer.status, answer.reason, answer.headers.get("Retry-After")) == (503, NO_SERVER, "50")
    peer.silent()
    peer.pass_time(51)
    send(peer)
    peer.resolve(FIRST, SECOND)
    assert peer.sent[0].hop == SECOND


def test_a_proxy_is_not_closed_by_a_503_that_may_be_from_behind_it() -> None:
    peer = Peer()
    peer.agent.stack.preloaded = (NameAddr.parse("<sip:192.0.2.200;lr>"),)
    for _ in range(2):
        send(peer)
        peer.put(response_to(peer.request(), 503, ("Retry-After", "3600")))
        assert peer.event(RequestAnswered).response.reason != NO_SERVER


def test_a_server_that_does_not_answer_is_followed_by_the_next() -> None:
    peer = Peer()
    send(peer)
    peer.resolve(FIRST, SECOND)
    peer.pass_time(32)
    assert peer.sent[-1].hop == SECOND
    peer.pass_time(64)
    assert peer.event(RequestAnswered).response.status == 408
    assert peer.is_clean()


def test_a_transport_failure_of_the_last_server_is_503() -> None:
    peer = Peer()
    send(peer)
    peer.resolve(FIRST)
    peer.fail(peer.sent.pop())
    answer = peer.event(RequestAnswered).response
    assert (answer.status, answer.reason) == (503, NO_SERVER)


def test_silence_of_the_last_server_is_408() -> None:
    peer = Peer()
    send(peer)
    peer.resolve(FIRST)
    peer.pass_time(33)  # 64 * T1 is 32 s
    assert peer.event(RequestAnswered).response.status == 408


def test_a_503_of_the_last_server_is_told() -> None:
    peer = Peer()
    send(peer)
    peer.resolve(FIRST)
    peer.put(response_to(peer.request(), 503, ("Retry-After", "soon")))
    assert peer.event(RequestAnswered).response.status == 503


@pytest.mark.parametrize("hops", [(), (Hop(TLS, "192.0.2.11", 5061),)])
def test_a_name_that_leads_nowhere_is_503(hops: tuple[Hop, ...]) -> None:
    peer = Peer()
    send(peer)
    peer.resolve(*hops)
    answer = peer.event(RequestAnswered).response
    assert (answer.status, answer.reason) == (503, NO_SERVER)
    assert peer.is_clean()


def test_a_flow_is_used_first_and_the_name_when_it_is_gone() -> None:
    peer = Peer()
    send(peer, flow=FROM_TCP)
    transmission = peer.sent.pop()
    assert transmission.hop.flow == FROM_TCP
    peer.fail(transmission)
    peer.resolve(FIRST)
    assert peer.sent[0].hop == FIRST


def test_a_flow_of_a_transport_we_do_not_have_is_passed_over() -> None:
    peer = Peer()
    send(peer, flow=Flow(TLS, "192.0.2.1", 5061))
    assert peer.asked


def test_a_503_on_a_flow_asks_for_the_name() -> None:
    peer = Peer()
    send(peer, flow=FROM_UDP)
    peer.put(response_to(peer.request(), 503))
    assert peer.asked


def test_who_has_answered_503_is_not_asked_again_by_another_way() -> None:
    peer = Peer()
    send(peer, flow=FROM_UDP, body=b"x" * 1300)
    peer.put(response_to(peer.request(), 503))
    peer.resolve(Hop(UDP, FROM_UDP.remote_host, FROM_UDP.remote_port))
    assert not peer.sent
    answer = peer.event(RequestAnswered).response
    assert (answer.status, answer.reason) == (503, "Service Unavailable")


def test_a_large_request_goes_by_tcp_and_falls_back_to_udp() -> None:
    peer = Peer()
    send(peer, body=b"x" * 1300)
    peer.resolve(FIRST)
    transmission = peer.sent.pop()
    assert transmission.hop.transport == TCP
    peer.fail(transmission)
    assert peer.sent[0].hop.transport == UDP
    send(peer, SipUri.parse("sip:bob@192.0.2.9;transport=tcp"), body=b"x" * 1300)
    assert peer.sent[-1].hop.transport == TCP


def test_a_route_that_is_no_sip_uri_cannot_be_followed() -> None:
    peer = Peer()
    wanted = OutgoingRequest("MESSAGE", NAMED, FROM, route=(NameAddr(OtherUri("tel", "+1")),))
    peer.agent.request(wanted, None, 0.0)
    peer.drain()
    assert peer.event(RequestAnswered).response.status == 416


def challenge_of(
    status: int, sent: Request, *, stale: bool = False, realm: str = "sip.example", nonce: str = "n1"
) -> object:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return response_to(sent, status, (name, str(DigestChallenge(realm, nonce, "SHA-256", stale=stale))))


@pytest.mark.parametrize(("status", "name"), [(401, "Authorization"), (407, "Proxy-Authorization")])
def test_a_challenge_is_answered_with_the_next_number(status: int, name: str) -> None:
    peer = Peer()
    send(peer, SipUri.parse("sip:bob@192.0.2.9"), account=Account("tea", "secret"))
    first = peer.request()
    peer.put(challenge_of(status, first))  # type: ignore[arg-type]  # a Response
    again = peer.request()
    assert again.call_id == first.call_id
    assert again.from_ == first.from_
    assert again.cseq.number == 2
    proof = DigestCredentials.parse(again.headers.get(name) or "")
    assert proof.is_proof("MESSAGE", user_hash("SHA-256", "tea", "sip.example", "secret"))
    peer.put(challenge_of(status, again, stale=True, nonce="n2"))  # type: ignore[arg-type]  # a Response
    third = peer.request()
    assert "n2" in (third.headers.get(name) or "")
    peer.put(challenge_of(status, third))  # type: ignore[arg-type]  # a Response
    assert peer.event(RequestAnswered).response.status == status


@pytest.mark.parametrize("account", [None, Account("tea", "secret", realm="other.example")])
def test_a_challenge_that_we_have_no_answer_to_is_told(account: Account | None) -> None:
    peer = Peer()
    send(peer, SipUri.parse("sip:bob@192.0.2.9"), account=account)
    peer.put(challenge_of(401, peer.request()))  # type: ignore[arg-type]  # a Response
    assert peer.event(RequestAnswered).response.status == 401
