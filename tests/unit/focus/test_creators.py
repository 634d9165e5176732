"""Who may begin rooms, by the pattern of the address and the domain of the room."""

import pytest

from crossroom.focus.creators import Creators
from crossroom.room.address import Address

TEA = Address("tea", "conference.example")


@pytest.mark.parametrize(
    ("pattern", "person", "may"),
    [
        ("*", "anonymous@anonymous.invalid", True),
        ("*@example.com", "ana@example.com", True),
        ("*@example.com", "ANA@Example.COM", True),
        ("*@example.com", "ana@sip.example.com", False),
        ("*@example.com", "ana@notexample.com", False),
        ("*@example.com", "ana@exampleXcom", False),
        ("*@*.example.com", "ana@sip.example.com", True),
        ("ana@example.com", "ana@example.com", True),
        ("ana@example.com", "anna@example.com", False),
        ("staff-*@example.com", "staff-7@example.com", True),
        ("a+b@example.com", "aab@example.com", False),
    ],
)
def test_a_pattern_is_the_whole_address_with_any_text_for_an_asterisk(
    pattern: str, person: str, *, may: bool
) -> None:
    user, _, domain = person.partition("@")
    creators = Creators({"Conference.example": ["nobody@nowhere.example", pattern]})
    assert creators.include(Address(user, domain, "phone"), TEA) is may


def test_nobody_begins_a_room_at_a_reserved_address() -> None:
    creators = Creators({}, [Address("New", "conference.example")])
    assert not creators.include(Address("ana", "example.org"), Address("new", "Conference.example"))
    assert creators.include(Address("ana", "example.org"), TEA)


def test_a_domain_without_patterns_is_open_to_everybody() -> None:
    creators = Creators({"other.example": ["ana@example.com"]})
    assert creators.include(Address("eve", "example.org"), TEA)
    assert not creators.include(Address("eve", "example.org"), Address("tea", "other.example"))
