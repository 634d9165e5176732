"""One of our users in a conference that somebody else runs: the real RemoteFocus, and a scripted foreign focus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from contract.focus_contract import Recorder, person
from crossroom.conference.media import ChatMedia
from crossroom.conference.remote_focus import RemoteFocus, RemoteSettings
from crossroom.conference.remote_participation import RemoteParticipation
from crossroom.net.clock import SystemClock
from crossroom.net.ids import RandomIds
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import MsrpListen, MsrpSettings
from crossroom.net.sip import SipAgent
from crossroom.net.tasks import Tasks
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import HistoryRequest
from crossroom.sip.hop import UDP, Hop
from peers.foreign_focus import ForeignFocus, foreign_focus
from peers.foreign_room import FocusQuirks
from peers.sip_participant import SipParticipant
from sip_faces import FixedNames, RecordingFace, agent_on_loopback

DOMAIN = "other.example"
ROOM = Address("tea", DOMAIN)


@dataclass
class Abroad:
    """Our side: the agents and the focus that speaks for the one elsewhere. The other side: `there`."""

    focus: RemoteFocus
    sip: SipAgent
    msrp: MsrpEndpoint
    face: RecordingFace
    there: ForeignFocus
    undo: AsyncExitStack

    async def join(
        self, name: str, *, insists: bool = True, history: HistoryRequest | None = None
    ) -> tuple[RemoteParticipation, Recorder]:
        recorder = Recorder(name)
        joiner = replace(person(name), insists_on_nickname=insists, history=history or HistoryRequest())
        return await self.focus.join(ROOM, joiner, recorder), recorder

    async def neighbour(self, name: str) -> SipParticipant:
        """Somebody who is in that conference by SIP."""
        peer = SipParticipant(name.lower(), "sip.example", server=self.there.address)
        await self.undo.enter_async_context(peer)
        await peer.join(self.there.room("tea"), name)
        return peer


@asynccontextmanager
async def abroad(
    quirks: FocusQuirks | None = None, settings: RemoteSettings | None = None
) -> AsyncIterator[Abroad]:
    log: structlog.stdlib.BoundLogger = structlog.get_logger()
    clock, ids, tasks = SystemClock(), RandomIds(), Tasks(log)
    face, names = RecordingFace(), FixedNames()
    msrp = MsrpEndpoint(MsrpSettings(listen=(MsrpListen("127.0.0.1", 0),)), clock, ids, log)
    async with foreign_focus(DOMAIN, quirks=quirks) as there, AsyncExitStack() as undo:
        names.known[DOMAIN] = [Hop(UDP, *there.address)]
        sip = await undo.enter_async_context(agent_on_loopback(face, names=names))
        undo.push_async_callback(tasks.wait)
        await msrp.start()
        undo.push_async_callback(msrp.stop)
        media = ChatMedia(msrp, ids)
        focus = RemoteFocus(sip, media, ids, clock, log, tasks, settings)
        there.ua.server = sip.listening[0].host, sip.listening[0].port
        yield Abroad(focus, sip, msrp, face, there, undo)


def named(text: str) -> Nickname:
    return Nickname(text)
