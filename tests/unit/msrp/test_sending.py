"""msrp/sending.py: what answers and silence mean."""

import pytest

from crossroom.machine import Deliver, Ended, LocalProtocolError, ParseError
from crossroom.msrp.chunk import FailureReport, MsrpRequest, MsrpResponse
from crossroom.msrp.message import Message, SharedBody, Transfer
from crossroom.msrp.sending import Sending
from crossroom.msrp.session_events import Bound, EndReason, NicknameAnswered, Outcome, Report, Result
from crossroom.msrp.stream import StreamReader
from crossroom.msrp.uri import MsrpUri

US = "msrp://a:1/x;tcp"
LONG = Message("m1", "text/plain", b"x" * 5000)


def sending() -> Sending:
    each = Sending(US, "abcdefghijklmnop", 30.0)
    each.set_remote((MsrpUri.parse("msrp://b:2/y;tcp"),))
    return each


def request(octets: bytes) -> MsrpRequest:
    (item,) = StreamReader().receive_data(octets)
    assert isinstance(item, MsrpRequest)
    return item


def answer_to(octets: bytes, status: int, comment: str = "") -> MsrpResponse:
    return MsrpResponse(request(octets).transaction_id, status, US, "b", comment)


def transfer_of(side: Sending, message: Message) -> Transfer:
    transfer = side.begin(message)
    assert isinstance(transfer, Transfer)
    return transfer


def test_nothing_is_sent_before_the_remote_path_is_known() -> None:
    side = Sending(US, "abcdefghijklmnop", 30.0)
    with pytest.raises(LocalProtocolError):
        side.bind(0.0)
    with pytest.raises(LocalProtocolError):
        side.send_shared(SharedBody("x/y", b""), 0.0)
    with pytest.raises(LocalProtocolError):
        side.send_chunk(Transfer(LONG), 10, 0.0)


def test_shared_copy_carries_paths_and_an_id_of_its_own() -> None:
    side = sending()
    shared = SharedBody("message/cpim", b"-------hello")
    one, other = (request(side.send_shared(shared, 0.0)) for _ in range(2))
    assert (one.to_path, one.from_path, one.body) == ("msrp://b:2/y;tcp", US, b"-------hello")
    assert one.message_id != other.message_id
    assert one.transaction_id != other.transaction_id


@pytest.mark.parametrize("status", [400, 413, 429, 499, 500, 599])
def test_shared_copy_that_is_accepted_is_silent_and_one_that_fails_is_told(status: int) -> None:
    side = sending()
    shared = SharedBody("message/cpim", b"hello")
    good, bad = (side.send_shared(shared, 0.0) for _ in range(2))
    assert side.answered(answer_to(good, 200)) == []
    (output,) = side.answered(answer_to(bad, status, "Stop"))
    assert output == Deliver(Result(request(bad).message_id, Outcome.REFUSED, status, "Stop"))


@pytest.mark.parametrize(
    ("wanted", "told"), [(FailureReport.YES, [408]), (FailureReport.PARTIAL, []), (FailureReport.NO, [])]
)
def test_silence_about_a_shared_copy_is_failure_only_with_yes(wanted: FailureReport, told: list[int]) -> None:
    side = sending()
    side.send_shared(SharedBody("message/cpim", b"hello", wanted), 0.0)
    assert side.tick(0.0) == []
    assert [
        o.event.status for o in side.tick(30.0) if isinstance(o, Deliver) and isinstance(o.event, Result)
    ] == told


def test_long_copy_is_sent_in_chunks() -> None:
    side = sending()
    transfer = side.begin_shared(SharedBody("message/cpim", b"x" * 5000))
    first, last = (side.send_chunk(transfer, 4000, 0.0) for _ in range(2))
    assert request(first).message_id == request(last).message_id
    assert side.answered(answer_to(first, 200)) == []
    assert [type(output) for output in side.answered(answer_to(last, 200))] == [Deliver]


def test_first_failure_is_told_once_and_the_rest_is_aborted() -> None:
    side = sending()
    transfer = transfer_of(side, LONG)
    first, second = (side.send_chunk(transfer, 2048, 0.0) for _ in range(2))
    assert side.answered(answer_to(first, 413)) == [Deliver(Result("m1", Outcome.REFUSED, 413))]
    assert side.answered(answer_to(second, 413)) == []
    assert side.send_chunk(transfer, 2048, 0.0).endswith(b"#\r\n")
    assert transfer.is_done
    assert side.outbox.deadline() is None


def test_answers_after_a_failure_do_not_make_it_a_success() -> None:
    side = sending()
    transfer = transfer_of(side, Message("m1", "text/plain", b"x" * 3000))
    first, last = (side.send_chunk(transfer, 2048, 0.0) for _ in range(2))
    assert len(side.answered(answer_to(first, 403))) == 1
    assert side.answered(answer_to(last, 200)) == []


