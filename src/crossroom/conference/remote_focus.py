"""A focus elsewhere, as a Focus: one of our users joins its conference by SIP (RFC 7702 §5).

Elsewhere may be our own SIP face behind the operator's proxy: that is what a looped domain is. The call flow
reads as in the RFC, and every step undoes itself when a later one fails.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from crossroom.bodies.conference_info import CONTENT_TYPE
from crossroom.bodies.msrp_media import NICKNAME, MessageMedia, Setup
from crossroom.bodies.sdp import SessionDescription
from crossroom.bodies.sdp_answer import Refusal, read_answer, we_connect
from crossroom.conference.addresses import aor_of, uri_of
from crossroom.conference.media import ChatMedia, announced, path_of
from crossroom.conference.offers import description_in
from crossroom.conference.reasons import Context, reason_of_sip
from crossroom.conference.remote_chat import RemoteChat, Self
from crossroom.conference.remote_events import RemoteEvents
from crossroom.conference.remote_move import ChatMove
from crossroom.conference.remote_participation import Calls, RemoteParticipation
from crossroom.conference.remote_roster import RemoteRoster, RosterSubscription
from crossroom.conference.roster_diff import Own, RosterDiff
from crossroom.conference.standing import Standing
from crossroom.focus.interface import Deliver, Description, Features
from crossroom.machine import ParseError
from crossroom.net.clock import Clock
from crossroom.net.ids import Ids
from crossroom.net.msrp_face import MsrpUnreachable
from crossroom.net.sip import SipAgent
from crossroom.net.sip_session import CallFailed, IncomingCall, InviteSession
from crossroom.net.sip_subscription import SubscribeFailed
from crossroom.net.tasks import Log, Tasks
from crossroom.room.address import Address, EndpointId
from crossroom.room.commands import Joiner
from crossroom.room.configuration import Configuration
from crossroom.room.reasons import Reason, Refused
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import OutgoingCall, OutgoingRequest, OutgoingSubscription, Rejection
from crossroom.sip.contact import is_focus


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """Times in seconds: for a whole join, for the first roster, for an invitation by REFER.

    `own_domains` are looped ones: their focus has our own clock, so its DateTime can be compared exactly.
    """

    join_seconds: float = 30.0
    roster_seconds: float = 5.0
    refer_seconds: float = 120.0
    own_domains: frozenset[str] = frozenset()


Connected = tuple[InviteSession, MessageMedia]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One of our users on the way in."""

    room: Address
    joiner: Joiner
    chat: RemoteChat
    calls: Calls


Connect = Callable[[Arrival], AbstractAsyncContextManager[Connected]]


