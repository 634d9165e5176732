"""Our own calls: progress, forks, redirection, giving up."""

import pytest

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Account, OutgoingCall
from crossroom.sip.auth import DigestChallenge
from crossroom.sip.events import InviteAnswered, InviteFailed, InviteProgress, SessionEnded
from crossroom.sip.hop import UDP, Hop
from crossroom.sip.invite_uac import InviteUac
from crossroom.sip.message import Request, Response
from crossroom.sip.uri import SipUri
from sip_messages import response_to
from sip_peer import FROM_TCP, Peer

TARGET = SipUri.parse("sip:bob@192.0.2.1")
ROOM = NameAddr.parse("<sip:tea@conference.example>")
FOCUS = NameAddr.parse("<sip:tea@192.0.2.2>;isfocus")
BOB = ("Contact", "<sip:bob@192.0.2.1:5060>")


def dial(peer: Peer, **more: object) -> tuple[InviteUac, Request]:
    call = OutgoingCall(TARGET, ROOM, NameAddr(TARGET), FOCUS, b"offer", **more)  # type: ignore[arg-type]  # named fields
    uac = peer.agent.invite(call, peer.now)
    peer.drain()
    return uac, peer.request()


def test_an_invite_carries_what_a_focus_says() -> None:
    _, invite = dial(Peer(), headers=(("Referred-By", "<sip:ana@a.example>"), ("Max-Forwards", "12")))
    assert invite.contact == FOCUS
    assert invite.max_forwards == 12
    assert invite.headers.get("Referred-By") == "<sip:ana@a.example>"
    assert invite.headers.get("Session-Expires") == "1800"
    assert "timer" in invite.supported
    assert "BYE" in invite.allow
    assert invite.body == b"offer"


def test_progress_is_told_but_not_100() -> None:
    peer = Peer()
    uac, invite = dial(peer)
    assert uac.call_id == invite.call_id
    peer.put(response_to(invite, 100))
    peer.put(response_to(invite, 180))
    assert peer.event(InviteProgress).response.status == 180
    peer.silent()


def test_a_2xx_is_acknowledged_and_each_copy_again() -> None:
    peer = Peer()
    _, invite = dial(peer)
    answer = response_to(invite, 200, BOB, ("Record-Route", "<sip:p2.example;lr>, <sip:192.0.2.7;lr>"))
    peer.put(answer)
    ack = peer.request()
    assert ack.method == "ACK"
    assert ack.cseq.number == 1
    assert str(ack.uri) == "sip:bob@192.0.2.1:5060"
    assert [str(route.uri) for route in ack.routes] == ["sip:192.0.2.7;lr", "sip:p2.example;lr"]
    peer.put(answer)
    assert peer.request().method == "ACK"
    peer.event(InviteAnswered)
    peer.silent()


def test_only_the_first_of_several_forks_is_the_call() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, 200, BOB, tag="one"))
    peer.event(InviteAnswered)
    assert peer.request().method == "ACK"
    peer.put(response_to(invite, 200, BOB, tag="two"))
    assert [peer.request().method, peer.request().method] == ["ACK", "BYE"]
    assert not [event for event in peer.events if not isinstance(event, SessionEnded)]


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    peer = Peer()
    uac, invite = dial(peer)
    uac.cancel(0.1, 'SIP;cause=200;text="elsewhere"')
    uac.cancel(0.2)
    peer.drain()
    peer.silent()
    peer.put(response_to(invite, 100))
    cancel = peer.request()
    assert cancel.method == "CANCEL"
    assert cancel.via == invite.via
    assert cancel.uri == invite.uri
    assert cancel.cseq.number == invite.cseq.number
    assert cancel.headers.get("Reason") == 'SIP;cause=200;text="elsewhere"'
    peer.put(response_to(cancel, 200))
    peer.put(response_to(invite, 180))
    peer.put(response_to(invite, 487))
    assert peer.request().method == "ACK"
    assert peer.event(InviteFailed).response.status == 487
    assert peer.is_clean()


def test_an_answer_that_crosses_the_cancel_is_ended() -> None:
    peer = Peer()
    uac, invite = dial(peer)
    peer.put(response_to(invite, 180))
    peer.event(InviteProgress)
    uac.cancel(peer.now)
    peer.drain()
    assert peer.request().method == "CANCEL"
    peer.put(response_to(invite, 200, BOB))
    assert [peer.request().method, peer.request().method] == ["ACK", "BYE"]
    assert any(isinstance(event, InviteFailed) for event in peer.events)
    assert peer.is_clean()


def test_a_call_that_nobody_answers_is_given_up_with_408() -> None:
    peer = Peer()
    _, invite = dial(peer, timeout=20.0)
    peer.put(response_to(invite, 180))
    peer.event(InviteProgress)
    peer.pass_time(20)
    assert peer.sent[0].message.cseq.method == "CANCEL"
    peer.put(response_to(invite, 487))
    assert peer.event(InviteFailed).response.status == 408


def test_a_cancel_that_nobody_answers_ends_after_64_t1() -> None:
    peer = Peer()
    uac, invite = dial(peer)
    peer.put(response_to(invite, 180))
    peer.event(InviteProgress)
    uac.cancel(peer.now)
    peer.pass_time(32)
    assert peer.event(InviteFailed).response.status == 487
    uac.cancel(peer.now)
    peer.put(response_to(invite, 180))
    peer.put(response_to(invite, 603))
    assert not peer.events


def test_a_silent_peer_is_408() -> None:
    peer = Peer()
    dial(peer)
    peer.pass_time(32)
    assert peer.event(InviteFailed).response.status == 408
    assert peer.is_clean()


