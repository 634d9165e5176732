import pytest

from crossroom.conference.reasons import (
    Context,
    SipStatus,
    msrp_status,
    outcome_of_sip,
    reason_of_msrp,
    reason_of_nickname,
    reason_of_sip,
    sip_status,
    sip_status_of_outcome,
)
from crossroom.focus.interface import Answer, Outcome
from crossroom.room.reasons import Reason
from crossroom.sip.client_request import NO_SERVER

# docs/mapping.md §4.3: every status that MSRP has for an error
MSRP_ERRORS = (400, 403, 404, 408, 413, 415, 423, 424, 425, 428, 481, 501, 506)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_final_sip_status_that_brings_it_back(reason: Reason) -> None:
    status = sip_status(reason)
    assert 300 <= status.code <= 699
    assert status.code not in {401, 407}  # only with a challenge
    assert status.phrase.isprintable()
    for context in Context:
        assert reason_of_sip(status.code, status.phrase, context) is reason


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_an_msrp_status_that_brings_it_back(reason: Reason) -> None:
    status = msrp_status(reason)
    assert status.code in MSRP_ERRORS
    assert reason_of_msrp(status.code, status.comment) is reason
    assert reason_of_nickname(status.code, status.comment) is reason


def test_a_503_is_only_for_the_whole_server_and_says_when_to_come_back() -> None:
    unavailable = [reason for reason in Reason if sip_status(reason).code == 503]
    assert unavailable == [Reason.SHUTTING_DOWN]
    for reason in Reason:
        if sip_status(reason).code == 503 or reason in {Reason.ROOM_LOCKED, Reason.TOO_MANY_ROOMS}:
            assert sip_status(reason).retry_after


@pytest.mark.parametrize("context", list(Context))
@pytest.mark.parametrize("code", range(300, 700))
def test_every_failure_has_a_reason(code: int, context: Context) -> None:
    assert reason_of_sip(code, context=context) in Reason


def test_a_code_of_no_class_is_a_fault_of_the_other_side() -> None:
    assert reason_of_sip(799) is Reason.REMOTE_FAULT


@pytest.mark.parametrize(
    ("code", "join", "invite"),
    [
        (301, Reason.MOVED, Reason.MOVED),
        (400, Reason.MALFORMED, Reason.MALFORMED),
        (401, Reason.PASSWORD_REQUIRED, Reason.NOT_ALLOWED),
        (403, Reason.BANNED, Reason.NOT_ALLOWED),
        (404, Reason.NO_SUCH_ROOM, Reason.NOT_FOUND),
        (408, Reason.TIMED_OUT, Reason.TIMED_OUT),
        (410, Reason.GONE, Reason.GONE),
        (480, Reason.ROOM_FULL, Reason.BUSY),
        (482, Reason.UNSUPPORTED_CONTENT, Reason.UNSUPPORTED_CONTENT),
        (486, Reason.ROOM_FULL, Reason.BUSY),
        (487, Reason.BUSY, Reason.TIMED_OUT),
        (488, Reason.UNSUPPORTED_CONTENT, Reason.UNSUPPORTED_CONTENT),
        (499, Reason.MALFORMED, Reason.MALFORMED),
        (501, Reason.UNSUPPORTED, Reason.UNSUPPORTED),
        (502, Reason.UNREACHABLE, Reason.UNREACHABLE),
        (503, Reason.REMOTE_FAULT, Reason.REMOTE_FAULT),
        (504, Reason.TIMED_OUT, Reason.TIMED_OUT),
        (600, Reason.BUSY, Reason.DECLINED),
        (603, Reason.DECLINED, Reason.DECLINED),
        (604, Reason.NO_SUCH_ROOM, Reason.NOT_FOUND),
        (699, Reason.DECLINED, Reason.DECLINED),
    ],
)
def test_a_foreign_status_means_what_its_code_means(code: int, join: Reason, invite: Reason) -> None:
    assert reason_of_sip(code, "Anything", Context.JOIN) is join
    assert reason_of_sip(code, "Anything", Context.INVITE) is invite


def test_a_503_of_our_own_means_that_nobody_can_be_reached() -> None:
    assert outcome_of_sip(503, NO_SERVER).reason is Reason.UNREACHABLE
    assert reason_of_sip(503, NO_SERVER, Context.JOIN) is Reason.UNREACHABLE


@pytest.mark.parametrize("code", range(400, 600))
def test_every_msrp_status_has_a_reason(code: int) -> None:
    assert reason_of_msrp(code) in Reason


@pytest.mark.parametrize(
    ("code", "send", "nickname"),
    [
        (403, Reason.NOT_ALLOWED, Reason.NICKNAME_LOCKED),
        (404, Reason.NO_SUCH_PARTICIPANT, Reason.NO_SUCH_PARTICIPANT),
        (424, Reason.NICKNAME_INVALID, Reason.NICKNAME_INVALID),
        (425, Reason.NICKNAME_TAKEN, Reason.NICKNAME_TAKEN),
        (428, Reason.PRIVATE_MESSAGES_UNSUPPORTED, Reason.PRIVATE_MESSAGES_UNSUPPORTED),
        (481, Reason.NOT_IN_ROOM, Reason.NOT_IN_ROOM),
        (499, Reason.MALFORMED, Reason.MALFORMED),
        (501, Reason.UNSUPPORTED, Reason.NICKNAME_LOCKED),
        (599, Reason.REMOTE_FAULT, Reason.REMOTE_FAULT),
    ],
)
def test_a_foreign_msrp_status_means_what_its_code_means(code: int, send: Reason, nickname: Reason) -> None:
    assert reason_of_msrp(code) is send
    assert reason_of_nickname(code) is nickname


@pytest.mark.parametrize(
    ("code", "answer", "reason"),
    [
        (200, Answer.ACCEPTED, None),
        (202, Answer.ACCEPTED, None),
        (480, Answer.DECLINED, Reason.BUSY),
        (486, Answer.DECLINED, Reason.BUSY),
        (487, Answer.DECLINED, Reason.TIMED_OUT),
        (600, Answer.DECLINED, Reason.DECLINED),
        (603, Answer.DECLINED, Reason.DECLINED),
        (404, Answer.FAILED, Reason.NOT_FOUND),
        (408, Answer.FAILED, Reason.TIMED_OUT),
        (503, Answer.FAILED, Reason.REMOTE_FAULT),
    ],
)
def test_an_invitation_ends_by_a_persons_choice_or_fails(
    code: int, answer: Answer, reason: Reason | None
) -> None:
    outcome = outcome_of_sip(code, "Some Phrase")
    assert (outcome.answer, outcome.reason) == (answer, reason)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(Answer.ACCEPTED), 200),
        (Outcome(Answer.WITHDRAWN), 487),
        (Outcome(Answer.DECLINED), 603),
        (Outcome(Answer.DECLINED, Reason.BUSY), 486),
        (Outcome(Answer.FAILED), 404),
        (Outcome(Answer.FAILED, Reason.TIMED_OUT), 408),
    ],
)
def test_an_outcome_is_told_by_a_final_status(outcome: Outcome, code: int) -> None:
    status = sip_status_of_outcome(outcome)
    assert isinstance(status, SipStatus)
    assert status.code == code


def test_a_no_to_the_kind_of_call_is_still_a_no_for_who_asked_by_refer() -> None:
    said = Outcome(Answer.DECLINED, Reason.UNSUPPORTED_CONTENT, "they take no message/cpim")
    status = sip_status_of_outcome(said)
    assert (status.code, status.phrase) == (603, "Not Acceptable Here")
    assert outcome_of_sip(status.code, status.phrase).answer is Answer.DECLINED