class RemoteFocus:
    """Every join is a SIP session, an MSRP session and a subscription of its own (RFC 7701 §4)."""

    def __init__(  # noqa: PLR0913, PLR0917 -- everything it needs from outside, by argument
        self,
        sip: SipAgent,
        media: ChatMedia,
        ids: Ids,
        clock: Clock,
        log: Log,
        tasks: Tasks,
        settings: RemoteSettings | None = None,
    ) -> None:
        self._sip = sip
        self._media = media
        self._ids = ids
        self._clock = clock
        self._log = log
        self._tasks = tasks
        self._settings = settings or RemoteSettings()

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> RemoteParticipation:
        """Call the conference, and take a seat in it (see focus.interface.Focus)."""
        arrival = self._arrival(room, joiner, deliver)
        return await self._enter(arrival, self._dial)

    async def take(
        self, call: IncomingCall, room: Address, joiner: Joiner, deliver: Deliver
    ) -> RemoteParticipation:
        """Answer the INVITE that asked this user in, and take that seat (docs/mapping.md §3.15 D)."""
        arrival = self._arrival(room, joiner, deliver)
        return await self._enter(arrival, partial(self._answer, call))

    async def describe(self, room: Address) -> Description:
        """Ask by OPTIONS (RFC 4579 §5.13); what SIP does not tell is as in a new room."""
        target = uri_of(room)
        host = NameAddr(target).with_tag(self._ids.token())
        response = await self._sip.request(OutgoingRequest("OPTIONS", target, from_=host))
        if response.status >= 300:
            raise Refused(reason_of_sip(response.status, response.reason), response.reason)
        return Description(room, Configuration(), Features.NICKNAMES | Features.PRIVATE_MESSAGES)

    async def rooms(self, domain: str) -> tuple[Description, ...]:
        """No conference server lists its rooms."""
        return ()

    def _arrival(self, room: Address, joiner: Joiner, deliver: Deliver) -> Arrival:
        try:
            person, here, room_uri = aor_of(joiner.address), uri_of(joiner.address), uri_of(room)
        except ParseError as error:
            raise Refused(Reason.MALFORMED, str(error)) from None
        endpoint = EndpointId(self._ids.token())
        own = Own(endpoint, joiner.address, joiner.nickname)
        events = RemoteEvents(RosterDiff(room, own), deliver)
        chat = RemoteChat(room, room_uri, Self(endpoint, person), events, self._clock, history=joiner.history)
        if room.domain in self._settings.own_domains:
            chat.skew = 0.0
        from_ = NameAddr(person, grammar.clean_text(joiner.nickname))
        contact = NameAddr(here)  # docs/mapping.md §3.1: the device by `gr`, inside the angle brackets
        calls = Calls(self._sip, from_, contact, self._tasks, self._settings.refer_seconds)
        return Arrival(room, joiner, chat, calls)

    async def _enter(self, arrival: Arrival, connect: Connect) -> RemoteParticipation:
        try:
            async with asyncio.timeout(self._settings.join_seconds), AsyncExitStack() as undo:
                session, theirs = await undo.enter_async_context(connect(arrival))
                participation = RemoteParticipation(
                    arrival.chat.me.endpoint, session, theirs, arrival.chat, arrival.calls
                )
                undo.push_async_callback(_say_goodbye, session, participation)
                await self._be_named(arrival, theirs)
                await undo.enter_async_context(self._subscribed(arrival))
                self._must_stand(session)
                participation.keep(undo.pop_all())
                return participation
        except TimeoutError:
            raise Refused(Reason.TIMED_OUT, "the conference did not answer in time") from None
        except CallFailed as failed:
            reason = reason_of_sip(failed.status, failed.reason, Context.JOIN)
            raise Refused(reason, failed.reason) from None
        except MsrpUnreachable as error:
            raise Refused(Reason.UNREACHABLE, str(error)) from None
        except ParseError as error:
            raise Refused(Reason.REMOTE_FAULT, str(error)) from None

    @asynccontextmanager
    async def _dial(self, arrival: Arrival) -> AsyncIterator[Connected]:
        """INVITE, 200, ACK, then MSRP (RFC 7702 §5.1)."""
        chat = arrival.chat
        offer, chat.msrp = self._media.offer(chat, arrival.room)
        try:
            session = await self._invited(arrival, bytes(offer))
            try:
                theirs = _chat_of(offer, session)
                ours = MessageMedia.read(offer, offer.media[0])
                we_call = we_connect(ours, theirs, we_offered=True)
                ours = replace(ours, setup=Setup.ACTIVE if we_call else Setup.PASSIVE)
                session.on_reinvite = Standing(offer, ours, theirs, self._move(chat)).answer
                await self._connect(session, chat, theirs, we_call=we_call)
                yield session, theirs
            finally:
                self._tasks.start(session.bye(), "end of a remote session")
        finally:
            chat.msrp.close()

    async def _invited(self, arrival: Arrival, offer: bytes) -> InviteSession:
        calls, chat = arrival.calls, arrival.chat
        outgoing = await self._sip.invite(
            OutgoingCall(
                target=chat.room_uri,
                from_=calls.from_,
                to=NameAddr(chat.room_uri),
                contact=calls.contact,
                body=offer,
                headers=(("Allow-Events", "refer"),),
                timeout=self._settings.join_seconds,
            )
        )
        try:
            return await outgoing.outcome()
        except asyncio.CancelledError:
            outgoing.cancel()  # docs/mapping.md §7.7: the user left, or ran out of patience
            raise

    @asynccontextmanager
    async def _answer(self, call: IncomingCall, arrival: Arrival) -> AsyncIterator[Connected]:
        """200 to the INVITE that was waiting."""
        chat = arrival.chat
        offer = description_in(call.request)
        if isinstance(offer, Rejection):
            call.reject(offer.status, offer.reason, offer.headers)
            raise Refused(Reason.UNSUPPORTED_CONTENT, "a body that nobody here understands")
        agreed = self._media.answer(offer, chat, arrival.room)
        if isinstance(agreed, Refusal):
            call.reject(488)
            raise Refused(Reason.UNSUPPORTED_CONTENT, agreed.text)
        chat.msrp = agreed.msrp
        try:
            call.contact = arrival.calls.contact
            session = await call.accept(bytes(agreed.answer.description))
            try:
                theirs = agreed.answer.theirs
                ours = agreed.answer.ours
                standing = Standing(agreed.answer.description, ours, theirs, self._move(chat))
                session.on_reinvite = standing.answer
                await self._connect(
                    session, chat, theirs, we_call=agreed.answer.we_connect, address=agreed.address
                )
                yield session, theirs
            finally:
                self._tasks.start(session.bye(), "end of a remote session")
        finally:
            chat.msrp.close()

    async def _connect(
        self,
        session: InviteSession,
        chat: RemoteChat,
        theirs: MessageMedia,
        *,
        we_call: bool,
        address: tuple[str, int] | None = None,
    ) -> None:
        assert chat.msrp is not None  # noqa: S101 -- both callers have just made it
        path = path_of(theirs)
        if we_call:
            await chat.msrp.connect(path, address=address, fingerprints=announced(theirs))
        else:
            chat.msrp.expect(path, fingerprints=announced(theirs))
        # a conference that hangs up, or closes the chat, while we come in is not waited for any longer
        session.on_ended = lambda _: chat.bound.set()
        if session.ended is None:
            await chat.bound.wait()
        self._must_stand(session)
        if chat.msrp.closed is not None:
            raise MsrpUnreachable("the chat was closed before it began")

    def _move(self, chat: RemoteChat) -> ChatMove:
        return ChatMove(self._media, chat, self._tasks)

    async def _be_named(self, arrival: Arrival, theirs: MessageMedia) -> None:
        if not theirs.has_feature(NICKNAME):
            return  # docs/mapping.md §3.1: go on under the display name
        try:
            await arrival.chat.take_nickname(arrival.joiner.nickname)
        except Refused as refused:
            if arrival.joiner.insists_on_nickname or refused.reason is not Reason.NICKNAME_TAKEN:
                raise

    @asynccontextmanager
    async def _subscribed(self, arrival: Arrival) -> AsyncIterator[None]:
        """SUBSCRIBE outside the INVITE's dialog (RFC 4579 §3.4), and the first roster."""
        calls, room = arrival.calls, arrival.chat.room_uri
        wanted = OutgoingSubscription(
            target=room,
            from_=calls.from_,
            to=NameAddr(room),
            contact=calls.contact,
            event="conference",
            accept=(CONTENT_TYPE,),
        )
        roster = RemoteRoster(arrival.room, arrival.chat.events, self._log)
        subscription = RosterSubscription(self._sip, wanted, roster, self._tasks, self._log)
        try:
            await subscription.begin()
        except SubscribeFailed as failed:
            self._log.info("no roster from focus", room=str(arrival.room), status=failed.status)
            roster.assume()
            yield
            return
        try:
            await roster.first(self._settings.roster_seconds)
            yield
        finally:
            subscription.end()

    def _must_stand(self, session: InviteSession) -> None:
        """Raise Refused if the conference ended the call while we were coming in."""
        if session.ended is not None:
            raise Refused(Reason.GONE, session.ended.reason_header)


async def _say_goodbye(session: InviteSession, participation: RemoteParticipation) -> None:
    await session.bye(participation.parting)


def _chat_of(offer: SessionDescription, session: InviteSession) -> MessageMedia:
    """Their chat stream; raises Refused when what answered is no conference."""
    if not is_focus(session.remote_contact):
        raise Refused(Reason.NOT_A_CONFERENCE, "the answer has no isfocus")
    theirs = read_answer(offer, SessionDescription.from_bytes(session.peer_body))
    if isinstance(theirs, Refusal):
        raise Refused(Reason.UNSUPPORTED_CONTENT, theirs.text)
    return theirs
