"""The subject, both ways (XEP-0045 §8.1, §7.2.15; docs/mapping.md §3.7)."""

from crossroom.muc.addresses import occupant_jid
from crossroom.room.events import SubjectChanged
from crossroom.xmpp.delay import Delay
from crossroom.xmpp.element import Element, element, serialise
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.occupant_id import occupant_id
from crossroom.xmpp.sid import stanza_id
from crossroom.xmpp.stanza import Kind, Stanza, tail


def subject_of(stanza: Stanza) -> str | None:
    """The new subject that a message sets, None for a message that sets none."""
    subject = stanza.find("subject")
    # XEP-0045 §8.1: a subject change has neither a body nor a thread
    if subject is None or stanza.find("body") or stanza.find("thread"):
        return None
    return subject.text


def subject_tail(room: Jid, event: SubjectChanged, setter_id: str = "") -> bytes:
    """The subject as everybody gets it, also when it is empty; `setter_id` is the setter's occupant id."""
    from_ = occupant_jid(room, event.by) if event.by else room
    children: list[Element] = [element("subject", "", event.subject)]
    if event.archive_id:
        children.append(stanza_id(event.archive_id, room))
    if setter_id and event.by:
        children.append(occupant_id(setter_id))
    if event.delayed and event.at:
        children.append(Delay(event.at, str(room)).as_element())
    return tail(Stanza(Kind.MESSAGE, None, from_, event.id, "groupchat"), serialise(children))
