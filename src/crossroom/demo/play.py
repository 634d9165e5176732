"""`crossroom demo`: the server, the participants and the script in one process, over real sockets on loopback.

What happens is in conversation.py, how it is shown and judged in stage.py; here everything is begun and ended.
"""

import asyncio
import importlib.util
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from crossroom.config.schema import Configuration, Domain, Entry, Msrp, Sip, UserNetwork, Xmpp
from crossroom.demo.ports import HOST, port_for
from crossroom.demo.sights import joined
from crossroom.demo.sip_participant import NotInvited, SipParticipant
from crossroom.demo.stage import BAD, Screen, Stage
from crossroom.demo.welcome import Doors, welcome
from crossroom.machine import ParseError
from crossroom.net.sip_refer import ReferFailed
from crossroom.net.sip_session import CallFailed
from crossroom.net.sip_subscription import SubscribeFailed
from crossroom.net.tasks import Log
from crossroom.room.address import Address, Network
from crossroom.server import Crossroom
from crossroom.sip.hop import TCP
from crossroom.sip.uri import SipUri

if TYPE_CHECKING:  # it needs slixmpp, which is optional
    from crossroom.demo.conversation import Cast
    from crossroom.demo.xmpp_participant import XmppParticipant

ROOMS = "conference.localhost"
SIP_USERS = "sip.localhost"
XMPP_USERS = "anonymous.localhost"
ROOM = Address("tea", ROOMS)
ROOM_NAME = f"{ROOM.user}@{ROOM.domain}"

PATIENCE = 5.0
"""Seconds that anything expected may take; it takes milliseconds."""

INTERRUPTED = 130
"""The exit status of what Ctrl-C ended, as shells have it."""

_NO_SLIXMPP = "crossroom demo needs slixmpp for its XMPP participants: pip install 'crossroom[demo]'"
_FAILURES = (CallFailed, SubscribeFailed, ReferFailed, NotInvited, ParseError, OSError)


async def play(*, stay: bool, log: Log) -> int:
    """Play the script, then end (or `stay` until Ctrl-C); the exit status: 0 when everything arrived."""
    if importlib.util.find_spec("slixmpp") is None:
        return _refuse(_NO_SLIXMPP)
    screen = Screen(highlight=False, emoji=False)
    with _interruptible():
        try:
            return await _play(Stage(screen, PATIENCE), log, stay=stay)
        except asyncio.CancelledError:
            screen.print("\nThe demo was stopped.")
            return INTERRUPTED
        except OSError as error:
            return _refuse(f"crossroom demo cannot run: {str(error) or 'no answer in time'}")


async def _play(stage: Stage, log: Log, *, stay: bool) -> int:
    async with _served(_configuration(stay=stay), log) as server:
        before = server.tables()
        stage.note(_title(server))
        async with _cast(server, stage, log) as cast:
            await _perform(cast, stage)
            await _check_empty(server, before, stage)
            status = stage.verdict()
            if stay:
                await _keep_open(server, cast, stage)
    return status


async def _perform(cast: "Cast", stage: Stage) -> None:
    from crossroom.demo.conversation import perform  # noqa: PLC0415 -- it needs slixmpp

    try:
        await perform(cast, stage, ROOM_NAME)
    except _FAILURES as error:
        stage.fail(f"the rest of the script: {type(error).__name__} {error}".rstrip())


async def _check_empty(server: Crossroom, before: dict[str, int], stage: Stage) -> None:
    """The server holds as much as before anybody came: no room, seat, dialog, connection or task."""
    stage.step("Nothing is left in the server")
    for _ in range(int(PATIENCE / 0.05)):
        if server.tables() == before:
            break
        # goodbyes are still on their way, and the server has no reason to tell anybody when it is idle
        await asyncio.sleep(0.05)
    now = server.tables()
    left = ", ".join(f"{count} {name}" for name, count in now.items() if count != before[name])
    stage.check(f"left behind: {left or 'no room, seat, call, connection or task'}", holds=now == before)


