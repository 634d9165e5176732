"""What the user agent answers before any usage is asked, and who gets what came in."""

import pytest
from msgspec.structs import replace

from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admit
from crossroom.sip.answer import Body, OutgoingRequest, Rejection
from crossroom.sip.events import (
    InviteCancelled,
    InviteReceived,
    ReferReceived,
    RequestAnswered,
    RequestReceived,
    SessionConfirmed,
    SessionEnded,
    SubscribeReceived,
)
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import AgentSettings
from crossroom.sip.uri import SipUri
from sip_messages import request, response_to, simple
from sip_peer import CONTACT, FROM_TCP, FROM_UDP, Peer


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (simple("PUBLISH"), 405),
        (simple("DANCE"), 501),
        (simple("OPTIONS", "Require: dance"), 420),
        (replace(simple("OPTIONS"), uri=request("OPTIONS tel:+1 SIP/2.0\n" + "\n".join(f"{n}: {v}" for n, v in simple("OPTIONS").headers)).uri), 416),
        (simple("BYE", to="<sip:b@b.example>;tag=nobody"), 481),
        (simple("BYE"), 481),
        (simple("OPTIONS", to="<sip:b@b.example>;tag=nobody"), 481),
        (simple("NOTIFY", "Event: conference", to="<sip:b@b.example>;tag=nobody"), 481),
        (simple("CANCEL"), 481),
        (simple("SUBSCRIBE", "Event: presence"), 489),
        (simple("SUBSCRIBE"), 489),
        (simple("SUBSCRIBE", "Event: refer"), 403),
        (simple("REFER"), 400),
        (simple("REFER", "Refer-To: <sip:x@x.example>", "Refer-To: <sip:y@x.example>"), 400),
        (simple("REFER", "Refer-To: <sip:x@x.example>", "Target-Dialog: nonsense"), 400),
        (simple("INVITE", "Session-Expires: soon"), 400),
        (simple("INVITE", "Session-Expires: 60", "Supported: timer"), 422),
        (simple("INVITE", "Replaces: unknown;to-tag=a;from-tag=b"), 481),
        (simple("INVITE", "Replaces: nonsense"), 400),
    ],
    ids=lambda value: f"{value.method}-{value.headers.get('Event')}" if hasattr(value, "method") else str(value),
)  # fmt: skip
def test_a_request_that_cannot_be_served_gets_its_status(message: object, status: int) -> None:
    peer = Peer()
    answer = peer.ask(message)  # type: ignore[arg-type]  # parametrize erases it
    assert answer.status == status
    assert answer.to.tag is not None
    assert not peer.events


def test_refusals_name_what_would_be_taken() -> None:
    peer = Peer()
    assert "INVITE" in peer.ask(simple("PUBLISH", branch="z9hG4bKp1", cseq=1)).allow
    unsupported = peer.ask(simple("OPTIONS", "Require: dance", branch="z9hG4bKp2", cseq=2))
    assert unsupported.headers.get("Unsupported") == "dance"
    events = peer.ask(simple("SUBSCRIBE", "Event: presence", branch="z9hG4bKp3", cseq=3))
    assert events.headers.get("Allow-Events") == "conference, refer"
    brief = simple("INVITE", "Session-Expires: 60", "Supported: timer", branch="z9hG4bKp4", cseq=4)
    assert peer.ask(brief).headers.get("Min-SE") == "90"


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "REFER"])
def test_a_dialog_cannot_begin_without_a_contact(method: str) -> None:
    lines = ("Event: conference", "Refer-To: <sip:x@x.example>")
    message = simple(method, *lines)
    assert Peer().ask(message.with_headers(message.headers.without("Contact"))).status == 400


def test_a_tag_that_should_be_there_is_missed() -> None:
    message = simple("OPTIONS", to="<sip:b@b.example>;tag=x").with_header("From", "<sip:a@a.example>")
    assert Peer().ask(message).status == 400


