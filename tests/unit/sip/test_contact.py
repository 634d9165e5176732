import pytest

from crossroom.sip import contact
from crossroom.sip.address import NameAddr

FULL = NameAddr.parse(
    '<sip:a@192.0.2.1;ob>;+sip.instance="<urn:uuid:f8>";reg-id=2;q=0.5;expires=60;isfocus'
    ';methods="INVITE, bye,";pub-gruu="sip:a@h;gr=urn:uuid:f8"'
)
BARE = NameAddr.parse("<tel:5>")


def test_a_contact_tells_what_its_endpoint_is() -> None:
    assert contact.is_focus(FULL)
    assert contact.instance(FULL) == "urn:uuid:f8"
    assert contact.reg_id(FULL) == 2
    assert contact.priority(FULL) == 0.5
    assert contact.expires(FULL) == 60


def test_a_bare_contact_tells_nothing() -> None:
    assert not contact.is_focus(BARE)
    assert (contact.instance(BARE), contact.reg_id(BARE), contact.expires(BARE)) == (None, None, None)
    assert contact.priority(BARE) == 1.0


def test_a_contact_is_marked_as_focus_once() -> None:
    marked = contact.as_focus(BARE)
    assert str(marked) == "<tel:5>;isfocus"
    assert contact.as_focus(marked) is marked


@pytest.mark.parametrize(
    ("q", "value"), [("x", 0.0), ("5", 1.0), (".", 0.0), ("-1", 0.0), ("0.4", 0.4), ("²", 0.0), ("nan", 0.0)]
)
def test_an_unreadable_priority_is_the_lowest(q: str, value: float) -> None:
    assert contact.priority(NameAddr.parse(f"<sip:h>;q={q}")) == value


def test_unreadable_numbers_are_none() -> None:
    broken = NameAddr.parse("<sip:h>;reg-id=x;expires=never")
    assert (contact.reg_id(broken), contact.expires(broken)) == (None, None)
