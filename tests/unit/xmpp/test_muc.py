"""The payloads of XEP-0045's muc and muc#user."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import (
    MUC,
    MUC_USER,
    Affiliation,
    Destroy,
    HistoryRequest,
    Invite,
    JoinRequest,
    MucItem,
    MucUser,
    Role,
    decline,
)
from crossroom.xmpp.stanza import Kind, Stanza

BOB = Jid("bob", "x.example", "ph")
DEE = Jid("dee", "x.example")


@pytest.mark.parametrize(
    "join",
    [
        JoinRequest(),
        JoinRequest("", HistoryRequest(0, 1, 2, 1_700_000_000.5)),
        JoinRequest("secret", HistoryRequest()),
    ],
)
def test_a_wish_to_enter_is_written_and_read_back(join: JoinRequest) -> None:
    assert JoinRequest.parse(join.as_element()) == join
    assert JoinRequest.of(Stanza(Kind.PRESENCE, children=(join.as_element(),))) == join


def test_a_presence_without_the_element_is_no_wish_to_enter() -> None:
    assert JoinRequest.of(Stanza(Kind.PRESENCE)) is None
    with pytest.raises(ParseError):
        JoinRequest.parse(element("x", MUC_USER))


@pytest.mark.parametrize(
    "attributes", [{"seconds": "-1"}, {"maxchars": "1e3"}, {"since": "yesterday"}, {"seconds": ""}]
)
def test_a_history_that_cannot_be_read_keeps_nobody_out(attributes: dict[str, str]) -> None:
    history = Element("history", MUC, attributes)
    with pytest.raises(ParseError):
        HistoryRequest.parse(history)
    assert JoinRequest.parse(element("x", MUC, history)) == JoinRequest()


def test_an_enormous_count_is_no_limit() -> None:
    assert HistoryRequest.parse(element("history", MUC, seconds="9999999999")).seconds == 2**31


ITEMS = [
    MucItem(Affiliation.MEMBER, Role.PARTICIPANT),
    MucItem(Affiliation.OUTCAST, Role.NONE, BOB, "Bob", "enough", DEE, "Dee"),
    MucItem(nick="Bobby"),
    MucItem(actor_nick="Dee"),
]
USERS = [
    MucUser(),
    *(MucUser(item, (110, 201)) for item in ITEMS),
    MucUser(
        invites=(Invite(to=DEE, reason="tea?"), Invite(to=BOB, continued=True, thread="t1")), password="x"
    ),
    MucUser(invites=(Invite(from_=BOB, continued=True),)),
    MucUser(decline=decline(to=BOB, reason="no")),
    MucUser(decline=decline(from_=BOB)),
    MucUser(destroy=Destroy(Jid("new", "conf.example"), "moved", "pw")),
    MucUser(MucItem(Affiliation.NONE, Role.NONE), destroy=Destroy()),
]


@pytest.mark.parametrize("user", USERS)
def test_what_a_room_says_is_written_and_read_back(user: MucUser) -> None:
    assert MucUser.parse(user.as_element()) == user
    assert MucUser.of(Stanza(Kind.PRESENCE, children=(user.as_element(),))) == user


def test_a_stanza_without_muc_user_says_nothing() -> None:
    assert MucUser.of(Stanza(Kind.MESSAGE)) is None
    with pytest.raises(ParseError):
        MucUser.parse(element("x", MUC))


def test_a_status_that_is_no_code_is_left_out() -> None:
    codes = [element("status", MUC_USER, code=code) for code in ("110", "x", "", "1100", "٣٠١")]
    assert MucUser.parse(element("x", MUC_USER, *codes)).statuses == (110,)


@pytest.mark.parametrize("attributes", [{"role": "king"}, {"affiliation": ""}, {"jid": "@"}])
def test_a_value_that_is_none_is_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(ParseError):
        MucItem.parse(Element("item", MUC_USER, attributes))
