"""A call after its 2xx: ACK, BYE, re-INVITE both ways, and the session timer."""

from collections.abc import Callable

import pytest

from crossroom.machine import LocalProtocolError
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Account, Body, OutgoingCall, OutgoingRequest, Rejection
from crossroom.sip.auth import DigestChallenge
from crossroom.sip.events import (
    InviteAnswered,
    InviteCancelled,
    InviteReceived,
    ReinviteAnswered,
    ReinviteReceived,
    RequestAnswered,
    SessionConfirmed,
    SessionEnded,
)
from crossroom.sip.invite import InviteUsage, Phase
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import AgentSettings
from crossroom.sip.uri import SipUri
from sip_messages import response_to, simple
from sip_peer import CONTACT, FROM_TCP, Peer

ANSWER = Body(b"answer")
TIMER = ("Supported: timer", "Allow: INVITE, ACK, BYE, UPDATE")


class Taken:
    """A call that the agent took. `answer` is its 2xx."""

    def __init__(self, *lines: str, acked: bool = True, peer: Peer | None = None) -> None:
        self.peer = peer or Peer()
        self.peer.put(simple("INVITE", *lines))
        uas = self.peer.event(InviteReceived).usage
        self.usage: InviteUsage = uas.accept(CONTACT, ANSWER, (), self.peer.now)
        self.peer.drain()
        self.answer: Response = self.peer.response()
        if acked:
            self.ack()

    def ack(self) -> None:
        self.peer.put(self.peer.inside("ACK", self.answer, 1, body=b"late answer"))
        assert self.peer.event(SessionConfirmed).body == b"late answer"

    def do(self, action: Callable[[float], None]) -> None:
        action(self.peer.now)
        self.peer.drain()

    def ended(self, cause: str) -> SessionEnded:
        event = self.peer.event(SessionEnded)
        assert event.cause == cause
        return event


def placed(peer: Peer, *lines: tuple[str, str]) -> tuple[InviteUsage, Request]:
    """A call of ours that the peer answered."""
    focus = NameAddr.parse("<sip:tea@192.0.2.2>")
    target = SipUri.parse("sip:bob@192.0.2.1")
    peer.agent.invite(OutgoingCall(target, focus, NameAddr(target), focus, b"offer"), peer.now)
    peer.drain()
    invite = peer.request()
    peer.put(response_to(invite, 200, ("Contact", "<sip:bob@192.0.2.1>"), *lines, tag="p1"))
    assert peer.request().method == "ACK"
    return peer.event(InviteAnswered).usage, invite


def test_a_2xx_is_repeated_until_its_ack() -> None:
    taken = Taken(acked=False)
    taken.peer.pass_time(4)
    assert [t.message.status for t in taken.peer.sent if isinstance(t.message, Response)] == [200, 200, 200]
    taken.peer.put(taken.peer.inside("ACK", taken.answer, 9))
    assert not taken.peer.events
    taken.ack()
    taken.peer.sent.clear()
    taken.peer.pass_time(30)
    taken.peer.silent()


def test_a_2xx_on_a_stream_is_repeated_too_and_given_up_with_bye() -> None:
    taken = Taken(acked=False, peer=Peer(flow=FROM_TCP))
    taken.peer.pass_time(31)
    assert len(taken.peer.sent) > 8
    taken.peer.sent.clear()
    taken.peer.pass_time(32)
    bye = taken.peer.sent[-1]
    assert bye.message.cseq.method == "BYE"
    assert bye.hop.flow == FROM_TCP
    assert taken.ended("failed").status == 408


def test_our_bye_waits_for_the_ack() -> None:
    taken = Taken(acked=False)
    taken.do(lambda now: taken.usage.bye(now, "SIP;cause=403"))
    assert not taken.ended("local").closed
    assert not taken.peer.sent
    taken.peer.put(taken.peer.inside("ACK", taken.answer, 1))
    bye = taken.peer.request()
    assert bye.method == "BYE"
    assert bye.headers.get("Reason") == "SIP;cause=403"
    assert "timer" in bye.supported  # RFC 4028 §7.1: "in every request (except ACK)"
    taken.peer.event(SessionConfirmed)
    taken.do(taken.usage.bye)
    taken.peer.put(response_to(bye, 481))
    assert taken.ended("local").closed
    assert taken.peer.is_clean()


