"""Roles and affiliations: lists asked for and changed (XEP-0045 §8.2-8.5, §9; muc#admin)."""

from functools import partial

from crossroom.focus.interface import Features, Participation
from crossroom.machine import ParseError
from crossroom.muc.addresses import jid_of, person_of, shown_jid
from crossroom.muc.context import MucContext, needs
from crossroom.muc.occupants import Occupancy
from crossroom.muc.presence import affiliation_of, role_of
from crossroom.muc.speaking import not_inside
from crossroom.muc.view import View
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import Order, SetAffiliation, SetRole
from crossroom.room.nickname import parse_nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Affiliation, Role
from crossroom.xmpp.muc import MucItem
from crossroom.xmpp.muc_admin import AdminQuery
from crossroom.xmpp.stanza import Stanza


def on_get(context: MucContext, stanza: Stanza) -> None:
    """A list: everybody with this role, or with this affiliation."""
    occupancy = context.occupancy_of(stanza)
    if occupancy is None:
        context.spawn(stanza, partial(not_inside, context, stanza))
        return
    context.ask(occupancy, stanza, partial(_list, context, occupancy, stanza))


def on_set(context: MucContext, stanza: Stanza) -> None:
    """Changes: all are made, or none."""
    occupancy = context.occupancy_of(stanza)
    if occupancy is None:
        context.spawn(stanza, partial(not_inside, context, stanza))
        return
    context.ask(occupancy, stanza, partial(_change, context, occupancy, stanza))


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


async def _change(
    context: MucContext, occupancy: Occupancy, stanza: Stanza, participation: Participation
) -> None:
    needs(participation, Features.MODERATION)
    query = AdminQuery.parse(stanza.children[0])
    await participation.moderate(*orders_of(query, participation, occupancy.view))
    context.router.send(stanza.result())


async def _list(
    context: MucContext, occupancy: Occupancy, stanza: Stanza, participation: Participation
) -> None:
    needs(participation, Features.MODERATION)
    query = AdminQuery.parse(stanza.children[0])
    if len(query.items) != 1:
        raise ParseError("not one item")
    wanted = query.items[0]
    if (wanted.role is None) == (wanted.affiliation is None):
        raise ParseError("neither role nor affiliation, or both")
    if wanted.role is not None:
        items = _by_role(occupancy.view, Role[wanted.role.upper()])
    else:
        standing = Affiliation[str(wanted.affiliation).upper()]
        items = _by_affiliation(await participation.affiliations(), standing)
    context.router.send(stanza.result(AdminQuery(items).as_element()))


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
