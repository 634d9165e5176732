"""Display names."""

from crossroom.xmpp.nick import nick, read_nick
from crossroom.xmpp.stanza import Kind, Stanza


def test_a_display_name_is_read_back() -> None:
    assert read_nick(Stanza(Kind.PRESENCE, children=(nick(" Ana A. "),))) == "Ana A."
    assert read_nick(Stanza(Kind.PRESENCE)) == ""
