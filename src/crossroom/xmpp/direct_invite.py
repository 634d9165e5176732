"""Direct invitations (XEP-0249): from one user to another, past the room."""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import read_jid

CONFERENCE = "jabber:x:conference"


@dataclass(frozen=True, slots=True)
class DirectInvite:
    """The `<x/>` that names the room."""

    room: Jid
    reason: str = ""
    password: str = ""

    @classmethod
    def parse(cls, source: Element) -> "DirectInvite":
        """Read it. Raises ParseError for another element or a room that is no address."""
        room = read_jid(source, "jid")
        if (source.name, source.namespace) != ("x", CONFERENCE) or room is None:
            raise ParseError("no direct invitation")
        return cls(room, source.get("reason"), source.get("password"))

    def as_element(self) -> Element:
        """The `<x/>` element."""
        return element(
            "x",
            CONFERENCE,
            jid=str(self.room),
            password=self.password or None,
            reason=self.reason or None,
        )
