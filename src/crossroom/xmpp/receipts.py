"""Message delivery receipts (XEP-0184)."""

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.stanza import Stanza

RECEIPTS = "urn:xmpp:receipts"


def asks_for_receipt(message: Stanza) -> bool:
    """Whether the author wants to be told that a message arrived (§5.1): only one with an id can be told of."""
    return bool(message.id) and message.find("request", RECEIPTS) is not None


def received_id(message: Stanza) -> str:
    """The id of the message that this one is the receipt of (§5.2); empty when it is none."""
    received = message.find("received", RECEIPTS)
    return received.get("id") if received else ""


def request() -> Element:
    """`<request/>`."""
    return element("request", RECEIPTS)


def received(message_id: str) -> Element:
    """`<received/>` for that message."""
    return element("received", RECEIPTS, id=message_id)
