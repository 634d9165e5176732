"""Which function answers which stanza: the one table of this face.

A route is found by the stanza's kind, its type, what it is addressed to, and its payload.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from crossroom.muc import admin, config_form, disco, entering, invitations, questions, speaking
from crossroom.muc.asking import Route
from crossroom.muc.context import MucContext
from crossroom.xmpp.dataform import DATA
from crossroom.xmpp.disco import DISCO_INFO, DISCO_ITEMS
from crossroom.xmpp.entity_time import TIME
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import MUC_USER
from crossroom.xmpp.muc_admin import MUC_ADMIN
from crossroom.xmpp.muc_owner import MUC_OWNER
from crossroom.xmpp.ping import PING
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.version import VERSION


class Target(StrEnum):
    """What a stanza is addressed to."""

    SERVICE = "service"
    ROOM = "room"
    OCCUPANT = "occupant"


_IQ, _MESSAGE, _PRESENCE = Kind.IQ, Kind.MESSAGE, Kind.PRESENCE
_SERVICE, _ROOM, _OCCUPANT = Target.SERVICE, Target.ROOM, Target.OCCUPANT
ANY = "*"


def _ignore(_context: MucContext, _stanza: Stanza) -> None:
    """Nothing to do, and nobody waits for an answer."""


# payload: an iq's namespace; in a message invite, decline or form; ANY for all others
ROUTES: Mapping[tuple[Kind, str, Target, str], Route] = MappingProxyType(
    {
        (_PRESENCE, "", _OCCUPANT, ANY): entering.on_available,
        (_PRESENCE, "", _ROOM, ANY): entering.on_bare_room,
        (_PRESENCE, "unavailable", _OCCUPANT, ANY): entering.on_unavailable,
        (_PRESENCE, "unavailable", _ROOM, ANY): entering.on_unavailable,
        (_PRESENCE, "error", _OCCUPANT, ANY): entering.on_error,
        (_PRESENCE, "error", _ROOM, ANY): entering.on_error,
        (_PRESENCE, "subscribe", _SERVICE, ANY): entering.on_subscribe,
        (_PRESENCE, "subscribe", _ROOM, ANY): entering.on_subscribe,
        (_PRESENCE, "subscribe", _OCCUPANT, ANY): entering.on_subscribe,
        (_MESSAGE, "groupchat", _ROOM, ANY): speaking.on_groupchat,
        (_MESSAGE, "groupchat", _OCCUPANT, ANY): speaking.on_misdirected,
        (_MESSAGE, "chat", _OCCUPANT, ANY): speaking.on_private,
        (_MESSAGE, "normal", _OCCUPANT, ANY): speaking.on_private,
        (_MESSAGE, "chat", _ROOM, ANY): speaking.on_misdirected,
        (_MESSAGE, "normal", _ROOM, ANY): speaking.on_misdirected,
        (_MESSAGE, "normal", _ROOM, "invite"): invitations.on_invite,
        (_MESSAGE, "chat", _ROOM, "invite"): invitations.on_invite,
        (_MESSAGE, "normal", _ROOM, "decline"): invitations.on_decline,
        (_MESSAGE, "chat", _ROOM, "decline"): invitations.on_decline,
        (_MESSAGE, "normal", _ROOM, "form"): speaking.on_form,
        (_MESSAGE, "error", _ROOM, ANY): invitations.on_error,
        (_MESSAGE, "error", _OCCUPANT, ANY): speaking.on_bounce,
        (_IQ, "get", _SERVICE, DISCO_INFO): disco.on_service_info,
        (_IQ, "get", _SERVICE, DISCO_ITEMS): disco.on_service_items,
        (_IQ, "get", _SERVICE, PING): questions.on_ping,
        (_IQ, "get", _SERVICE, VERSION): questions.on_version,
        (_IQ, "get", _SERVICE, TIME): questions.on_time,
        (_IQ, "get", _ROOM, DISCO_INFO): disco.on_room_info,
        (_IQ, "get", _ROOM, DISCO_ITEMS): disco.on_room_items,
        (_IQ, "get", _ROOM, PING): questions.on_ping,
        (_IQ, "get", _ROOM, VERSION): questions.on_version,
        (_IQ, "get", _ROOM, TIME): questions.on_time,
        (_IQ, "get", _ROOM, questions.VCARD): questions.on_no_card,
        (_IQ, "get", _ROOM, MUC_ADMIN): admin.on_get,
        (_IQ, "set", _ROOM, MUC_ADMIN): admin.on_set,
        (_IQ, "get", _ROOM, MUC_OWNER): config_form.on_get,
        (_IQ, "set", _ROOM, MUC_OWNER): config_form.on_set,
        (_IQ, "get", _OCCUPANT, ANY): questions.on_occupant,
        (_IQ, "set", _OCCUPANT, ANY): questions.on_occupant,
        (_IQ, "result", _OCCUPANT, ANY): questions.on_answer,
        (_IQ, "error", _OCCUPANT, ANY): questions.on_answer,
    }
)


def find_route(stanza: Stanza) -> Route:
    """The function for a stanza; what nobody handles is answered where an answer is due."""
    key = (stanza.kind, stanza.type, target_of(stanza.to))
    exact = ROUTES.get((*key, payload_of(stanza)))
    return exact or ROUTES.get((*key, ANY)) or (questions.on_unknown if stanza.is_request else _ignore)


def target_of(to: Jid | None) -> Target:
    """What an address in a rooms' domain means."""
    if to is None or not to.local:
        return Target.SERVICE
    return Target.OCCUPANT if to.resource else Target.ROOM


def payload_of(stanza: Stanza) -> str:
    """The payload that decides: an iq's only namespace, what a message carries for the room."""
    if stanza.kind is Kind.IQ:
        # RFC 6120 §8.2.3: a request has exactly one child
        return stanza.children[0].namespace if len(stanza.children) == 1 else ANY
    if stanza.kind is Kind.PRESENCE:
        return ANY
    x = stanza.find("x", MUC_USER)
    for name in ("invite", "decline") if x else ():
        if x is not None and x.find(name):
            return name
    return "form" if stanza.find("x", DATA) else ANY
