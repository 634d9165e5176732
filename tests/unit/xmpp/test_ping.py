"""Pings."""

from crossroom.xmpp.jid import Jid
from crossroom.xmpp.ping import is_ping, ping


def test_a_ping_is_recognised_and_its_answer_is_none() -> None:
    request = ping(Jid("", "x.example"), Jid("", "conf.example"), "p1")
    assert bytes(request) == (
        b"<iq to='x.example' from='conf.example' id='p1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    assert is_ping(request)
    assert not is_ping(request.result())
    assert not is_ping(request.with_children())
