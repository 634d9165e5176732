"""Taking a message back: one's own (XEP-0424) or another's, by a moderator (XEP-0425)."""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.xmpp.delay import format_stamp
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.occupant_id import occupant_id
from crossroom.xmpp.stanza import Stanza

RETRACT = "urn:xmpp:message-retract:1"
MODERATE = "urn:xmpp:message-moderate:1"


def read_retraction(message: Stanza) -> str:
    """The room's id of the message that this one takes back, empty when it takes none back."""
    found = message.find("retract", RETRACT)
    return found.get("id") if found else ""


@dataclass(frozen=True, slots=True)
class Moderation:
    """A moderator's request that the message with this stanza-id be taken back (XEP-0425 §5)."""

    id: str
    reason: str = ""

    @classmethod
    def parse(cls, source: Element) -> "Moderation":
        """Read the `<moderate/>` of an iq set. Raises ParseError."""
        is_moderation = (source.name, source.namespace) == ("moderate", MODERATE)
        if not is_moderation or source.find("retract", RETRACT) is None or not source.get("id"):
            raise ParseError("no moderation request")
        return cls(source.get("id"), source.child_text("reason"))

    def announcement(self, by: Jid, by_occupant: str = "") -> Element:
        """What the room tells everybody: `by` is the moderator's occupant address, `by_occupant` its XEP-0421 id."""
        moderated = element(
            "moderated", MODERATE, occupant_id(by_occupant) if by_occupant else None, by=str(by)
        )
        reason = element("reason", RETRACT, self.reason) if self.reason else None
        return element("retract", RETRACT, moderated, reason, id=self.id)


def tombstone(message_id: str, at: float) -> Element:
    """What stands in the archive for a message taken back (XEP-0424 §5); `at` in seconds since 1970."""
    return element("retracted", RETRACT, id=message_id, stamp=format_stamp(at))
