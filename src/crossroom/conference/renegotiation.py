"""Re-INVITEs of one session: the same again, or a new path after a lost connection (RFC 4975 §5.4, RFC 3264 §8).

Both for who called and for who was called; the seat outlives its MSRP sessions.
"""

from dataclasses import replace

from crossroom.bodies.sdp_answer import Answer, Refusal
from crossroom.conference.media import Agreed
from crossroom.conference.premises import Premises
from crossroom.conference.seat import Seat
from crossroom.machine import ParseError
from crossroom.net.msrp_face import MsrpUnreachable
from crossroom.room.reasons import Departure
from crossroom.sip.answer import Body, Rejection


class Renegotiation:
    """What stands between us and one endpoint, and its changes. `answer` is an InviteSession.on_reinvite."""

    def __init__(self, premises: Premises, seat: Seat, agreed: Agreed) -> None:
        self._premises = premises
        self._seat = seat
        self._agreed = agreed
        self._description = agreed.answer.description

    def answer(self, body: bytes) -> Body | Rejection:
        """The answer to a new offer; an offerless one is answered with what stands."""
        last = self._agreed
        if not body:
            return Body(bytes(self._description))
        agreed = self._premises.media.answer(body, self._seat.chat, last.msrp)
        if isinstance(agreed, Refusal):
            return Rejection(488)  # RFC 3261 §14.2: the session stays as it was
        if agreed.answer.theirs.path == last.answer.theirs.path and last.msrp.closed is None:
            agreed.msrp.close()
            return self._keep(agreed.answer)
        self._agreed = agreed
        # RFC 3264 §8: the same o= line with the next version
        self._description = agreed.answer.description.succeeding(self._description)
        self._seat.chat.recovered(agreed.msrp, agreed.answer.theirs)
        self._premises.tasks.start(self._connect(agreed), "reconnect")
        return Body(bytes(self._description))

    def _keep(self, offered: Answer) -> Body:
        """The MSRP session goes on: a=chatroom, the types, the direction and the other lines may have changed."""
        last = self._agreed
        ours = replace(last.answer.ours, direction=offered.ours.direction)
        # RFC 3264 §6: a line for every line of the offer, also for those that are refused
        lines = list(offered.description.media)
        lines[offered.index] = replace(ours.section(), media=lines[offered.index].media, connection=None)
        description = replace(offered.description, media=tuple(lines))
        self._description = description.succeeding(self._description)
        self._agreed = Agreed(replace(offered, description=self._description, ours=ours), last.msrp)
        self._seat.chat.peer = offered.theirs
        return Body(bytes(self._description))

    async def _connect(self, agreed: Agreed) -> None:
        try:
            await agreed.connect()
        except (MsrpUnreachable, ParseError) as error:
            self._seat.lose(str(error), Departure.LINK_LOST)
