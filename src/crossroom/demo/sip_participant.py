"""A SIP participant of the demo: a user agent of its own, with its own sockets, that meets the server on the wire.

It registers so that it can be called, calls the room, is asked in by it, and asks it to invite others
(RFC 4579, RFC 7701). What is said and seen in the room is in sip_chat.py, how it is called in sip_doorbell.py.
"""

import asyncio
import random
from dataclasses import dataclass

from crossroom.bodies.conference_info import CONTENT_TYPE
from crossroom.bodies.msrp_media import MessageMedia
from crossroom.bodies.sdp import SessionDescription
from crossroom.bodies.sdp_answer import Refusal, read_answer, we_connect
from crossroom.conference.addresses import aor_of
from crossroom.conference.media import ChatMedia, MediaSettings, path_of
from crossroom.demo import sights
from crossroom.demo.sip_chat import SipChat
from crossroom.demo.sip_doorbell import SipDoorbell
from crossroom.demo.stage import OnHeard, Stage
from crossroom.machine import ParseError
from crossroom.net.clock import SystemClock
from crossroom.net.dns import DnsNames, SipResolver
from crossroom.net.ids import RandomIds
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import MsrpListen, MsrpSettings
from crossroom.net.sip import SipAgent
from crossroom.net.sip_refer import ReferOutcome
from crossroom.net.sip_session import EndedSession, InviteSession
from crossroom.net.sip_settings import ListenOn, SipSettings
from crossroom.net.sip_subscription import SubscriberSession
from crossroom.net.tasks import Log, Tasks
from crossroom.room.address import Address
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import OutgoingCall, OutgoingRefer, OutgoingRequest, OutgoingSubscription
from crossroom.sip.hop import TCP
from crossroom.sip.uri import SipUri

_LOOPBACK = "127.0.0.1"
_LONGEST_MESSAGE = 65_536  # octets
_PATIENCE = 10.0  # seconds for an answer of the server


class NotInvited(Exception):  # noqa: N818 -- an outcome, named as the field says it
    """There is no invitation that could be accepted."""


@dataclass
class _Seat:
    session: InviteSession
    chat: SipChat
    roster: SubscriberSession


