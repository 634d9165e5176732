import pytest

from crossroom.bodies.conference_info import DisconnectionMethod
from crossroom.conference.departures import (
    Cause,
    cause_of,
    departure_of_disconnection,
    departure_of_leaving,
    departure_of_removal,
    disconnection_method,
    text_of,
)
from crossroom.room.reasons import Departure


@pytest.mark.parametrize("departure", list(Departure))
def test_every_departure_has_a_cause_that_brings_it_back(departure: Departure) -> None:
    for by, text in ((None, ""), ("Bob", ""), (None, "why: so"), ("Bob", "why")):
        cause = cause_of(departure, by, text)
        assert Cause.find(str(cause)) == cause
        assert departure_of_removal(cause) is departure
        assert text_of(cause) == text


@pytest.mark.parametrize("departure", list(Departure))
def test_every_departure_is_told_in_a_roster(departure: Departure) -> None:
    method = disconnection_method(departure)
    assert departure_of_disconnection(method, str(cause_of(departure))) is departure


@pytest.mark.parametrize(
    ("departure", "code"),
    [
        (Departure.KICKED, 403),
        (Departure.BANNED, 403),
        (Departure.MEMBERSHIP_LOST, 403),
        (Departure.MEMBERS_ONLY, 403),
        (Departure.ROOM_DESTROYED, 410),
        (Departure.SHUTDOWN, 503),
        (Departure.LINK_LOST, 408),
        (Departure.LEFT, 200),
    ],
)
def test_the_codes_are_those_of_the_mapping(departure: Departure, code: int) -> None:
    assert cause_of(departure).code == code


def test_a_kick_is_told_in_words() -> None:
    assert str(cause_of(Departure.KICKED, "Bob", 'no "spam"')) == (
        'SIP;cause=403;text="Kicked by Bob: no \\"spam\\""'
    )


@pytest.mark.parametrize(
    ("cause", "departure"),
    [
        (None, Departure.LINK_LOST),
        (Cause(403, "Go away"), Departure.KICKED),
        (Cause(410), Departure.ROOM_DESTROYED),
        (Cause(503), Departure.SHUTDOWN),
        (Cause(480), Departure.LINK_LOST),
        (Cause(487), Departure.LINK_LOST),
        (Cause(200), Departure.LINK_LOST),
    ],
)
def test_nobody_is_called_kicked_by_a_foreign_focus_that_did_not_say_so(
    cause: Cause | None, departure: Departure
) -> None:
    assert departure_of_removal(cause) is departure


@pytest.mark.parametrize(
    ("cause", "departure"),
    [
        (None, Departure.LEFT),
        (Cause(200, "bye"), Departure.LEFT),
        (Cause(408), Departure.LINK_LOST),
        (Cause(503), Departure.LINK_LOST),
    ],
)
def test_a_participant_that_ends_its_session_has_left_unless_something_broke(
    cause: Cause | None, departure: Departure
) -> None:
    assert departure_of_leaving(cause) is departure


def test_foreign_text_is_kept_whole() -> None:
    assert text_of(Cause(403, "Go: away")) == "Go: away"
    assert text_of(Cause(403, "Kicked out")) == "out"
    assert text_of(None) == ""


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("SIP;cause=200", Cause(200)),
        (' sip ; text="Call completed elsewhere" ; cause = 200', Cause(200, "Call completed elsewhere")),
        ("Q.850;cause=16", None),
        ("Q.850;cause=16, SIP;cause=200", Cause(200)),
        ("SIP;text=x", None),
        ("SIP;cause=20x", None),
        ("SIP;cause=2000", None),
        ('SIP;cause="', None),
        ("", None),
    ],
)
def test_only_a_cause_of_sip_is_found(value: str, cause: Cause | None) -> None:
    assert Cause.find(value) == cause


def test_a_line_break_never_reaches_a_header() -> None:
    assert str(Cause(403, "a\r\nVia: x")) == 'SIP;cause=403;text="a  Via: x"'


@pytest.mark.parametrize(
    ("method", "departure"),
    [
        (DisconnectionMethod.DEPARTED, Departure.LEFT),
        (DisconnectionMethod.BOOTED, Departure.KICKED),
        (DisconnectionMethod.FAILED, Departure.LINK_LOST),
        (DisconnectionMethod.BUSY, Departure.LEFT),
        ("vanished", Departure.LEFT),
        (None, Departure.LEFT),
    ],
)
def test_a_foreign_roster_says_how_somebody_went(method: str | None, departure: Departure) -> None:
    assert departure_of_disconnection(method) is departure
    assert departure_of_disconnection(method, "SIP;cause=499") is departure
