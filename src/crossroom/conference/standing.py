"""What stands between one of our users and a focus elsewhere, and the re-INVITEs by which that one renews it.

RFC 3261 §14.2, RFC 4028 §10, RFC 3264 §8. An offer with another path moves the chat; one that cannot be a chat is
refused, and the session stays as it was.
"""

from dataclasses import replace

from crossroom.bodies.msrp_media import MessageMedia, Setup
from crossroom.bodies.sdp import SessionDescription
from crossroom.bodies.sdp_answer import Answer, Refusal, answer_offer, chat_line
from crossroom.conference.offers import description_in
from crossroom.conference.remote_move import ChatMove
from crossroom.machine import ParseError
from crossroom.sip.answer import Body, Rejection
from crossroom.sip.message import Request

NOT_ACCEPTABLE = Rejection(488)


class Standing:
    """`description` is the last one of ours, `ours` its chat in the role that was agreed, `theirs` the other side's."""

    def __init__(
        self, description: SessionDescription, ours: MessageMedia, theirs: MessageMedia, move: ChatMove
    ) -> None:
        self._description = description
        self._ours = ours
        self._theirs = theirs
        self._move = move

    def answer(self, request: Request) -> Body | Rejection:
        """The answer to a new offer; without one, what stands. An InviteSession.on_reinvite."""
        offer = description_in(request)
        if isinstance(offer, Rejection):
            return offer
        if not offer:
            return Body(bytes(self._offer()))
        try:
            offered = SessionDescription.from_bytes(offer)
        except ParseError:
            return NOT_ACCEPTABLE
        origin = self._description.origin
        answer = answer_offer(offered, [self._ours], origin, is_cema_strict=False)
        if isinstance(answer, Refusal) or answer.theirs.path != self._theirs.path:
            return self._moved(offer)
        self._description = kept(self._ours, answer).succeeding(self._description)
        return Body(bytes(self._description))

    def _moved(self, offer: bytes) -> Body | Rejection:
        """RFC 4975 §5.4: a session is bound once, so for their new path there is a new one of ours."""
        if not self._move.is_possible:
            return Rejection(491)
        agreed = self._move.agree(offer)
        if isinstance(agreed, Refusal):
            return NOT_ACCEPTABLE
        self._ours, self._theirs = agreed.answer.ours, agreed.answer.theirs
        self._description = agreed.answer.description.succeeding(self._description)
        self._move.take_up(agreed)
        return Body(bytes(self._description))

    def _offer(self) -> SessionDescription:
        """What stands, as an offer: RFC 6135 §4.2 says actpass there, and the answer in the ACK changes nothing."""
        lines = list(self._description.media)
        section = replace(self._ours, setup=Setup.ACTPASS).section()
        lines[chat_line(self._description)] = replace(section, connection=None)
        self._description = replace(self._description, media=tuple(lines)).succeeding(self._description)
        return self._description


def kept(ours: MessageMedia, offered: Answer) -> SessionDescription:
    """The answer to an offer under which the chat goes on: our line as it was, but for the direction.

    RFC 3264 §6: a line for every line of the offer, also for those that are refused.
    """
    lines = list(offered.description.media)
    section = replace(ours, direction=offered.ours.direction).section()
    lines[offered.index] = replace(section, media=lines[offered.index].media, connection=None)
    return replace(offered.description, media=tuple(lines))
