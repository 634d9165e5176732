"""Real programs and scripted participants, ready to be used as fixtures."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from interop.hosted_evening import Evening, evening
from interop.looped_world import Looped, looped
from peers.prosody import Prosody, prosody

Tell = Callable[[object], None]
FIGURE = "figure"


@pytest.fixture
async def xmpp_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prosody]:
    """A Prosody with the users bob and dora, and a component port for conference.example."""
    async with prosody(tmp_path_factory.mktemp("prosody")) as server:
        yield server


@pytest.fixture
async def hosted(tmp_path: Path, xmpp_server: Prosody) -> AsyncIterator[Evening]:
    """A server with a hosted domain behind Prosody; it must be empty again after the test."""
    async with evening(tmp_path, xmpp_server) as made:
        yield made


@pytest.fixture
def scenarios() -> Path:
    """The folder of the SIPp scenarios."""
    return Path(__file__).parent / "sipp"


@pytest.fixture(params=["udp", "tcp"])
async def looped_world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Looped]:
    """A looped deployment, all SIP by UDP, and again all by TCP."""
    async with looped(tmp_path, request.param) as world:
        yield world


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Tell:
    """Tell a figure to whoever reads the log of the run: shown at its end, also when everything passed."""
    return lambda figure: record_property(FIGURE, str(figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures that the tests told."""
    told = {
        report.nodeid: [value for name, value in report.user_properties if name == FIGURE]
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if isinstance(report, pytest.TestReport) and report.when == "call"
    }
    lines = [f"{node}\n    {value}" for node, values in told.items() for value in values]
    if lines:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(lines))