def test_their_bye_crosses_ours() -> None:
    taken = Taken(acked=False)
    taken.do(taken.usage.bye)
    taken.ended("local")
    assert taken.peer.ask(taken.peer.inside("BYE", taken.answer, 2)).status == 200
    assert taken.ended("local").closed
    assert taken.peer.is_clean()
    crossing = Taken()
    crossing.do(crossing.usage.bye)
    bye = crossing.peer.request()
    assert crossing.peer.ask(crossing.peer.inside("BYE", crossing.answer, 2)).status == 200
    assert crossing.peer.ask(crossing.peer.inside("INVITE", crossing.answer, 3)).status == 481
    crossing.peer.put(response_to(bye, 200))
    assert [event.closed for event in crossing.peer.events if isinstance(event, SessionEnded)] == [
        False,
        True,
    ]


def test_a_bye_that_nobody_answers_ends_the_session_all_the_same() -> None:
    taken = Taken()
    taken.do(taken.usage.bye)
    assert taken.peer.is_clean()
    assert [event.closed for event in taken.peer.events if isinstance(event, SessionEnded)] == [False, True]


def test_a_bye_before_the_answer_cancels_the_call() -> None:
    peer = Peer()
    peer.put(simple("INVITE"))
    uas = peer.event(InviteReceived).usage
    uas.ring(180, CONTACT, (), peer.now)
    peer.drain()
    ringing = peer.response()
    assert ringing.contact == CONTACT
    assert 0 <= int(peer.ask(peer.inside("INVITE", ringing, 2)).headers.get("Retry-After") or "") <= 10
    peer.put(peer.inside("BYE", ringing, 3))
    assert {peer.response().status, peer.response().status} == {200, 487}
    peer.event(InviteCancelled)
    uas.ring(180, CONTACT, (), peer.now)
    uas.cancelled(peer.now)
    peer.drain()
    peer.silent()


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_new_offer_is_answered_or_refused_without_harm(method: str) -> None:
    taken = Taken()
    taken.peer.put(taken.peer.inside(method, taken.answer, 2, "Contact: <sip:a@192.0.2.1:5099>", body=b"new"))
    assert taken.peer.event(ReinviteReceived).body == b"new"
    assert str(taken.usage.dialog.remote_contact.uri) == "sip:a@192.0.2.1:5099"
    second = taken.peer.ask(taken.peer.inside(method, taken.answer, 3, body=b"too soon"))
    assert second.status == 500
    taken.do(lambda now: taken.usage.answer_reinvite(Body(b"ok"), now))
    answer = taken.peer.response()
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.contact == CONTACT
    taken.do(lambda now: taken.usage.answer_reinvite(Body(b"again"), now))
    taken.peer.silent()
    if method == "INVITE":
        taken.peer.put(taken.peer.inside("ACK", answer, 2))
        taken.peer.event(SessionConfirmed)
    taken.peer.put(taken.peer.inside(method, taken.answer, 4, body=b"worse"))
    taken.peer.event(ReinviteReceived)
    taken.do(lambda now: taken.usage.answer_reinvite(Rejection(488), now))
    assert taken.peer.response().status == 488
    assert taken.usage.body == Body(b"ok")


@pytest.mark.parametrize("theirs", [True, False])
def test_an_offer_that_waits_is_answered_487_when_the_call_ends(*, theirs: bool) -> None:
    taken = Taken()
    taken.peer.put(taken.peer.inside("INVITE", taken.answer, 2, body=b"new"))
    taken.peer.event(ReinviteReceived)
    if theirs:
        taken.peer.put(taken.peer.inside("BYE", taken.answer, 3))
        taken.peer.response()
    else:
        taken.do(taken.usage.bye)
    assert taken.peer.response().status == 487


@pytest.mark.parametrize(("line", "status"), [("Session-Expires: soon", 400), ("Session-Expires: 30", 422)])
def test_a_refresh_with_a_bad_timer_is_refused(line: str, status: int) -> None:
    taken = Taken()
    assert (
        taken.peer.ask(taken.peer.inside("UPDATE", taken.answer, 2, line, "Supported: timer")).status
        == status
    )


def test_a_refresh_without_an_offer_needs_no_user() -> None:
    taken = Taken(*TIMER)
    taken.peer.pass_time(800)
    answer = taken.peer.ask(taken.peer.inside("UPDATE", taken.answer, 2, "Supported: timer"))
    assert answer.headers.get("Session-Expires") == "1800;refresher=uac"
    taken.peer.pass_time(1800)
    taken.peer.silent()


def test_a_peer_that_refreshes_no_more_is_given_up() -> None:
    taken = Taken(*TIMER)
    assert taken.answer.headers.get("Session-Expires") == "1800;refresher=uac"
    assert "timer" in taken.answer.require
    taken.peer.pass_time(1767)
    taken.peer.silent()
    taken.peer.pass_time(1768)
    assert taken.ended("timeout").status == 408
    assert taken.peer.request().method == "BYE"


