"""Chat state notifications (XEP-0085)."""

from enum import StrEnum

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.stanza import Stanza

CHATSTATES = "http://jabber.org/protocol/chatstates"


class ChatState(StrEnum):
    """The five states (XEP-0085 §5.1)."""

    ACTIVE = "active"
    COMPOSING = "composing"
    PAUSED = "paused"
    INACTIVE = "inactive"
    GONE = "gone"

    @classmethod
    def of(cls, message: Stanza) -> "ChatState | None":
        """The state that a message tells, None when it tells none."""
        names = {child.name for child in message.children if child.namespace == CHATSTATES}
        return next((state for state in cls if state in names), None)

    def as_element(self) -> Element:
        """The element, such as `<composing/>`."""
        return element(self, CHATSTATES)


def is_only_chat_state(message: Stanza) -> bool:
    """True for a message that tells typing and nothing to keep (XEP-0085 §5.3): a thread may stand beside it."""
    states = [child for child in message.children if child.namespace == CHATSTATES]
    others = [child for child in message.children if child.namespace not in {CHATSTATES, "urn:xmpp:hints"}]
    return bool(states) and all(child.name == "thread" for child in others)