def test_type_that_was_refused_is_not_sent_again() -> None:
    side = sending()
    octets = side.send_chunk(transfer_of(side, Message("m1", "Text/HTML", b"x")), 2048, 0.0)
    side.answered(answer_to(octets, 415))
    assert side.begin(Message("m2", "text/html", b"x")) == Result("m2", Outcome.REFUSED, 415)


@pytest.mark.parametrize("container", ["message/cpim", "Multipart/Mixed"])
def test_a_container_that_was_refused_may_hold_something_else_next_time(container: str) -> None:
    side = sending()
    octets = side.send_chunk(transfer_of(side, refused := Message("m1", container, b"a picture")), 2048, 0.0)
    (told,) = side.answered(answer_to(octets, 415))
    assert told == Deliver(Result("m1", Outcome.REFUSED, 415, refused=refused))
    assert isinstance(side.begin(Message("m2", container, b"a text")), Transfer)


def test_a_copy_that_was_refused_for_its_type_is_told_with_what_it_was() -> None:
    side = sending()
    octets = side.send_shared(SharedBody("message/cpim", b"a picture"), 0.0)
    (told,) = side.answered(answer_to(octets, 415))
    refused = Message(request(octets).message_id, "message/cpim", b"a picture")
    assert told == Deliver(Result(refused.id, Outcome.REFUSED, 415, refused=refused))


def test_a_408_is_what_silence_would_have_been() -> None:
    side = sending()
    message = Message("m1", "x/y", b"x")
    octets = side.send_chunk(transfer_of(side, message), 2048, 0.0)
    copy = side.send_shared(SharedBody("message/cpim", b"hello"), 0.0)
    assert side.answered(answer_to(octets, 408)) == [Deliver(Result("m1", Outcome.TIMED_OUT, 408))]
    assert [type(output) for output in side.answered(answer_to(copy, 408))] == [Deliver]
    assert [each.body for each in side.unanswered()] == [b"x", b"hello"]  # sent again after a repair
    assert side.answered(answer_to(side.keepalive(0.0), 408)) == [Ended(EndReason.UNRESPONSIVE)]
    assert side.answered(answer_to(side.set_nickname("A", 0.0), 408)) == [Deliver(NicknameAnswered(408))]


def test_a_408_counts_where_only_failures_were_to_be_told() -> None:
    side = sending()
    copy = side.send_shared(SharedBody("message/cpim", b"hello", FailureReport.PARTIAL), 0.0)
    (told,) = side.answered(answer_to(copy, 408))
    assert told == Deliver(Result(request(copy).message_id, Outcome.TIMED_OUT, 408))


def test_a_report_of_408_is_a_timeout_and_not_a_refusal() -> None:
    side = sending()
    side.send_chunk(transfer_of(side, LONG), 2048, 0.0)
    assert side.heed(Report("m1", 408, "Timeout")) == [
        Deliver(Result("m1", Outcome.TIMED_OUT, 408, "Timeout"))
    ]
    assert [each.id for each in side.unanswered()] == ["m1"]


@pytest.mark.parametrize(
    ("status", "reason"), [(481, EndReason.NO_SUCH_SESSION), (506, EndReason.BOUND_ELSEWHERE)]
)
def test_session_ends_when_the_peer_does_not_know_it(status: int, reason: EndReason) -> None:
    side = sending()
    octets = side.send_shared(SharedBody("x/y", b""), 0.0)
    assert side.answered(answer_to(octets, status))[-1] == Ended(reason)


def test_response_to_nobody_is_ignored() -> None:
    assert sending().answered(MsrpResponse("nope", 481, US, "b")) == []


def test_partial_report_makes_silence_a_success() -> None:
    side = sending()
    transfer = transfer_of(side, Message("m1", "x/y", b"x", failure_report=FailureReport.PARTIAL))
    side.send_chunk(transfer, 2048, 0.0)
    assert side.tick(30.0) == [Deliver(Result("m1", Outcome.ACCEPTED, 200))]


def test_message_without_reports_leaves_nothing_behind() -> None:
    side = sending()
    transfer = transfer_of(side, Message("m1", "x/y", b"x" * 3000, failure_report=FailureReport.NO))
    while not transfer.is_done:
        side.send_chunk(transfer, 2048, 0.0)
    assert side.outbox.deadline() is None
    assert side.lost() == []


def test_binding_is_told_when_it_is_answered() -> None:
    side = sending()
    octets = side.bind(0.0)
    assert request(octets).body is None
    assert side.answered(answer_to(octets, 200)) == [Deliver(Bound())]
    assert side.answered(answer_to(side.keepalive(0.0), 200)) == []
    assert side.answered(answer_to(side.keepalive(0.0), 403)) == []


