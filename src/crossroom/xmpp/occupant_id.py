"""Anonymous identifiers of occupants (XEP-0421). How one is made is the room's secret, not said here."""

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.stanza import Stanza

OCCUPANT_ID = "urn:xmpp:occupant-id:0"


def occupant_id(value: str) -> Element:
    """The `<occupant-id/>` element."""
    return element("occupant-id", OCCUPANT_ID, id=value)


def read_occupant_id(stanza: Stanza) -> str:
    """The id that a room's stanza carries, empty when it carries none."""
    found = stanza.find("occupant-id", OCCUPANT_ID)
    return found.get("id") if found else ""


def without_forged_occupant_id(children: tuple[Element, ...]) -> tuple[Element, ...]:
    """Children without what a client must not say itself (XEP-0421 §4.2)."""
    return tuple(child for child in children if child.namespace != OCCUPANT_ID)
