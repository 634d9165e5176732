"""What the focus says in the INVITE that asks somebody in."""

from crossroom.conference.dial import invite_headers
from crossroom.focus.interface import Invitation
from crossroom.room.address import Address, Network

ROOM = Address("tea", "conference.example")
ANA = Address("ana", "sip.example", network=Network.SIP)


def headers(inviter: Address | None, reason: str = "") -> dict[str, str]:
    return dict(invite_headers(Invitation(ROOM, ANA, inviter, reason)))


def test_the_inviter_is_named_by_the_address_of_record() -> None:
    bob = Address("bob", "xmpp.example", "pda", Network.XMPP)
    assert headers(bob) == {"Referred-By": "<sip:bob@xmpp.example>"}


def test_an_inviter_whose_address_is_hidden_is_named_as_the_occupant() -> None:
    bob = Address("tea", "conference.example", device="Bob")
    assert headers(bob) == {"Referred-By": "<sip:tea@conference.example;gr=Bob>"}


def test_the_reason_becomes_the_subject_on_one_line() -> None:
    assert headers(None, "there is\ncake") == {"Subject": "there is cake"}


def test_nobody_and_no_reason_are_not_mentioned() -> None:
    assert headers(None) == {}
