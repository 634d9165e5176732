"""Re-INVITEs of one session: the same again, or a new path after a lost connection (RFC 4975 §5.4, RFC 3264 §8).

Both for who called and for who was called; the seat outlives its MSRP sessions.
"""

from dataclasses import replace
from functools import partial

from crossroom.bodies.msrp_media import WEBSOCKET, Setup
from crossroom.bodies.sdp import SessionDescription
from crossroom.bodies.sdp_answer import Answer, Refusal
from crossroom.conference.media import Agreed
from crossroom.conference.offers import description_in
from crossroom.conference.premises import Premises
from crossroom.conference.seat import Seat
from crossroom.conference.standing import kept
from crossroom.machine import ParseError
from crossroom.net.msrp_face import EndReason, MsrpUnreachable
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.sip_session import CallFailed, InviteSession
from crossroom.room.reasons import Departure
from crossroom.sip.answer import Body, Rejection
from crossroom.sip.message import Request


class Renegotiation:
    """What stands between us and one endpoint, and its changes. `answer` is an InviteSession.on_reinvite."""

    __slots__ = ("_agreed", "_description", "_premises", "_seat", "_session")

    def __init__(self, premises: Premises, seat: Seat, session: InviteSession, agreed: Agreed) -> None:
        self._premises = premises
        self._seat = seat
        self._session = session
        self._agreed = agreed
        self._description = agreed.answer.description

    def answer(self, request: Request) -> Body | Rejection:
        """The answer to a new offer; without one, an offer of ours (RFC 3261 §14.2)."""
        last, offer = self._agreed, description_in(request)
        if isinstance(offer, Rejection):
            return offer
        if self._session.on_confirmed is not None:
            return Rejection(491)  # RFC 6337 §4: an offer of ours still waits for its answer, in the ACK
        if not offer:
            return Body(bytes(self._offer()))
        agreed = self._premises.media.answer(offer, self._seat.chat, self._seat.conference.room, last.msrp)
        if isinstance(agreed, Refusal):
            return Rejection(488)  # RFC 3261 §14.2: the session stays as it was
        if agreed.answer.theirs.path == last.answer.theirs.path and last.msrp.closed is None:
            agreed.msrp.close()
            return self._keep(agreed.answer)
        # RFC 3264 §8: the same o= line with the next version
        self._description = agreed.answer.description.succeeding(self._description)
        self._take_up(agreed)
        return Body(bytes(self._description))

    def _take_up(self, agreed: Agreed) -> None:
        """Another MSRP session takes the place of the last one."""
        self._agreed = agreed
        self._seat.chat.recovered(agreed.msrp, agreed.answer.theirs)
        self._premises.tasks.start(self._reconnect(), "reconnect")

    def _take_up_if_alive(self, agreed: Agreed) -> None:
        """What we offered could be lost before it was answered: then the last one still waits for its repair."""
        if agreed.msrp.closed is None:
            self._take_up(agreed)

    async def connect(self) -> None:
        """Open the connection that stands agreed, or let it come; raises MsrpUnreachable, and ParseError for their path.

        Neither is raised when a newer offer has taken its place meanwhile: what failed is wanted no more.
        """
        agreed = self._agreed
        try:
            await agreed.connect()
        except (MsrpUnreachable, ParseError):
            if agreed.msrp is self._agreed.msrp:
                raise

    def _keep(self, offered: Answer) -> Body:
        """The MSRP session goes on: a=chatroom, the types, the direction and the other lines may have changed."""
        last = self._agreed
        ours = replace(last.answer.ours, direction=offered.ours.direction)
        self._description = kept(last.answer.ours, offered).succeeding(self._description)
        self._agreed = Agreed(replace(offered, description=self._description, ours=ours), last.msrp)
        self._seat.chat.peer = offered.theirs
        return Body(bytes(self._description))

    # -- what we offer ---------------------------------------------------------------------------------------

    def _offer(self) -> SessionDescription:
        """What stands, or a new chat for one that is lost; the answer comes in the ACK."""
        last = self._agreed
        if last.msrp.closed is None:
            # RFC 6135 §4.2: whoever offers says actpass
            offer, msrp = _in_role(last.answer, Setup.ACTPASS), last.msrp
        else:
            offer, msrp = self._new_chat()
        self._description = offer.succeeding(self._description)
        self._session.on_confirmed = partial(self._confirmed, self._description, msrp)
        return self._description

    def _confirmed(self, offer: SessionDescription, msrp: MsrpSession, body: bytes) -> None:
        self._session.on_confirmed = None
        last = self._agreed
        agreed = self._premises.media.agree(offer, msrp, body)
        if isinstance(agreed, Refusal):
            self._premises.log.info("offer not answered", person=str(self._seat.person), why=agreed.text)
            if msrp is not last.msrp:
                msrp.close()
        elif msrp is not last.msrp:
            self._take_up_if_alive(agreed)
        elif agreed.answer.theirs.path == last.answer.theirs.path:
            self._agreed = Agreed(replace(last.answer, theirs=agreed.answer.theirs), msrp)
            self._seat.chat.peer = agreed.answer.theirs
        else:
            # RFC 4975 §5.4: a session is bound once; for their new path there is a new one of ours
            self._premises.tasks.start(self._offer_anew(), "offer of a new chat")

    async def _offer_anew(self) -> None:
        offer, msrp = self._new_chat()
        self._description = offer.succeeding(self._description)
        try:
            body = await self._session.reinvite(bytes(self._description))
            agreed = self._premises.media.agree(offer, msrp, body)
        except CallFailed as failed:
            agreed = Refusal(399, str(failed))
        if isinstance(agreed, Refusal):
            msrp.close()
            self._seat.lose(agreed.text, Departure.LINK_LOST)
        else:
            self._take_up_if_alive(agreed)

    def _new_chat(self) -> tuple[SessionDescription, MsrpSession]:
        last, chat = self._agreed, self._seat.chat
        if chat.offered is not None and chat.offered is not last.msrp:
            chat.offered.close()  # nobody has answered that one
        is_browser = last.answer.theirs.transport == WEBSOCKET
        offer, chat.offered = self._premises.media.offer(
            chat, self._seat.conference.room, last.msrp, to_browser=is_browser
        )
        return offer, chat.offered

    async def _reconnect(self) -> None:
        try:
            await self.connect()
        except (MsrpUnreachable, ParseError) as error:
            if self._agreed.msrp.closed is EndReason.CONNECTION_LOST:
                self._seat.chat.await_repair()  # it broke again, before it was bound
            else:
                self._seat.lose(str(error), Departure.LINK_LOST)


def _in_role(answer: Answer, setup: Setup) -> SessionDescription:
    """Our description with another a=setup on the line of the chat."""
    lines = list(answer.description.media)
    section = replace(answer.ours, setup=setup).section()
    lines[answer.index] = replace(section, media=lines[answer.index].media, connection=None)
    return replace(answer.description, media=tuple(lines))
