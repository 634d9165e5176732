"""msrp/session.py: both directions together, as two sessions that talk to each other."""

import pytest

from crossroom.machine import Deliver, Ended, Send
from crossroom.msrp.chunk import (
    ByteRange,
    FailureReport,
    FrameItem,
    MsrpRequest,
    MsrpResponse,
    Oversized,
    Unintelligible,
)
from crossroom.msrp.message import Message, Transfer
from crossroom.msrp.receiving import Output
from crossroom.msrp.session import Session
from crossroom.msrp.session_events import EndReason, MessageReceived, Outcome, Report, Result, SessionEvent
from crossroom.msrp.stream import StreamReader
from crossroom.msrp.uri import MsrpUri

A, B = (MsrpUri.parse(f"msrp://{name}.example:2855/{name * 20};tcp") for name in "ab")


def pair() -> tuple[Session, Session]:
    ana, bob = Session(A, "anaseedanaseed12"), Session(B, "bobseedbobseed12")
    ana.sending.set_remote((B,))
    bob.sending.set_remote((A,))
    return ana, bob


def begin(session: Session, message: Message) -> Transfer:
    transfer = session.sending.begin(message)
    assert isinstance(transfer, Transfer)
    return transfer


def frame(octets: bytes) -> FrameItem:
    (item,) = StreamReader().receive_data(octets)
    assert isinstance(item, MsrpRequest | MsrpResponse)
    return item


def sent(outputs: list[Output]) -> list[FrameItem]:
    return [frame(bytes(output.message)) for output in outputs if isinstance(output, Send)]


def events(outputs: list[Output]) -> list[SessionEvent]:
    return [output.event for output in outputs if isinstance(output, Deliver)]


def message_in(outputs: list[Output]) -> MessageReceived:
    (event,) = events(outputs)
    assert isinstance(event, MessageReceived)
    return event


def test_message_arrives_is_answered_and_its_result_is_told() -> None:
    ana, bob = pair()
    transfer = begin(ana, Message("m1", "text/plain", b"hello"))
    received = message_in(bob.receive(frame(ana.sending.send_chunk(transfer, 2048, 0.0)), 0.0))
    assert received.message == Message("m1", "text/plain", b"hello")
    (response,) = sent(bob.respond(received.handle, 200))
    assert events(ana.receive(response, 1.0)) == [Result("m1", Outcome.ACCEPTED, 200)]
    assert (ana.deadline(), bob.deadline(), ana.unanswered) == (None, None, ())


def test_success_report_follows_the_answer() -> None:
    ana, bob = pair()
    transfer = begin(ana, Message("m1", "text/plain", b"x" * 3000, success_report=True))
    first = bob.receive(frame(ana.sending.send_chunk(transfer, 2048, 0.0)), 0.0)
    assert [type(output) for output in first] == [Send]
    received = message_in(bob.receive(frame(ana.sending.send_chunk(transfer, 2048, 0.0)), 0.0))
    response, report = sent(bob.respond(received.handle, 200))
    assert isinstance(report, MsrpRequest)
    assert (report.method, report.to_path, report.from_path) == ("REPORT", str(A), str(B))
    assert dict(report.headers) == {"Message-ID": "m1", "Byte-Range": "1-3000/3000", "Status": "000 200 OK"}
    assert events(ana.receive(sent(first)[0], 0.0)) == []
    assert events(ana.receive(response, 0.0)) == [Result("m1", Outcome.ACCEPTED, 200)]
    (told,) = events(ana.receive(report, 0.0))
    assert isinstance(told, Report)
    assert (told.message_id, told.status) == ("m1", 200)


@pytest.mark.parametrize("failure_report", [FailureReport.YES, FailureReport.NO])
def test_message_that_comes_again_is_reported_again_chunk_by_chunk(failure_report: FailureReport) -> None:
    """RFC 4975 §5.4: "still necessary even for requests containing duplicate content"."""
    ana, bob = pair()
    message = Message("m1", "text/plain", b"x" * 3000, True, failure_report)  # noqa: FBT003 -- it asks for success
    first = begin(ana, message)
    bob.receive(frame(ana.sending.send_chunk(first, 2048, 0.0)), 0.0)
    received = message_in(bob.receive(frame(ana.sending.send_chunk(first, 2048, 0.0)), 0.0))
    bob.respond(received.handle, 200)  # and all of it is lost with the connection

    replacement = Session(B, "bobseedbobseed34", seen=bob.seen)
    again = begin(ana, message)
    chunks = [frame(ana.sending.send_chunk(again, 2048, 0.0)) for _ in range(2)]
    outputs = [output for chunk in chunks for output in replacement.receive(chunk, 1.0)]
    reports = [item for item in sent(outputs) if isinstance(item, MsrpRequest)]
    assert [report.header("Byte-Range") for report in reports] == ["1-2048/3000", "2049-3000/3000"]
    assert {(each.method, each.to_path, each.header("Status")) for each in reports} == {
        ("REPORT", str(A), "000 200 OK")
    }
    assert len({report.transaction_id for report in reports}) == 2
    assert len(sent(outputs)) == (4 if failure_report is FailureReport.YES else 2)
    assert events(outputs) == []


