"""A caller that requires reliable provisional responses: RFC 3262 from the callee's side."""

from crossroom.sip.answer import Body, Rejection
from crossroom.sip.events import InviteCancelled, InviteReceived
from crossroom.sip.invite_uas import InviteUas
from crossroom.sip.message import Request, Response
from sip_messages import simple
from sip_peer import CONTACT, FROM_TCP, Peer

T1 = 0.5


class Ringing:
    """A call that requires reliable responses, and rings. `first` is its 180."""

    def __init__(self, peer: Peer | None = None) -> None:
        self.peer = peer or Peer()
        self.invite = simple("INVITE", "Require: 100rel")
        self.peer.put(Request("INVITE", self.invite.uri, self.invite.headers, b"offer"))
        self.uas: InviteUas = self.peer.event(InviteReceived).usage
        self.uas.ring(180, CONTACT, (), self.peer.now)
        self.peer.drain()
        self.first = self.peer.response()

    def prack(self, cseq: int, rack: str) -> Response:
        return self.peer.ask(
            self.peer.inside("PRACK", self.first, cseq, *([f"RAck: {rack}"] if rack else []))
        )

    @property
    def rseq(self) -> int:
        return int(self.first.headers.get("RSeq") or "")

    def times(self, until: float) -> list[float]:
        """When something was sent, up to this moment."""
        found = []
        while (due := self.peer.agent.deadline()) is not None and due <= until:
            self.peer.pass_time(due)
            found += [due] * len(self.peer.sent)
            self.peer.sent.clear()
        return found


def test_ringing_is_said_again_until_its_prack_comes() -> None:
    ringing = Ringing()
    assert ringing.first.status == 180
    assert ringing.first.require == ("100rel",)
    assert 1 <= ringing.rseq < 2**31
    # RFC 3262 §3: from T1, doubled each time, without a cap
    assert ringing.times(16) == [T1, 3 * T1, 7 * T1, 15 * T1, 31 * T1]
    assert ringing.prack(2, f"{ringing.rseq} 1 INVITE").status == 200
    assert ringing.times(60) == []


def test_a_stream_repeats_it_too() -> None:
    assert Ringing(Peer(flow=FROM_TCP)).times(4) == [T1, 3 * T1, 7 * T1]


def test_a_prack_for_something_else_is_481_and_changes_nothing() -> None:
    ringing = Ringing()
    for cseq, rack in enumerate(("1 INVITE", f"{ringing.rseq} 2 INVITE", f"{ringing.rseq} 1 UPDATE"), 2):
        wanted = 400 if cseq == 2 else 481
        assert ringing.prack(cseq, rack).status == wanted
    assert ringing.prack(7, f"{ringing.rseq + 1} 1 INVITE").status == 481
    assert ringing.prack(8, "").status == 400
    assert ringing.times(T1) == [T1]
    assert ringing.prack(9, f"{ringing.rseq} 1 INVITE").status == 200
    assert ringing.prack(10, f"{ringing.rseq} 1 INVITE").status == 481


def test_the_next_response_waits_for_the_prack_of_the_first() -> None:
    ringing = Ringing()
    ringing.uas.ring(182, CONTACT, (), ringing.peer.now)
    ringing.uas.ring(183, CONTACT, (), ringing.peer.now)
    ringing.peer.drain()
    ringing.peer.silent()
    ringing.peer.put(ringing.peer.inside("PRACK", ringing.first, 2, f"RAck: {ringing.rseq} 1 INVITE"))
    answers = [ringing.peer.response(), ringing.peer.response()]
    following = next(each for each in answers if each.cseq.method == "INVITE")
    assert (following.status, following.headers.get("RSeq")) == (183, str(ringing.rseq + 1))
    assert ringing.prack(3, f"{ringing.rseq + 1} 1 INVITE").status == 200
    assert ringing.times(20) == []