async def _keep_open(server: Crossroom, cast: "Cast", stage: Stage) -> None:
    """Ana and Bob stay in the room and answer, until the demo is interrupted."""
    stage.step("The room stays open, with Ana and Bob in it")
    ours = {cast.ana.name, cast.bob.name}

    def answer(who: "SipParticipant | XmppParticipant", network: str, author: str, text: str) -> None:
        if author not in ours:
            who.say(f"{author}, I read you with {network}: {text[:200]}")

    cast.ana.on_heard = lambda author, text: answer(cast.ana, "SIP", author, text)
    cast.bob.on_heard = lambda author, text: answer(cast.bob, "XMPP", author, text)
    try:
        await cast.ana.join()
        cast.bob.join()
        await stage.expect(cast.ana.name, joined(cast.bob.name))
        stage.note(welcome(_doors(server)))
        await asyncio.get_running_loop().create_future()  # until interrupted
    except asyncio.CancelledError:
        stage.note("\nGoodbye.")
    except _FAILURES as error:
        stage.fail(f"Ana and Bob in the room again: {error}")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM cancel the demo, which then ends as always: with goodbyes."""
    loop, demo = asyncio.get_running_loop(), asyncio.current_task()
    assert demo is not None  # noqa: S101 -- a coroutine runs in a task
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, demo.cancel)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def _served(configuration: Configuration, log: Log) -> AsyncIterator[Crossroom]:
    server = Crossroom(configuration, log)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def _cast(server: Crossroom, stage: Stage, log: Log) -> AsyncIterator["Cast"]:
    """Everybody is logged in and not yet in the room."""
    from crossroom.demo.conversation import Cast  # noqa: PLC0415 -- it needs slixmpp
    from crossroom.demo.xmpp_participant import XmppParticipant  # noqa: PLC0415 -- as above

    proxy = SipUri(HOST, port=_doors(server).sip_port).with_param("transport", "tcp").with_param("lr")
    async with AsyncExitStack() as undo:

        async def on_sip(name: str) -> SipParticipant:
            person = Address(name.lower(), SIP_USERS, network=Network.SIP)
            one = SipParticipant(name, person, stage, ROOM, proxy, log)
            undo.push_async_callback(one.stop)
            await one.start()
            return one

        async def on_xmpp(name: str) -> XmppParticipant:
            one = XmppParticipant(name, stage, ROOM_NAME)
            undo.push_async_callback(one.log_out)
            await one.log_in(XMPP_USERS, HOST, server.xmpp.entry_port)
            return one

        yield Cast(await on_sip("Ana"), await on_xmpp("Bob"), await on_sip("Carol"), await on_xmpp("Dora"))


def _configuration(*, stay: bool) -> Configuration:
    """The standard ports for a room that stays, because a visitor's client expects them; else any ports."""

    def port(standard: int, *kinds: str) -> int:
        return port_for(standard, *kinds) if stay else 0

    sip = port(5060, "tcp", "udp")
    return Configuration(
        domains=[Domain(ROOMS)],
        networks={SIP_USERS: UserNetwork.SIP},
        sip=Sip(listen=[f"udp://{HOST}:{sip}", f"tcp://{HOST}:{sip}"]),
        msrp=Msrp(listen=[f"tcp://{HOST}:{port(2855, 'tcp')}"]),
        xmpp=Xmpp(entry=Entry(listen=f"tcp://{HOST}:{port(5222, 'tcp')}", domain=XMPP_USERS)),
    )


def _doors(server: Crossroom) -> Doors:
    sip_port = next(one.port for one in server.sip.listening if one.transport == TCP)
    return Doors(HOST, sip_port, server.xmpp.entry_port, ROOM_NAME, SIP_USERS, XMPP_USERS)


def _title(server: Crossroom) -> str:
    doors, msrp = _doors(server), server.msrp.listening[0]
    return (
        f"Crossroom on {HOST}: SIP at port {doors.sip_port}, MSRP at {msrp.port}, XMPP at {doors.xmpp_port}.\n"
        f"Two people with SIP and two with XMPP meet in {ROOM_NAME}."
    )


def _refuse(why: str) -> int:
    Console(stderr=True, highlight=False).print(Text(why, style=BAD), soft_wrap=True)
    return 1
