"""Who refreshes and how often. RFC 4028 §7-9, table 2."""

import pytest

from crossroom.machine import ParseError
from crossroom.sip.session_timer import (
    SessionTimer,
    agreed_timer,
    answer_timer,
    ask_timer,
    read_min_se,
    read_session_expires,
    too_brief,
)
from crossroom.sip.settings import AgentSettings
from sip_messages import response_to, simple

SETTINGS = AgentSettings()
KNOWS = "Supported: timer"


@pytest.mark.parametrize(
    ("lines", "header", "ours"),
    [
        ((), "1800;refresher=uas", True),
        ((KNOWS,), "1800;refresher=uac", False),
        ((KNOWS, "Session-Expires: 600"), "600;refresher=uac", False),
        ((KNOWS, "Session-Expires: 600;refresher=uas"), "600;refresher=uas", True),
        (("Session-Expires: 600;refresher=uac",), "600;refresher=uas", True),
        ((KNOWS, "Min-SE: 3600"), "3600;refresher=uac", False),
        (("Session-Expires: 10",), "90;refresher=uas", True),
        ((KNOWS, "Session-Expires: 4000000000"), "86400;refresher=uac", False),
    ],
)
def test_the_callee_decides(lines: tuple[str, ...], header: str, *, ours: bool) -> None:
    answer, timer = answer_timer(simple("INVITE", *lines), SETTINGS, 100.0)
    assert answer[0] == ("Session-Expires", header)
    assert (("Require", "timer") in answer) is not ours
    assert timer.ours is ours
    assert timer.since == 100.0


def test_a_brief_session_is_refused_only_to_who_knows_timers() -> None:
    assert too_brief(simple("INVITE", KNOWS, "Session-Expires: 89"), SETTINGS)
    assert not too_brief(simple("INVITE", "Session-Expires: 89"), SETTINGS)
    assert not too_brief(simple("INVITE", KNOWS, "Session-Expires: 90"), SETTINGS)
    assert not too_brief(simple("INVITE", KNOWS), SETTINGS)
    with pytest.raises(ParseError):
        too_brief(simple("INVITE", "Session-Expires: soon"), SETTINGS)


def test_the_caller_takes_what_the_answer_says() -> None:
    invite = simple("INVITE")
    assert agreed_timer(response_to(invite, 200, ("Supported", "Timer")), 600, 5.0) is None
    assert agreed_timer(response_to(invite, 200, ("Session-Expires", "soon")), 600, 5.0) is None
    ours = agreed_timer(response_to(invite, 200, ("Session-Expires", "600;refresher=uac")), 1800, 5.0)
    assert ours == SessionTimer(600, ours=True, since=5.0)
    theirs = agreed_timer(response_to(invite, 200, ("Session-Expires", "30;refresher=uas")), 1800, 5.0)
    assert theirs == SessionTimer(90, ours=False, since=5.0)


def test_a_timer_knows_when_to_refresh_and_when_to_give_up() -> None:
    assert SessionTimer(1800, ours=True, since=0.0).refresh_at() == 900
    assert SessionTimer(1800, ours=False, since=0.0).refresh_at() is None
    assert SessionTimer(1800, ours=False, since=0.0).expires_at() == 1768
    assert SessionTimer(90, ours=False, since=0.0).expires_at() == 60


def test_where_only_we_know_timers_we_refresh_and_nothing_expires() -> None:
    alone = agreed_timer(response_to(simple("INVITE"), 200), 600, 5.0)
    assert alone == SessionTimer(600, ours=True, since=5.0, alone=True)
    assert (alone.refresh_at(), alone.expires_at()) == (305.0, None)
    assert alone.later(305.0) == SessionTimer(600, ours=True, since=305.0, alone=True)


def test_a_refused_refresh_is_tried_again_before_the_same_end() -> None:
    timer = SessionTimer(1800, ours=True, since=0.0)
    assert timer.later(900.0) == SessionTimer(900, ours=True, since=900.0)
    assert timer.later(1799.9) == SessionTimer(1, ours=True, since=1799.9)


def test_the_least_interval_is_90_and_nonsense_counts_as_that() -> None:
    assert read_min_se(simple("INVITE")) == 90
    assert read_min_se(simple("INVITE", "Min-SE: 30")) == 90
    assert read_min_se(simple("INVITE", "Min-SE: x")) == 90
    assert read_min_se(simple("INVITE", "Min-SE: 300")) == 300
    assert read_session_expires(simple("INVITE")) is None


def test_we_leave_the_refresher_open_at_first() -> None:
    assert ask_timer(1800) == (("Session-Expires", "1800"),)
    assert ask_timer(1800, "uac") == (("Session-Expires", "1800;refresher=uac"),)