def test_message_that_comes_again_before_the_decision_is_reported_when_it_is_decided() -> None:
    ana, bob = pair()
    once = frame(ana.sending.send_chunk(begin(ana, Message("m1", "a/b", b"x", success_report=True)), 9, 0.0))
    received = message_in(bob.receive(once, 0.0))
    assert [type(each) for each in sent(bob.receive(once, 0.0))] == [MsrpResponse]
    assert [type(each) for each in sent(bob.respond(received.handle, 200))] == [MsrpResponse, MsrpRequest]


def test_report_can_be_kept_back_and_sent_later() -> None:
    ana, bob = pair()
    transfer = begin(ana, Message("m1", "text/plain", b"x", success_report=True))
    received = message_in(bob.receive(frame(ana.sending.send_chunk(transfer, 2048, 0.0)), 0.0))
    assert len(sent(bob.respond(received.handle, 200, report=False))) == 1
    (report,) = sent(bob.report(received))
    assert isinstance(report, MsrpRequest)
    assert report.header("Status") == "000 200 OK"
    (failure,) = sent(bob.report(received, 408, "Timeout"))
    assert isinstance(failure, MsrpRequest)
    assert failure.header("Status") == "000 408 Timeout"


WRAPPER = b"From: <sip:a@b.example>\r\nTo: <sip:c@b.example>\r\n\r\nContent-Type: text/plain\r\n\r\n"


def received_by(bob: Session, ana: Session) -> MessageReceived:
    transfer = begin(ana, Message("m1", "message/cpim", b"x" * 3000, success_report=True))
    bob.receive(frame(ana.sending.send_chunk(transfer, 2048, 0.0)), 0.0)
    return message_in(bob.receive(frame(ana.sending.send_chunk(transfer, 2048, 0.0)), 0.0))


def carried(outputs: list[Output]) -> list[tuple[str, bytes | None]]:
    """Type and body of each REPORT."""
    frames = [item for item in sent(outputs) if isinstance(item, MsrpRequest)]
    assert {item.method for item in frames} == {"REPORT"}
    return [(item.content_type, item.body) for item in frames]


def test_a_report_carries_the_wrapper_that_the_answer_gives_it() -> None:
    """RFC 7701 §6.2: From and To of a private message."""
    ana, bob = pair()
    outputs = bob.respond(received_by(bob, ana).handle, 200, wrapper=WRAPPER)
    assert carried(outputs) == [("message/cpim", WRAPPER)]
    _, report = sent(outputs)
    assert events(ana.receive(report, 0.0)) == [Report("m1", 200, "OK", ByteRange(1, 3000, 3000))]


def test_a_message_that_comes_again_is_reported_with_the_same_wrapper() -> None:
    ana, bob = pair()
    bob.respond(received_by(bob, ana).handle, 200, wrapper=WRAPPER)
    replacement = Session(B, "bobseedbobseed34", seen=bob.seen)
    again = begin(ana, Message("m1", "message/cpim", b"x" * 3000, success_report=True))
    chunks = [frame(ana.sending.send_chunk(again, 2048, 0.0)) for _ in range(2)]
    outputs = [output for chunk in chunks for output in replacement.receive(chunk, 1.0)]
    assert carried(outputs) == [("message/cpim", WRAPPER)] * 2


def test_a_report_that_was_kept_back_carries_the_wrapper_too() -> None:
    ana, bob = pair()
    received = received_by(bob, ana)
    bob.respond(received.handle, 200, report=False, wrapper=WRAPPER)
    assert carried(bob.report(received, wrapper=WRAPPER)) == [("message/cpim", WRAPPER)]
    assert carried(bob.report(received, 408, wrapper=WRAPPER)) == [("message/cpim", WRAPPER)]


def test_a_wrapper_that_no_report_may_carry_is_left_out() -> None:
    """RFC 4975 §7.1: only a SEND has more than 10240 octets."""
    ana, bob = pair()
    received = received_by(bob, ana)
    assert carried(bob.report(received, wrapper=b"x" * 10240)) == [("message/cpim", b"x" * 10240)]
    assert carried(bob.respond(received.handle, 200, wrapper=b"x" * 10241)) == [("", None)]
    assert bob.seen == {"m1": b""}