class SipParticipant:
    """Somebody with a SIP client. `start` it, let it act, `stop` it; `on_heard` is told what others say."""

    def __init__(  # noqa: PLR0913, PLR0917 -- who and where, and three things it is given to use
        self, name: str, person: Address, stage: Stage, room: Address, server: SipUri, log: Log
    ) -> None:
        self.name = name
        self.person = person
        self.on_heard: OnHeard | None = None
        self._stage = stage
        self._room = room
        self._log = log
        self._ids = RandomIds()
        self._clock = SystemClock()
        self._tasks = Tasks(log)
        self._doorbell = SipDoorbell(self._saw)
        self._seat: _Seat | None = None
        self._me = NameAddr(aor_of(person), name)
        self._is_registered = False
        resolver = SipResolver(DnsNames(), lambda: frozenset({TCP}), random.SystemRandom())
        settings = SipSettings(listen=(ListenOn(TCP, _LOOPBACK),), outbound_proxy=server)
        self._sip = SipAgent(settings, self._clock, self._ids, resolver, log)
        self._sip.face = self._doorbell
        listen = (MsrpListen(_LOOPBACK, 0),)
        self._msrp = MsrpEndpoint(MsrpSettings(listen=listen), self._clock, self._ids, log)
        self._media = ChatMedia(self._msrp, self._ids, MediaSettings(_LONGEST_MESSAGE))

    @property
    def uri(self) -> str:
        """The address of record, as others write it in an invitation."""
        return str(self._me.uri)

    # -- being there ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the sockets and register (RFC 3261 §10); raises OSError, or ConnectionError when refused."""
        self._stage.enter(self.name, "SIP")
        await self._msrp.start()
        await self._sip.start()
        self._contact = NameAddr(self._sip.contact_uri(self.person.user))
        await self._register(3600)
        self._is_registered = True

    async def stop(self) -> None:
        """Leave, unregister, close everything."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.leave()
                if self._is_registered:
                    await self._register(0)
        except (TimeoutError, ConnectionError) as error:
            self._log.warning("demo participant could not say goodbye", name=self.name, why=str(error))
        finally:
            await self._tasks.stop()
            await self._msrp.stop()
            await self._sip.stop()

    async def _register(self, seconds: int) -> None:
        answer = await self._sip.request(
            OutgoingRequest(
                "REGISTER",
                SipUri(self.person.domain),
                from_=self._me,
                to=self._me,
                contact=self._contact,
                headers=(("Expires", str(seconds)),),
            )
        )
        if answer.status >= 300:
            raise ConnectionError(f"{self.name} could not register: {answer.status} {answer.reason}")

    # -- coming and going ----------------------------------------------------------------------------------

    async def join(self) -> None:
        """Call the conference (RFC 4579 §5.1). Raises CallFailed, MsrpUnreachable, ParseError, TimeoutError."""
        chat = self._chat()
        offer, chat.msrp = self._media.offer(chat)
        room = aor_of(self._room)
        calling = await self._sip.invite(
            OutgoingCall(room, self._me, NameAddr(room), self._contact, body=bytes(offer), timeout=_PATIENCE)
        )
        session = await calling.outcome()
        theirs = read_answer(offer, SessionDescription.from_bytes(session.peer_body))
        if isinstance(theirs, Refusal):
            raise ParseError(theirs.text)
        ours = MessageMedia.read(offer, offer.media[0])
        await self._sit_down(session, chat, theirs, we_call=we_connect(ours, theirs, we_offered=True))

    async def accept(self) -> None:
        """Answer the call of the conference that invited this participant (RFC 4579 §5.5). Raises like `join`."""
        call = self._doorbell.take()
        if call is None:
            raise NotInvited(f"nobody has invited {self.name}")
        chat = self._chat()
        agreed = self._media.answer(call.request.body, chat)
        if isinstance(agreed, Refusal):
            call.reject(488)
            raise ParseError(agreed.text)
        chat.msrp = agreed.msrp
        call.contact = self._contact
        session = await call.accept(bytes(agreed.answer.description))
        await self._sit_down(session, chat, agreed.answer.theirs, we_call=agreed.answer.we_connect)

    async def leave(self) -> None:
        """Hang up; harmless for somebody who is not in the room."""
        seat, self._seat = self._seat, None
        if seat is None:
            return
        seat.session.on_ended, seat.chat.is_over = None, True
        await seat.roster.unsubscribe()
        await seat.session.bye()
        seat.chat.close()
        self._stage.saw(self.name, sights.left(seat.chat.nickname))

    def _chat(self) -> SipChat:
        since = self._clock.wall().timestamp()
        return SipChat(self._room, self.person, self.name, since, self._saw, self._heard)

    async def _sit_down(
        self, session: InviteSession, chat: SipChat, theirs: MessageMedia, *, we_call: bool
    ) -> None:
        session.on_ended = self._on_ended
        assert chat.msrp is not None  # noqa: S101 -- both callers have just made it
        async with asyncio.timeout(_PATIENCE):
            if we_call:
                await chat.msrp.connect(path_of(theirs))
            else:
                chat.msrp.expect(path_of(theirs))
            await chat.bound.wait()
            await chat.take_nickname(self.name)
            room = aor_of(self._room)
            wanted = OutgoingSubscription(
                room, self._me, NameAddr(room), self._contact, "conference", (CONTENT_TYPE,)
            )
            self._seat = _Seat(session, chat, await self._sip.subscribe(wanted, chat.on_notify))

    # -- acting in the room --------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Send a message to the room."""
        self._seated().say(text)

    def type(self) -> None:
        """Let the room know that a message is being written."""
        self._seated().type()

    async def rename(self, nickname: str) -> None:
        """Take another nickname."""
        await self._seated().take_nickname(nickname)

    async def invite(self, who: str, reason: str) -> None:
        """Ask the conference to invite a SIP URI (RFC 4579 §5.5); raises ReferFailed."""
        room = aor_of(self._room)
        outcome = await self._sip.refer(
            OutgoingRefer(
                room,
                self._me,
                NameAddr(room),
                self._contact,
                NameAddr(SipUri.parse(who)),
                headers=(("Subject", reason),),
            )
        )
        self._tasks.start(self._follow(outcome, who), f"invitation of {who}")

    async def _follow(self, outcome: ReferOutcome, who: str) -> None:
        status = await outcome.final()
        is_in = 200 <= status.status < 300
        self._saw(sights.accepted() if is_in else sights.fault(f"{who}: {status.status} {status.reason}"))

    # ------------------------------------------------------------------------------------------------------

    def _on_ended(self, ended: EndedSession) -> None:
        if self._seat is not None:
            self._seat.chat.close()
            self._seat = None
        self._saw(sights.fault(f"the call ended: {ended.reason} {ended.reason_header}".strip()))

    def _seated(self) -> SipChat:
        if self._seat is None:
            raise NotInvited(f"{self.name} is not in the room")
        return self._seat.chat

    def _saw(self, sight: str) -> None:
        self._stage.saw(self.name, sight)

    def _heard(self, author: str, text: str) -> None:
        if self.on_heard is not None:
            self.on_heard(author, text)
