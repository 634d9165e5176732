"""Rates and bursts of many sources, by a clock in the test's hand."""

import pytest

from crossroom.sip.throttle import Throttle, source_of


def test_a_burst_goes_through_and_then_one_in_each_interval() -> None:
    throttle = Throttle(rate=2.0, burst=3)
    assert [throttle.take("a", 10.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert throttle.take("a", 10.0) == pytest.approx(0.5)
    assert throttle.take("a", 10.25) == pytest.approx(0.25)
    assert throttle.take("a", 10.5) == 0.0
    assert throttle.take("a", 10.5) == pytest.approx(0.5)


def test_a_quiet_source_gets_its_burst_again_and_no_more() -> None:
    throttle = Throttle(rate=1.0, burst=2)
    assert [throttle.take("a", 0.0) for _ in range(2)] == [0.0, 0.0]
    assert [throttle.take("a", 1000.0) > 0 for _ in range(3)] == [False, False, True]


def test_sources_do_not_disturb_each_other() -> None:
    throttle = Throttle(rate=1.0, burst=1)
    assert throttle.take("a", 0.0) == 0.0
    assert throttle.take("b", 0.0) == 0.0
    assert throttle.take("a", 0.0) == pytest.approx(1.0)


def test_looking_costs_nothing() -> None:
    throttle = Throttle(rate=1.0, burst=1)
    assert [throttle.wait("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert len(throttle) == 0


def test_the_source_unused_for_longest_is_forgotten_first() -> None:
    throttle = Throttle(rate=0.001, burst=2, capacity=2)
    for source in ("a", "b", "a", "c"):
        assert throttle.take(source, 0.0) == 0.0
    assert len(throttle) == 2
    assert throttle.wait("a", 0.0) > 0
    assert [throttle.take("b", 0.0) for _ in range(2)] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix", "unix"),
    ],
)
def test_one_site_counts_as_one_source(host: str, source: str) -> None:
    assert source_of(host) == source
