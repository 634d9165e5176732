"""Coming in: who may, under which nickname, and what a joiner is told, in which order (XEP-0045 §7.1-7.2)."""

import hmac
from collections.abc import Callable

from crossroom.room.address import EndpointId, Nickname
from crossroom.room.commands import Join, Joiner
from crossroom.room.events import Delivery, Joined, RoomEvent, SubjectChanged
from crossroom.room.identity import occupant_id
from crossroom.room.leaving import Farewell, remove
from crossroom.room.nickname import comparison_key, free_nickname_near
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.roster import Participant, Person, Seat, person_of
from crossroom.room.standing import Affiliation
from crossroom.room.state import RoomState
from crossroom.room.visibility import enter, fan_out, sees_addresses, view, views

JoinCheck = Callable[[RoomState, Join, float], Reason | None]


def room_exists(state: RoomState, command: Join, _now: float) -> Reason | None:
    """A room begins with its first joiner, who must be allowed to begin one (XEP-0045 §10.1.1)."""
    return Reason.MAY_NOT_CREATE if state.is_new and not command.joiner.may_create else None


def not_locked(state: RoomState, command: Join, _now: float) -> Reason | None:
    """XEP-0045 §7.2.10: nobody but the owner enters a room that is not configured yet."""
    is_owner = state.affiliations.of(command.joiner.address) is Affiliation.OWNER
    return Reason.ROOM_LOCKED if state.is_locked and not is_owner else None


def not_banned(state: RoomState, command: Join, _now: float) -> Reason | None:
    """XEP-0045 §7.2.7."""
    is_outcast = state.affiliations.of(command.joiner.address) is Affiliation.OUTCAST
    return Reason.BANNED if is_outcast else None


def members_only(state: RoomState, command: Join, _now: float) -> Reason | None:
    """XEP-0045 §7.2.6; whoever begins a room is about to own it."""
    is_member = state.is_new or state.affiliations.of(command.joiner.address) >= Affiliation.MEMBER
    return Reason.NOT_A_MEMBER if state.configuration.is_members_only and not is_member else None


def password_matches(state: RoomState, command: Join, _now: float) -> Reason | None:
    """XEP-0045 §7.2.5; compared in constant time."""
    expected, given = state.configuration.password, command.joiner.password or ""
    return (
        None
        if not expected or hmac.compare_digest(expected.encode(), given.encode())
        else Reason.PASSWORD_REQUIRED
    )


def nickname_free(state: RoomState, command: Join, now: float) -> Reason | None:
    """XEP-0045 §7.2.8: one person's devices may share a nickname; whoever does not insist is given another."""
    joiner = command.joiner
    person = person_of(joiner.address, command.endpoint)
    is_open = state.is_open(joiner.nickname, person, now)
    return Reason.NICKNAME_TAKEN if joiner.insists_on_nickname and not is_open else None


def not_full(state: RoomState, command: Join, _now: float) -> Reason | None:
    """XEP-0045 §7.2.9: admins and owners are admitted to a full room, up to the service's own limit."""
    joiner, count = command.joiner, len(state.roster.participants)
    if _shared_with(state, joiner, person_of(joiner.address, command.endpoint)):
        return None
    is_privileged = state.affiliations.of(joiner.address) >= Affiliation.ADMIN
    configured = 0 if is_privileged else state.configuration.max_occupants
    is_full = any(limit and count >= limit for limit in (configured, state.limits.occupants))
    return Reason.ROOM_FULL if is_full else None


def subject_fits(state: RoomState, command: Join, _now: float) -> Reason | None:
    """A room begins with no longer a subject than it could be given."""
    subject = command.joiner.subject or ""
    return Reason.TOO_LARGE if len(subject.encode()) > state.limits.text_octets else None


JOIN_CHECKS: tuple[JoinCheck, ...] = (
    room_exists,
    subject_fits,
    not_locked,
    not_banned,
    members_only,
    password_matches,
    nickname_free,
    not_full,
)


