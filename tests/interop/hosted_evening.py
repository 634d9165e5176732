"""A domain hosted here, a real Prosody with Crossroom as its component, and the guests of one evening.

SIP users come straight to Crossroom's own port (its registrar knows them); XMPP users log in at Prosody.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from interop.crossroom_server import RunningServer, crossroom_server
from peers.prosody import Prosody
from peers.quirks import PLAIN, Quirks
from peers.sip_participant import SipParticipant
from peers.transcript import PeerFailure
from peers.xmpp_user import XmppUser

ROOM = "tea@conference.example"
SIP_ROOM = f"sip:{ROOM}"
OWNER = "http://jabber.org/protocol/muc#owner"


@dataclass(frozen=True, slots=True)
class Evening:
    """Who runs, and the door for who comes; everybody goes home before the server is looked at."""

    running: RunningServer
    prosody: Prosody
    _guests: AsyncExitStack

    async def sip(
        self, name: str, *, transport: str = "udp", quirks: Quirks = PLAIN, register: bool = False
    ) -> SipParticipant:
        """Return a SIP user of sip.example."""
        guest = SipParticipant(
            name,
            "sip.example",
            server=self.running.sip_address,
            transport=transport,
            quirks=quirks,
            register=register,
        )
        await self._guests.enter_async_context(guest)
        self._guests.push_async_callback(go_home, guest)
        return guest

    async def xmpp(self, name: str, *, resource: str = "peer") -> XmppUser:
        """Return an XMPP user of xmpp.example: bob or dora."""
        return await self._guests.enter_async_context(self.prosody.user(name, resource=resource))

    async def embedded(self, name: str) -> XmppUser:
        """Return an anonymous user of the embedded entry."""
        user = XmppUser(name, "anonymous.localhost", server=self.running.ports.entry_address)
        return await self._guests.enter_async_context(user)


async def go_home(guest: SipParticipant) -> None:
    """Leave the room joined last, unless that happened."""
    try:
        seat = guest.seat
    except PeerFailure:
        return
    await seat.leave()


@asynccontextmanager
async def evening(folder: Path, prosody: Prosody, *, extra: str = "") -> AsyncIterator[Evening]:
    """Run a server for one test; `extra` are lines of its configuration."""
    async with (
        crossroom_server(folder, xmpp=prosody, extra=extra) as running,
        AsyncExitStack() as guests,
    ):
        yield Evening(running, prosody, guests)


async def moderate(owner: XmppUser, room: str, item: str) -> str:
    """Send a muc#admin item (XEP-0045 §8, §9); return the type of the answer."""
    query = f'<query xmlns="http://jabber.org/protocol/muc#admin">{item}</query>'
    return (await owner.iq("set", room, query)).get("type", "")


async def configure(owner: XmppUser, **settings: str) -> None:
    """Submit a part of the configuration form (XEP-0045 §10.2)."""
    form = '<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>'
    for name, value in settings.items():
        form += f'<field var="muc#roomconfig_{name}"><value>{value}</value></field>'
    query = f'<query xmlns="{OWNER}"><x xmlns="jabber:x:data" type="submit">{form}</x></query>'
    answer = await owner.iq("set", owner.room, query)
    assert answer.get("type") == "result"
