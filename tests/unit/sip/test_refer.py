"""REFER, both ends. RFC 3515, RFC 4488, RFC 7614, RFC 7647."""

from collections.abc import Callable

import pytest

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Body, OutgoingCall, OutgoingRefer, Rejection
from crossroom.sip.events import (
    InviteAnswered,
    InviteReceived,
    ReferEnded,
    ReferProgressed,
    ReferReceived,
    SessionConfirmed,
)
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request
from crossroom.sip.refer import ReferReceiver, ReferSender, ReferStatus
from crossroom.sip.uri import SipUri
from sip_messages import response_to, simple
from sip_peer import CONTACT, Peer

BOB = NameAddr.parse("<sip:bob@sip.example;method=INVITE>")
TARGET = SipUri.parse("sip:tea@192.0.2.1")
ANA = NameAddr.parse("<sip:ana@sip.example>")
HERE = NameAddr.parse("<sip:ana@192.0.2.2>")
PEER = ("Contact", "<sip:tea@192.0.2.1>")


def received(peer: Peer, *lines: str) -> ReferReceiver:
    peer.put(simple("REFER", f"Refer-To: {BOB}", *lines))
    return peer.event(ReferReceived).usage


def do(peer: Peer, action: Callable[[float], None]) -> None:
    action(peer.now)
    peer.drain()


def test_an_accepted_refer_reports_trying_then_progress_then_the_end() -> None:
    peer = Peer()
    receiver = received(peer)
    assert (receiver.refer_to, receiver.request.method, receiver.session) == (BOB, "REFER", None)
    assert receiver.flow.remote_host == "192.0.2.1"
    assert receiver.identity == "sip:a@a.example"
    do(peer, lambda now: receiver.accept(CONTACT, (), now))
    do(peer, lambda now: receiver.accept(CONTACT, (), now))
    answer = peer.response()
    assert (answer.status, answer.contact) == (200, CONTACT)
    trying = peer.request()
    assert str(trying.event) == "refer"
    assert trying.body == b"SIP/2.0 100 Trying\r\n"
    assert str(trying.content_type) == "message/sipfrag;version=2.0"
    assert (trying.headers.get("Subscription-State") or "").startswith("active;expires=")
    do(peer, lambda now: receiver.progress(180, "Ringing", now))
    do(peer, lambda now: receiver.final(200, "OK", now))
    do(peer, lambda now: receiver.final(603, "", now))
    do(peer, lambda now: receiver.progress(180, "", now))
    peer.put(response_to(trying, 200, tag="a1"))
    last = peer.request()
    assert last.body == b"SIP/2.0 200 OK\r\n"
    assert last.headers.get("Subscription-State") == "terminated;reason=noresource"
    peer.put(response_to(last, 200, tag="a1"))
    assert peer.is_clean()


def test_a_refresh_of_the_progress_repeats_it_and_another_subscription_is_refused() -> None:
    peer = Peer()
    receiver = received(peer)
    do(peer, lambda now: receiver.accept(CONTACT, (), now))
    answer, trying = peer.response(), peer.request()
    peer.put(response_to(trying, 200, tag="a1"))
    do(peer, lambda now: receiver.progress(180, "Ringing", now))
    peer.put(response_to(peer.request(), 200, tag="a1"))
    refreshed = peer.ask(peer.inside("SUBSCRIBE", answer, 2, "Event: refer", "Expires: 60"))
    assert refreshed.status == 200
    ringing = peer.request()
    assert b"180" in ringing.body
    peer.put(response_to(ringing, 200, tag="a1"))
    assert peer.ask(peer.inside("SUBSCRIBE", answer, 3, "Event: refer", "Expires: 0")).status == 200
    last = peer.request()
    assert (last.headers.get("Subscription-State") or "").startswith("terminated")
    peer.put(response_to(last, 200, tag="a1"))
    do(peer, lambda now: receiver.final(200, "", now))
    assert not peer.sent


