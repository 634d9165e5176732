"""What the service, a room and an occupant say about themselves (XEP-0030, XEP-0128; XEP-0045 §6)."""

from functools import partial

from crossroom.focus.interface import Description, Features
from crossroom.muc.addresses import occupant_jid, recipient, room_of, shown_jid
from crossroom.muc.context import MucContext
from crossroom.room.configuration import Configuration
from crossroom.room.reasons import Reason, Refused
from crossroom.xmpp.chatstates import CHATSTATES
from crossroom.xmpp.dataform import Field, FieldKind, Form, FormKind, form_type
from crossroom.xmpp.disco import DISCO_INFO, DISCO_ITEMS, DiscoFacts, DiscoItem, DiscoItems, Identity
from crossroom.xmpp.entity_time import TIME
from crossroom.xmpp.errors import Condition, StanzaError
from crossroom.xmpp.markers import MARKERS
from crossroom.xmpp.muc import MUC
from crossroom.xmpp.occupant_id import OCCUPANT_ID
from crossroom.xmpp.ping import PING, SELF_PING_OPTIMIZATION
from crossroom.xmpp.receipts import RECEIPTS
from crossroom.xmpp.sid import SID
from crossroom.xmpp.stanza import Stanza
from crossroom.xmpp.version import VERSION

STABLE_ID = "http://jabber.org/protocol/muc#stable_id"
ROOM_NICK_NODE = "x-roomuser-item"
TRAFFIC_NODE = "http://jabber.org/protocol/muc#traffic"
SERVICE_FEATURES = (MUC, DISCO_INFO, DISCO_ITEMS, STABLE_ID, PING, VERSION, TIME, OCCUPANT_ID)
ROOM_FEATURES = (MUC, DISCO_INFO, DISCO_ITEMS, STABLE_ID, SELF_PING_OPTIMIZATION, PING, SID, OCCUPANT_ID)


def on_service_info(context: MucContext, stanza: Stanza) -> None:
    """disco#info of the service."""
    if _node(stanza):
        context.reply_error(stanza, StanzaError(Condition.ITEM_NOT_FOUND))
        return
    facts = DiscoFacts((Identity("conference", "text", "Crossroom"),), SERVICE_FEATURES)
    context.router.send(stanza.result(facts.as_element()))


def on_service_items(context: MucContext, stanza: Stanza) -> None:
    """disco#items of the service: its public rooms."""
    context.spawn(stanza, partial(_list_rooms, context, stanza))


def on_room_info(context: MucContext, stanza: Stanza) -> None:
    """disco#info of a room."""
    node = _node(stanza)
    if node == ROOM_NICK_NODE:  # XEP-0045 §7.12: no reserved nicknames here
        context.reply_error(stanza, StanzaError(Condition.FEATURE_NOT_IMPLEMENTED))
    elif node == TRAFFIC_NODE:  # XEP-0045 §6.7: nothing is stripped
        context.reply_error(stanza, StanzaError(Condition.SERVICE_UNAVAILABLE))
    elif node:
        context.reply_error(stanza, StanzaError(Condition.ITEM_NOT_FOUND))
    else:
        context.spawn(stanza, partial(_describe, context, stanza))


def on_room_items(context: MucContext, stanza: Stanza) -> None:
    """disco#items of a room: who is in it is told to those who are in it (XEP-0045 §6.5)."""
    context.spawn(stanza, partial(_list_occupants, context, stanza))


def sip_occupant(node: str) -> DiscoFacts:
    """An occupant of the other network, for whom the room answers."""
    # XEP-0184 §4, XEP-0333: so that clients ask for receipts, which docs/mapping.md §3.10 passes on
    features = (DISCO_INFO, PING, CHATSTATES, RECEIPTS, MARKERS)
    return DiscoFacts((Identity("client", "pc"),), features, node=node)


def room_facts(description: Description) -> DiscoFacts:
    """A room: its identity, one feature of each pair, and the muc#roominfo form."""
    configuration = description.configuration
    name = configuration.name or description.room.user
    features = (*ROOM_FEATURES, *_pairs(configuration), *_able(description.features))
    return DiscoFacts((Identity("conference", "text", name),), features, (_room_form(description),))


def _pairs(configuration: Configuration) -> tuple[str, ...]:
    # XEP-0045 §15.3: a client reads the privacy of a room from these; a missing one misleads it
    return (
        "muc_membersonly" if configuration.is_members_only else "muc_open",
        "muc_public" if configuration.is_public else "muc_hidden",
        "muc_persistent" if configuration.is_persistent else "muc_temporary",
        "muc_moderated" if configuration.is_moderated else "muc_unmoderated",
        "muc_passwordprotected" if configuration.password else "muc_unsecured",
        "muc_semianonymous" if configuration.is_anonymous else "muc_nonanonymous",
    )


def _able(features: Features) -> tuple[str, ...]:
    return (CHATSTATES,) if Features.COMPOSING in features else ()


def _room_form(description: Description) -> Form:
    settings = description.configuration
    fields = (
        form_type("http://jabber.org/protocol/muc#roominfo"),
        _field("muc#roominfo_description", settings.description, "Description"),
        _field("muc#roominfo_occupants", str(len(description.occupants)), "Number of occupants"),
        _field("muc#roominfo_subject", description.subject, "Subject"),
        _field("muc#roominfo_lang", settings.language, "Language"),
        _field("muc#roomconfig_roomname", settings.name, "Name"),
        _flag(
            "muc#roomconfig_changesubject",
            "Occupants may change the subject",
            settings.anyone_changes_subject,
        ),
        _flag("muc#roomconfig_allowinvites", "Occupants may invite others", settings.anyone_invites),
        _field("muc#roomconfig_allowpm", settings.private_messages, "Who may send private messages"),
        _field("muc#maxhistoryfetch", str(settings.history_length), "Most messages of history"),
    )
    return Form(FormKind.RESULT, fields)


def _field(var: str, value: str, label: str) -> Field:
    return Field(var, (value,), FieldKind.TEXT_SINGLE, label)


def _flag(var: str, label: str, value: object) -> Field:
    return Field(var, ("1" if value else "0",), FieldKind.BOOLEAN, label)


def _node(stanza: Stanza) -> str:
    return stanza.children[0].get("node")


async def _describe(context: MucContext, stanza: Stanza) -> None:
    room = room_of(recipient(stanza))
    description = await context.directory.focus_for(room).describe(room)
    context.router.send(stanza.result(room_facts(description).as_element()))


async def _list_rooms(context: MucContext, stanza: Stanza) -> None:
    service = recipient(stanza)
    focus = context.directory.focus_for(room_of(service))
    found = [one for one in await focus.rooms(service.domain) if one.configuration.is_public]
    # a name that SIP allows and no JID can carry is no room for XMPP users
    named = ((shown_jid(one.room.bare), one) for one in found)
    items = tuple(DiscoItem(jid, one.configuration.name or one.room.user) for jid, one in named if jid)
    context.router.send(stanza.result(DiscoItems(items).as_element()))


async def _list_occupants(context: MucContext, stanza: Stanza) -> None:
    room = recipient(stanza)
    occupancy = context.occupancy_of(stanza)
    if occupancy is None and not await context.exists(room):
        raise Refused(Reason.NO_SUCH_ROOM)
    view = occupancy.view if occupancy else None
    names = sorted({one.nickname for one in view.roster.values()}) if view else ()
    items = tuple(DiscoItem(occupant_jid(room, name), name) for name in names)
    context.router.send(stanza.result(DiscoItems(items).as_element()))
