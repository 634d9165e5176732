"""User nickname (XEP-0172): a display name, which need not be unique."""

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.stanza import Stanza

NICK = "http://jabber.org/protocol/nick"


def nick(name: str) -> Element:
    """The `<nick/>` element."""
    return element("nick", NICK, name)


def read_nick(stanza: Stanza) -> str:
    """The display name that a stanza tells, empty when none."""
    found = stanza.find("nick", NICK)
    return found.text.strip() if found else ""
