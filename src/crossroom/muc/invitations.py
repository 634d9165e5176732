"""Invitations in both directions (XEP-0045 §7.8.2; docs/mapping.md §3.15).

In: an occupant asks the room to invite somebody. Out: a room, ours or another's, asks for one of our users.
"""

import asyncio
from dataclasses import replace
from functools import partial

from crossroom.focus.interface import Answer, Features, Invitation, Outcome
from crossroom.machine import ParseError
from crossroom.muc.addresses import jid_of, person_of, recipient, room_of, sender, shown_jid
from crossroom.muc.asking import Asked, inside
from crossroom.muc.context import MucContext
from crossroom.muc.entering import condition_of, lose
from crossroom.muc.pending import PendingInvitation
from crossroom.muc.reasons import GONE_CONDITIONS, REASONS
from crossroom.room.address import Address
from crossroom.room.reasons import Reason, Refused
from crossroom.xmpp.element import Element
from crossroom.xmpp.errors import StanzaError
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import MUC_USER, Invite, MucUser, decline
from crossroom.xmpp.stanza import Kind, Stanza


@inside
async def on_invite(asked: Asked) -> None:
    """An occupant invites one or more people; each invitation has an end of its own, which may take a minute."""
    x = asked.stanza.find("x", MUC_USER)
    for source in x.find_all("invite") if x else ():
        one = replace(asked, stanza=asked.stanza.with_children(Element("x", MUC_USER, {}, (source,))))
        asked.context.spawn(one.stanza, partial(_invite, one))


def on_decline(context: MucContext, stanza: Stanza) -> None:
    """An invited user says no; without a known invitation it means nothing (docs/mapping.md §3.15 G)."""
    said = _read(stanza)
    if said is None or said.decline is None:
        return
    outcome = Outcome(Answer.DECLINED, Reason.DECLINED, said.decline.reason)
    context.invitations.settle(room_of(recipient(stanza)), person_of(sender(stanza)), outcome)


def on_error(context: MucContext, stanza: Stanza) -> None:
    """An error for the room: an invitation that bounced, or the sign of a ghost (XEP-0045 §18.1.2)."""
    condition = condition_of(stanza)
    outcome = Outcome(Answer.FAILED, REASONS[condition], _text_of(stanza))
    room, person = room_of(recipient(stanza)), person_of(sender(stanza))
    if context.invitations.bounced(room, person, stanza.id, outcome):
        return
    occupancy = context.occupancy_of(stanza)
    if occupancy is not None and condition in GONE_CONDITIONS:
        lose(context, occupancy)


async def reach(context: MucContext, invitation: Invitation) -> Outcome:
    """Ask a user of this network in, and wait for the join, the decline or the bounce (focus.interface.Reach)."""
    try:
        invitee, room = jid_of(invitation.invitee), jid_of(invitation.room)
    except ParseError as error:
        return Outcome(Answer.FAILED, Reason.NOT_FOUND, str(error))
    if context.invitations.is_full:
        about = {"person": str(invitee), "room": str(room)}
        context.refusals.info("limit reached", reason=Reason.RATE_EXCEEDED, **about)
        raise Refused(Reason.RATE_EXCEEDED)
    outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    pending = PendingInvitation(invitation, context.ids.token(), outcome)
    context.invitations.add(pending)
    try:
        context.router.send(invitation_stanza(invitation, room, invitee, pending.stanza_id))
        invitation.progress("alerting")
        return await _end_of(context, outcome)
    finally:
        context.invitations.remove(pending)


def invitation_stanza(invitation: Invitation, room: Jid, invitee: Jid, stanza_id: str) -> Stanza:
    """The mediated invitation as its recipient gets it."""
    invite = Invite(from_=_inviter(invitation.inviter, room), reason=invitation.reason)
    x = MucUser(invites=(invite,), password=invitation.password or "")
    return Stanza(Kind.MESSAGE, invitee.bare, room.bare, stanza_id, "normal", "", (x.as_element(),))


def decline_stanza(room: Jid, inviter: Jid, invitee: Jid, text: str) -> Stanza:
    """The room tells who invited that the invited person said no."""
    x = MucUser(decline=decline(from_=invitee, reason=text))
    return Stanza(Kind.MESSAGE, inviter, room, "", "normal", "", (x.as_element(),))


async def _invite(asked: Asked) -> None:
    asked.needs(Features.INVITATIONS)
    [invite] = MucUser.parse(asked.stanza.children[0]).invites
    if invite.to is None:
        raise ParseError("an invitation to nobody")
    room, invitee = recipient(asked.stanza), invite.to.bare
    outcome = await asked.participation.invite(person_of(invitee), invite.reason)
    if outcome.answer is Answer.DECLINED:
        asked.context.router.send(decline_stanza(room, sender(asked.stanza), invitee, outcome.text))
    elif outcome.answer is Answer.FAILED:
        raise Refused(outcome.reason or Reason.REMOTE_FAULT, outcome.text)


async def _end_of(context: MucContext, outcome: asyncio.Future[Outcome]) -> Outcome:
    try:
        async with asyncio.timeout(context.limits.invitation_seconds):
            return await asyncio.shield(outcome)
    except TimeoutError:
        return Outcome(Answer.FAILED, Reason.TIMED_OUT)


def _inviter(inviter: Address | None, room: Jid) -> Jid:
    shown = shown_jid(inviter) or room
    # XEP-0045 §7.8.2: the bare JID; in an anonymous room it is the occupant's
    return shown if shown.bare == room else shown.bare


def _read(stanza: Stanza) -> MucUser | None:
    try:
        return MucUser.of(stanza)
    except ParseError:
        return None  # what cannot be read declines nothing


def _text_of(stanza: Stanza) -> str:
    error = StanzaError.of(stanza)
    return error.text if error else ""
