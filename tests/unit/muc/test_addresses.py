import pytest

from crossroom.machine import ParseError
from crossroom.muc.addresses import address_of, jid_of, occupant_jid, person_of, room_of, shown_jid
from crossroom.room.address import Address, Network, Nickname
from crossroom.xmpp.jid import Jid

PAIRS = [
    ("bob@xmpp.example/phone", Address("bob", "xmpp.example", "phone", Network.XMPP)),
    (r"a\2fb\40c.org@x.example", Address("a/b@c.org", "x.example", "", Network.XMPP)),
    (r"q\22x@x.example/Tab 1", Address('q"x', "x.example", "Tab 1", Network.XMPP)),
    ("zoë@x.example", Address("zoë", "x.example", "", Network.XMPP)),
    ("x.example", Address("", "x.example", "", Network.XMPP)),
]


@pytest.mark.parametrize(("jid", "address"), PAIRS)
def test_an_address_and_its_jid_are_one_another(jid: str, address: Address) -> None:
    assert address_of(Jid.parse(jid)) == address
    assert str(jid_of(address)) == jid


def test_an_invitee_has_no_network_and_no_device() -> None:
    assert person_of(Jid.parse(r"a\20b@sip.example/x")) == Address("a b", "sip.example")


def test_a_room_is_the_same_for_all_its_occupants() -> None:
    assert room_of(Jid.parse("tea@conf.example/Bob")) == Address("tea", "conf.example")


def test_a_sip_endpoint_without_a_gruu_still_has_a_full_jid() -> None:
    assert str(jid_of(Address("ana", "sip.example", "", Network.SIP))) == "ana@sip.example/sip"
    assert str(jid_of(Address("ana", "sip.example", "a1", Network.SIP))) == "ana@sip.example/a1"


def test_a_device_that_is_no_resource_is_left_out() -> None:
    assert str(jid_of(Address("ana", "sip.example", "a\x07", Network.SIP))) == "ana@sip.example"


@pytest.mark.parametrize(
    "address", [Address(" a", "s.example"), Address("a", "s..example"), Address("a", "")]
)
def test_an_address_that_xmpp_cannot_write_is_not_written(address: Address) -> None:
    with pytest.raises(ParseError):
        jid_of(address)
    assert shown_jid(address) is None


def test_a_hidden_address_is_not_shown() -> None:
    assert shown_jid(None) is None
    assert shown_jid(Address("a", "s.example")) == Jid("a", "s.example")


def test_an_occupant_jid_carries_the_nickname_as_it_is() -> None:
    assert str(occupant_jid(Jid.parse("tea@conf.example"), Nickname("Ana Böb"))) == "tea@conf.example/Ana Böb"