@pytest.mark.parametrize("line", ["Refer-Sub: false", "Require: nosub"])
def test_who_wants_no_subscription_gets_none(line: str) -> None:
    peer = Peer()
    receiver = received(peer, line)
    do(peer, lambda now: receiver.accept(CONTACT, (), now))
    do(peer, lambda now: receiver.progress(180, "", now))
    do(peer, lambda now: receiver.final(200, "", now))
    answer = peer.response()
    assert answer.status == 200
    assert answer.headers.get("Refer-Sub") == ("false" if "Refer-Sub" in line else None)
    peer.silent()
    assert peer.is_clean()


def test_a_refused_refer_leaves_nothing() -> None:
    peer = Peer()
    receiver = received(peer)
    do(peer, lambda now: receiver.reject(Rejection(403), now))
    assert peer.response().status == 403
    assert peer.is_clean()


def test_refers_in_a_call_are_told_apart_and_one_may_name_a_call() -> None:
    peer = Peer()
    peer.put(simple("INVITE"))
    session = peer.event(InviteReceived).usage.accept(CONTACT, Body(b"answer"), (), 0.0)
    peer.drain()
    answer = peer.response()
    peer.put(peer.inside("ACK", answer, 1))
    peer.event(SessionConfirmed)
    peer.put(peer.inside("REFER", answer, 2, f"Refer-To: {BOB}"))
    inside = peer.event(ReferReceived).usage
    assert inside.session is session
    do(peer, lambda now: inside.accept(CONTACT, (), now))
    peer.response()
    assert str(peer.request().event) == "refer;id=2"
    named = f"Target-Dialog: call-1;local-tag={answer.to.tag};remote-tag=a1"
    peer.put(simple("REFER", f"Refer-To: {BOB}", named, branch="z9hG4bKt", cseq=9))
    assert peer.event(ReferReceived).usage.session is session


def sent(
    peer: Peer, *, silent: bool = False, session: InviteUsage | None = None
) -> tuple[ReferSender, Request]:
    lines = (("Refer-Sub", "false"),) if silent else ()
    refer = OutgoingRefer(TARGET, ANA, NameAddr(TARGET), HERE, BOB, headers=lines, timeout=100.0)
    sender = peer.agent.refer(refer, session, peer.now)
    peer.drain()
    return sender, peer.request()


def fragment(peer: Peer, refer: Request, cseq: int, text: bytes, *names: str) -> int:
    state, event = (*names, *("active", "refer")[len(names) :])
    lines = (f"Event: {event}", f"Subscription-State: {state}", "Content-Type: message/sipfrag")
    return peer.ask(peer.back("NOTIFY", refer, cseq, *lines, body=text)).status