def test_a_peer_without_session_timers_is_refreshed_by_us() -> None:
    taken = Taken()
    assert taken.answer.headers.get("Session-Expires") == "1800;refresher=uas"
    assert not taken.answer.require
    taken.peer.pass_time(900)
    refresh = taken.peer.request()
    assert (refresh.method, refresh.body) == ("INVITE", b"answer")
    assert refresh.headers.get("Session-Expires") == "1800;refresher=uac"
    glare = taken.peer.inside("INVITE", taken.answer, 2, body=b"new")
    assert taken.peer.ask(glare).status == 491
    taken.peer.put(Request("ACK", glare.uri, glare.headers.with_("CSeq", "2 ACK")))
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    assert not taken.peer.sent, "one INVITE of ours at a time"
    taken.peer.put(response_to(refresh, 200, ("Session-Expires", "600;refresher=uac")))
    assert taken.peer.request().method == "ACK"
    taken.peer.pass_time(902)
    second = taken.peer.request()
    assert second.body == b"second"
    taken.peer.put(response_to(second, 200, ("Session-Expires", "600;refresher=uac")))
    assert taken.peer.request().method == "ACK"
    taken.peer.pass_time(1201)
    assert not taken.peer.sent
    taken.peer.pass_time(1203)
    assert taken.peer.request().body == b"second"


def test_our_refresh_is_an_update_where_the_peer_takes_it() -> None:
    taken = Taken("Allow: UPDATE, INVITE, ACK, BYE")
    taken.peer.pass_time(900)
    refresh = taken.peer.request()
    assert (refresh.method, refresh.body) == ("UPDATE", b"")
    taken.peer.put(response_to(refresh, 100))
    taken.peer.put(response_to(refresh, 422, ("Min-SE", "4000")))
    again = taken.peer.request()
    assert again.headers.get("Min-SE") == "4000"
    assert (again.headers.get("Session-Expires") or "").startswith("4000")
    taken.peer.put(response_to(again, 200, ("Supported", "timer")))  # which turns it off: RFC 4028 §7.2
    taken.peer.pass_time(100_000)
    taken.peer.silent()


def test_a_callee_without_session_timers_is_refreshed_by_us_for_as_long_as_it_answers() -> None:
    peer = Peer()
    usage, _ = placed(peer)
    for number in range(1, 5):
        peer.pass_time(900 * number)
        refresh = peer.request()
        assert (refresh.method, refresh.body) == ("INVITE", b"offer")
        assert refresh.headers.get("Session-Expires") == "1800;refresher=uac"
        # it has no timer that could run out: what it does not take now it may take next time
        peer.put(response_to(refresh, 200 if number % 2 else 500))
        assert peer.request().method == "ACK"
    assert usage.phase is Phase.ALIVE
    peer.pass_time(900 * 5)
    peer.put(response_to(peer.request(), 481))
    assert peer.event(SessionEnded).cause == "timeout"


def test_a_callee_without_session_timers_that_is_gone_is_found_out() -> None:
    peer = Peer()
    placed(peer, ("Allow", "UPDATE, INVITE, ACK, BYE"))
    peer.pass_time(900)
    assert peer.request().method == "UPDATE"
    peer.pass_time(933)
    assert peer.event(SessionEnded).cause == "timeout"


def test_a_callee_that_knows_timers_and_wants_none_is_left_alone() -> None:
    peer = Peer()
    placed(peer, ("Supported", "timer"))
    peer.pass_time(100_000)
    peer.silent()


@pytest.mark.parametrize(("status", "cause"), [(481, "timeout"), (500, "")])
def test_a_refused_refresh_ends_the_call_only_when_the_dialog_is_gone(status: int, cause: str) -> None:
    taken = Taken("Allow: UPDATE")
    taken.peer.pass_time(900)
    taken.peer.put(response_to(taken.peer.request(), status))
    if cause:
        taken.ended(cause)
    else:
        taken.peer.silent()
        taken.peer.pass_time(1350)
        assert taken.peer.request().method == "UPDATE"


