"""Occupant ids."""

from crossroom.xmpp.element import OWN, element
from crossroom.xmpp.occupant_id import occupant_id, read_occupant_id, without_forged_occupant_id
from crossroom.xmpp.stanza import Kind, Stanza


def test_an_occupant_id_is_read_back() -> None:
    assert read_occupant_id(Stanza(Kind.PRESENCE, children=(occupant_id("a"),))) == "a"
    assert read_occupant_id(Stanza(Kind.PRESENCE)) == ""


def test_an_occupant_id_made_by_a_client_is_removed() -> None:
    body = element("body", OWN, "hi")
    assert without_forged_occupant_id((occupant_id("a"), body)) == (body,)
