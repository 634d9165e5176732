"""Message processing hints (XEP-0334)."""

from enum import StrEnum

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.stanza import Stanza

HINTS = "urn:xmpp:hints"


class Hint(StrEnum):
    """The hints (XEP-0334 §4)."""

    NO_COPY = "no-copy"
    NO_PERMANENT_STORE = "no-permanent-store"
    NO_STORE = "no-store"
    STORE = "store"

    def as_element(self) -> Element:
        """The element, such as `<no-store/>`."""
        return element(self, HINTS)


def read_hints(message: Stanza) -> frozenset[Hint]:
    """The hints that a message carries."""
    names = {child.name for child in message.children if child.namespace == HINTS}
    return frozenset(hint for hint in Hint if hint in names)
