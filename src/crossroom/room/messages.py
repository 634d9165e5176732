"""Saying something to everybody or to one participant, and typing: XEP-0045 §7.4-7.5, RFC 7701 §6."""

from msgspec.structs import replace

from crossroom.room.address import EndpointId, Nickname
from crossroom.room.commands import Acknowledge, Compose, Post
from crossroom.room.configuration import PrivateMessages
from crossroom.room.content import Receipt, octets_of
from crossroom.room.events import Acknowledged, ComposingChanged, Delivery, Occupant, Posted
from crossroom.room.reasons import Reason, Refused
from crossroom.room.roster import Participant, Seat
from crossroom.room.standing import Role
from crossroom.room.state import RoomState
from crossroom.room.visibility import fan_out, recipients, sees_addresses, view, views

PRIVATE_ROLE = {  # muc#roomconfig_allowpm: the role that it takes to send one
    PrivateMessages.ANYONE: Role.VISITOR,
    PrivateMessages.PARTICIPANTS: Role.PARTICIPANT,
    PrivateMessages.MODERATORS: Role.MODERATOR,
}


def post(state: RoomState, command: Post, now: float) -> list[Delivery]:
    """Pass a message on; `now` becomes its time, whatever the author claims."""
    seat, draft = state.seat(command.endpoint), command.draft
    octets = octets_of(draft.id, draft.content, draft.native)
    if octets > state.limits.post_octets:
        raise Refused(Reason.TOO_LARGE, f"{octets} octets, more than {state.limits.post_octets}")
    if draft.to is not None:
        return _private(state, seat, command, draft.to, now)
    _must_have_voice(seat)
    full, plain = views(state, seat)
    posted = _posted(full, command, now)
    if draft.is_kept and draft.content is not None:
        state.history.add(posted, octets)
    to = recipients(state)
    told = [Delivery(posted, to.full)] if to.full else []
    return [*told, Delivery(replace(posted, author=plain), to.plain)] if to.plain else told


def compose(state: RoomState, command: Compose) -> list[Delivery]:
    """Pass typing on, to everybody with the writer, or to one participant."""
    seat = state.seat(command.endpoint)
    if command.to is None:
        _must_have_voice(seat)
        return fan_out(state, views(state, seat), lambda author: ComposingChanged(author, command.state))
    target = _recipient(state, seat, command.to)
    author = view(state, seat, is_full=sees_addresses(state, target))
    return [Delivery(ComposingChanged(author, command.state, target.nickname), _private_seats(target))]


def acknowledge(state: RoomState, command: Acknowledge) -> list[Delivery]:
    """Tell the author of a private message what became of it: whoever may be written to may answer so."""
    seat = state.seat(command.endpoint)
    if state.configuration.private_messages not in PRIVATE_ROLE:
        raise Refused(Reason.PRIVATE_MESSAGES_OFF)
    target = state.roster.find(command.to)
    if target is None:
        raise Refused(Reason.NO_SUCH_PARTICIPANT)
    if command.receipt is Receipt.FAILED and _takes_elsewhere(seat):
        return []  # what one device could not be given another one has
    author = view(state, seat, is_full=sees_addresses(state, target))
    told = Acknowledged(author, command.id, command.receipt, target.nickname, command.native)
    return [Delivery(told, _private_seats(target))]


def _takes_elsewhere(seat: Seat) -> bool:
    return any(each.takes_private and each is not seat for each in seat.participant.seats)


def _private(state: RoomState, seat: Seat, command: Post, to: Nickname, now: float) -> list[Delivery]:
    """RFC 7701 §6.2: all endpoints of the recipient get it, nobody else, and no history."""
    target = _recipient(state, seat, to)
    author = view(state, seat, is_full=sees_addresses(state, target))
    posted = replace(_posted(author, command, now), to=target.nickname, receipts=command.draft.receipts)
    return [Delivery(posted, _private_seats(target))]


def _posted(author: Occupant, command: Post, now: float) -> Posted:
    draft = command.draft
    return Posted(author, draft.id, command.archive_id, now, draft.content, draft.native)


def _must_have_voice(seat: Seat) -> None:
    # XEP-0045 §7.4: a visitor of a moderated room is refused
    if seat.participant.role < Role.PARTICIPANT:
        raise Refused(Reason.NO_VOICE)


def _recipient(state: RoomState, seat: Seat, to: Nickname) -> Participant:
    """Find whom a private message is for, if the sender may write one."""
    # RFC 7701 §6.2: first whether there is such a participant, then whether it takes private messages, then policy
    target = state.roster.find(to)
    if target is None:
        raise Refused(Reason.NO_SUCH_PARTICIPANT)
    _private_seats(target)
    needed = PRIVATE_ROLE.get(state.configuration.private_messages)
    if needed is None:
        raise Refused(Reason.PRIVATE_MESSAGES_OFF)
    if seat.participant.role < needed:
        raise Refused(Reason.NOT_ALLOWED)
    return target


def _private_seats(target: Participant) -> tuple[EndpointId, ...]:
    seats = tuple(seat.endpoint for seat in target.seats if seat.takes_private)
    if not seats:
        raise Refused(Reason.PRIVATE_MESSAGES_UNSUPPORTED)
    return seats
