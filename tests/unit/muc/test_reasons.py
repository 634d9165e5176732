import pytest

from crossroom.muc.reasons import (
    ERRORS,
    GONE_CONDITIONS,
    JOIN_ERRORS,
    REASONS,
    STATUS_CODES,
    error_for,
    join_error_for,
)
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.xmpp.errors import Condition, ErrorType, StanzaError
from crossroom.xmpp.jid import Jid

ROOM = Jid.parse("tea@conf.example")


def test_every_reason_has_an_error_and_one_for_a_join() -> None:
    assert set(ERRORS) == set(Reason)
    assert set(JOIN_ERRORS) == set(Reason)


def test_every_condition_has_a_reason() -> None:
    assert set(REASONS) == set(Condition)


def test_every_departure_has_its_status_codes() -> None:
    assert set(STATUS_CODES) == set(Departure)


@pytest.mark.parametrize(
    ("departure", "codes"),
    [
        (Departure.LEFT, ()),
        (Departure.KICKED, (307,)),
        (Departure.BANNED, (301,)),
        (Departure.MEMBERSHIP_LOST, (321,)),
        (Departure.MEMBERS_ONLY, (322,)),
        (Departure.SHUTDOWN, (332,)),
        (Departure.LINK_LOST, (333,)),
    ],
)
def test_a_departure_is_told_by_its_code(departure: Departure, codes: tuple[int, ...]) -> None:
    assert STATUS_CODES[departure] == codes


ENTRY_ERRORS = [  # docs/mapping.md §3.16
    (Reason.PASSWORD_REQUIRED, Condition.NOT_AUTHORIZED, ErrorType.AUTH),
    (Reason.NOT_A_MEMBER, Condition.REGISTRATION_REQUIRED, ErrorType.AUTH),
    (Reason.BANNED, Condition.FORBIDDEN, ErrorType.AUTH),
    (Reason.NICKNAME_TAKEN, Condition.CONFLICT, ErrorType.CANCEL),
    (Reason.ROOM_FULL, Condition.SERVICE_UNAVAILABLE, ErrorType.WAIT),
    (Reason.ROOM_LOCKED, Condition.ITEM_NOT_FOUND, ErrorType.CANCEL),
    (Reason.MAY_NOT_CREATE, Condition.NOT_ALLOWED, ErrorType.CANCEL),
    (Reason.TOO_MANY_ROOMS, Condition.RESOURCE_CONSTRAINT, ErrorType.WAIT),
    (Reason.RATE_EXCEEDED, Condition.RESOURCE_CONSTRAINT, ErrorType.WAIT),
    (Reason.UNREACHABLE, Condition.REMOTE_SERVER_NOT_FOUND, ErrorType.CANCEL),
    (Reason.TIMED_OUT, Condition.REMOTE_SERVER_TIMEOUT, ErrorType.WAIT),
    (Reason.NOT_A_CONFERENCE, Condition.SERVICE_UNAVAILABLE, ErrorType.CANCEL),
    (Reason.BUSY, Condition.SERVICE_UNAVAILABLE, ErrorType.WAIT),
]


@pytest.mark.parametrize(("reason", "condition", "kind"), ENTRY_ERRORS)
def test_a_refused_join_shows_the_right_dialogue(
    reason: Reason, condition: Condition, kind: ErrorType
) -> None:
    error = join_error_for(Refused(reason, "why"), ROOM)
    assert error == StanzaError(condition, kind, "why", str(ROOM))


def test_outside_a_join_a_busy_person_is_unavailable() -> None:
    assert error_for(Refused(Reason.BUSY), ROOM).condition is Condition.RECIPIENT_UNAVAILABLE


def test_the_conditions_that_mean_gone_are_those_of_the_xep() -> None:
    assert {str(one) for one in GONE_CONDITIONS} == {
        "gone",
        "item-not-found",
        "recipient-unavailable",
        "redirect",
        "remote-server-not-found",
        "remote-server-timeout",
    }
