"""What the audience is told, and what the exit status is."""

import io

from crossroom.demo.sights import fault
from crossroom.demo.stage import Screen, Stage


def a_stage(patience: float = 5.0) -> tuple[Stage, io.StringIO]:
    printed = io.StringIO()
    stage = Stage(Screen(file=printed, width=80, highlight=False), patience)
    stage.enter("Ana", "SIP")
    stage.enter("Bob", "XMPP")
    return stage, printed


async def test_everything_seen_is_a_success() -> None:
    stage, printed = a_stage()
    stage.step("They talk")
    stage.saw("Ana", "Bob joined")
    stage.saw("Bob", "Ana: hello")
    stage.saw("Bob", "Ana is typing")
    await stage.expect("Bob", "Ana is typing", "Ana: hello")
    await stage.expect("Ana", "Bob joined")
    stage.check("nothing is left", holds=True)
    assert stage.verdict() == 0
    assert "They talk" in printed.getvalue()
    assert "    Bob XMPP  Ana: hello\n" in printed.getvalue()
    assert "All 4 expected arrivals were seen." in printed.getvalue()


async def test_what_is_missing_is_named_and_fails() -> None:
    stage, printed = a_stage(patience=0)
    stage.saw("Ana", "Bob: hello")
    await stage.expect("Ana, Bob", "Bob: hello")
    assert stage.missing == ["Bob did not see: Bob: hello"]
    assert stage.verdict() == 1
    assert printed.getvalue().count("Bob did not see: Bob: hello") == 2  # at once, and in the verdict


async def test_one_sight_satisfies_one_expectation_only() -> None:
    stage, _ = a_stage(patience=0)
    stage.saw("Ana", "Bob joined")
    await stage.expect("Ana", "Bob joined")
    await stage.expect("Ana", "Bob joined")
    assert stage.missing == ["Ana did not see: Bob joined"]


async def test_a_check_that_does_not_hold_fails() -> None:
    stage, _ = a_stage()
    stage.check("left behind: 1 msrp.sessions", holds=False)
    assert stage.missing == ["left behind: 1 msrp.sessions"]
    assert stage.verdict() == 1


async def test_an_error_that_somebody_saw_fails_although_all_arrived() -> None:
    stage, printed = a_stage()
    stage.saw("Ana", fault("403 Forbidden"))
    assert stage.verdict() == 1
    assert "Ana saw error: 403 Forbidden" in printed.getvalue()


async def test_without_a_terminal_there_is_no_colour() -> None:
    stage, printed = a_stage()
    stage.saw("Ana", "Bob joined")
    stage.fail("something")
    assert "\x1b" not in printed.getvalue()


class Gone(io.StringIO):
    """A pipe whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(len(text))


async def test_a_reader_that_is_gone_ends_nothing() -> None:
    stage = Stage(Screen(file=Gone(), width=80), 5.0)
    stage.enter("Ana", "SIP")
    stage.saw("Ana", "Bob joined")
    await stage.expect("Ana", "Bob joined")
    assert stage.verdict() == 0
