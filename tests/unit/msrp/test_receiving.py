"""msrp/receiving.py: what comes in, and what it is answered."""

import pytest

from crossroom.machine import Deliver, Send
from crossroom.msrp.chunk import ByteRange, Flag, MsrpRequest, MsrpResponse, Oversized
from crossroom.msrp.message import Message
from crossroom.msrp.reassembly import InboxLimits
from crossroom.msrp.receiving import Output, Receiving, SessionLimits
from crossroom.msrp.session_events import MessageReceived, NicknameRequested, Report

US, THEM = "msrp://a:1/x;tcp", "msrp://b:2/y;tcp"
LIMITS = SessionLimits(InboxLimits(max_message=100), dedupe_window=2, max_undecided=2)


def side() -> Receiving:
    return Receiving(US, LIMITS)


def send(body: bytes | None = b"hi", flag: Flag = Flag.COMPLETE, **headers: str) -> MsrpRequest:
    named = {"Message-ID": "m1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    listed = tuple((name, value) for name, value in named.items() if value)
    content = () if body is None else (("Content-Type", "text/plain"),)
    return MsrpRequest("tttt", "SEND", US, THEM, listed + content, body, flag)


def other(method: str, *headers: tuple[str, str], body: bytes | None = None) -> MsrpRequest:
    return MsrpRequest("tttt", method, US, THEM, headers, body)


def statuses(outputs: list[Output]) -> list[int]:
    return [o.message.status for o in outputs if isinstance(o, Send) and isinstance(o.message, MsrpResponse)]


def event(outputs: list[Output]) -> MessageReceived | NicknameRequested | Report:
    (output,) = outputs
    assert isinstance(output, Deliver)
    assert isinstance(output.event, MessageReceived | NicknameRequested | Report)
    return output.event


def handle(outputs: list[Output]) -> int:
    told = event(outputs)
    assert not isinstance(told, Report)
    return told.handle


def test_whole_message_waits_for_the_decision() -> None:
    each = side()
    told = event(each.receive(send(Success_Report="yes"), 0.0))
    assert isinstance(told, MessageReceived)
    assert told.message == Message("m1", "text/plain", b"hi", success_report=True)
    assert statuses(each.respond(told.handle, 415, "No")) == [415]
    assert each.respond(told.handle, 200, "") == []


def test_chunks_before_the_last_are_answered_at_once() -> None:
    each = side()
    assert statuses(each.receive(send(b"he", Flag.MORE), 0.0)) == [200]
    assert isinstance(event(each.receive(send(b"llo", Byte_Range="3-5/5"), 0.0)), MessageReceived)


def test_bodiless_send_is_answered_and_not_delivered() -> None:
    assert statuses(side().receive(send(None), 0.0)) == [200]
    assert statuses(side().receive(send(None, Message_ID=""), 0.0)) == [200]


def test_empty_message_is_delivered() -> None:
    told = event(side().receive(send(b""), 0.0))
    assert isinstance(told, MessageReceived)
    assert told.message.body == b""


def test_abort_discards_what_there_is() -> None:
    each = side()
    each.receive(send(b"he", Flag.MORE), 0.0)
    assert statuses(each.receive(send(None, Flag.ABORTED), 0.0)) == [200]
    assert statuses(each.receive(send(b"llo", Byte_Range="3-5/5"), 0.0)) == [200]  # only a rest: not whole


@pytest.mark.parametrize("bad", [send(Message_ID=""), send(Byte_Range="0-1/1")])
def test_send_that_makes_no_sense_is_400(bad: MsrpRequest) -> None:
    assert statuses(side().receive(bad, 0.0)) == [400]


def test_too_large_message_is_413_also_for_its_later_chunks() -> None:
    each = side()
    assert statuses(each.receive(send(b"x", Flag.MORE, Byte_Range="1-*/101"), 0.0)) == [413]
    assert statuses(each.receive(send(b"x", Byte_Range="2-2/101"), 0.0)) == [413]


def test_oversized_chunk_gives_its_message_up() -> None:
    each = side()
    assert statuses(each.oversized(Oversized(send(b"")))) == [413]
    assert statuses(each.receive(send(b"x"), 0.0)) == [413]
    for number in range(40):
        each.oversized(Oversized(send(b"", Message_ID=f"big{number}")))
    assert isinstance(event(each.receive(send(b"x"), 0.0)), MessageReceived)  # long ago: forgotten


def test_message_that_came_before_is_acknowledged_and_not_shown() -> None:
    each = side()
    each.respond(handle(each.receive(send(), 0.0)), 200, "")
    assert statuses(each.receive(send(), 0.0)) == [200]


def test_message_that_was_refused_may_come_again() -> None:
    each = side()
    each.respond(handle(each.receive(send(), 0.0)), 403, "")
    assert isinstance(event(each.receive(send(), 0.0)), MessageReceived)


def test_window_of_remembered_messages_is_bounded() -> None:
    each = side()
    for number in range(5):
        each.respond(handle(each.receive(send(Message_ID=f"m{number}"), 0.0)), 200, "")
    assert list(each.seen) == ["m3", "m4"]


def test_a_whole_burst_that_is_repeated_after_a_loss_is_taken_once() -> None:
    # limits.occupant_burst lets 100 messages through at once; their answers may all be lost with the connection
    before = Receiving(US, SessionLimits())
    burst = [send(Message_ID=f"m{number}") for number in range(120)]
    for request in burst:
        before.respond(handle(before.receive(request, 0.0)), 200, "")
    after = Receiving(US, SessionLimits(), before.seen)
    assert [statuses(after.receive(request, 1.0)) for request in burst] == [[200]] * 120


def test_too_many_undecided_requests_are_answered_408() -> None:
    each = side()
    each.receive(send(Message_ID="1"), 0.0)
    each.receive(send(Message_ID="2"), 0.0)
    assert statuses(each.receive(send(Message_ID="3"), 0.0)) == [408]
    assert statuses(each.receive(other("NICKNAME", ("Use-Nickname", '"A"')), 0.0)) == [408]


def test_undecided_request_is_answered_408_in_time() -> None:
    each = side()
    assert each.deadline() is None
    each.receive(send(), 0.0)
    each.receive(other("NICKNAME", ("Use-Nickname", '"A"')), 5.0)
    assert each.deadline() == 25.0
    assert statuses(each.tick(25.0)) == [408]
    assert statuses(each.tick(30.0)) == [408]


def test_unfinished_message_has_a_deadline_too() -> None:
    each = side()
    each.receive(send(b"he", Flag.MORE), 0.0)
    assert each.deadline() == 540.0
    assert each.tick(540.0) == []
    assert each.deadline() is None


def test_nickname_waits_for_the_decision() -> None:
    each = side()
    told = event(each.receive(other("NICKNAME", ("Use-Nickname", '"Al"')), 0.0))
    assert told == NicknameRequested(1, "Al")
    assert statuses(each.respond(1, 425, "")) == [425]


@pytest.mark.parametrize("headers", [(), (("Use-Nickname", '"a'),), (("Use-Nickname", '"\udcff"'),)])
def test_malformed_nickname_is_424(headers: tuple[tuple[str, str], ...]) -> None:
    assert statuses(side().receive(other("NICKNAME", *headers), 0.0)) == [424]


def test_unknown_method_is_501() -> None:
    assert statuses(side().receive(other("AUTH"), 0.0)) == [501]


def test_large_or_chunked_body_is_for_send_only() -> None:
    assert statuses(side().receive(other("AUTH", body=b"x" * 10241), 0.0)) == [400]
    chunked = MsrpRequest("tttt", "NICKNAME", US, THEM, (("Use-Nickname", '"A"'),), None, Flag.MORE)
    assert statuses(side().receive(chunked, 0.0)) == [400]


def test_report_is_told_and_never_answered() -> None:
    headers = (("Message-ID", "7"), ("Status", "000 403 No"), ("Byte-Range", "1-2/2"))
    assert event(side().receive(other("REPORT", *headers), 0.0)) == Report("7", 403, "No", ByteRange(1, 2, 2))
    assert event(side().receive(other("REPORT", headers[1]), 0.0)) == Report("", 403, "No")
    assert side().receive(other("REPORT"), 0.0) == []


def test_failure_report_no_is_never_answered() -> None:
    each = side()
    assert each.respond(handle(each.receive(send(Failure_Report="no"), 0.0)), 415, "") == []
