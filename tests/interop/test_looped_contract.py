"""The contract of a focus through a real proxy: RemoteFocus → Kamailio → SIP face → LocalFocus, as in a looped domain."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.focus_contract import FocusWorld
from contract.loop_contract import LoopContract
from crossroom.focus.interface import Focus
from crossroom.room.address import Address
from crossroom.server import Crossroom
from interop.crossroom_server import crossroom_server
from peers.crossroom import Domain, Ports
from peers.kamailio import kamailio

pytestmark = pytest.mark.interop

ROOM = Address("tea", "conference.example")


@dataclass
class ThroughKamailio:
    """What the contract is given: the focus that a MUC face would be given, and every table of the server."""

    server: Crossroom
    focus: Focus
    room: Address = ROOM

    def tables(self) -> dict[str, int]:
        return self.server.focus.tables() | self.server.conference.tables()


@pytest.fixture(params=["udp", "tcp"])
async def focus_world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FocusWorld]:
    ports = Ports.free()
    async with (
        kamailio(tmp_path, crossroom_port=ports.sip, crossroom_transport=request.param) as proxy,
        crossroom_server(
            tmp_path,
            domains=[Domain(ROOM.domain, "looped")],
            outbound_proxy=f"{proxy.route};transport={request.param}",
            ports=ports,
        ) as running,
    ):
        server = running.server
        yield ThroughKamailio(server, server.doors.muc.focus_for(ROOM))
        if server.focus.tables()["rooms"]:
            await server.focus.end(ROOM, "the test is over")


class TestLoopedFocus(LoopContract):
    """The whole contract, but for what no SIP message can carry."""