def test_the_same_request_by_another_way_is_merged() -> None:
    peer = Peer()
    peer.put(simple("MESSAGE"))
    peer.event(RequestReceived)
    assert peer.ask(simple("MESSAGE", branch="z9hG4bKother")).status == 482


def test_a_repeated_request_gets_the_stored_answer_and_no_second_event() -> None:
    peer = Peer()
    peer.put(simple("MESSAGE"))
    peer.event(RequestReceived).usage.respond(200, "", (), Body(), CONTACT, peer.now)
    peer.drain()
    first = peer.response()
    assert peer.ask(simple("MESSAGE")) == first
    peer.silent()


def test_a_peer_of_the_old_rfc_is_matched_without_a_cookie() -> None:
    peer = Peer()
    peer.put(simple("MESSAGE", branch="old"))
    peer.event(RequestReceived).usage.respond(200, "", (), Body(), CONTACT, peer.now)
    peer.drain()
    first = peer.response()
    assert peer.ask(simple("MESSAGE", branch="old")) == first


def test_a_full_agent_says_when_to_come_back() -> None:
    peer = Peer(AgentSettings(max_transactions=1))
    peer.put(simple("MESSAGE"))
    answer = peer.ask(simple("MESSAGE", branch="z9hG4bKtwo", cseq=2))
    assert answer.status == 503
    assert answer.headers.get("Retry-After") == "10"


def test_options_show_what_we_can() -> None:
    peer = Peer()
    peer.put(simple("OPTIONS"))
    pending = peer.event(RequestReceived).usage
    pending.respond(200, "", (), Body(), CONTACT, peer.now)
    pending.respond(200, "", (), Body(), CONTACT, peer.now)
    peer.drain()
    answer = peer.response()
    assert answer.contact == CONTACT
    assert answer.headers.get("Accept") == "application/sdp, multipart/mixed, multipart/alternative"
    assert "conference" in (answer.headers.get("Allow-Events") or "")
    peer.silent()


def test_an_answer_goes_where_the_request_came_from() -> None:
    peer = Peer()
    message = simple("OPTIONS").with_header("Via", "SIP/2.0/UDP client.invalid:9;branch=z9hG4bKv;rport")
    peer.put(message)
    peer.event(RequestReceived).usage.respond(200, "", (), Body(), CONTACT, peer.now)
    peer.drain()
    transmission = peer.sent[0]
    assert (transmission.hop.host, transmission.hop.port) == ("192.0.2.1", 5060)
    assert transmission.message.via.received == "192.0.2.1"
    assert transmission.message.via.rport == 5060


def test_an_answer_without_rport_goes_to_the_port_of_sent_by() -> None:
    peer = Peer()
    peer.put(simple("OPTIONS").with_header("Via", "SIP/2.0/UDP 192.0.2.1:5099;branch=z9hG4bKv"))
    peer.event(RequestReceived).usage.respond(404, "", (), Body(), CONTACT, peer.now)
    peer.drain()
    assert (peer.sent[0].hop.host, peer.sent[0].hop.port) == ("192.0.2.1", 5099)


def test_an_answer_on_a_stream_goes_back_on_it_or_to_sent_by() -> None:
    peer = Peer(flow=FROM_TCP)
    peer.put(simple("OPTIONS").with_header("Via", "SIP/2.0/TCP 192.0.2.1:5061;branch=z9hG4bKv"))
    peer.event(RequestReceived).usage.respond(404, "", (), Body(), CONTACT, peer.now)
    peer.drain()
    assert peer.sent[0].hop.flow == FROM_TCP
    assert peer.sent[0].hop.port == 5061


def accepted(peer: Peer, *lines: str) -> Response:
    """A call that the agent accepted, and its ACK."""
    peer.put(simple("INVITE", *lines))
    peer.event(InviteReceived).usage.accept(CONTACT, Body(b"answer"), (), peer.now)
    peer.drain()
    answer = peer.response()
    peer.put(peer.inside("ACK", answer, 1))
    peer.event(SessionConfirmed)
    return answer