def test_our_reinvite_is_acknowledged_and_told() -> None:
    peer = Peer()
    usage, _ = placed(peer, ("Session-Expires", "1800;refresher=uas"))
    usage.reinvite(Body(b"second"), peer.now)
    peer.drain()
    reinvite = peer.request()
    assert reinvite.body == b"second"
    assert reinvite.headers.get("Session-Expires") == "1800;refresher=uas"
    glare = peer.ask(peer.back("INVITE", reinvite, 1, body=b"glare"))
    assert glare.status == 491
    lines = (("Contact", "<sip:new@192.0.2.1>"), ("Supported", "timer"))
    answer = response_to(reinvite, 200, *lines, tag="p1", body=b"fine")
    peer.put(answer)
    ack = peer.request()
    assert str(ack.uri) == "sip:new@192.0.2.1"
    assert ack.cseq.number == reinvite.cseq.number
    assert peer.event(ReinviteAnswered).response.body == b"fine"
    assert usage.timer is None
    peer.put(answer)
    assert peer.request().method == "ACK"


def test_glare_is_retried_after_a_while() -> None:
    peer = Peer()
    usage, _ = placed(peer)
    usage.reinvite(Body(b"second"), peer.now)
    peer.drain()
    for _ in range(5):
        peer.put(response_to(peer.request(), 491, tag="p1"))
        assert peer.request().method == "ACK"
        before = peer.now
        peer.pass_time(before + 2.0)
        assert not peer.sent
        peer.pass_time(before + 4.0)
        del peer.sent[1:]
    peer.put(response_to(peer.request(), 491, tag="p1"))
    assert peer.event(ReinviteAnswered).response.status == 491


def test_the_other_side_of_glare_waits_less() -> None:
    taken = Taken()
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    taken.peer.put(response_to(taken.peer.request(), 491))
    assert taken.peer.request().method == "ACK"
    taken.peer.pass_time(2.0)
    assert taken.peer.request().method == "INVITE"


def test_a_call_that_ends_takes_its_reinvite_with_it() -> None:
    taken = Taken()
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    taken.peer.put(response_to(taken.peer.request(), 491))
    taken.peer.request()
    taken.peer.put(taken.peer.inside("BYE", taken.answer, 2))
    taken.peer.sent.clear()
    assert taken.peer.is_clean()
    assert not taken.peer.sent


def test_a_call_that_we_end_retries_no_reinvite() -> None:
    taken = Taken()
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    taken.peer.put(response_to(taken.peer.request(), 491))
    assert taken.peer.request().method == "ACK"
    taken.do(taken.usage.bye)
    taken.peer.pass_time(10)
    assert {t.message.method for t in taken.peer.sent if isinstance(t.message, Request)} == {"BYE"}


def test_the_end_of_a_call_is_its_last_event() -> None:
    taken = Taken()
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    ours = taken.peer.request()
    taken.peer.put(taken.peer.inside("BYE", taken.answer, 2))
    taken.ended("bye")
    taken.peer.put(response_to(ours, 487))
    assert not taken.peer.events


def test_a_call_that_is_over_is_offered_nothing() -> None:
    taken = Taken()
    taken.peer.put(taken.peer.inside("BYE", taken.answer, 2))
    taken.peer.sent.clear()
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    assert not taken.peer.sent


def test_a_second_offer_before_the_answer_to_the_first_is_a_defect_of_ours() -> None:
    taken = Taken()
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    with pytest.raises(LocalProtocolError):
        taken.usage.reinvite(Body(b"third"), taken.peer.now)


def test_a_reinvite_that_rings_and_is_never_answered_ends_the_call() -> None:
    taken = Taken()
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    taken.peer.put(response_to(taken.peer.request(), 100))
    taken.peer.pass_time(182)
    assert taken.peer.event(ReinviteAnswered).response.status == 408
    taken.ended("failed")
    assert taken.peer.is_clean()


def test_a_proxy_that_challenges_inside_the_dialog_is_answered_too() -> None:
    peer = Peer(AgentSettings(accounts=(Account("rooms", "tea", "proxy.example"),)))
    usage, _ = placed(peer)
    usage.bye(peer.now)
    peer.drain()
    bye = peer.request()
    challenge = DigestChallenge("proxy.example", "n1", "SHA-256")
    peer.put(response_to(bye, 407, ("Proxy-Authenticate", str(challenge)), tag="p1"))
    again = peer.request()
    assert (again.method, again.cseq.number) == ("BYE", bye.cseq.number + 1)
    assert 'username="rooms"' in (again.headers.get("Proxy-Authorization") or "")