def test_a_redirection_is_followed_by_preference_and_not_in_circles() -> None:
    peer = Peer()
    _, invite = dial(peer)
    moved = (
        "Contact",
        "<sip:low@192.0.2.1>;q=0.2, <sip:high@192.0.2.1>;q=0.9, <sip:odd@192.0.2.1>;q=x, <tel:+1>",
    )
    peer.put(response_to(invite, 302, moved))
    assert peer.request().method == "ACK"
    second = peer.request()
    assert str(second.uri) == "sip:high@192.0.2.1"
    assert second.call_id == invite.call_id
    assert second.cseq.number == 2
    peer.put(response_to(second, 302, ("Contact", f"<{TARGET}>, <sip:high@192.0.2.1>")))
    peer.request()
    assert peer.event(InviteFailed).response.status == 302


@pytest.mark.parametrize("status", [305, 380])
def test_a_proxy_or_another_service_is_no_other_address(status: int) -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, status, ("Contact", "<sip:proxy@192.0.2.1>")))
    assert peer.event(InviteFailed).response.status == status


def test_the_next_contact_is_tried_when_one_refuses() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, 300, ("Contact", "<sip:x@192.0.2.1>, <sip:y@192.0.2.1>")))
    peer.request()
    peer.put(response_to(peer.request(), 404))
    peer.request()
    last = peer.request()
    assert str(last.uri) == "sip:y@192.0.2.1"
    peer.put(response_to(last, 404))
    assert peer.event(InviteFailed).response.status == 404


def test_a_redirection_that_cannot_be_read_is_a_failure() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, 302, ("Contact", "<<<")))
    assert peer.event(InviteFailed).response.status == 302


def test_a_longer_session_is_asked_for_once() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, 422, ("Min-SE", "3600")))
    peer.request()
    again = peer.request()
    assert again.headers.get("Session-Expires") == "3600"
    assert again.headers.get("Min-SE") == "3600"
    assert again.cseq.number == 2
    peer.put(response_to(again, 422, ("Min-SE", "7200")))
    assert peer.event(InviteFailed).response.status == 422


def test_a_challenged_call_keeps_its_credentials_in_the_ack() -> None:
    peer = Peer()
    _, invite = dial(peer, credentials=Account("tea", "secret"))
    peer.put(response_to(invite, 407, ("Proxy-Authenticate", str(DigestChallenge("p", "n")))))
    assert peer.request().method == "ACK"
    again = peer.request()
    peer.put(response_to(again, 200, BOB))
    ack = peer.request()
    assert ack.cseq.number == again.cseq.number
    assert ack.headers.get("Proxy-Authorization") == again.headers.get("Proxy-Authorization")


def test_a_call_over_a_flow_stays_on_it() -> None:
    peer = Peer(flow=FROM_TCP)
    call = OutgoingCall(SipUri("client.invalid", user="bob"), ROOM, ROOM, FOCUS, b"offer", flow=FROM_TCP)
    peer.agent.invite(call, 0.0)
    peer.drain()
    assert peer.sent[0].hop.flow == FROM_TCP
    peer.put(response_to(peer.request(), 200, ("Contact", "<sip:bob@client.invalid>")))
    assert peer.sent[0].hop.flow == FROM_TCP
    assert not peer.asked


@pytest.mark.parametrize("found", [True, False])
def test_an_ack_waits_for_the_address_of_its_contact(*, found: bool) -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, 200, ("Contact", "<sip:bob@phone.example>")))
    assert not peer.sent
    peer.resolve(*([Hop(UDP, "192.0.2.1", 5062)] if found else []))
    assert [t.message.cseq.method for t in peer.sent] == (["ACK"] if found else [])
    assert isinstance(peer.event(InviteAnswered).response, Response)


def test_an_outbound_proxy_is_the_first_hop() -> None:
    peer = Peer()
    peer.agent.stack.preloaded = (NameAddr.parse("<sip:192.0.2.200;transport=tcp;lr>"),)
    call = OutgoingCall(SipUri("sip.example", user="bob"), ROOM, ROOM, FOCUS, b"offer")
    peer.agent.invite(call, 0.0)
    peer.drain()
    assert (peer.sent[0].hop.transport, peer.sent[0].hop.host) == ("TCP", "192.0.2.200")
    assert [str(route) for route in peer.request().routes] == ["<sip:192.0.2.200;transport=tcp;lr>"]


def test_a_callee_that_rings_and_is_never_heard_of_again_leaves_no_transaction() -> None:
    peer = Peer()
    _, invite = dial(peer, timeout=20)
    peer.put(response_to(invite, 180))
    peer.event(InviteProgress)
    peer.pass_time(20 + 64 * 0.5)
    assert peer.event(InviteFailed).response.status == 408
    assert peer.is_clean()


def test_an_answer_after_all_patience_is_acknowledged_and_ended_while_the_transaction_lives() -> None:
    peer = Peer()
    _, invite = dial(peer, timeout=20)
    peer.put(response_to(invite, 180))
    peer.pass_time(100)
    peer.sent.clear()
    peer.put(response_to(invite, 200, BOB))
    assert [peer.request().method, peer.request().method] == ["ACK", "BYE"]


def test_a_callee_that_says_every_minute_that_it_rings_is_waited_for() -> None:
    peer = Peer()
    _, invite = dial(peer, timeout=1000)
    for minute in range(1, 11):
        peer.put(response_to(invite, 180))
        peer.pass_time(60 * minute)
    peer.put(response_to(invite, 200, BOB))
    assert peer.request().method == "ACK"
    assert [type(event) for event in peer.events] == 10 * [InviteProgress] + [InviteAnswered]
