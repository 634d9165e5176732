"""Roles and affiliations: lists asked for and changed (XEP-0045 §8.2-8.5, §9; muc#admin)."""

from crossroom.focus.interface import Features, Participation
from crossroom.machine import ParseError
from crossroom.muc.addresses import jid_of, person_of, shown_jid
from crossroom.muc.asking import Asked, inside
from crossroom.muc.presence import affiliation_of, role_of
from crossroom.muc.view import View
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import Order, SetAffiliation, SetRole
from crossroom.room.nickname import parse_nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Affiliation, Role
from crossroom.xmpp.muc import MucItem
from crossroom.xmpp.muc_admin import AdminQuery


@inside
async def on_get(asked: Asked) -> None:
    """A list: everybody with this role, or with this affiliation."""
    asked.needs(Features.MODERATION)
    query = AdminQuery.parse(asked.stanza.children[0])
    if len(query.items) != 1:
        raise ParseError("not one item")
    wanted = query.items[0]
    if (wanted.role is None) == (wanted.affiliation is None):
        raise ParseError("neither role nor affiliation, or both")
    if wanted.role is not None:
        items = _by_role(asked.occupancy.view, Role[wanted.role.upper()])
    else:
        standing = Affiliation[str(wanted.affiliation).upper()]
        items = _by_affiliation(await asked.participation.affiliations(), standing)
    asked.answer(AdminQuery(items).as_element())


@inside
async def on_set(asked: Asked) -> None:
    """Changes: all are made, or none."""
    asked.needs(Features.MODERATION)
    query, seat = AdminQuery.parse(asked.stanza.children[0]), asked.participation
    await seat.moderate(*orders_of(query, seat, asked.occupancy.view))
    asked.answer()


def orders_of(query: AdminQuery, participation: Participation, view: View | None) -> tuple[Order, ...]:
    """What the items ask for. Raises ParseError for one that asks for nothing or too much."""
    if not query.items:
        raise ParseError("no item")
    return tuple(_order(item, participation, view) for item in query.items)


def _order(item: MucItem, participation: Participation, view: View | None) -> Order:
    # XEP-0045 §17.4: one item changes a role or an affiliation, never both
    if (item.role is None) == (item.affiliation is None):
        raise ParseError("neither role nor affiliation, or both")
    if item.role is not None:
        return SetRole(participation.endpoint, _nickname(item, view), Role[item.role.upper()], item.reason)
    standing = Affiliation[str(item.affiliation).upper()]
    return SetAffiliation(participation.endpoint, _person(item, view), standing, item.reason)


def _nickname(item: MucItem, view: View | None) -> Nickname:
    """XEP-0045 §8.2: roles go by nickname; some clients name the occupant by its real JID."""
    if item.nick:
        return parse_nickname(item.nick)
    if item.jid is None:
        raise ParseError("no nick")
    person = person_of(item.jid)
    for occupant in view.roster.values() if view else ():
        if occupant.address and occupant.address.is_same_person(person):
            return occupant.nickname
    raise Refused(Reason.NO_SUCH_PARTICIPANT)


def _person(item: MucItem, view: View | None) -> Address:
    """XEP-0045 §9.1: affiliations go by bare JID; practice also by the nickname of somebody inside."""
    if item.jid is not None:
        return person_of(item.jid)
    if not item.nick:
        raise ParseError("no jid")
    occupant = view.named(parse_nickname(item.nick)) if view else None
    if occupant is None or occupant.address is None:
        raise Refused(Reason.NO_SUCH_PARTICIPANT)
    return occupant.address.bare


def _by_role(view: View | None, role: Role) -> tuple[MucItem, ...]:
    own = view.occupant if view else None
    if view is None or own is None or own.role is not Role.MODERATOR:
        raise Refused(Reason.NOT_ALLOWED)  # XEP-0045 §8.5, §9.8: lists of roles are the moderators' business
    found = {one.nickname: one for one in view.roster.values() if one.role is role}
    return tuple(
        MucItem(affiliation_of(one.affiliation), role_of(one.role), shown_jid(one.address), nick=one.nickname)
        for one in found.values()
    )


def _by_affiliation(
    known: tuple[tuple[Address, Affiliation], ...], standing: Affiliation
) -> tuple[MucItem, ...]:
    return tuple(
        MucItem(affiliation_of(standing), jid=jid_of(address.bare))
        for address, affiliation in known
        if affiliation == standing
    )
