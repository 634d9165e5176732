"""Pings (XEP-0199), also of oneself in a room (XEP-0410)."""

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza

PING = "urn:xmpp:ping"
SELF_PING_OPTIMIZATION = "http://jabber.org/protocol/muc#self-ping-optimization"


def ping(to: Jid, from_: Jid | None, stanza_id: str) -> Stanza:
    """A ping to send."""
    return Stanza(Kind.IQ, to, from_, stanza_id, "get", "", (element("ping", PING),))


def is_ping(iq: Stanza) -> bool:
    """True for a ping to be answered with an empty result."""
    asked: Element | None = iq.payload
    return iq.kind is Kind.IQ and iq.type == "get" and asked is not None and asked.namespace == PING
