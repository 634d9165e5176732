"""Roles and affiliations: who may change whose, and what follows (XEP-0045 §8.2-8.5, §9, §10.3-10.8).

Several orders together are checked first, against the room as it is, and then all obeyed or none.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import assert_never

from crossroom.room.address import Address
from crossroom.room.affiliations import Affiliations
from crossroom.room.commands import Moderate, Order, SetAffiliation, SetRole
from crossroom.room.events import Changed, Delivery
from crossroom.room.leaving import Farewell, remove
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.roster import Participant, Seat
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomState
from crossroom.room.visibility import changed, reveal, sees_addresses

RoleCheck = Callable[[Participant, Participant, Role], Reason | None]
AffiliationCheck = Callable[[RoomState, Participant, SetAffiliation], Reason | None]


def is_moderator(actor: Participant, _target: Participant, _role: Role) -> Reason | None:
    """XEP-0045 §5.1.1: every change of a role takes a moderator."""
    return None if actor.role >= Role.MODERATOR else Reason.NOT_ALLOWED


def not_oneself(actor: Participant, target: Participant, role: Role) -> Reason | None:
    """Nobody kicks oneself: that is leaving."""
    return Reason.OWN_STANDING if role is Role.NONE and actor is target else None


def grants_what_it_may(actor: Participant, target: Participant, role: Role) -> Reason | None:
    """XEP-0045 §9.6-9.7: making and unmaking a moderator takes an admin."""
    touches_moderator = role is Role.MODERATOR or (target.role is Role.MODERATOR and role is not Role.NONE)
    return Reason.NOT_ALLOWED if touches_moderator and actor.affiliation < Affiliation.ADMIN else None


def not_above(actor: Participant, target: Participant, role: Role) -> Reason | None:
    """XEP-0045 §8.2: no kick upwards; §8.4, §9.7: the voice of admins and owners is nobody's to take."""
    if role is Role.NONE:
        return Reason.HIGHER_STANDING if target.affiliation > actor.affiliation else None
    is_lowered = role < target.role and target.affiliation >= Affiliation.ADMIN
    return Reason.HIGHER_STANDING if is_lowered else None


ROLE_CHECKS: tuple[RoleCheck, ...] = (is_moderator, not_oneself, grants_what_it_may, not_above)


def is_admin(_state: RoomState, actor: Participant, _order: SetAffiliation) -> Reason | None:
    """XEP-0045 §5.2.1: affiliations are changed by admins and owners."""
    return None if actor.affiliation >= Affiliation.ADMIN else Reason.NOT_ALLOWED


def not_own_ban(_state: RoomState, actor: Participant, order: SetAffiliation) -> Reason | None:
    """XEP-0045 §9.1: nobody bans oneself, not even by a ban of the own domain."""
    is_own = actor.person == order.address.key or ("", actor.person[1]) == order.address.key
    return Reason.OWN_STANDING if is_own and order.affiliation is Affiliation.OUTCAST else None


def owners_choose_admins(state: RoomState, actor: Participant, order: SetAffiliation) -> Reason | None:
    """XEP-0045 §10.3-10.8: admins and owners are made and unmade by owners."""
    if actor.affiliation is Affiliation.OWNER:
        return None
    if state.affiliations.of(order.address) >= Affiliation.ADMIN:
        return Reason.HIGHER_STANDING
    return Reason.NOT_ALLOWED if order.affiliation >= Affiliation.ADMIN else None


AFFILIATION_CHECKS: tuple[AffiliationCheck, ...] = (is_admin, not_own_ban, owners_choose_admins)


def moderate(state: RoomState, command: Moderate, now: float) -> list[Delivery]:
    """Obey all orders or none."""
    actor = state.seat(command.endpoint).participant
    proposed = state.affiliations.copy()
    for order in command.orders:
        if order.endpoint != command.endpoint:
            raise Refused(Reason.NOT_ALLOWED)
        _check(state, actor, order)
        state.must_fit(order.text)
        if isinstance(order, SetAffiliation):
            proposed.set(order.address, order.affiliation)
    _check_table(state, proposed)
    deliveries: list[Delivery] = []
    for order in command.orders:
        match order:
            case SetRole():
                deliveries += _set_role(state, actor, order, now)
            case SetAffiliation():
                farewell = Farewell(Departure.LEFT, order.text, actor.nickname)
                deliveries += set_affiliation(state, order.address, order.affiliation, farewell, now)
            case _:  # pragma: no cover -- mypy proves it
                assert_never(order)
    return deliveries


