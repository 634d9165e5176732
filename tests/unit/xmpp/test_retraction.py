"""Retraction and moderation."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.retraction import MODERATE, RETRACT, Moderation, read_retraction, tombstone
from crossroom.xmpp.stanza import Kind, Stanza

RETRACTED = element("retract", RETRACT, id="m1")


def test_a_retraction_names_its_message() -> None:
    assert read_retraction(Stanza(Kind.MESSAGE, children=(RETRACTED,))) == "m1"
    assert read_retraction(Stanza(Kind.MESSAGE)) == ""


def test_a_moderators_request_is_read() -> None:
    reason = element("reason", MODERATE, "rude")
    request = element("moderate", MODERATE, element("retract", RETRACT), reason, id="m1")
    assert Moderation.parse(request) == Moderation("m1", "rude")


@pytest.mark.parametrize(
    "source",
    [
        element("moderate", MODERATE, RETRACTED),
        element("moderate", MODERATE, id="m1"),
        element("x", "urn:x", id="m1"),
    ],
)
def test_what_is_no_request_is_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        Moderation.parse(source)


def test_the_room_says_who_took_a_message_back() -> None:
    by = Jid("tea", "conf.example", "Dee")
    assert str(Moderation("m1", "rude").announcement(by, "o1")) == (
        f"<retract xmlns='{RETRACT}' id='m1'><moderated xmlns='{MODERATE}' by='tea@conf.example/Dee'>"
        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='o1'/></moderated><reason>rude</reason></retract>"
    )
    assert Moderation("m1").announcement(by).elements[0].elements == ()


def test_a_tombstone_stands_for_the_message() -> None:
    assert (
        str(tombstone("r1", 0)) == f"<retracted xmlns='{RETRACT}' id='r1' stamp='1970-01-01T00:00:00.000Z'/>"
    )
