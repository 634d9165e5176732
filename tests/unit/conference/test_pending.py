"""What a focus that dials one of our users is told when nobody takes the seat."""

import pytest

from crossroom.conference.pending import status_of
from crossroom.focus.interface import Answer, Outcome
from crossroom.room.reasons import Reason


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(Answer.ACCEPTED), 480),  # another device, another call
        (Outcome(Answer.DECLINED, Reason.DECLINED), 603),
        (Outcome(Answer.FAILED, Reason.TIMED_OUT), 480),
        (Outcome(Answer.FAILED, Reason.BUSY), 480),
        (Outcome(Answer.FAILED, Reason.NOT_FOUND), 404),
        (Outcome(Answer.WITHDRAWN), 487),
    ],
)
def test_a_seat_that_nobody_took_is_answered_by_why(outcome: Outcome, code: int) -> None:
    assert status_of(outcome).code == code