def join(state: RoomState, command: Join, now: float) -> list[Delivery]:
    """Seat somebody. To the joiner: roster, own line, history, subject; to the others: one `Joined`."""
    for check in JOIN_CHECKS:
        reason = check(state, command, now)
        if reason:
            raise Refused(reason)
    is_created = state.is_new
    if is_created:
        _found(state, command)
    replaced = state.roster.seat_of(command.joiner.address)
    seat = _seat(state, command, now)
    welcome = _welcome(state, seat, command, now, is_created=is_created)
    news = fan_out(state, views(state, seat), lambda occupant: Joined(occupant, state.configuration))
    enter(state, seat)
    if replaced is None:
        return welcome + news
    # the new session is there before the old one goes: nobody sees the participant leave
    return welcome + news + remove(state, [replaced], Farewell(Departure.REPLACED), now)


def _found(state: RoomState, command: Join) -> None:
    """XEP-0045 §10.1.2: who begins a room owns it; it may stay locked until it is configured."""
    creator = command.joiner
    state.is_new = False
    is_somebody = person_of(creator.address, command.endpoint) == creator.address.key
    if is_somebody and creator.address.user:
        state.affiliations.set(creator.address, Affiliation.OWNER)
        state.is_locked = creator.locks_new_room
    # else: what anonymous@anonymous.invalid owned, everybody anonymous would own; and what a domain, all its users
    if creator.subject:
        state.subject = SubjectChanged(creator.subject, creator.nickname, delayed=True)


def _seat(state: RoomState, command: Join, now: float) -> Seat:
    joiner = command.joiner
    person = person_of(joiner.address, command.endpoint)
    nickname = _nickname(state, joiner, person, now)
    participant = state.roster.find(nickname) or _participant(state, joiner, nickname, person)
    return Seat(
        endpoint=command.endpoint,
        participant=participant,
        address=joiner.address,
        occupant_id=occupant_id(state.secret, person),
        display_name=joiner.display_name,
        is_anonymous=joiner.anonymous,
        takes_private=joiner.takes_private,
        joining=joiner.joining,
        referred_by=joiner.referred_by,
        presence=joiner.presence,
    )


def _participant(state: RoomState, joiner: Joiner, nickname: Nickname, person: Person) -> Participant:
    affiliation = state.affiliations.of(joiner.address)
    return Participant(nickname, comparison_key(nickname), person, state.role_for(affiliation), affiliation)


def _nickname(state: RoomState, joiner: Joiner, person: Person, now: float) -> Nickname:
    if _shared_with(state, joiner, person):
        return joiner.nickname

    # RFC 7701 §7.1: a second session of one URI is never given the first one's nickname unasked
    def is_free(nickname: Nickname) -> bool:
        return state.roster.find(nickname) is None and state.is_open(nickname, person, now)

    return free_nickname_near(joiner.nickname, is_free)


def _shared_with(state: RoomState, joiner: Joiner, person: Person) -> Participant | None:
    """The participant that the joiner becomes another endpoint of, or (the same device again) takes over."""
    holder = state.roster.find(joiner.nickname)
    if holder is None or holder.person != person:
        return None
    replaced = state.roster.seat_of(joiner.address)
    takes_over = replaced is not None and replaced.participant is holder and replaced.is_last
    return holder if joiner.insists_on_nickname or takes_over else None


def _welcome(state: RoomState, seat: Seat, command: Join, now: float, *, is_created: bool) -> list[Delivery]:
    """What the joiner is told, before the live room: XEP-0045 §7.1."""
    to: tuple[EndpointId, ...] = (command.endpoint,)
    configuration = state.configuration
    is_full = sees_addresses(state, seat.participant)
    own = Joined(
        view(state, seat, is_full=is_full),
        configuration,
        created=is_created,
        locked=state.is_locked,
        assigned=seat.participant.nickname != command.joiner.nickname,
    )
    roster = [Joined(view(state, other, is_full=is_full), configuration) for other in state.roster]
    replay = state.history.replay(command.joiner.history, now, is_full=is_full)
    # XEP-0045 §7.2.15: the subject closes the history, also when there is none
    events: tuple[RoomEvent, ...] = (*roster, own, *replay, state.subject)
    return [Delivery(event, to) for event in events]
