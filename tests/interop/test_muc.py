"""The MUC face with clients that share no code with it: through the embedded entry, and behind a real Prosody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count

import pytest
import structlog

from crossroom.focus.directory import DomainDirectory
from crossroom.focus.hosting import Surroundings
from crossroom.focus.interface import Invitation, Outcome
from crossroom.focus.local import LocalFocus
from crossroom.muc.service import MucService
from crossroom.net.clock import SystemClock
from crossroom.net.ids import RandomIds
from crossroom.net.xmpp import XmppRouter
from crossroom.net.xmpp_component import ComponentSettings
from crossroom.net.xmpp_entry import EntrySettings
from crossroom.storage.memory import MemoryStore
from crossroom.xmpp.account import Site
from peers.prosody import HOST, Prosody
from peers.xmpp_user import XmppUser

ROOMS = "conference.example"
ROOM = f"tea@{ROOMS}"
INSTANT = (
    "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>"
)


class OneFace:
    """The reach of rooms that have one face."""

    def __init__(self) -> None:
        self.face: MucService | None = None

    async def invite(self, invitation: Invitation) -> Outcome:
        assert self.face is not None
        return await self.face.invite(invitation)


class WatchedService(MucService):
    """Also tells when a link is up."""

    async def until_up(self) -> None:
        async with asyncio.timeout(10):
            await self._up.wait()

    def on_link_up(self, domain: str) -> None:
        super().on_link_up(domain)
        self._up.set()

    def watch(self) -> None:
        self._up = asyncio.Event()


@asynccontextmanager
async def served(
    component: ComponentSettings | None = None, entry: EntrySettings | None = None
) -> AsyncIterator[XmppRouter]:
    """A hosted domain of rooms on a component, an embedded entry, or both."""
    reach, numbers, faults = OneFace(), count(1), list[str]()
    around = Surroundings(
        clock=lambda: SystemClock().wall().timestamp(),
        entropy=lambda size: next(numbers).to_bytes(size, "big"),
        reach=reach,
        store=MemoryStore(),
        report=lambda text, error: faults.append(f"{text}: {error!r}"),
    )
    focus = LocalFocus(around)
    ids, clock, log = RandomIds(), SystemClock(), structlog.stdlib.get_logger()
    router = XmppRouter([component] if component else [], entry, ids, clock, log)
    embedded = entry.site.domain if entry else ""
    rooms = DomainDirectory({ROOMS: focus})
    face = WatchedService([ROOMS], rooms, router, clock, ids, log, embedded=embedded)
    face.watch()
    reach.face = face
    await router.start(face)
    try:
        if component:
            await face.until_up()
        yield router
    finally:
        await face.stop()
        await router.stop()
        await focus.close()
    assert faults == []


@pytest.fixture
async def entry_users() -> AsyncIterator[tuple[XmppUser, XmppUser]]:
    entry = EntrySettings(Site("guests.example", frozenset({ROOMS})), port=0)
    async with AsyncExitStack() as undo:
        router = await undo.enter_async_context(served(entry=entry))
        server = (HOST, router.entry_port)
        bob = await undo.enter_async_context(XmppUser("bob", "guests.example", server=server))
        dora = await undo.enter_async_context(XmppUser("dora", "guests.example", server=server))
        yield bob, dora


@pytest.fixture
async def prosody_users(xmpp_server: Prosody) -> AsyncIterator[tuple[XmppUser, XmppUser]]:
    component = ComponentSettings(HOST, xmpp_server.component_port, ROOMS, xmpp_server.secret)
    async with AsyncExitStack() as undo:
        await undo.enter_async_context(served(component=component))
        bob = await undo.enter_async_context(xmpp_server.user("bob"))
        dora = await undo.enter_async_context(xmpp_server.user("dora"))
        yield bob, dora


async def open_room(owner: XmppUser) -> None:
    mine = await owner.join(ROOM, "Bob")
    assert 201 in mine.codes
    answer = await owner.iq("set", ROOM, INSTANT)
    assert answer.get("type") == "result"


async def a_whole_visit(bob: XmppUser, dora: XmppUser) -> None:
    """Everything that an ordinary evening in a room has."""
    await open_room(bob)
    await bob.say("before you came")
    await bob.expects_message(text="before you came", sender="Bob")

    await dora.join(ROOM, "Dora")
    await dora.expects_message(text="before you came", sender="Bob")
    await dora.expects_subject("")
    await bob.expects_roster("Bob", "Dora")

    await bob.set_subject("Tea at five")
    await dora.expects_subject("Tea at five", sender="Bob")
    ident = await dora.say("milk & <sugar>?")
    heard = await bob.expects_message(text="milk & <sugar>?", sender="Dora")
    assert heard.id == ident

    await dora.type("composing")
    await bob.expects_typing("Dora")
    await bob.say("psst", to="Dora")
    await dora.expects_message(text="psst", sender="Bob", private=True)

    await dora.rename("Isadora")
    await bob.expects_presence("Dora", codes={303}, type_="unavailable")
    await bob.expects_roster("Bob", "Isadora")

    await dora.leave("good night")
    await bob.expects_roster("Bob")


async def an_invitation(bob: XmppUser, dora: XmppUser) -> None:
    await open_room(bob)
    await bob.invite(dora.bare, "there is cake")
    await (await dora.expects_invitation()).decline("on a diet")
    assert await bob.expects_decline(dora.bare) == "on a diet"
    await bob.invite(dora.bare, "there is tea as well")
    await (await dora.expects_invitation()).accept("Dora")
    await bob.expects_roster("Bob", "Dora")


async def a_client_that_vanishes(bob: XmppUser, dora: XmppUser) -> None:
    await open_room(bob)
    await dora.join(ROOM, "Dora")
    await bob.expects_roster("Bob", "Dora")
    dora.vanish()
    await bob.expects_presence("Dora", type_="unavailable")


async def test_slixmpp_clients_of_the_embedded_entry_spend_an_evening(
    entry_users: tuple[XmppUser, XmppUser],
) -> None:
    await a_whole_visit(*entry_users)


async def test_an_embedded_client_that_vanishes_leaves_the_room_by_333(
    entry_users: tuple[XmppUser, XmppUser],
) -> None:
    bob, dora = entry_users
    await open_room(bob)
    await dora.join(ROOM, "Dora")
    await bob.expects_roster("Bob", "Dora")
    dora.vanish()
    await bob.expects_presence("Dora", codes={333}, type_="unavailable")


@pytest.mark.interop
async def test_users_of_a_real_server_spend_an_evening(prosody_users: tuple[XmppUser, XmppUser]) -> None:
    await a_whole_visit(*prosody_users)


@pytest.mark.interop
async def test_users_of_a_real_server_invite_decline_and_accept(
    prosody_users: tuple[XmppUser, XmppUser],
) -> None:
    await an_invitation(*prosody_users)


@pytest.mark.interop
async def test_a_client_of_a_real_server_that_vanishes_leaves_the_room(
    prosody_users: tuple[XmppUser, XmppUser],
) -> None:
    await a_client_that_vanishes(*prosody_users)