def visible_affiliations(state: RoomState, actor: Participant) -> tuple[tuple[Address, Affiliation], ...]:
    """List the table to admins, and in private groups the members to members (end-to-end encryption needs it)."""
    if actor.affiliation >= Affiliation.ADMIN:
        return tuple(state.affiliations)
    configuration = state.configuration
    is_group = configuration.is_members_only and not configuration.is_anonymous
    if actor.affiliation < Affiliation.MEMBER or not is_group:
        raise Refused(Reason.NOT_ALLOWED)
    return tuple((address, a) for address, a in state.affiliations if a >= Affiliation.MEMBER)


def set_affiliation(
    state: RoomState, address: Address, affiliation: Affiliation, farewell: Farewell, now: float
) -> list[Delivery]:
    """Change a standing that has been checked: removals, other roles, or just the news of it.

    `farewell` says who did it and why; its departure is replaced by what follows from the change.
    """
    state.affiliations.set(address, affiliation)
    deliveries: list[Delivery] = []
    for participant in [p for p in state.roster.participants.values() if _concerns(address, p)]:
        before, after = participant.affiliation, _standing(state, participant)
        if after is before:
            continue
        participant.affiliation = after
        departure = _departure(state, after)
        if departure is not None:
            end = Farewell(departure, farewell.text, farewell.by)
            deliveries += remove(state, list(participant.seats), end, now)
            continue
        usual = state.role_for(after)
        role = max(participant.role, usual) if after > before else min(participant.role, usual)
        deliveries += change_role(state, participant, role, farewell)
    return deliveries


def change_role(state: RoomState, participant: Participant, role: Role, farewell: Farewell) -> list[Delivery]:
    """Give a role (or only show the affiliation), endpoint by endpoint; new moderators learn the addresses."""
    saw = sees_addresses(state, participant)
    participant.role = role
    state.roster.recipients = None
    seats = list(participant.seats)
    deliveries: list[Delivery] = []
    for seat in seats:
        deliveries += changed(state, seat, partial(Changed, text=farewell.text, by=farewell.by))
    return deliveries + (reveal(state, seats) if sees_addresses(state, participant) and not saw else [])


def _check(state: RoomState, actor: Participant, order: Order) -> None:
    """Raise the first reason against an order."""
    reason = next((reason for reason in _reasons(state, actor, order) if reason), None)
    if reason:
        raise Refused(reason)


def _reasons(state: RoomState, actor: Participant, order: Order) -> Iterator[Reason | None]:
    match order:
        case SetRole():
            target = state.roster.find(order.nickname)
            if target is None:
                raise Refused(Reason.NO_SUCH_PARTICIPANT)
            yield from (check(actor, target, order.role) for check in ROLE_CHECKS)
        case SetAffiliation():
            yield from (check(state, actor, order) for check in AFFILIATION_CHECKS)
        case _:  # pragma: no cover -- mypy proves it
            assert_never(order)


def _check_table(state: RoomState, proposed: Affiliations) -> None:
    # XEP-0045 §10.5: "A service MUST NOT allow an owner to revoke" the last owner's standing
    if state.affiliations.has_owner and not proposed.has_owner:
        raise Refused(Reason.LAST_OWNER)
    if len(proposed) > max(state.limits.affiliations, len(state.affiliations)):
        raise Refused(Reason.TOO_LARGE, "the room's list of affiliations is full")


def _set_role(state: RoomState, actor: Participant, order: SetRole, now: float) -> list[Delivery]:
    target = state.roster.find(order.nickname)
    if target is None:  # an order before this one has already removed the same participant
        return []
    if order.role is Role.NONE:
        # mapping §3.14: a kick by nickname takes all endpoints under it
        kicked: list[Seat] = list(target.seats)
        return remove(state, kicked, Farewell(Departure.KICKED, order.text, actor.nickname), now)
    farewell = Farewell(Departure.LEFT, order.text, actor.nickname)
    return [] if target.role is order.role else change_role(state, target, order.role, farewell)


def _concerns(address: Address, participant: Participant) -> bool:
    if not address.user:
        return participant.person[1] == address.domain.lower()
    return participant.person == address.key


def _standing(state: RoomState, participant: Participant) -> Affiliation:
    seat = next(iter(participant.seats))
    return state.affiliations.of(seat.address)


def _departure(state: RoomState, affiliation: Affiliation) -> Departure | None:
    """XEP-0045 §9.1: a ban removes; §9.4: so does the loss of membership where members only may be."""
    if affiliation is Affiliation.OUTCAST:
        return Departure.BANNED
    if state.configuration.is_members_only and affiliation < Affiliation.MEMBER:
        return Departure.MEMBERSHIP_LOST
    return None
