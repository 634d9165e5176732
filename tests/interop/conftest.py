"""Real programs and scripted participants, ready to be used as fixtures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from peers.prosody import Prosody, prosody


@pytest.fixture
async def xmpp_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prosody]:
    """A Prosody with the users bob and dora, and a component port for conference.example."""
    async with prosody(tmp_path_factory.mktemp("prosody")) as server:
        yield server


@pytest.fixture
def scenarios() -> Path:
    """The folder of the SIPp scenarios."""
    return Path(__file__).parent / "sipp"
