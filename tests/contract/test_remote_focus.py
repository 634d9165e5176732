"""The focus elsewhere under the contract: RemoteFocus → SIP and MSRP over loopback → SIP face → LocalFocus.

The server's requests leave through an outbound proxy that is the server itself: the shortest loop there is.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import structlog

from contract.focus_contract import FocusWorld, Recorder, person
from contract.loop_contract import LoopContract
from crossroom.config.schema import Configuration, Domain, Kind, Msrp, Sip
from crossroom.focus.interface import Focus
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import SetRole
from crossroom.room.standing import Role
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

    async def test_who_is_made_moderator_goes_on_seeing_the_roster(self, focus_world: Loop) -> None:
        """The other view of the room is another subscription (docs/mapping.md §3.17)."""
        local = focus_world.server.focus
        ana = await local.join(ROOM, person("Ana"), Recorder("Ana"))
        _, seen = await self.seat(focus_world, "Bob")
        await ana.moderate(SetRole(ana.endpoint, Nickname("Bob"), Role.MODERATOR))
        await local.join(ROOM, person("Cy"), Recorder("Cy"))
        await seen.until(lambda one: "Cy" in one.nicknames)
