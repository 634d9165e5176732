"""The focus elsewhere under the contract: RemoteFocus → SIP and MSRP over loopback → SIP face → LocalFocus.

The server's requests leave through an outbound proxy that is the server itself: the shortest loop there is.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import structlog

from contract.focus_contract import FocusWorld
from contract.loop_contract import LoopContract
from crossroom.config.schema import Configuration, Domain, Kind, Msrp, Sip
from crossroom.focus.interface import Focus
from crossroom.room.address import Address
from crossroom.server import Crossroom
from peers.process import free_port

ROOM = Address("tea", "conference.example")


@dataclass
class Loop:
    server: Crossroom
    focus: Focus
    room: Address = ROOM

    def tables(self) -> dict[str, int]:
        return self.server.focus.tables() | self.server.conference.tables()


@pytest.fixture(params=["udp", "tcp"])
async def focus_world(request: pytest.FixtureRequest) -> AsyncIterator[FocusWorld]:
    port = free_port()
    configuration = Configuration(
        domains=[Domain(ROOM.domain, Kind.LOOPED)],
        sip=Sip(
            listen=[f"udp://127.0.0.1:{port}", f"tcp://127.0.0.1:{port}"],
            outbound_proxy=f"sip:127.0.0.1:{port};transport={request.param};lr",
        ),
        msrp=Msrp(listen=["tcp://127.0.0.1:0"]),
    )
    server = Crossroom(configuration, structlog.stdlib.get_logger())
    await server.start()
    try:
        yield Loop(server, server.doors.muc.focus_for(ROOM))
    finally:
        await server.stop()
        left = {name: count for name, count in server.tables().items() if count}
        assert not left


class TestRemoteFocus(LoopContract):
    """The whole contract, but for what no SIP message can carry."""
