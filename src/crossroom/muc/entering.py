"""Coming in, changing name or availability, and going: what an occupant's presence does (XEP-0045 §7.1-7.2, 7.6, 7.14)."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial

from crossroom.focus.interface import Answer, Deliver, Features, Focus, Outcome, Participation, Reservation
from crossroom.machine import ParseError
from crossroom.muc.addresses import address_of, recipient, room_of, sender
from crossroom.muc.context import MucContext
from crossroom.muc.occupants import Occupancy
from crossroom.muc.pending import PendingInvitation
from crossroom.muc.presence import history_of, joiner_of, native_of, not_there_tail
from crossroom.muc.reasons import GONE_CONDITIONS, error_for, join_error_for
from crossroom.room.address import Nickname
from crossroom.room.commands import Joiner
from crossroom.room.events import RoomEvent
from crossroom.room.nickname import parse_nickname
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.xmpp.errors import Condition, StanzaError
from crossroom.xmpp.muc import JoinRequest
from crossroom.xmpp.stanza import Kind, Stanza

GHOST = (110, 307, 333)  # XEP-0045 §7.2.18: what a client that believes to be inside is told
WISH = JoinRequest().as_element()


def on_available(context: MucContext, stanza: Stanza) -> None:
    """Presence without a type to an occupant JID: a join, a new nickname, or new availability."""
    occupancy = context.occupancy_of(stanza)
    wish = JoinRequest.of(stanza)
    if occupancy is not None:
        context.ask(
            occupancy, stanza, partial(_update, context, occupancy, stanza), partial(_refuse_update, context)
        )
    elif wish is not None:
        _enter(context, stanza, wish)
    else:
        to = recipient(stanza)
        context.router.send_tail(Kind.PRESENCE, sender(stanza), not_there_tail(to, GHOST), to.domain)


def on_unavailable(context: MucContext, stanza: Stanza) -> None:
    """Leaving; from somebody who is not there it means nothing (XEP-0045 §7.14)."""
    occupancy = context.occupancy_of(stanza)
    if occupancy is None:
        return
    if occupancy.participation is None:
        # docs/mapping.md §7.7: leaving while the join is in progress ends it, and is acknowledged at once
        occupancy.write(((Kind.PRESENCE, not_there_tail(occupancy.occupant_jid)),))
        abandon(context, occupancy)
        return
    status = stanza.find("status")
    _give_up(context, occupancy, stanza, Departure.LEFT, status.text if status else "")


def on_error(context: MucContext, stanza: Stanza) -> None:
    """Something that we sent came back: only some errors mean that the occupant is gone (XEP-0045 §18.1.2)."""
    occupancy = context.occupancy_of(stanza)
    if occupancy is not None and condition_of(stanza) in GONE_CONDITIONS:
        lose(context, occupancy)


def on_bare_room(context: MucContext, stanza: Stanza) -> None:
    """Presence to the room without a nickname (XEP-0045 §7.2.1)."""
    error = StanzaError(Condition.JID_MALFORMED, by=str(recipient(stanza)))
    context.reply_error(stanza, error, echo=(WISH,) if JoinRequest.of(stanza) else None)


def on_subscribe(context: MucContext, stanza: Stanza) -> None:
    """Rooms and services are on nobody's contact list: a polite no (RFC 6121 §3.1.3)."""
    context.router.send(Stanza(Kind.PRESENCE, stanza.from_, stanza.to, stanza.id, "unsubscribed"))


def lose(context: MucContext, occupancy: Occupancy) -> None:
    """A technical loss: the seat is given up without waiting for anything the user asked."""
    occupancy.turns.close()
    if occupancy.participation is None:
        abandon(context, occupancy)
        return
    stanza = Stanza(Kind.PRESENCE, occupancy.room, occupancy.user, "", "unavailable")
    _give_up(context, occupancy, stanza, Departure.LINK_LOST)


def abandon(context: MucContext, occupancy: Occupancy) -> None:
    """End a join that is in progress."""
    occupancy.end()
    context.occupants.remove(occupancy)
    if occupancy.joining is not None:
        occupancy.joining.cancel()


def condition_of(stanza: Stanza) -> Condition:
    """What an error stanza says."""
    error = StanzaError.of(stanza)
    return error.condition if error else Condition.UNDEFINED_CONDITION


def _enter(context: MucContext, stanza: Stanza, wish: JoinRequest) -> None:
    to, user = recipient(stanza), sender(stanza)
    refuse = partial(_refuse_join, context)
    try:
        nickname = parse_nickname(to.resource)
    except ParseError as error:
        refuse(stanza, Refused(Reason.NICKNAME_INVALID, str(error)))
        return
    occupancy = context.newcomer(to, user, nickname)
    joiner = joiner_of(stanza, wish, address_of(user), nickname)
    join = partial(_join, context, occupancy, joiner)
    occupancy.turns.ask(lambda: context.answered(stanza, join, refuse))


