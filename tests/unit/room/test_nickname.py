import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroom.machine import ParseError
from crossroom.room.address import Nickname
from crossroom.room.nickname import (
    MAX_OCTETS,
    comparison_key,
    first_nickname,
    free_nickname_near,
    parse_nickname,
)


@pytest.mark.parametrize(
    ("text", "nickname"),
    [
        ("Ana", "Ana"),
        ("  Ana   of  Tea ", "Ana of Tea"),
        ("Zoë", "Zoë"),
        ("a b", "a b"),  # another space becomes the ordinary one
        ("Ångström", "Ångström"),
        ("ⅣV", "IVV"),  # NFKC
        ("狐 🦊", "狐 🦊"),
    ],
)
def test_nickname_is_enforced_in_its_display_form(text: str, nickname: str) -> None:
    assert parse_nickname(text) == nickname


@pytest.mark.parametrize(
    "text", ["", "   ", "a\x00b", "line\r\nbreak", "\u200d", "\ud800", "tab\there", "\x1b[31m", "a\u202eb"]
)
def test_what_cannot_be_a_nickname_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_nickname(text)


def test_nickname_has_at_most_1023_octets() -> None:
    assert len(parse_nickname("é" * 511).encode()) == 1022
    with pytest.raises(ParseError, match="1024 octets"):
        parse_nickname("é" * 512)


def test_case_and_compatibility_forms_compare_equal() -> None:
    assert comparison_key(Nickname("ANA")) == comparison_key(Nickname("ana"))
    assert comparison_key(Nickname("Ana")) != comparison_key(Nickname("Anna"))


@settings(max_examples=150)
@given(st.text(max_size=40))
def test_enforcing_again_changes_nothing_and_any_text_parses_or_is_refused(text: str) -> None:
    try:
        nickname = parse_nickname(text)
    except ParseError:
        return
    assert parse_nickname(nickname) == nickname
    assert comparison_key(nickname)


def test_first_candidate_that_can_be_a_nickname_is_taken() -> None:
    assert first_nickname(["", "\x07", "ana"], Nickname("Guest")) == "ana"
    assert first_nickname(["", " "], Nickname("Guest")) == "Guest"


def test_free_nickname_is_the_wanted_one_or_numbered() -> None:
    taken = {"Ana", "Ana 2"}
    assert free_nickname_near(Nickname("Bob"), lambda name: name not in taken) == "Bob"
    assert free_nickname_near(Nickname("Ana"), lambda name: name not in taken) == "Ana 3"


def test_a_crowd_of_one_name_is_numbered_without_enforcing_every_number_again() -> None:
    taken = {"Crowd", *(f"Crowd {number}" for number in range(2, 300))}
    keys = {comparison_key(Nickname(name)) for name in taken}
    assert free_nickname_near(Nickname("Crowd"), lambda name: comparison_key(name) not in keys) == "Crowd 300"
    enforced = parse_nickname.cache_info().misses + comparison_key.cache_info().misses
    assert free_nickname_near(Nickname("Crowd"), lambda name: comparison_key(name) not in keys) == "Crowd 300"
    assert parse_nickname.cache_info().misses + comparison_key.cache_info().misses == enforced


def test_numbered_nickname_of_full_length_is_cut_between_characters() -> None:
    long = parse_nickname("é" * 511)
    near = free_nickname_near(long, lambda name: name != long)
    assert near == "é" * 510 + " 2"
    assert len(near.encode()) <= MAX_OCTETS


def test_cut_never_leaves_characters_that_are_allowed_only_together() -> None:
    # a middle dot is allowed between two l's only (RFC 5892 A.3): the cut takes the second l away
    long = parse_nickname("x" * 1018 + "l·l")
    assert free_nickname_near(long, lambda name: name != long) == "x" * 1018 + "l 2"