def test_a_sign_of_life_is_no_glare() -> None:
    taken = Taken("Supported: timer", "Allow: INVITE, ACK, BYE, UPDATE")
    taken.do(lambda now: taken.usage.reinvite(Body(b"ours"), now))
    assert taken.peer.request().method == "INVITE"
    # RFC 3311 §5.2: only offers exclude each other
    assert taken.peer.ask(taken.peer.inside("UPDATE", taken.answer, 2)).status == 200
    assert taken.peer.ask(taken.peer.inside("UPDATE", taken.answer, 3, body=b"theirs")).status == 491


def test_a_new_offer_is_made_again_for_a_longer_session() -> None:
    peer = Peer()
    usage, _ = placed(peer)
    usage.reinvite(Body(b"new offer"), peer.now)
    peer.drain()
    peer.put(response_to(peer.request(), 422, ("Min-SE", "3600"), tag="p1"))
    assert peer.request().method == "ACK"
    again = peer.request()
    assert (again.method, again.cseq.number, again.body) == ("INVITE", 3, b"new offer")
    assert (again.headers.get("Min-SE") or "", again.headers.get("Session-Expires") or "") == (
        "3600",
        "3600;refresher=uac",
    )
    peer.put(response_to(again, 422, ("Min-SE", "7200"), tag="p1"))
    assert peer.event(ReinviteAnswered).response.status == 422


def test_a_reliable_response_to_our_reinvite_is_acknowledged() -> None:
    peer = Peer()
    usage, _ = placed(peer)
    usage.reinvite(Body(b"new offer"), peer.now)
    peer.drain()
    again = peer.request()
    for _ in range(2):
        peer.put(response_to(again, 183, ("Require", "100rel"), ("RSeq", "7"), tag="p1"))
    assert peer.request().headers.get("RAck") == "7 2 INVITE"
    peer.silent()


def test_a_reinvite_into_a_dead_dialog_ends_the_call() -> None:
    peer = Peer()
    usage, _ = placed(peer)
    usage.reinvite(Body(b"second"), peer.now)
    peer.drain()
    peer.put(response_to(peer.request(), 481, tag="p1"))
    assert peer.event(ReinviteAnswered).response.status == 481
    assert peer.event(SessionEnded).cause == "failed"


def test_a_request_inside_the_dialog_goes_the_way_of_the_call() -> None:
    taken = Taken("Record-Route: <sip:192.0.2.50;lr>", "Record-Route: <sip:192.0.2.51;lr>")
    assert taken.answer.headers.all("Record-Route") == ("<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>")
    wanted = OutgoingRequest("MESSAGE", SipUri("ignored"), CONTACT, body=b"hi", content_type="text/plain")
    taken.peer.agent.request(wanted, taken.usage, taken.peer.now)
    taken.peer.drain()
    assert taken.peer.sent[0].hop.host == "192.0.2.50"
    message = taken.peer.request()
    assert message.to.tag == "a1"
    assert len(message.routes) == 2
    taken.peer.put(response_to(message, 200))
    taken.peer.event(RequestAnswered)


def test_a_challenge_inside_a_dialog_takes_the_dialogs_next_number() -> None:
    taken = Taken()
    account = Account("tea", "secret")
    wanted = OutgoingRequest("MESSAGE", SipUri("ignored"), CONTACT, credentials=account)
    taken.peer.agent.request(wanted, taken.usage, taken.peer.now)
    taken.peer.drain()
    message = taken.peer.request()
    taken.peer.put(response_to(message, 100))
    challenge = ("WWW-Authenticate", str(DigestChallenge("sip.example", "n", "SHA-256")))
    taken.peer.put(response_to(message, 401, challenge))
    assert taken.peer.request().cseq.number == 2
    assert taken.usage.dialog.next_cseq() == 3


def test_a_reinvite_waits_for_a_refresh_for_as_long_as_that_takes() -> None:
    taken = Taken()
    taken.peer.pass_time(900)
    refresh = taken.peer.request()
    taken.peer.put(response_to(refresh, 100))
    taken.do(lambda now: taken.usage.reinvite(Body(b"second"), now))
    taken.peer.pass_time(903)
    taken.peer.silent()
    taken.peer.put(response_to(refresh, 200))
    assert taken.peer.request().method == "ACK"
    taken.peer.pass_time(905)
    assert taken.peer.request().body == b"second"


def test_a_provisional_answer_to_our_bye_is_not_its_end() -> None:
    taken = Taken()
    taken.do(taken.usage.bye)
    bye = taken.peer.request()
    taken.ended("local")
    taken.peer.put(response_to(bye, 100))
    taken.peer.silent()
    taken.usage.end("failed", 500, taken.peer.now)
    taken.peer.silent()
    taken.peer.put(response_to(bye, 200))
    assert taken.ended("local").closed
