"""The focus elsewhere under the contract: RemoteFocus → SIP and MSRP over loopback → SIP face → LocalFocus.

The server's requests leave through an outbound proxy that is the server itself: the shortest loop there is.
"""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import structlog

from contract.focus_contract import FocusContract, FocusWorld, Recorder, person
from crossroom.config.schema import Configuration, Domain, Kind, Msrp, Sip
from crossroom.focus.interface import Features, Focus
from crossroom.room.address import Address
from crossroom.room.events import Joined
from crossroom.server import Crossroom

ROOM = Address("tea", "conference.example")


@dataclass
class Loop:
    server: Crossroom
    focus: Focus
    room: Address = ROOM

    def tables(self) -> dict[str, int]:
        return self.server.focus.tables() | self.server.conference.tables()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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


class TestRemoteFocus(FocusContract):
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
