"""Stanza ids."""

from crossroom.xmpp.element import OWN, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.sid import SID, origin_id, read_origin_id, read_stanza_id, stanza_id, without_forged_ids
from crossroom.xmpp.stanza import Kind, Stanza

ROOM = Jid("tea", "conf.example")
OTHER = Jid("tea", "other.example")


def test_ids_are_read_back() -> None:
    message = Stanza(Kind.MESSAGE, children=(stanza_id("1", OTHER), stanza_id("2", ROOM), origin_id("3")))
    assert read_stanza_id(message, ROOM) == "2"
    assert read_origin_id(message) == "3"
    assert read_stanza_id(Stanza(Kind.MESSAGE), ROOM) == ""
    assert read_origin_id(Stanza(Kind.MESSAGE)) == ""


def test_ids_in_the_rooms_name_are_removed_however_they_are_written() -> None:
    body = element("body", OWN, "hi")
    forged = element("stanza-id", SID, by=" TEA@conf.example", id="x")
    children = (stanza_id("1", ROOM), forged, stanza_id("2", OTHER), origin_id("3"), body)
    assert without_forged_ids(children, ROOM) == (stanza_id("2", OTHER), origin_id("3"), body)
