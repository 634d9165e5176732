"""What an XMPP user reads: presences, messages and invitations of rooms, as values over ElementTree."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

CLIENT = "{jabber:client}"
MUC = "{http://jabber.org/protocol/muc}"
MUC_USER = "{http://jabber.org/protocol/muc#user}"
CHAT_STATES = "{http://jabber.org/protocol/chatstates}"
DELAY = "{urn:xmpp:delay}delay"
STANZA_ERROR = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


def split_jid(jid: str) -> tuple[str, str]:
    """Return the bare JID and the resource, "" when there is none."""
    bare, _, resource = jid.partition("/")
    return bare, resource


def error_condition(stanza: ET.Element) -> str:
    """Return the defined condition of a stanza error, "" when the stanza is none."""
    for child in stanza.findall(f"{CLIENT}error/*"):
        if child.tag.startswith(STANZA_ERROR) and child.tag != f"{STANZA_ERROR}text":
            return child.tag.removeprefix(STANZA_ERROR)
    return ""


@dataclass(frozen=True, slots=True)
class RoomPresence:
    """One presence from an occupant of a room (XEP-0045 section 7.1)."""

    room: str
    nick: str
    type: str  # "" for available
    codes: frozenset[int]
    item: dict[str, str]  # affiliation, role, jid, nick
    error: str
    element: ET.Element = field(repr=False)

    @classmethod
    def of(cls, stanza: ET.Element) -> "RoomPresence":
        """Read a presence stanza."""
        room, nick = split_jid(stanza.get("from", ""))
        item = stanza.find(f"{MUC_USER}x/{MUC_USER}item")
        return cls(
            room=room,
            nick=nick,
            type=stanza.get("type", ""),
            codes=status_codes(stanza),
            item={} if item is None else dict(item.attrib),
            error=error_condition(stanza),
            element=stanza,
        )


def status_codes(stanza: ET.Element) -> frozenset[int]:
    """Return the muc#user status codes of a stanza."""
    return frozenset(int(s.get("code", "0")) for s in stanza.findall(f"{MUC_USER}x/{MUC_USER}status"))


@dataclass(frozen=True, slots=True)
class RoomMessage:
    """One message stanza. `text` and `subject` are None when there is no such element."""

    room: str  # the bare JID it came from
    sender: str  # the resource it came from: the nick
    type: str
    id: str
    text: str | None
    subject: str | None
    state: str  # chat state, "" when none
    delayed: str  # stamp of XEP-0203, "" for a live message
    error: str
    element: ET.Element = field(repr=False)

    @classmethod
    def of(cls, stanza: ET.Element) -> "RoomMessage":
        """Read a message stanza."""
        room, sender = split_jid(stanza.get("from", ""))
        delay = stanza.find(DELAY)
        states = [c.tag.removeprefix(CHAT_STATES) for c in stanza if c.tag.startswith(CHAT_STATES)]
        return cls(
            room=room,
            sender=sender,
            type=stanza.get("type", "normal"),
            id=stanza.get("id", ""),
            text=_text(stanza, "body"),
            subject=_text(stanza, "subject"),
            state=states[0] if states else "",
            delayed="" if delay is None else delay.get("stamp", ""),
            error=error_condition(stanza),
            element=stanza,
        )

    def extension(self, name: str) -> ET.Element | None:
        """Return `<x xmlns=muc#user>`'s child of that name: "invite", "decline"."""
        return self.element.find(f"{MUC_USER}x/{MUC_USER}{name}")

    @property
    def is_subject(self) -> bool:
        """XEP-0045 section 7.2.15: a subject without body or thread."""
        return self.subject is not None and self.text is None


def _text(stanza: ET.Element, name: str) -> str | None:
    element = stanza.find(f"{CLIENT}{name}")
    return None if element is None else element.text or ""


def presence(to: str, *children: str, type_: str = "") -> str:
    """Return a presence stanza with those children, already XML."""
    kind = f' type="{type_}"' if type_ else ""
    return f'<presence to="{quoted(to)}"{kind}>{"".join(children)}</presence>'


def message(to: str, type_: str, *children: str, id_: str = "") -> str:
    """Return a message stanza with those children, already XML."""
    identity = f' id="{quoted(id_)}"' if id_ else ""
    return f'<message to="{quoted(to)}" type="{type_}"{identity}>{"".join(children)}</message>'


def quoted(text: str) -> str:
    """Return text that may stand in an element or an attribute."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text