def test_refused_binding_ends_the_session() -> None:
    side = sending()
    assert side.answered(answer_to(side.bind(0.0), 403)) == [Ended(EndReason.REFUSED)]


def test_unanswered_binding_or_keepalive_ends_the_session() -> None:
    side = sending()
    side.keepalive(0.0)
    assert side.tick(29.0) == []
    assert side.tick(30.0) == [Ended(EndReason.UNRESPONSIVE)]


@pytest.mark.parametrize("status", [200, 425])
def test_nickname_is_quoted_and_its_answer_told(status: int) -> None:
    side = sending()
    octets = side.set_nickname('Al "X"', 0.0)
    assert request(octets).headers == (("Use-Nickname", '"Al \\"X\\""'),)
    assert side.answered(answer_to(octets, status)) == [Deliver(NicknameAnswered(status))]


def test_nickname_without_answer_is_408_and_on_loss_481() -> None:
    side = sending()
    side.set_nickname("A", 0.0)
    assert side.tick(30.0) == [Deliver(NicknameAnswered(408))]
    side.set_nickname("A", 0.0)
    assert side.lost() == [Deliver(NicknameAnswered(481))]
    with pytest.raises(ParseError):
        side.set_nickname("a\nb", 0.0)


def test_loss_fails_everything_that_waits_once() -> None:
    side = sending()
    begun, queued = transfer_of(side, LONG), transfer_of(side, Message("m2", "x/y", b""))
    side.send_chunk(begun, 2048, 0.0)
    side.send_chunk(begun, 2048, 0.0)
    side.bind(0.0)
    outputs = side.lost()
    assert outputs == [Deliver(Result(id_, Outcome.LOST, 481)) for id_ in ("m1", "m2")]
    assert queued.failed
    assert side.lost() == []


def test_report_of_failure_counts_only_while_the_message_is_on_its_way() -> None:
    side = sending()
    transfer = transfer_of(side, LONG)
    assert side.heed(Report("m1", 200)) == []
    assert side.heed(Report("other", 413)) == []
    assert side.heed(Report("m1", 413, "Stop")) == [Deliver(Result("m1", Outcome.REFUSED, 413, "Stop"))]
    assert transfer.failed


def test_message_whose_chunks_so_far_were_all_answered_is_still_unanswered() -> None:
    side = sending()
    transfer = transfer_of(side, LONG)
    first = side.send_chunk(transfer, 2048, 0.0)
    assert side.answered(answer_to(first, 200)) == []
    assert side.unanswered() == (LONG,)
    rest = [side.send_chunk(transfer, 2048, 0.0) for _ in range(2)]
    assert [type(output) for octets in rest for output in side.answered(answer_to(octets, 200))] == [Deliver]
    assert side.unanswered() == ()


def test_unanswered_messages_are_told_in_the_order_in_which_they_were_begun() -> None:
    side = sending()
    waiting = transfer_of(side, Message("m0", "x/y", b"not begun"))
    long = transfer_of(side, LONG)
    side.send_chunk(long, 2048, 0.0)
    copy = request(side.send_shared(SharedBody("x/y", b"copy"), 0.0)).message_id
    side.send_chunk(transfer_of(side, Message("m2", "x/y", b"two")), 2048, 0.0)
    side.send_chunk(long, 2048, 0.0)
    assert [message.id for message in side.unanswered()] == ["m1", copy, "m2"]
    assert not waiting.has_begun


def test_message_that_was_refused_is_not_unanswered() -> None:
    side = sending()
    transfer = transfer_of(side, LONG)
    first, _ = (side.send_chunk(transfer, 2048, 0.0) for _ in range(2))
    side.answered(answer_to(first, 413))
    assert side.unanswered() == ()


def test_message_that_met_no_session_any_more_stays_unanswered() -> None:
    # RFC 4975 §5.4: the peer may have moved to a new session already, and its offer is on the way
    side = sending()
    octets = side.send_shared(SharedBody("x/y", b"copy"), 0.0)
    assert side.answered(answer_to(octets, 481))[-1] == Ended(EndReason.NO_SUCH_SESSION)
    assert [message.body for message in side.unanswered()] == [b"copy"]


def test_messages_that_timed_out_are_told_as_failed_and_stay_unanswered() -> None:
    side = sending()
    copy = request(side.send_shared(SharedBody("x/y", b"copy"), 0.0)).message_id
    side.send_chunk(transfer_of(side, Message("m2", "x/y", b"two")), 2048, 1.0)
    assert side.tick(1.0) == []
    assert len(side.tick(31.0)) == 2
    assert [message.id for message in side.unanswered()] == [copy, "m2"]
    assert {message.body for _, message in side.late} == {b"copy", b"two"}