def test_a_call_whose_ringing_is_never_acknowledged_is_refused_with_504() -> None:
    ringing = Ringing()
    ringing.peer.pass_time(64 * T1 - 0.1)
    ringing.peer.sent.clear()
    ringing.peer.pass_time(64 * T1)
    assert ringing.peer.response().status == 504
    assert ringing.peer.event(InviteCancelled).usage is ringing.uas
    assert ringing.prack(2, f"{ringing.rseq} 1 INVITE").status == 481
    assert ringing.peer.is_clean()


def test_an_answer_need_not_wait_for_the_prack_and_a_late_one_is_taken() -> None:
    ringing = Ringing()
    ringing.uas.accept(CONTACT, Body(b"answer"), (), ringing.peer.now)
    ringing.peer.drain()
    answer = ringing.peer.response()
    assert (answer.status, answer.body) == (200, b"answer")
    ringing.peer.put(ringing.peer.inside("ACK", answer, 1))
    # RFC 3262 §3: no longer repeated once the final response is out, "but it MUST be prepared to process PRACK"
    assert ringing.times(20) == []
    assert ringing.prack(2, f"{ringing.rseq} 1 INVITE").status == 200
    assert ringing.prack(3, f"{ringing.rseq} 1 INVITE").status == 481


def test_a_refusal_ends_the_repetition() -> None:
    ringing = Ringing()
    ringing.uas.reject(Rejection(486), ringing.peer.now)
    ringing.peer.drain()
    assert ringing.peer.response().status == 486
    ringing.peer.put(simple("ACK", to=ringing.first.headers.get("To") or ""))
    ringing.peer.sent.clear()
    assert ringing.times(60) == []
    assert ringing.peer.is_clean()


def test_ringing_goes_on_for_proxies_that_forget() -> None:
    peer = Peer()
    peer.put(simple("INVITE"))
    peer.event(InviteReceived).usage.ring(180, CONTACT, (), peer.now)
    peer.drain()
    peer.sent.clear()
    peer.pass_time(130)
    # RFC 3261 §13.3.1.1: "a non-100 provisional response at every minute"
    assert [t.message.status for t in peer.sent if isinstance(t.message, Response)] == [180, 180]


def test_reliable_ringing_is_renewed_every_two_and_a_half_minutes() -> None:
    ringing = Ringing()
    ringing.prack(2, f"{ringing.rseq} 1 INVITE")
    assert ringing.times(149) == []
    assert ringing.times(150) == [150]
    assert ringing.prack(3, f"{ringing.rseq + 1} 1 INVITE").status == 200


def test_nothing_rings_reliably_where_it_would_have_to_offer() -> None:
    # RFC 3262 §5: the first reliable response to an INVITE without an offer would have to carry ours
    peer = Peer()
    peer.put(simple("INVITE", "Require: 100rel"))
    peer.event(InviteReceived).usage.ring(180, CONTACT, (), peer.now)
    peer.drain()
    peer.silent()


def test_who_only_supports_it_hears_ringing_the_plain_way() -> None:
    peer = Peer()
    peer.put(simple("INVITE", "Supported: 100rel"))
    peer.event(InviteReceived).usage.ring(180, CONTACT, (), peer.now)
    peer.drain()
    assert peer.response().headers.get("RSeq") is None


def test_an_update_before_the_answer_moves_the_target_and_may_not_offer() -> None:
    ringing = Ringing()
    moved = "Contact: <sip:a@192.0.2.1:5099>"
    answer = ringing.peer.ask(ringing.peer.inside("UPDATE", ringing.first, 2, moved))
    assert (answer.status, answer.contact) == (200, CONTACT)
    offer = ringing.peer.inside("UPDATE", ringing.first, 3, moved, body=b"offer")
    refused = ringing.peer.ask(offer)
    assert refused.status == 500
    assert 0 <= int(refused.headers.get("Retry-After") or "") <= 10
    ringing.uas.accept(CONTACT, Body(b"answer"), (), ringing.peer.now)
    ringing.peer.drain()
    ringing.peer.put(ringing.peer.inside("ACK", ringing.peer.response(), 1))
    assert ringing.prack(4, f"{ringing.rseq} 1 INVITE").status == 200
