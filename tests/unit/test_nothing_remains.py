"""When everybody has left, no object of their room is left in the process, be it in a table or out of reach of all."""

import asyncio
import gc
from collections.abc import MutableMapping
from typing import Any, Never

import structlog

from crossroom.conference.conference import Conference
from crossroom.conference.seat import Seat
from crossroom.conference.seat_chat import SeatChat
from crossroom.config.schema import Configuration, Domain, Msrp, Sip
from crossroom.focus.local import LocalParticipation
from crossroom.msrp.session import Session
from crossroom.net.msrp_connection import MsrpConnection
from crossroom.net.msrp_session import MsrpSession
from crossroom.room.room import Room
from crossroom.room.state import RoomState
from crossroom.server import Crossroom
from peers.sip_participant import SipParticipant

DOMAIN = "conference.example"
OF_A_ROOM = (
    *(Room, RoomState, LocalParticipation, Conference, Seat, SeatChat),
    *(MsrpSession, Session, MsrpConnection),
)


def living(before: set[int]) -> list[str]:
    """What there is of rooms that was not there before."""
    gc.collect()
    found = (each for each in gc.get_objects() if isinstance(each, OF_A_ROOM) and id(each) not in before)
    return sorted(type(each).__name__ for each in found)


def alive() -> set[int]:
    gc.collect()
    return {id(each) for each in gc.get_objects() if isinstance(each, OF_A_ROOM)}


def _drop(_: object, __: str, ___: MutableMapping[str, Any]) -> Never:
    raise structlog.DropEvent


async def test_no_object_of_a_room_is_left_when_everybody_has_left() -> None:
    before = alive()
    configuration = Configuration(
        domains=[Domain(DOMAIN)],
        sip=Sip(listen=["tcp://127.0.0.1:0"]),
        msrp=Msrp(listen=["tcp://127.0.0.1:0"]),
    )
    server = Crossroom(configuration, structlog.wrap_logger(None, processors=[_drop]))
    await server.start()
    at = server.sip.listening[0]
    async with (
        SipParticipant("ana", "sip.example", server=(at.host, at.port), transport="tcp") as ana,
        SipParticipant("bob", "sip.example", server=(at.host, at.port), transport="tcp") as bob,
    ):
        empty = server.tables()
        for guest in (ana, bob):
            await guest.join(f"sip:tea@{DOMAIN}", guest.name.capitalize())
        assert {"Conference", "BufferedConnection", "MsrpSession", "Room", "Seat"} <= set(living(before))
        for guest in (ana, bob):
            await guest.leave()
        async with asyncio.timeout(10):
            while server.tables() != empty:  # noqa: ASYNC110 -- a table tells nobody that it changed
                await asyncio.sleep(0)
        assert living(before) == []
    await server.stop()
