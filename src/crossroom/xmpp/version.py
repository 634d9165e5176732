"""Software version (XEP-0092)."""

from crossroom.xmpp.element import Element, element

VERSION = "jabber:iq:version"


def version_answer(name: str, version: str, system: str = "") -> Element:
    """The answer to a version query; no system is told unless the operator wants it (XEP-0092 §6)."""
    parts = {"name": name, "version": version, "os": system}
    return element("query", VERSION, *(element(key, VERSION, text) for key, text in parts.items() if text))
