"""REFER to a room: let it invite somebody (RFC 4579 §5.5), or remove somebody (§5.11)."""

from crossroom.conference.addresses import UnsupportedScheme, address_of
from crossroom.conference.callers import ANYWHERE
from crossroom.conference.premises import Premises
from crossroom.conference.reasons import SipStatus, sip_status, sip_status_of_outcome
from crossroom.conference.seat import Seat
from crossroom.focus.interface import Participation
from crossroom.machine import ParseError
from crossroom.net.sip_refer import IncomingRefer, ReferProgress
from crossroom.room.address import Address
from crossroom.room.commands import SetRole
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Role
from crossroom.sip.refer_to import ReferTo

OK = SipStatus(200, "OK")


class Referrals:
    """Obeys REFERs from people who are in the room. Everybody else is refused: it would let strangers ring at others."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    async def receive(self, refer: IncomingRefer, room: Address, referrer: Address) -> None:
        """Carry a REFER out, and report how it goes by NOTIFY (RFC 3515 §2.4.4)."""
        seats = self._premises.registry.seats_of(room, referrer)
        seat = next((one for one in seats if one.participation is not None), None)
        if seat is None or seat.participation is None:
            status = sip_status(Reason.NOT_IN_ROOM)
            refer.reject(status.code, status.phrase)
            return
        request = ReferTo(refer.refer_to)
        match request.method.upper():
            case "INVITE":
                await self._invite(refer, request, seat.participation, room)
            case "BYE":
                await self._remove(refer, request, seat)
            case other:
                refer.reject(501, f"{other} is not carried out here")

    async def _invite(
        self, refer: IncomingRefer, request: ReferTo, participation: Participation, room: Address
    ) -> None:
        try:
            invitee = address_of(request.target, ANYWHERE)
        except UnsupportedScheme as error:
            refer.reject(416, str(error))
            return
        except ParseError as error:
            refer.reject(400, str(error))
            return
        reason = dict(request.embedded).get("Subject") or refer.request.headers.get("Subject") or ""
        progress = refer.accept()
        try:
            status = sip_status_of_outcome(await participation.invite(invitee.bare, reason))
        except Refused as refused:
            status = sip_status(refused.reason)
        progress.final(status.code, status.phrase)
        self._premises.log.info("referred", invitee=str(invitee), room=str(room), status=status.code)

    async def _remove(self, refer: IncomingRefer, request: ReferTo, seat: Seat) -> None:
        nickname = seat.conference.nickname_of(request.target, sees_addresses=seat.sees_addresses)
        progress = refer.accept()
        if nickname is None or seat.participation is None:
            _tell(progress, sip_status(Reason.NO_SUCH_PARTICIPANT))
            return
        try:
            await seat.participation.moderate(SetRole(seat.participation.endpoint, nickname, Role.NONE))
        except Refused as refused:
            _tell(progress, sip_status(refused.reason))
        else:
            _tell(progress, OK)


def _tell(progress: ReferProgress, status: SipStatus) -> None:
    progress.final(status.code, status.phrase)
