"""Direct invitations."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.direct_invite import CONFERENCE, DirectInvite
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid

ROOM = Jid("tea", "conf.example")


@pytest.mark.parametrize("invite", [DirectInvite(ROOM), DirectInvite(ROOM, "tea?", "pw")])
def test_an_invitation_is_written_and_read_back(invite: DirectInvite) -> None:
    assert DirectInvite.parse(invite.as_element()) == invite


@pytest.mark.parametrize(
    "source",
    [element("x", CONFERENCE), element("x", CONFERENCE, jid="@"), element("x", "urn:x", jid="a@x.example")],
)
def test_what_is_no_invitation_is_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        DirectInvite.parse(source)
