"""Presence, both ways: what a join asks for, and how the room's roster events are written (XEP-0045 §7, §8, §9).

Pure translation: tails of stanzas (everything behind `to`), made once for all who may see the same.
"""

from functools import lru_cache

from crossroom.muc.addresses import occupant_jid, shown_jid
from crossroom.muc.reasons import STATUS_CODES
from crossroom.room.address import Address, Network, Nickname
from crossroom.room.commands import HistoryRequest, Joiner
from crossroom.room.content import Native
from crossroom.room.events import Changed, Ended, Joined, Left, Occupant, Renamed
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, Role
from crossroom.xmpp import muc
from crossroom.xmpp.element import Element, element, serialise
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.nick import nick, read_nick
from crossroom.xmpp.occupant_id import OCCUPANT_ID, occupant_id
from crossroom.xmpp.sid import SID
from crossroom.xmpp.stanza import Kind, Stanza, tail

# XEP-0045 §17.3, XEP-0359 §3, XEP-0421 §4: only the room says these, whatever a client wrote
ROOM_SAYS = frozenset(((muc.MUC, "x"), (muc.MUC_USER, "x"), (OCCUPANT_ID, "occupant-id"), (SID, "stanza-id")))
CACHED_PRESENCES = 8192  # occupants of the busiest rooms; half a kilobyte each
NOBODY = muc.MucItem(muc.Affiliation.NONE, muc.Role.NONE)


def joiner_of(stanza: Stanza, wish: muc.JoinRequest, address: Address, nickname: Nickname) -> Joiner:
    """Who is at the door, from a presence with `<x xmlns='…muc'/>`."""
    return Joiner(
        address,
        nickname,
        insists_on_nickname=True,
        locks_new_room=True,
        password=wish.password,
        history=history_of(wish),
        display_name=read_nick(stanza),
        presence=native_of(stanza),
    )


def history_of(wish: muc.JoinRequest) -> HistoryRequest:
    """How much history a client asks for (XEP-0045 §7.2.13)."""
    asked = wish.history or muc.HistoryRequest()
    return HistoryRequest(asked.maxstanzas, asked.maxchars, asked.seconds, asked.since)


def native_of(stanza: Stanza) -> Native:
    """The presence's own children (show, status, caps, avatar…), without what only the room may say."""
    kept = (child for child in stanza.children if (child.namespace, child.name) not in ROOM_SAYS)
    return Native(Network.XMPP, serialise(kept))


def joined_tail(room: Jid, event: Joined, *, to_self: bool, entering: bool) -> bytes:
    """An occupant is there. `entering`: this is the recipient's own arrival, with all that it must know."""
    codes: tuple[int, ...] = (110,) if to_self else ()
    if entering:
        open_to_all = () if event.configuration.is_anonymous else (100,)
        created = (201,) if event.created else ()
        assigned = (210,) if event.assigned else ()
        codes = (*open_to_all, 110, *created, *assigned)
    return available_tail(room, event.occupant, codes) if codes else shown_tail(room, event.occupant)


@lru_cache(CACHED_PRESENCES)
def shown_tail(room: Jid, occupant: Occupant) -> bytes:
    """An occupant as the roster shows it: written once for all who come later, while it stays the same."""
    return available_tail(room, occupant)


def changed_tail(room: Jid, event: Changed, *, to_self: bool) -> bytes:
    """A role, an affiliation or the availability of an occupant changed."""
    return available_tail(room, event.occupant, (110,) if to_self else (), event.by, event.text)


def renamed_tails(room: Jid, event: Renamed, *, to_self: bool) -> tuple[bytes, bytes]:
    """The pair of a nickname change: gone from the old one (303), there under the new (XEP-0045 §7.6)."""
    occupant = event.occupant
    codes = (110, 303) if to_self else (303,)
    x = muc.MucUser(_item(occupant, nickname=occupant.nickname), codes)
    gone = _written(occupant_jid(room, event.old), "unavailable", b"", occupant, x)
    return gone, available_tail(room, occupant, (110,) if to_self else ())


def left_tail(room: Jid, event: Left, *, to_self: bool) -> bytes:
    """An occupant is gone, and why (docs/mapping.md §3.14)."""
    codes = (*((110,) if to_self else ()), *STATUS_CODES[event.departure])
    occupant = event.occupant
    said = event.departure is Departure.LEFT
    if event.departure is Departure.ROOM_DESTROYED:
        # XEP-0045 §10.9: nobody has a standing with a room that is no more
        destroy = muc.Destroy(shown_jid(event.alternative), event.text)
        x = muc.MucUser(NOBODY, codes, destroy=destroy)
    else:
        x = muc.MucUser(_item(occupant, role=Role.NONE, by=event.by, text="" if said else event.text), codes)
    status = serialise((element("status", "", event.text),)) if said and event.text else b""
    return _written(occupant_jid(room, occupant.nickname), "unavailable", status, occupant, x)


def ended_tail(room: Jid, occupant: Occupant, event: Ended) -> bytes:
    """The recipient's own seat is gone, where no `Left` has said so before."""
    return left_tail(room, Left(occupant, event.departure, event.text), to_self=True)


def not_there_tail(occupant: Jid, codes: tuple[int, ...] = (110,)) -> bytes:
    """Unavailable presence for somebody who has no seat: the answer to leaving early, or to a ghost."""
    x = muc.MucUser(NOBODY, codes).as_element()
    return tail(Stanza(Kind.PRESENCE, None, occupant, "", "unavailable"), serialise((x,)))


def available_tail(
    room: Jid, occupant: Occupant, codes: tuple[int, ...] = (), by: Nickname | None = None, text: str = ""
) -> bytes:
    """An occupant as it is now."""
    x = muc.MucUser(_item(occupant, by=by, text=text), codes)
    return _written(occupant_jid(room, occupant.nickname), "", _payload(occupant), occupant, x)


def role_of(role: Role) -> muc.Role:
    """A role in XEP-0045's word."""
    return muc.Role(role.name.lower())


def affiliation_of(affiliation: Affiliation) -> muc.Affiliation:
    """An affiliation in XEP-0045's word."""
    return muc.Affiliation(affiliation.name.lower())


def _written(from_: Jid, kind: str, payload: bytes, occupant: Occupant, x: muc.MucUser) -> bytes:
    room_says: tuple[Element, ...] = (x.as_element(),)
    if occupant.id:
        room_says = (occupant_id(occupant.id), *room_says)
    return tail(Stanza(Kind.PRESENCE, None, from_, "", kind), payload + serialise(room_says))


def _payload(occupant: Occupant) -> bytes:
    if occupant.presence and occupant.presence.network is Network.XMPP:
        return occupant.presence.octets
    if occupant.display_name and occupant.display_name != occupant.nickname:
        return serialise((nick(occupant.display_name),))  # docs/mapping.md §1.3
    return b""


def _item(
    occupant: Occupant,
    *,
    role: Role | None = None,
    nickname: str = "",
    by: Nickname | None = None,
    text: str = "",
) -> muc.MucItem:
    return muc.MucItem(
        affiliation_of(occupant.affiliation),
        role_of(occupant.role if role is None else role),
        shown_jid(occupant.address),
        nickname,
        text,
        actor_nick=by or "",
    )
