"""Displayed markers (XEP-0333)."""

from crossroom.xmpp.element import element
from crossroom.xmpp.markers import MARKERS, displayed, displayed_id, is_markable, markable
from crossroom.xmpp.stanza import Kind, Stanza


def test_only_a_message_with_an_id_is_markable() -> None:
    assert is_markable(Stanza(Kind.MESSAGE, id="m", children=(markable(),)))
    assert not is_markable(Stanza(Kind.MESSAGE, children=(markable(),)))
    assert not is_markable(Stanza(Kind.MESSAGE, id="m"))


def test_a_marker_says_up_to_which_message() -> None:
    assert displayed_id(Stanza(Kind.MESSAGE, children=(displayed("m1"),))) == "m1"
    old = element("acknowledged", MARKERS, id="m2")
    assert displayed_id(Stanza(Kind.MESSAGE, children=(old,))) == "m2"
    assert displayed_id(Stanza(Kind.MESSAGE, children=(element("received", MARKERS, id="m3"),))) == ""
