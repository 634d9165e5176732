"""Calls that come in: a SIP user joins a room, or a focus elsewhere asks one of our XMPP users in.

The order is fixed: read the offer, take the seat in the room, answer 200. A call that cannot be answered has
changed nothing; a call that was given up meanwhile leaves the room again.
"""

from crossroom.bodies.msrp_media import PRIVATE_MESSAGES, MessageMedia
from crossroom.bodies.sdp_answer import Refusal
from crossroom.conference.callers import Caller, caller_of
from crossroom.conference.media import Agreed, connects_first, path_of
from crossroom.conference.premises import Premises
from crossroom.conference.reasons import sip_status
from crossroom.conference.seat import Seat
from crossroom.machine import ParseError
from crossroom.net.msrp_face import MsrpUnreachable
from crossroom.net.sip_session import CallFailed, IncomingCall
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import Joiner
from crossroom.room.nickname import first_nickname
from crossroom.room.reasons import Departure, Refused
from crossroom.sip.answer import Body, Rejection
from crossroom.sip.contact import as_focus
from crossroom.sip.reason import Warning as SipWarning

NAMELESS = Nickname("Guest")


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
        call.contact = as_focus(call.contact)  # RFC 4579 §4.2
        seat = self._seat(room, caller.person)
        agreed = self._agree(call, seat)
        if agreed is None:
            self._premises.registry.discard_if_empty(room)
            return
        seat.chat.msrp = agreed.msrp
        if await self._join(call, seat, caller, agreed.answer.theirs):
            await self._answer(call, seat, agreed)

    def _seat(self, room: Address, person: Address) -> Seat:
        premises = self._premises
        conference = premises.registry.conference(room)
        return Seat(conference, person, premises.tasks, premises.log, premises.settings.seat)

    def _agree(self, call: IncomingCall, seat: Seat) -> Agreed | None:
        agreed = self._premises.media.answer(call.request.body, seat.chat)
        if isinstance(agreed, Agreed):
            return agreed
        self._refuse_media(call, agreed)
        return None

    def _refuse_media(self, call: IncomingCall, refusal: Refusal) -> None:
        # RFC 3261 §21.4.26: a 488 should say what is not acceptable
        warning = SipWarning(refusal.warning, self._premises.settings.room_domains[0], refusal.text)
        call.reject(488, headers=(("Warning", str(warning)),))

    async def _join(self, call: IncomingCall, seat: Seat, caller: Caller, theirs: MessageMedia) -> bool:
        premises = self._premises
        premises.registry.enter(seat)
        try:
            focus = premises.directory.focus_for(seat.conference.room)
            await seat.join(focus, joiner_of(call, caller, theirs))
        except Refused as refused:
            seat.abandon()
            status = sip_status(refused.reason)
            retry = (("Retry-After", str(status.retry_after)),) if status.retry_after is not None else ()
            call.reject(status.code, status.phrase, retry)
            premises.log.info(
                "join refused", person=str(caller.person), room=str(seat.conference.room), reason=str(refused)
            )
            return False
        return True

    async def _answer(self, call: IncomingCall, seat: Seat, agreed: Agreed) -> None:
        log = self._premises.log
        try:
            path = path_of(agreed.answer.theirs)
            session = await call.accept(bytes(agreed.answer.description))
        except (CallFailed, ParseError) as error:
            log.info("call given up", person=str(seat.person), reason=str(error))
            seat.lose(str(error), Departure.LEFT)
            return
        session.on_reinvite = Reinvites(self._premises, seat, agreed).answer
        seat.answered(session, agreed.answer.theirs)
        log.info(
            "joined by SIP", person=str(seat.person), room=str(seat.conference.room), call_id=session.call_id
        )
        if not agreed.answer.we_connect:
            agreed.msrp.remote_path = path
        elif connects_first(agreed.answer.theirs):
            seat.lose("neither side connects", Departure.LINK_LOST)
        else:
            try:
                await agreed.msrp.connect(path)
            except MsrpUnreachable as error:
                seat.lose(str(error), Departure.LINK_LOST)


class Reinvites:
    """Answers re-INVITEs of one session: the same again, or a new path (RFC 4975 §5.4, RFC 3264 §8)."""

    def __init__(self, premises: Premises, seat: Seat, agreed: Agreed) -> None:
        self._premises = premises
        self._seat = seat
        self._agreed = agreed

    def answer(self, body: bytes) -> Body | Rejection:
        """The answer to a new offer; an offerless one is answered with what stands."""
        last = self._agreed
        if not body:
            return Body(bytes(last.answer.description))
        agreed = self._premises.media.answer(body, self._seat.chat)
        if isinstance(agreed, Refusal):
            return Rejection(488)  # RFC 3261 §14.2: the session stays as it was
        if agreed.answer.theirs.path == last.answer.theirs.path and last.msrp.closed is None:
            agreed.msrp.close()
            self._seat.chat.peer = agreed.answer.theirs  # a=chatroom and the types may have changed
            return Body(bytes(last.answer.description))
        self._agreed = agreed
        self._seat.chat.recovered(agreed.msrp, agreed.answer.theirs)
        self._premises.tasks.start(self._connect(agreed), "reconnect")
        return Body(bytes(agreed.answer.description.succeeding(last.answer.description)))

    async def _connect(self, agreed: Agreed) -> None:
        try:
            path = path_of(agreed.answer.theirs)
            if agreed.answer.we_connect:
                await agreed.msrp.connect(path)
            else:
                agreed.msrp.remote_path = path
        except (MsrpUnreachable, ParseError) as error:
            self._seat.lose(str(error), Departure.LINK_LOST)


def joiner_of(call: IncomingCall, caller: Caller, theirs: MessageMedia) -> Joiner:
    """Who comes in: the nickname is a first guess, until NICKNAME says more (RFC 7702 §6.1)."""
    return Joiner(
        address=caller.person,
        nickname=first_nickname((caller.name,), NAMELESS),
        display_name=caller.name,
        anonymous=caller.is_anonymous,
        takes_private=theirs.has_feature(PRIVATE_MESSAGES),
        subject=call.request.headers.get("Subject"),
    )
