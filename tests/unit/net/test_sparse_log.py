"""Few lines of a kind, and the count of the rest."""

import structlog

from crossroom.net.sparse_log import LINES, SECONDS, SparseLog


class World:
    def __init__(self) -> None:
        self.now = 100.0
        self.capture = structlog.testing.LogCapture()
        log = structlog.wrap_logger(structlog.PrintLogger(), processors=[self.capture])
        self.log = SparseLog(log, lambda: self.now)


def test_a_flood_writes_a_few_lines_and_then_how_many_were_left_out() -> None:
    world = World()
    for number in range(1000):
        world.log.info("refused", reason="too-large", number=number)
    assert len(world.capture.entries) == LINES
    assert world.capture.entries[0] == {
        "event": "refused",
        "reason": "too-large",
        "number": 0,
        "log_level": "info",
    }
    world.now += SECONDS
    world.log.info("refused", reason="too-large", number=1000)
    assert world.capture.entries[-1]["more"] == 1000 - LINES
    world.now += SECONDS
    world.log.info("refused", reason="too-large", number=1001)
    assert "more" not in world.capture.entries[-1]


def test_a_flood_of_one_kind_hides_no_other() -> None:
    world = World()
    for _ in range(2 * LINES):
        world.log.warning("refused", reason="too-large")
    world.log.warning("refused", reason="room-full")
    world.log.info("connected")
    assert [line["event"] for line in world.capture.entries[LINES:]] == ["refused", "connected"]
    assert world.capture.entries[LINES]["reason"] == "room-full"
    assert world.capture.entries[LINES]["log_level"] == "warning"
    assert "reason" not in world.capture.entries[-1]


def test_what_is_rare_is_always_written() -> None:
    world = World()
    for _ in range(50):
        world.log.info("refused")
        world.now += SECONDS / LINES * 1.01
    assert len(world.capture.entries) == 50
    assert all("more" not in line for line in world.capture.entries)
