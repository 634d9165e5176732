"""Processing hints."""

from crossroom.xmpp.element import element
from crossroom.xmpp.hints import HINTS, Hint, read_hints
from crossroom.xmpp.stanza import Kind, Stanza


def test_known_hints_are_read_and_others_ignored() -> None:
    children = (*(hint.as_element() for hint in Hint), element("odd", HINTS), element("store", "urn:x"))
    assert read_hints(Stanza(Kind.MESSAGE, children=children)) == set(Hint)
    assert read_hints(Stanza(Kind.MESSAGE)) == set()