def test_a_number_that_goes_back_is_refused_and_keeps_the_call() -> None:
    peer = Peer()
    answer = accepted(peer)
    assert peer.ask(peer.inside("BYE", answer, 0)).status == 500
    assert peer.ask(peer.inside("BYE", answer, 2)).status == 200
    assert peer.event(SessionEnded).cause == "bye"
    assert peer.is_clean()


def test_what_no_usage_of_a_dialog_takes_is_refused_or_told() -> None:
    peer = Peer()
    answer = accepted(peer)
    assert peer.ask(peer.inside("NOTIFY", answer, 2, "Event: conference")).status == 481
    peer.put(peer.inside("MESSAGE", answer, 3))
    pending = peer.event(RequestReceived).usage
    assert pending.session is not None
    assert pending.session.dialog.id.call_id == "call-1"


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("SUBSCRIBE", ("Event: conference", "Contact: <sip:a@192.0.2.1:5060>")),
        ("REFER", ("Refer-To: <sip:x@x.example>", "Contact: <sip:a@192.0.2.1:5060>")),
        ("MESSAGE", ()),
    ],
)
def test_nobody_becomes_somebody_else_inside_a_dialog(method: str, lines: tuple[str, ...]) -> None:
    peer = Peer()
    forged = peer.inside(method, accepted(peer), 2, *lines)
    peer.put(forged.with_header("From", "<sip:owner@a.example>;tag=a1"))
    event = peer.events.pop()
    assert isinstance(event, RequestReceived | SubscribeReceived | ReferReceived)
    assert event.usage.identity == "sip:a@a.example"


def test_a_call_is_referred_to_by_its_own_caller_only() -> None:
    peer = Peer()
    named = f"Target-Dialog: call-1;local-tag={accepted(peer).to.tag};remote-tag=a1"
    lines = ("Refer-To: <sip:x@x.example>", named)
    peer.put(simple("REFER", *lines, branch="z9hG4bKo", cseq=5).with_header("Call-ID", "call-2"))
    assert peer.event(ReferReceived).usage.session is not None
    thief = simple("REFER", *lines, branch="z9hG4bKt", cseq=6).with_header("From", "<sip:x@a.example>;tag=x")
    peer.put(thief.with_header("Call-ID", "call-3"))
    assert peer.event(ReferReceived).usage.session is None


def test_the_nameless_do_not_replace_each_other() -> None:
    def by_flow(_request: Request, flow: Flow, _proven: str | None) -> Admit:
        return Admit("sip:a@a.example" if flow == FROM_UDP else "sip:thief@a.example")

    peer = Peer(policy=by_flow)
    nameless = ("From", "<sip:anonymous@anonymous.invalid>;tag=a1")
    peer.put(simple("INVITE").with_header(*nameless))
    peer.event(InviteReceived).usage.accept(CONTACT, Body(b"answer"), (), peer.now)
    peer.drain()
    named = f"Replaces: call-1;to-tag={peer.response().to.tag};from-tag=a1"
    peer.flow = FROM_TCP
    thief = simple("INVITE", named, branch="z9hG4bKt", cseq=6).with_header(*nameless)
    assert peer.ask(thief.with_header("Call-ID", "call-2")).status == 403


def test_a_cancel_ends_a_call_that_waits_and_not_one_that_was_answered() -> None:
    peer = Peer()
    peer.put(simple("INVITE"))
    peer.event(InviteReceived)
    peer.put(simple("CANCEL"))
    assert [peer.response().status, peer.response().status] == [200, 487]
    peer.event(InviteCancelled)
    peer.put(simple("ACK"))
    assert peer.is_clean()
    answered = Peer()
    accepted(answered)
    assert answered.ask(simple("CANCEL")).status == 200
    answered.silent()