def test_a_refer_of_ours_is_told_its_progress_until_the_final_status() -> None:
    peer = Peer()
    _, refer = sent(peer)
    assert refer.headers.get("Refer-To") == str(BOB)
    peer.put(response_to(refer, 202, PEER, tag="p1"))
    assert peer.event(ReferProgressed).status is None
    assert fragment(peer, refer, 1, b"SIP/2.0 100 Trying") == 200
    assert peer.event(ReferProgressed).status == ReferStatus(100, "Trying")
    assert fragment(peer, refer, 2, b"no status line") == 200
    assert fragment(peer, refer, 3, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource") == 200
    end = peer.event(ReferEnded)
    assert (end.status, end.accepted) == (ReferStatus(200, "OK"), True)
    peer.silent()
    assert peer.is_clean()


def test_a_final_status_is_the_end_even_if_the_notifier_forgets_to_say_so() -> None:
    peer = Peer()
    _, refer = sent(peer)
    peer.put(response_to(refer, 200, PEER, tag="p1"))
    peer.event(ReferProgressed)
    assert fragment(peer, refer, 1, b"SIP/2.0 486 Busy Here") == 200
    assert peer.event(ReferEnded).status.status == 486
    assert fragment(peer, refer, 2, b"SIP/2.0 486 Busy Here", "terminated") == 481
    assert peer.is_clean()


def test_a_refused_refer_is_told_as_not_accepted() -> None:
    peer = Peer()
    _, refer = sent(peer)
    peer.put(response_to(refer, 403))
    end = peer.event(ReferEnded)
    assert (end.status.status, end.accepted) == (403, False)
    assert peer.is_clean()


def test_a_refer_whose_subscription_ends_without_a_status_is_480() -> None:
    peer = Peer()
    _, refer = sent(peer)
    peer.put(response_to(refer, 200, PEER, tag="p1"))
    peer.event(ReferProgressed)
    assert fragment(peer, refer, 1, b"", "terminated;reason=giveup") == 200
    assert peer.event(ReferEnded).status == ReferStatus(480, "giveup")


def test_patience_for_a_final_status_ends() -> None:
    peer = Peer()
    _, refer = sent(peer)
    peer.put(response_to(refer, 200, PEER, tag="p1"))
    assert fragment(peer, refer, 1, b"SIP/2.0 180 Ringing") == 200
    peer.events.clear()
    peer.pass_time(100)
    assert peer.event(ReferEnded).status.status == 408
    assert peer.request().expires == 0
    assert fragment(peer, refer, 2, b"SIP/2.0 180 Ringing", "terminated") == 200
    assert not peer.events


def test_stopping_ends_the_subscription_only() -> None:
    peer = Peer()
    sender, refer = sent(peer)
    peer.put(response_to(refer, 200, PEER, tag="p1"))
    assert fragment(peer, refer, 1, b"SIP/2.0 180 Ringing") == 200
    peer.events.clear()
    do(peer, sender.stop)
    do(peer, sender.stop)
    assert peer.event(ReferEnded).status.status == 487
    assert peer.request().method == "SUBSCRIBE"
    peer.silent()


@pytest.mark.parametrize("status", [202, 403])
def test_a_silent_refer_is_over_with_its_answer(status: int) -> None:
    peer = Peer()
    sender, refer = sent(peer, silent=True)
    peer.put(response_to(refer, 100))
    peer.put(response_to(refer, status))
    end = peer.event(ReferEnded)
    assert (end.status.status, end.accepted) == (status, status < 300)
    do(peer, sender.stop)
    assert peer.is_clean()


def test_a_silent_refer_that_nobody_answers_is_given_up() -> None:
    peer = Peer()
    refer = OutgoingRefer(TARGET, ANA, ANA, HERE, BOB, headers=(("Refer-Sub", "false"),), timeout=5.0)
    peer.agent.refer(refer, None, 0.0)
    peer.pass_time(5)
    assert peer.event(ReferEnded).status.status == 408
    assert peer.is_clean()


@pytest.mark.parametrize("silent", [True, False])
def test_a_refer_in_a_call_uses_its_dialog(*, silent: bool) -> None:
    peer = Peer()
    peer.agent.invite(OutgoingCall(TARGET, ANA, NameAddr(TARGET), HERE, b"offer"), 0.0)
    peer.drain()
    invite = peer.request()
    peer.put(response_to(invite, 200, PEER, tag="p1"))
    peer.request()
    session = peer.event(InviteAnswered).usage
    _, refer = sent(peer, silent=silent, session=session)
    assert (refer.call_id, refer.to.tag, refer.cseq.number) == (invite.call_id, "p1", 2)
    peer.put(response_to(refer, 200, PEER))
    if not silent:
        peer.event(ReferProgressed)
        assert fragment(peer, refer, 1, b"SIP/2.0 200 OK", "terminated", "refer;id=99") == 481
        assert fragment(peer, refer, 2, b"SIP/2.0 200 OK", "terminated", "refer;id=2") == 200
    assert peer.event(ReferEnded).status.status == 200
    assert session.dialog.usages == (session,)
