"""Early dialogs of our own calls: PRACK, answers that come early, UPDATE, and another call that replaces this one."""

import pytest

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Account, Body, OutgoingCall
from crossroom.sip.auth import DigestChallenge
from crossroom.sip.events import InviteAnswered, InviteFailed, InviteProgress, InviteReceived
from crossroom.sip.invite_uac import InviteUac
from crossroom.sip.message import Request, Response
from crossroom.sip.uri import SipUri
from sip_messages import request, response_to
from sip_peer import CONTACT, FROM_TCP, Peer

TARGET = SipUri.parse("sip:bob@192.0.2.1")
ROOM = NameAddr.parse("<sip:tea@conference.example>")
FOCUS = NameAddr.parse("<sip:tea@192.0.2.2>;isfocus")
BOB = ("Contact", "<sip:bob@192.0.2.1:5060>")
SDP = ("Content-Type", "application/sdp")


def dial(peer: Peer, **more: object) -> tuple[InviteUac, Request]:
    call = OutgoingCall(TARGET, ROOM, NameAddr(TARGET), FOCUS, b"offer", **more)  # type: ignore[arg-type]  # named fields
    uac = peer.agent.invite(call, peer.now)
    peer.drain()
    return uac, peer.request()


def reliable(
    invite: Request, rseq: int, status: int = 180, tag: str = "p1", body: bytes = b"", *lines: tuple[str, str]
) -> Response:
    more = (BOB, ("Require", "100rel"), ("RSeq", str(rseq)), *((SDP,) if body else ()), *lines)
    return response_to(invite, status, *more, tag=tag, body=body)


def test_a_call_says_that_it_acknowledges_provisional_responses() -> None:
    _, invite = dial(Peer())
    assert "100rel" in invite.supported
    assert "PRACK" in invite.allow


def test_a_reliable_response_is_acknowledged_in_its_dialog() -> None:
    peer = Peer()
    _, invite = dial(peer)
    routes = ("Record-Route", "<sip:p2.example;lr>, <sip:192.0.2.7;lr>")
    peer.put(reliable(invite, 4711, 183, "p1", b"", routes))
    prack = peer.request()
    assert (prack.method, prack.headers.get("RAck")) == ("PRACK", "4711 1 INVITE")
    assert str(prack.uri) == "sip:bob@192.0.2.1:5060"
    assert [str(route.uri) for route in prack.routes] == ["sip:192.0.2.7;lr", "sip:p2.example;lr"]
    assert (prack.to.tag, prack.cseq.number, prack.call_id) == ("p1", 2, invite.call_id)
    peer.put(response_to(prack, 200))
    assert peer.event(InviteProgress).response.status == 183
    peer.silent()


def test_copies_and_responses_out_of_order_are_not_acknowledged() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(reliable(invite, 10))
    assert peer.request().headers.get("RAck") == "10 1 INVITE"
    peer.event(InviteProgress)
    for rseq in (10, 12, 9):
        peer.put(reliable(invite, rseq))
    peer.silent()
    peer.put(reliable(invite, 11, 183))
    assert peer.request().headers.get("RAck") == "11 1 INVITE"
    assert peer.event(InviteProgress).response.status == 183


def test_each_fork_has_an_order_of_its_own() -> None:
    peer = Peer()
    _, invite = dial(peer)
    for tag, rseq in (("one", 5), ("two", 900), ("one", 6), ("two", 901)):
        peer.put(reliable(invite, rseq, tag=tag))
        prack = peer.request()
        assert (prack.to.tag, prack.headers.get("RAck")) == (tag, f"{rseq} 1 INVITE")
    assert [type(event) for event in peer.events] == [InviteProgress] * 4


def test_an_answer_in_a_reliable_response_is_the_answer() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(reliable(invite, 1, 183, "p1", b"first"))
    prack = peer.request()
    peer.put(response_to(prack, 200))
    peer.event(InviteProgress)
    # RFC 3261 §13.2.1: descriptions in later responses are ignored, and there need not be any
    peer.put(response_to(invite, 200, BOB, tag="p1", body=b"later"))
    ack = peer.request()
    assert (ack.method, ack.cseq.number) == ("ACK", 1)
    answered = peer.event(InviteAnswered)
    assert answered.answer == Body(b"first", "application/sdp")
    answered.usage.bye(peer.now)
    peer.drain()
    # RFC 3261 §13.2.2.4: the numbers of the early dialog go on
    assert peer.request().cseq.number == 3


def test_an_answer_that_was_only_announced_counts_where_the_2xx_has_none() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, 183, BOB, SDP, tag="p1", body=b"preview"))
    peer.event(InviteProgress)
    peer.put(response_to(invite, 200, BOB, tag="p1"))
    assert peer.event(InviteAnswered).answer.content == b"preview"
    other = Peer()
    _, invite = dial(other)
    other.put(response_to(invite, 183, BOB, SDP, tag="p1", body=b"preview"))
    other.event(InviteProgress)
    other.put(response_to(invite, 200, BOB, SDP, tag="p1", body=b"final"))
    assert other.event(InviteAnswered).answer.content == b"final"


def test_the_answer_of_another_fork_is_not_taken() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(reliable(invite, 1, 183, "one", b"of one"))
    peer.put(response_to(invite, 200, BOB, SDP, tag="two", body=b"of two"))
    peer.event(InviteProgress)
    assert peer.event(InviteAnswered).answer.content == b"of two"


