"""Real programs and scripted participants, ready to be used as fixtures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interop.hosted_evening import Evening, evening
from interop.looped_world import Looped, looped
from peers.prosody import Prosody, prosody


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
