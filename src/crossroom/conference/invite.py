"""Calls that come in: a SIP user joins a room, or a focus elsewhere asks one of our XMPP users in.

The order is fixed: read the offer, take the seat in the room, answer 200. A call that cannot be answered has
changed nothing; a call that was given up meanwhile leaves the room again.
"""

from functools import partial

from crossroom.bodies.msrp_media import PRIVATE_MESSAGES
from crossroom.bodies.sdp import SessionDescription
from crossroom.bodies.sdp_answer import Refusal
from crossroom.conference.addresses import NAMELESS
from crossroom.conference.callers import Caller, caller_of
from crossroom.conference.media import Agreed
from crossroom.conference.offers import description_in
from crossroom.conference.premises import Premises
from crossroom.conference.reasons import sip_status
from crossroom.conference.renegotiation import Renegotiation
from crossroom.conference.seat import Seat
from crossroom.machine import ParseError
from crossroom.net.msrp_face import MsrpUnreachable
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.sip_session import CallFailed, IncomingCall, InviteSession
from crossroom.room.address import Address
from crossroom.room.commands import Joiner
from crossroom.room.nickname import first_nickname
from crossroom.room.reasons import Departure, Refused
from crossroom.sip.answer import Rejection
from crossroom.sip.contact import as_focus
from crossroom.sip.hop import BROWSERS
from crossroom.sip.reason import Warning as SipWarning


class Reception:
    """Answers INVITEs to rooms."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    async def receive(self, call: IncomingCall, room: Address) -> None:
        """Seat the caller in the room, or say why not."""
        try:
            caller = caller_of(call.request, call.identity)
        except ParseError as error:
            call.reject(400, str(error))
            return
        if room.key in self._premises.settings.factories:
            # RFC 4579 §5.4: the Contact is what tells the caller which conference was made
            room = Address(self._premises.ids.token(), room.domain)
            call.contact = self._premises.sip.contact_for(room.user, call.source)
        call.contact = as_focus(call.contact)  # RFC 4579 §4.2
        seat = self._seat(room, caller.person)
        offer = description_in(call.request)
        if isinstance(offer, Rejection):
            call.reject(offer.status, offer.reason, offer.headers)
        elif offer:
            await self._answer(call, seat, caller, offer)
        else:
            await self._offer(call, seat, caller)
        self._premises.registry.discard_if_empty(room)

    def _seat(self, room: Address, person: Address) -> Seat:
        premises = self._premises
        conference = premises.registry.conference(room)
        return Seat(conference, person, premises.tasks, premises.log, premises.settings.seat)

    async def _answer(self, call: IncomingCall, seat: Seat, caller: Caller, offer: bytes) -> None:
        """They offer, the 200 answers."""
        agreed = self._premises.media.answer(offer, seat.chat, seat.conference.room)
        if isinstance(agreed, Refusal):
            self._refuse_media(call, agreed)
            return
        seat.chat.msrp = agreed.msrp
        takes_private = agreed.answer.theirs.has_feature(PRIVATE_MESSAGES)
        if await self._join(call, seat, joiner_of(call, caller, takes_private=takes_private)):
            session = await self._accept(call, seat, bytes(agreed.answer.description))
            if session is not None:
                await self._begin(seat, session, agreed)

    async def _offer(self, call: IncomingCall, seat: Seat, caller: Caller) -> None:
        """RFC 3261 §13.3.1.4: an INVITE without an offer is answered with one, and the ACK has the answer."""
        offer, msrp = self._premises.media.offer(
            seat.chat, seat.conference.room, to_browser=call.source.transport in BROWSERS
        )
        seat.chat.msrp = msrp
        # whether it takes private messages is known too late to tell the room: RFC 7701 §6.2 forbids to guess
        if not await self._join(call, seat, joiner_of(call, caller, takes_private=False)):
            return
        session = await self._accept(call, seat, bytes(offer))
        if session is not None:
            session.on_confirmed = partial(self._confirmed, seat, session, offer, msrp)

    def _confirmed(
        self, seat: Seat, session: InviteSession, offer: SessionDescription, msrp: MsrpSession, body: bytes
    ) -> None:
        session.on_confirmed = None
        agreed = self._premises.media.agree(offer, msrp, body)
        if isinstance(agreed, Refusal):
            seat.lose(agreed.text, Departure.LINK_LOST)
        else:
            self._premises.tasks.start(self._begin(seat, session, agreed), "begin of a chat")

    def _refuse_media(self, call: IncomingCall, refusal: Refusal) -> None:
        # RFC 3261 §21.4.26: a 488 should say what is not acceptable
        warning = SipWarning(refusal.warning, self._premises.settings.room_domains[0], refusal.text)
        call.reject(488, headers=(("Warning", str(warning)),))

    async def _join(self, call: IncomingCall, seat: Seat, joiner: Joiner) -> bool:
        premises = self._premises
        premises.registry.enter(seat)
        try:
            focus = premises.directory.focus_for(seat.conference.room)
            await seat.join(focus, joiner)
        except Refused as refused:
            seat.abandon()
            status = sip_status(refused.reason)
            call.reject(status.code, status.phrase, status.headers)
            about = {"person": str(seat.person), "room": str(seat.conference.room), "why": refused.text}
            premises.refusals.info("join refused", reason=refused.reason, **about)
            return False
        return True

    async def _accept(self, call: IncomingCall, seat: Seat, body: bytes) -> InviteSession | None:
        log, room = self._premises.log, str(seat.conference.room)
        try:
            session = await call.accept(body)
        except CallFailed as failed:
            log.info("call given up", person=str(seat.person), reason=str(failed))
            seat.lose(str(failed), Departure.LEFT)
            return None
        seat.called(session)
        log.info("joined by SIP", person=str(seat.person), room=room, call_id=session.call_id)
        return session

    async def _begin(self, seat: Seat, session: InviteSession, agreed: Agreed) -> None:
        renegotiation = Renegotiation(self._premises, seat, session, agreed)
        session.on_reinvite = renegotiation.answer
        seat.chat.answered(agreed.answer.theirs)
        try:
            await renegotiation.connect(agreed)
        except (MsrpUnreachable, ParseError) as error:
            seat.lose(str(error), Departure.LINK_LOST)


def joiner_of(call: IncomingCall, caller: Caller, *, takes_private: bool) -> Joiner:
    """Who comes in: the nickname is a first guess, until NICKNAME says more (RFC 7702 §6.1)."""
    return Joiner(
        address=caller.person,
        nickname=first_nickname((caller.name,), NAMELESS),
        display_name=caller.name,
        anonymous=caller.is_anonymous,
        takes_private=takes_private,
        subject=call.request.headers.get("Subject"),
    )