async def _join(context: MucContext, occupancy: Occupancy, joiner: Joiner) -> None:
    """Take a seat: one that is reserved for an invited person, else one of the directory's focus."""
    if occupancy.is_over:
        return
    room = room_of(occupancy.room)
    accepted = context.invitations.accepted_by(room, joiner.address)
    occupancy.joining = asyncio.current_task()
    try:
        participation = await _seated(context, occupancy, joiner, accepted)
    except BaseException as error:
        occupancy.end()
        context.occupants.remove(occupancy)
        if isinstance(error, Refused) and accepted and accepted.invitation.reservation:
            # a reservation is good once; without one the invited person may still try again
            accepted.settle(Outcome(Answer.FAILED, error.reason, error.text))
        raise
    finally:
        occupancy.joining = None
    occupancy.enter(participation, context.tails)
    context.occupants.sweep(occupancy)
    context.invitations.settle(room, joiner.address, Outcome(Answer.ACCEPTED))


async def _seated(
    context: MucContext, occupancy: Occupancy, joiner: Joiner, accepted: PendingInvitation | None
) -> Participation:
    room = room_of(occupancy.room)
    reservation = accepted.invitation.reservation if accepted else None
    if accepted is not None:
        joiner = replace(joiner, referred_by=accepted.invitation.inviter)
    door: Reservation | Focus = reservation or context.directory.focus_for(room)
    try:
        async with asyncio.timeout(context.limits.join_seconds):
            return await door.join(room, joiner, _deliver_to(context, occupancy))
    except TimeoutError:
        raise Refused(Reason.TIMED_OUT) from None


def _deliver_to(context: MucContext, occupancy: Occupancy) -> Deliver:
    def deliver(event: RoomEvent) -> None:
        occupancy.deliver(event)
        context.occupants.sweep(occupancy)

    return deliver


def _give_up(
    context: MucContext, occupancy: Occupancy, stanza: Stanza, departure: Departure, status: str = ""
) -> None:
    async def leave() -> None:
        participation = occupancy.participation
        if participation is None or occupancy.is_over:
            return
        with suppress(Refused):  # the seat ended by itself meanwhile: the user has been told by its events
            await participation.leave(status, departure)

    if not occupancy.turns.ask(lambda: context.answered(stanza, leave)):
        occupancy.turns.close()  # leaving is never refused: what waited before it is given up
        occupancy.turns.ask(lambda: context.answered(stanza, leave))


async def _update(
    context: MucContext, occupancy: Occupancy, stanza: Stanza, participation: Participation
) -> None:
    """Presence from somebody who is inside: a new nickname, a client that lost its state, new availability."""
    nickname = _wanted(stanza)
    wish, view = JoinRequest.of(stanza), occupancy.view
    if nickname != occupancy.nickname:
        _needs_nicknames(participation)
        await participation.rename(nickname)
    elif wish is not None and view is not None:
        occupancy.write(view.again(history_of(wish), context.clock.wall().timestamp()))
    elif Features.PRESENCE in participation.features:
        await participation.set_presence(native_of(stanza))


def _needs_nicknames(participation: Participation) -> None:
    """XEP-0045 §7.6: where nicknames are locked down, the answer is not-acceptable."""
    if Features.NICKNAMES not in participation.features:
        raise Refused(Reason.NICKNAME_LOCKED)


def _wanted(stanza: Stanza) -> Nickname:
    try:
        return parse_nickname(recipient(stanza).resource)
    except ParseError as error:
        raise Refused(Reason.NICKNAME_INVALID, str(error)) from error


def _refuse_update(context: MucContext, stanza: Stanza, refusal: Refused) -> None:
    wish = JoinRequest.of(stanza)
    occupancy = context.occupancy_of(stanza)
    if occupancy is None and wish is not None:
        _enter(context, stanza, wish)  # the seat it was meant for is gone: it is a join of its own
        return
    room = recipient(stanza).bare
    # docs/mapping.md §3.4: the error comes from the nickname that is kept
    from_ = occupancy.occupant_jid if occupancy else stanza.to
    context.reply_error(stanza, error_for(refusal, room), from_=from_, echo=(WISH,))


def _refuse_join(context: MucContext, stanza: Stanza, refusal: Refused) -> None:
    room = recipient(stanza).bare
    about = {"person": str(sender(stanza)), "room": str(room), "why": refusal.text}
    context.refusals.info("join refused", reason=refusal.reason, **about)
    context.reply_error(stanza, join_error_for(refusal, room), echo=(WISH,))
