"""The contract of a focus through a real proxy: RemoteFocus → Kamailio → SIP face → LocalFocus, as in a looped domain."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from contract.focus_contract import FocusContract, FocusWorld, Recorder, person
from crossroom.focus.interface import Features, Focus
from crossroom.room.address import Address
from crossroom.room.events import Joined
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


class TestLoopedFocus(FocusContract):
    lacks = Features.MODERATION | Features.CONFIGURATION | Features.SUBJECT | Features.PRESENCE

    async def test_first_joiner_is_told_that_the_room_was_created(self, focus_world: FocusWorld) -> None:
        """No answer to an INVITE says whether it made the room: a looped domain has no XEP-0045 status 201."""
        _, ana = await self.seat(focus_world, "Ana")
        assert not any(line.created for line in ana.of(Joined))

    async def test_join_into_a_room_that_nobody_may_create_is_refused(self, focus_world: FocusWorld) -> None:
        """Who may create is decided by whoever owns the rooms: an INVITE cannot ask to find a room and not make one."""
        joiner = replace(person("Ana"), may_create=False)
        await focus_world.focus.join(focus_world.room, joiner, Recorder())
        assert focus_world.tables()["rooms"] == 1
