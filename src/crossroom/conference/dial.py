"""Calls that go out: the focus asks a SIP user in (RFC 4579 §5.5), and seats them when they answer."""

from collections.abc import Sequence
from dataclasses import replace

from crossroom.bodies.msrp_media import PRIVATE_MESSAGES, MessageMedia
from crossroom.bodies.sdp_answer import Refusal
from crossroom.conference.addresses import NAMELESS, aor_of, uri_of
from crossroom.conference.callers import device_of
from crossroom.conference.dial_offers import Offers
from crossroom.conference.forking import Forking
from crossroom.conference.media import Agreed
from crossroom.conference.premises import Premises
from crossroom.conference.reasons import outcome_of_sip
from crossroom.conference.registrar import Binding, target_of
from crossroom.conference.renegotiation import Renegotiation
from crossroom.conference.seat import Seat
from crossroom.focus.interface import Answer, Invitation, Outcome
from crossroom.machine import ParseError
from crossroom.net.msrp_face import MsrpUnreachable
from crossroom.net.sip_session import CallFailed, InviteSession
from crossroom.room.address import Address, Network
from crossroom.room.commands import Joiner
from crossroom.room.nickname import first_nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import JoiningMethod
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import HeaderLines, OutgoingCall
from crossroom.sip.contact import as_focus
from crossroom.sip.hop import BROWSERS
from crossroom.sip.uri import SipUri


class Dialer:
    """A Reach over SIP (focus.interface)."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    async def invite(self, invitation: Invitation) -> Outcome:
        """Call the person with isfocus and Referred-By; ACCEPTED once they are in the room.

        Cancelling withdraws: CANCEL, or BYE if they have just answered.
        """
        premises = self._premises
        conference = premises.registry.conference(invitation.room)
        person = replace(invitation.invitee, network=Network.SIP)
        seat = Seat(conference, person, premises.tasks, premises.log, premises.settings.seat)
        offers = Offers(premises.media, seat.conference.room, seat.chat)
        try:
            session = await self._call(invitation, offers)
            return await self._seat(seat, session, invitation, offers.agree(session.peer_body))
        except CallFailed as failed:
            if failed.status == 487 and premises.registry.seats_of(invitation.room, person):
                return Outcome(Answer.ACCEPTED)  # replaced: they picked up at another telephone
            return outcome_of_sip(failed.status, failed.reason)
        except ParseError as error:
            return Outcome(Answer.FAILED, Reason.NOT_FOUND, str(error))
        finally:
            offers.close()
            if seat.participation is None:
                seat.abandon()
                premises.registry.discard_if_empty(invitation.room)

    async def _call(self, invitation: Invitation, offers: Offers) -> InviteSession:
        premises, call = self._premises, self._outgoing(invitation)
        devices = premises.registrar.devices(invitation.invitee) if premises.registrar else ()
        if devices:
            over = [
                [self._over_flow(call, invitation.room, binding, offers) for binding in flows]
                for flows in devices
            ]
            return await self._ring(invitation, over)
        try:
            return await self._ring(invitation, [[replace(call, body=offers.usual())]])
        except CallFailed as failed:
            if failed.status != 488 or not premises.media.serves_browsers:
                raise
        # RFC 3261 §21.4.26: asked again for what a browser behind the proxy can take
        return await self._ring(invitation, [[replace(call, body=offers.for_browsers())]])

    def _outgoing(self, invitation: Invitation) -> OutgoingCall:
        premises, room = self._premises, invitation.room
        named = uri_of(invitation.invitee)
        contact = NameAddr(premises.sip.contact_uri(room.user))
        return OutgoingCall(
            target=named,
            from_=NameAddr(uri_of(room)),
            to=NameAddr(named.address_of_record),
            contact=as_focus(contact),  # RFC 4579 §4.3
            headers=invite_headers(invitation),
            timeout=premises.settings.dial_seconds,
        )

    def _over_flow(self, call: OutgoingCall, room: Address, binding: Binding, offers: Offers) -> OutgoingCall:
        """The same call to one device: its Contact, the flow that it registered by (RFC 5626 §5.3), and ours beside it."""
        flow = binding.flow
        contact = as_focus(self._premises.sip.contact_for(room.user, flow))
        body = offers.for_browsers() if flow.transport in BROWSERS else offers.usual()
        return replace(call, target=target_of(binding) or call.target, contact=contact, flow=flow, body=body)

    async def _ring(self, invitation: Invitation, devices: Sequence[Sequence[OutgoingCall]]) -> InviteSession:
        forking = Forking(
            self._premises.sip,
            self._premises.tasks,
            devices,
            lambda response: invitation.progress(f"{response.status} {response.reason}"),
        )
        return await forking.outcome()

    async def _seat(
        self, seat: Seat, session: InviteSession, invitation: Invitation, agreed: Agreed | Refusal
    ) -> Outcome:
        if isinstance(agreed, Refusal):
            # they answered the call and want no chat: a no of theirs (docs/mapping.md §3.15 A)
            await session.bye("SIP;cause=488")
            return Outcome(Answer.DECLINED, Reason.UNSUPPORTED_CONTENT, agreed.text)
        theirs = agreed.answer.theirs
        seat.person = replace(seat.person, device=device_of(session.remote_contact))
        try:
            await self._join(seat, session, theirs, invitation)
        except Refused as refused:
            await session.bye("SIP;cause=480")
            return Outcome(Answer.FAILED, refused.reason, refused.text)
        renegotiation = Renegotiation(self._premises, seat, session, agreed)
        session.on_reinvite = renegotiation.answer
        try:
            await renegotiation.connect(agreed)
        except (MsrpUnreachable, ParseError) as error:
            seat.lose(str(error))
            return Outcome(Answer.FAILED, Reason.UNREACHABLE, str(error))
        return Outcome(Answer.ACCEPTED)

    async def _join(
        self, seat: Seat, session: InviteSession, theirs: MessageMedia, invitation: Invitation
    ) -> None:
        premises = self._premises
        premises.registry.enter(seat)
        focus = premises.directory.focus_for(invitation.room)
        await seat.join(focus, _joiner(seat, session, theirs, invitation))
        seat.called(session)
        seat.chat.answered(theirs)
        premises.log.info("joined by dial-out", person=str(seat.person), room=str(invitation.room))


def invite_headers(invitation: Invitation) -> HeaderLines:
    """Who asks (RFC 3892), and why. Raises ParseError for an inviter that no SIP URI can name."""
    subject = grammar.clean_text(invitation.reason)
    # RFC 3892 §2.2: what the REFER said is copied unmodified; where it said nothing, who asked is named here
    named = str(NameAddr(_inviter(invitation))) if invitation.inviter else ""
    referral = invitation.referral or named
    referred_by = (("Referred-By", referral),) if referral else ()
    return (*referred_by, *((("Subject", subject),) if subject else ()))


def _inviter(invitation: Invitation) -> SipUri:
    inviter = invitation.inviter or invitation.room
    # where addresses are hidden the inviter is an occupant, and only `gr` tells which one (RFC 7702 §5.4)
    return uri_of(inviter) if inviter.is_same_person(invitation.room) else aor_of(inviter)


def _joiner(seat: Seat, session: InviteSession, theirs: MessageMedia, invitation: Invitation) -> Joiner:
    name = grammar.clean_text(session.remote.display_name)
    return Joiner(
        address=seat.person,
        nickname=first_nickname((name, invitation.invitee.user), NAMELESS),
        display_name=name,
        takes_private=theirs.has_feature(PRIVATE_MESSAGES),
        joining=JoiningMethod.DIALED_OUT,
        referred_by=invitation.inviter,
    )
