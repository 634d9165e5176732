"""REFER to a room: let it invite somebody (RFC 4579 §5.5), or remove somebody (§5.11)."""

from functools import partial

from crossroom.conference.addresses import UnsupportedScheme, address_of, aor_of, is_same_person
from crossroom.conference.callers import ANYWHERE
from crossroom.conference.premises import Premises
from crossroom.conference.reasons import SipStatus, sip_status, sip_status_of_outcome
from crossroom.conference.seat import Seat
from crossroom.machine import ParseError
from crossroom.net.sip_refer import IncomingRefer, ReferProgress
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import SetRole
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Role
from crossroom.sip import grammar
from crossroom.sip.refer_to import ReferTo, referred_by
from crossroom.sip.uri import Uri

OK = SipStatus(200, "OK")
RINGING = SipStatus(180, "Ringing")


class Referrals:
    """Obeys REFERs from people who are in the room. Everybody else is refused: it would let strangers ring at others."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    async def receive(self, refer: IncomingRefer, room: Address, referrer: Address) -> None:
        """Carry a REFER out, and report how it goes by NOTIFY (RFC 3515 §2.4.4)."""
        seat = self._seat_of(refer, room, referrer)
        if seat is None:
            _refuse(refer, sip_status(Reason.NOT_IN_ROOM))
            return
        request = ReferTo(refer.refer_to)
        match request.method.upper():
            case "INVITE":
                await self._invite(refer, request, seat)
            case "BYE":
                await self._remove(refer, request, seat)
            case other:
                refer.reject(501, f"{other} is not carried out here")

    def _seat_of(self, refer: IncomingRefer, room: Address, referrer: Address) -> Seat | None:
        """The dialog tells most exactly who asks (RFC 4538); outside of dialogs it is the address."""
        registry = self._premises.registry
        inside = registry.seat_of(room, refer.session) if refer.session is not None else None
        seats = (inside,) if inside else registry.seats_of(room, referrer)
        return next((one for one in seats if one.participation is not None), None)

    async def _invite(self, refer: IncomingRefer, request: ReferTo, seat: Seat) -> None:
        room = seat.conference.room
        try:
            invitee = address_of(request.target, ANYWHERE)
            named = referred_by(refer.request.headers)
        except UnsupportedScheme as error:
            refer.reject(416, str(error))
            return
        except ParseError as error:
            refer.reject(400, str(error))
            return
        if named is not None and not _names(named.uri, seat):
            # RFC 3892 §2.2: it is copied unmodified or not at all; nobody invites in somebody else's name
            refer.reject(403, "Referred-By Names Somebody Else")
            return
        if invitee.is_same_person(room):
            refer.reject(482, "A room cannot be in itself")  # it would call itself without end
            return
        reason = dict(request.embedded).get("Subject") or refer.request.headers.get("Subject") or ""
        progress, referral = refer.accept(), refer.referred_by or ""
        try:
            outcome = await seat.seated().invite(invitee.bare, reason, partial(_ringing, progress), referral)
            status = sip_status_of_outcome(outcome)
        except Refused as refused:
            status = sip_status(refused.reason)
        _tell(progress, status)
        self._premises.log.info("referred", invitee=str(invitee), room=str(room), status=status.code)

    async def _remove(self, refer: IncomingRefer, request: ReferTo, seat: Seat) -> None:
        nickname = seat.conference.nickname_of(request.target, sees_addresses=seat.sees_addresses)
        progress = refer.accept()
        try:
            await _removed(seat, nickname)
        except Refused as refused:
            _tell(progress, sip_status(refused.reason))
        else:
            _tell(progress, OK)


async def _removed(seat: Seat, nickname: Nickname | None) -> None:
    participation = seat.seated()
    if nickname is None:
        raise Refused(Reason.NO_SUCH_PARTICIPANT)
    if seat.own is not None and nickname == seat.own.nickname:
        await participation.leave()  # nobody kicks oneself: who asks for the own BYE wants to leave
    else:
        await participation.moderate(SetRole(participation.endpoint, nickname, Role.NONE))


def _names(uri: Uri, seat: Seat) -> bool:
    """Whether a URI is that of the person in this seat, or of the occupant that the room shows."""
    if is_same_person(uri, aor_of(seat.person)):
        return True
    shown = seat.conference.nickname_of(uri, sees_addresses=seat.sees_addresses)
    return shown is not None and seat.own is not None and shown == seat.own.nickname


def _ringing(progress: ReferProgress, text: str) -> None:
    """How far an invitation has come: a status of SIP, or the words of another network."""
    code, _, phrase = text.partition(" ")
    is_status = len(code) == 3 and code.isascii() and code.isdigit() and code.startswith("1")
    status = SipStatus(int(code), grammar.clean_text(phrase)) if is_status else RINGING
    if status.code > 100:  # that it is being tried was told at once
        progress.notify(status.code, status.phrase)


def _refuse(refer: IncomingRefer, status: SipStatus) -> None:
    refer.reject(status.code, status.phrase)


def _tell(progress: ReferProgress, status: SipStatus) -> None:
    progress.final(status.code, status.phrase)