def test_the_route_is_made_anew_by_the_2xx() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(reliable(invite, 1, 180, "p1", b"", ("Record-Route", "<sip:192.0.2.7;lr>")))
    assert [str(route.uri) for route in peer.request().routes] == ["sip:192.0.2.7;lr"]
    peer.put(response_to(invite, 200, BOB, ("Record-Route", "<sip:192.0.2.8;lr>"), tag="p1"))
    assert [str(route.uri) for route in peer.request().routes] == ["sip:192.0.2.8;lr"]


def test_a_prack_that_fails_changes_nothing() -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(reliable(invite, 1))
    peer.event(InviteProgress)
    peer.put(response_to(peer.request(), 481))
    peer.put(response_to(invite, 200, BOB, tag="p1"))
    assert peer.event(InviteAnswered).response.status == 200


def test_a_cancelled_call_acknowledges_all_the_same() -> None:
    peer = Peer()
    uac, invite = dial(peer)
    peer.put(response_to(invite, 100))
    uac.cancel(peer.now)
    peer.drain()
    assert peer.request().method == "CANCEL"
    peer.put(reliable(invite, 1))
    assert peer.request().method == "PRACK"
    peer.silent()


def test_a_challenged_call_goes_on_numbering_behind_its_pracks() -> None:
    peer = Peer()
    _, invite = dial(peer, credentials=Account("tea", "secret"))
    peer.put(reliable(invite, 1))
    assert peer.request().cseq.number == 2
    peer.put(response_to(invite, 401, ("WWW-Authenticate", str(DigestChallenge("sip.example", "n")))))
    assert peer.request().method == "ACK"
    again = peer.request()
    assert again.cseq.number == 3
    # RFC 3262 §3: each INVITE has numbers of its own, even where its dialog has the same tag
    peer.put(reliable(again, 1))
    assert peer.request().headers.get("RAck") == "1 3 INVITE"


@pytest.mark.parametrize(("agreed", "status"), [(False, 491), (True, 500)])
def test_an_update_of_the_callee_moves_the_target_and_may_not_offer(*, agreed: bool, status: int) -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(reliable(invite, 1, 183, "p1", b"answer" if agreed else b""))
    peer.request()
    peer.event(InviteProgress)
    answer = peer.ask(peer.back("UPDATE", invite, 1))
    assert (answer.status, answer.contact) == (200, FOCUS)
    assert peer.ask(peer.back("UPDATE", invite, 2, body=b"offer")).status == status
    assert peer.ask(peer.back("INFO", invite, 3)).status == 405
    assert peer.ask(peer.back("BYE", invite, 4)).status == 481
    peer.silent()


def test_nothing_is_left_of_forks_that_did_not_answer() -> None:
    peer = Peer()
    _, invite = dial(peer)
    for tag in ("one", "two"):
        peer.put(response_to(invite, 180, BOB, tag=tag))
    assert len(peer.agent.stack.dialogs) == 2
    peer.put(response_to(invite, 603, tag="one"))
    assert not peer.agent.stack.dialogs
    assert peer.is_clean()


def test_made_up_forks_fill_no_table() -> None:
    peer = Peer()
    _, invite = dial(peer)
    for number in range(200):
        peer.put(response_to(invite, 180, BOB, tag=f"t{number}"))
    assert len(peer.agent.stack.dialogs) == 64
    peer.sent.clear()
    for number in range(200):
        peer.put(response_to(invite, 200, BOB, tag=f"t{number}"))
    assert sum(t.message.cseq.method == "ACK" for t in peer.sent) == 64


def test_early_dialogs_stay_on_the_flow_of_the_call() -> None:
    peer = Peer(flow=FROM_TCP)
    call = OutgoingCall(SipUri("client.invalid", user="bob"), ROOM, ROOM, FOCUS, b"offer", flow=FROM_TCP)
    peer.agent.invite(call, 0.0)
    peer.drain()
    more = (("Contact", "<sip:bob@client.invalid>"), ("Require", "100rel"), ("RSeq", "1"))
    peer.put(response_to(peer.request(), 180, *more))
    assert peer.sent[0].hop.flow == FROM_TCP
    assert peer.request().method == "PRACK"


def pickup(invite: Request, *, by: str = "sip:bob@192.0.2.1", more: str = "") -> Request:
    """The person who is called picks up at another telephone: an INVITE that replaces the call that rings."""
    return request(
        f"""INVITE sip:tea@192.0.2.2 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{by[4:7]}
        Max-Forwards: 70
        From: <{by}>;tag=other
        To: <sip:tea@conference.example>
        Call-ID: pickup-{by}
        CSeq: 1 INVITE
        Contact: <sip:bob@192.0.2.1:5070>
        Replaces: {invite.call_id};to-tag={invite.from_.tag};from-tag=p1{more}""",
        b"offer",
    )


@pytest.mark.parametrize("more", ["", ";early-only"])
def test_who_is_rung_may_answer_at_another_telephone(more: str) -> None:
    peer = Peer()
    _, invite = dial(peer)
    peer.put(response_to(invite, 180, BOB, tag="p1"))
    peer.event(InviteProgress)
    assert peer.ask(pickup(invite, by="sip:eve@192.0.2.1")).status == 403
    peer.put(pickup(invite, more=more))
    peer.event(InviteReceived).usage.accept(CONTACT, Body(b"answer"), (), peer.now)
    peer.drain()
    assert peer.response().status == 200
    cancel = peer.request()
    # RFC 3891 §3: the early dialog is cancelled
    assert (cancel.method, cancel.call_id) == ("CANCEL", invite.call_id)
    peer.put(response_to(cancel, 200))
    peer.put(response_to(invite, 487, tag="p1"))
    assert peer.event(InviteFailed).response.status == 487
