"""Re-INVITEs of one session: the same again, or a new path after a lost connection (RFC 4975 §5.4, RFC 3264 §8).

Both for who called and for who was called; the seat outlives its MSRP sessions.
"""

from dataclasses import replace
from functools import partial

from crossroom.bodies.msrp_media import WEBSOCKET, MessageMedia, Setup
from crossroom.bodies.sdp import SessionDescription
from crossroom.bodies.sdp_answer import Answer, Refusal, chat_line
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
    """What stands between us and one endpoint, and its changes. `answer` is an InviteSession.on_reinvite.

    Most sessions never change. So what stands is kept as we wrote it, which the session does too, and read again when
    something does: `_standing` is our side of it, in the role `_role`; `_sent` our last description, taken up or not.
    """

    __slots__ = ("_msrp", "_premises", "_role", "_seat", "_sent", "_session", "_standing", "_theirs")

    def __init__(self, premises: Premises, seat: Seat, session: InviteSession, agreed: Agreed) -> None:
        self._premises = premises
        self._seat = seat
        self._session = session
        self._sent = session.body
        self._note(agreed)

    def answer(self, request: Request) -> Body | Rejection:
        """The answer to a new offer; without one, an offer of ours (RFC 3261 §14.2)."""
        offer = description_in(request)
        if isinstance(offer, Rejection):
            return offer
        if self._session.on_confirmed is not None:
            return Rejection(491)  # RFC 6337 §4.3: an offer of ours still waits for its answer, in the ACK
        if not offer:
            return Body(self._offer())
        agreed = self._premises.media.answer(offer, self._seat.chat, self._seat.conference.room, self._msrp)
        if isinstance(agreed, Refusal):
            return Rejection(488)  # RFC 3261 §14.2: the session stays as it was
        if agreed.answer.theirs.path == self._theirs.path and self._msrp.closed is None:
            agreed.msrp.close()
            return self._keep(agreed.answer)
        self._write(agreed.answer.description)
        self._take_up(agreed)
        return Body(self._sent)

    def _write(self, description: SessionDescription) -> None:
        # RFC 3264 §8: the same o= line with the next version
        self._sent = bytes(description.succeeding(SessionDescription.from_bytes(self._sent)))

    def _note(self, agreed: Agreed) -> None:
        """What was agreed stands: our side of it is in what we sent last."""
        self._msrp = agreed.msrp
        self._theirs = agreed.answer.theirs
        self._role = agreed.answer.ours.setup
        self._standing = self._sent

    def _ours(self) -> Answer:
        """What stands, read again."""
        description = SessionDescription.from_bytes(self._standing)
        index = chat_line(description)
        ours = replace(MessageMedia.read(description, description.media[index]), setup=self._role)
        return Answer(description, ours, self._theirs, index)

    def _take_up(self, agreed: Agreed) -> None:
        """Another MSRP session takes the place of the last one."""
        self._note(agreed)
        self._seat.chat.recovered(agreed.msrp, agreed.answer.theirs)
        self._premises.tasks.start(self._reconnect(agreed), "reconnect")

    def _take_up_if_alive(self, agreed: Agreed) -> None:
        """What we offered could be lost before it was answered: then the last one still waits for its repair."""
        if agreed.msrp.closed is None:
            self._take_up(agreed)

    async def connect(self, agreed: Agreed) -> None:
        """Open the connection that was agreed, or let it come; raises MsrpUnreachable, and ParseError for their path.

        Neither is raised when a newer offer has taken its place meanwhile: what failed is wanted no more.
        """
        try:
            await agreed.connect()
        except (MsrpUnreachable, ParseError):
            if agreed.msrp is self._msrp:
                raise

    def _keep(self, offered: Answer) -> Body:
        """The MSRP session goes on: a=chatroom, the types, the direction and the other lines may have changed."""
        self._write(kept(self._ours().ours, offered))
        self._standing = self._sent
        self._theirs = self._seat.chat.peer = offered.theirs
        return Body(self._sent)

    # -- what we offer ---------------------------------------------------------------------------------------

    def _offer(self) -> bytes:
        """What stands, or a new chat for one that is lost; the answer comes in the ACK."""
        if self._msrp.closed is None:
            # RFC 6135 §4.2: whoever offers says actpass
            offer, msrp = _in_role(self._ours(), Setup.ACTPASS), self._msrp
        else:
            offer, msrp = self._new_chat()
        self._write(offer)
        self._session.on_confirmed = partial(self._confirmed, offer, msrp)
        return self._sent

    def _confirmed(self, offer: SessionDescription, msrp: MsrpSession, body: bytes) -> None:
        self._session.on_confirmed = None
        agreed = self._premises.media.agree(offer, msrp, body)
        if isinstance(agreed, Refusal):
            self._premises.log.info("offer not answered", person=str(self._seat.person), why=agreed.text)
            if msrp is not self._msrp:
                msrp.close()
        elif msrp is not self._msrp:
            self._take_up_if_alive(agreed)
        elif agreed.answer.theirs.path == self._theirs.path:
            self._theirs = self._seat.chat.peer = agreed.answer.theirs
        else:
            # RFC 4975 §5.4: a session is bound once; for their new path there is a new one of ours
            self._premises.tasks.start(self._offer_anew(), "offer of a new chat")

    async def _offer_anew(self) -> None:
        offer, msrp = self._new_chat()
        self._write(offer)
        try:
            body = await self._session.reinvite(self._sent)
            agreed = self._premises.media.agree(offer, msrp, body)
        except CallFailed as failed:
            agreed = Refusal(399, str(failed))
        if isinstance(agreed, Refusal):
            msrp.close()
            self._seat.lose(agreed.text, Departure.LINK_LOST)
        else:
            self._take_up_if_alive(agreed)

    def _new_chat(self) -> tuple[SessionDescription, MsrpSession]:
        chat = self._seat.chat
        if chat.offered is not None and chat.offered is not self._msrp:
            chat.offered.close()  # nobody has answered that one
        is_browser = self._theirs.transport == WEBSOCKET
        offer, chat.offered = self._premises.media.offer(
            chat, self._seat.conference.room, self._msrp, to_browser=is_browser
        )
        return offer, chat.offered

    async def _reconnect(self, agreed: Agreed) -> None:
        try:
            await self.connect(agreed)
        except (MsrpUnreachable, ParseError) as error:
            if agreed.msrp.closed is EndReason.CONNECTION_LOST:
                self._seat.chat.await_repair()  # it broke again, before it was bound
            else:
                self._seat.lose(str(error), Departure.LINK_LOST)


def _in_role(answer: Answer, setup: Setup) -> SessionDescription:
    """Our description with another a=setup on the line of the chat."""
    lines = list(answer.description.media)
    section = replace(answer.ours, setup=setup).section()
    lines[answer.index] = replace(section, media=lines[answer.index].media, connection=None)
    return replace(answer.description, media=tuple(lines))
