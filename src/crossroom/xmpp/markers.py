"""Displayed markers (XEP-0333)."""

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.stanza import Stanza

MARKERS = "urn:xmpp:chat-markers:0"


def is_markable(message: Stanza) -> bool:
    """Whether the author wants to be told that a message was displayed: only one with an id can be told of."""
    return bool(message.id) and message.find("markable", MARKERS) is not None


def displayed_id(message: Stanza) -> str:
    """The id of the message up to which this one says that everything was displayed; empty when it says nothing."""
    # `acknowledged`, of versions before 0.5, says more than displayed
    for name in ("displayed", "acknowledged"):
        marker = message.find(name, MARKERS)
        if marker is not None:
            return marker.get("id")
    return ""


def markable() -> Element:
    """`<markable/>`."""
    return element("markable", MARKERS)


def displayed(message_id: str) -> Element:
    """`<displayed/>` for that message."""
    return element("displayed", MARKERS, id=message_id)
