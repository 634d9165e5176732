"""What occupants are told when the settings of their room changed (XEP-0045 §10.2.1)."""

from dataclasses import replace

from crossroom.room.configuration import Configuration
from crossroom.room.events import Configured
from crossroom.xmpp.element import serialise
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import MucUser
from crossroom.xmpp.stanza import Kind, Stanza, tail


def configured_tail(room: Jid, event: Configured) -> bytes | None:
    """The notice with its status codes, or None when nothing changed that anybody is told of."""
    codes = codes_of(event.before, event.after)
    if not codes:
        return None
    x = MucUser(statuses=codes).as_element()
    return tail(Stanza(Kind.MESSAGE, None, room, "", "groupchat"), serialise((x,)))


def codes_of(before: Configuration, after: Configuration) -> tuple[int, ...]:
    """172: now non-anonymous, 173: now semi-anonymous, 104: anything else."""
    codes: tuple[int, ...] = ()
    if before.is_anonymous != after.is_anonymous:
        codes = (173,) if after.is_anonymous else (172,)
    rest = replace(before, is_anonymous=after.is_anonymous)
    return codes if rest == after else (104, *codes)