def test_a_wrapper_with_the_end_line_of_a_report_gets_a_report_of_another_transaction() -> None:
    ana, bob = pair()
    received = received_by(bob, ana)
    other = Session(B, "bobseedbobseed12").sending.outbox.transaction_id()
    wrapper = f"From: <sip:a@b>\r\n-------{other}$\r\n".encode()
    assert carried(bob.report(received, wrapper=wrapper)) == [("message/cpim", wrapper)]


@pytest.mark.parametrize(
    ("success", "failure", "status"), [(False, FailureReport.YES, 200), (True, FailureReport.NO, 500)]
)
def test_report_that_nobody_asked_for_is_not_sent(
    success: bool,  # noqa: FBT001 -- a table
    failure: FailureReport,
    status: int,
) -> None:
    _, bob = pair()
    assert bob.report(MessageReceived(1, Message("m", "x/y", b"", success, failure), str(A)), status) == []


def test_failure_report_ends_the_transfer_with_its_status() -> None:
    ana, _ = pair()
    transfer = begin(ana, Message("m1", "text/plain", b"x" * 5000))
    ana.sending.send_chunk(transfer, 2048, 0.0)
    report = MsrpRequest("tttt", "REPORT", str(A), str(B), (("Message-ID", "m1"), ("Status", "000 413 Stop")))
    told = events(ana.receive(report, 0.0))
    assert told[-1] == Result("m1", Outcome.REFUSED, 413, "Stop")
    assert transfer.failed
    assert ana.sending.send_chunk(transfer, 2048, 0.0).endswith(b"#\r\n")


def test_oversized_chunk_is_answered_413() -> None:
    _, bob = pair()
    request = MsrpRequest(
        "tttt", "SEND", str(B), str(A), (("Message-ID", "m1"), ("Content-Type", "x/y")), b""
    )
    (response,) = sent(bob.receive(Oversized(request), 0.0))
    assert isinstance(response, MsrpResponse)
    assert response.status == 413


def test_unintelligible_request_is_answered_400_where_it_can_be() -> None:
    _, bob = pair()
    (response,) = sent(bob.receive(Unintelligible("tttt", str(B), str(A), "why"), 0.0))
    assert isinstance(response, MsrpResponse)
    assert (response.status, response.to_path) == (400, str(A))
    assert bob.receive(Unintelligible("tttt", str(B), "", "why"), 0.0) == []


def test_connection_loss_fails_at_once_and_the_replacement_sends_and_dedupes_again() -> None:
    ana, bob = pair()
    transfer = begin(ana, Message("m1", "text/plain", b"hello"))
    octets = ana.sending.send_chunk(transfer, 2048, 0.0)
    bob.respond(message_in(bob.receive(frame(octets), 0.0)).handle, 200)
    unanswered = ana.unanswered
    assert [message.id for message in unanswered] == ["m1"]
    assert events(ana.lost()) == [Result("m1", Outcome.LOST, 481)]
    again, there = Session(A, "anaseedanaseed34"), Session(B, "bobseedbobseed34", seen=bob.seen)
    again.sending.set_remote((B,))
    repeated = again.sending.send_chunk(begin(again, unanswered[0]), 2048, 0.0)
    outputs = there.receive(frame(repeated), 0.0)
    assert events(outputs) == []
    assert events(again.receive(sent(outputs)[0], 0.0)) == [Result("m1", Outcome.ACCEPTED, 200)]


def test_time_passes_for_both_sides() -> None:
    ana, bob = pair()
    transfer = begin(ana, Message("m1", "text/plain", b"hello"))
    bob.receive(frame(ana.sending.send_chunk(transfer, 2048, 0.0)), 0.0)
    assert (ana.deadline(), bob.deadline()) == (30.0, 25.0)
    (response,) = sent(bob.tick(25.0))
    assert isinstance(response, MsrpResponse)
    assert response.status == 408
    assert events(ana.tick(30.0)) == [Result("m1", Outcome.TIMED_OUT, 408)]


def test_session_that_is_unknown_there_ends() -> None:
    ana, _ = pair()
    bind = frame(ana.sending.bind(0.0))
    assert isinstance(bind, MsrpRequest)
    assert ana.receive(MsrpResponse(bind.transaction_id, 481, str(A), str(B)), 0.0) == [
        Ended(EndReason.NO_SUCH_SESSION)
    ]