def test_a_call_whose_expires_passes_is_ended() -> None:
    peer = Peer()
    peer.put(simple("INVITE", "Expires: 10"))
    peer.event(InviteReceived)
    peer.pass_time(9)
    assert not peer.events
    peer.pass_time(10)
    peer.event(InviteCancelled)
    assert [t.message.status for t in peer.sent if isinstance(t.message, Response)][:2] == [100, 487]


def test_a_call_replaces_another_of_the_same_address() -> None:
    peer = Peer()
    old = accepted(peer)
    named = f"Replaces: call-1;to-tag={old.to.tag};from-tag=a1"
    early = simple("INVITE", named + ";early-only", branch="z9hG4bKe", cseq=5)
    assert peer.ask(early).status == 486
    thief = simple("INVITE", named, branch="z9hG4bKt", cseq=6).with_header("From", "<sip:x@a.example>;tag=x1")
    assert peer.ask(thief).status == 403
    peer.put(simple("INVITE", named, branch="z9hG4bKr", cseq=7).with_header("Call-ID", "call-2"))
    call = peer.event(InviteReceived).usage
    assert call.replaces is not None
    call.accept(CONTACT, Body(b"answer"), (), peer.now)
    peer.drain()
    assert peer.response().status == 200
    assert peer.request().method == "BYE"


def test_a_stray_ack_or_response_is_dropped() -> None:
    peer = Peer()
    peer.put(simple("ACK"))
    peer.put(Response.answering(simple("OPTIONS"), 200))
    peer.take(peer.agent.send_failed(None, 0.0))
    peer.silent()


def test_a_response_for_somebody_behind_us_is_dropped() -> None:
    # RFC 3261 §8.1.3.3: more than one Via means that it has gone astray
    peer = Peer()
    peer.agent.request(
        OutgoingRequest("OPTIONS", SipUri("192.0.2.1"), NameAddr(SipUri("h.example"))), None, 0.0
    )
    peer.drain()
    answer = response_to(peer.request(), 200)
    stray = answer.with_headers(answer.headers.adding("Via", "SIP/2.0/UDP behind.example;branch=z9hG4bKx"))
    peer.put(stray)
    peer.silent()
    peer.put(answer)
    assert peer.event(RequestAnswered).response.status == 200


def test_a_rejected_call_leaves_nothing() -> None:
    peer = Peer()
    peer.put(simple("INVITE"))
    call = peer.event(InviteReceived).usage
    call.reject(Rejection(404, "No such room"), peer.now)
    peer.drain()
    assert peer.response().reason == "No such room"
    peer.put(simple("ACK"))
    assert peer.is_clean()


def test_a_call_knows_its_caller_and_rings_only_before_it_is_answered() -> None:
    peer = Peer(AgentSettings(user_agent=""))
    peer.put(simple("INVITE"))
    call = peer.event(InviteReceived).usage
    assert (call.flow.remote_host, call.identity) == ("192.0.2.1", "sip:a@a.example")
    call.tick(peer.now)
    call.reject(Rejection(486), peer.now)
    call.ring(180, CONTACT, (), peer.now)
    peer.drain()
    answer = peer.response()
    assert (answer.status, answer.headers.get("Server")) == (486, None)
    peer.silent()


def test_a_prack_for_nothing_is_481() -> None:
    peer = Peer()
    answer = accepted(peer)
    assert peer.ask(peer.inside("PRACK", answer, 2, "RAck: 1 1 INVITE")).status == 481
    assert peer.ask(simple("PRACK", "RAck: 1 1 INVITE", branch="z9hG4bKstray")).status == 481


def test_a_transport_failure_of_an_answer_ends_its_transaction() -> None:
    peer = Peer()
    peer.put(simple("INVITE"))
    peer.event(InviteReceived).usage.reject(Rejection(486), peer.now)
    peer.drain()
    peer.fail(peer.sent[0])
    peer.fail(peer.sent[0])
    assert peer.is_clean()
