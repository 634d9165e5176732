"""Unique and stable stanza ids (XEP-0359)."""

from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Stanza

SID = "urn:xmpp:sid:0"


def stanza_id(value: str, by: Jid) -> Element:
    """The id that `by` gave a stanza."""
    return element("stanza-id", SID, by=str(by), id=value)


def read_stanza_id(stanza: Stanza, by: Jid) -> str:
    """The id that `by` gave this stanza, empty when it gave none."""
    return next((child.get("id") for child in stanza.children if _is_stanza_id(child, by)), "")


def origin_id(value: str) -> Element:
    """The id that the sender's client gave a stanza."""
    return element("origin-id", SID, id=value)


def read_origin_id(stanza: Stanza) -> str:
    """The id that the sender's client gave this stanza, empty when it gave none."""
    found = stanza.find("origin-id", SID)
    return found.get("id") if found else ""


def without_forged_ids(children: tuple[Element, ...], by: Jid) -> tuple[Element, ...]:
    """Children without the ids that only `by` may give (XEP-0359 §3: they MUST be removed)."""
    return tuple(child for child in children if not _is_stanza_id(child, by))


def _is_stanza_id(child: Element, by: Jid) -> bool:
    # compared as text in lower case: an address that is written otherwise is not ours, but looks like it to a client
    is_id = child.name == "stanza-id" and child.namespace == SID
    return is_id and child.get("by").strip().lower() == str(by).lower()
