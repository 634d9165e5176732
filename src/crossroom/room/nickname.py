"""Nicknames: what may be one, which two are the same, and a free one near a taken one.

A nickname is enforced with both PRECIS profiles, because it is a display name on one network and an XMPP
resourcepart on the other: RFC 8266 (Nickname), RFC 8265 §4.2 (OpaqueString). Rules: docs/mapping.md §1.4.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import count
from typing import Protocol, cast

from precis_i18n import get_profile

from crossroom.machine import ParseError
from crossroom.room.address import Nickname

MAX_OCTETS = 1023  # RFC 7701 §7.1 and RFC 7622 §3.4 agree on 1..1023 octets of UTF-8
_REMEMBERED = 4096  # PRECIS costs 100 µs a name, and a room is asked for the same ones again and again


class _Profile(Protocol):
    """The one call that we make of a PRECIS profile."""

    def enforce(self, value: str) -> str:
        """Enforce the profile; raises UnicodeEncodeError."""
        ...


_NICKNAME = cast("_Profile", get_profile("NicknameCasePreserved"))
_COMPARISON = cast("_Profile", get_profile("NicknameCaseMapped"))
_OPAQUE = cast("_Profile", get_profile("OpaqueString"))


@lru_cache(maxsize=_REMEMBERED)
def parse_nickname(text: str) -> Nickname:
    """Enforce a nickname in its display form; parsing the result again changes nothing.

    Raises:
        ParseError: empty, longer than 1023 octets, or with characters that a profile forbids.

    """
    try:
        enforced = _OPAQUE.enforce(_NICKNAME.enforce(text))
        octets = len(enforced.encode())
    except UnicodeEncodeError as error:
        raise ParseError(f"no nickname: {error.reason}") from error
    if octets > MAX_OCTETS:
        raise ParseError(f"a nickname of {octets} octets, more than {MAX_OCTETS}")
    return Nickname(enforced)


@lru_cache(maxsize=_REMEMBERED)
def comparison_key(nickname: Nickname) -> str:
    """What two nicknames have in common when they are the same (RFC 8266 §2.4: also case is mapped)."""
    return _COMPARISON.enforce(nickname)


def first_nickname(candidates: Iterable[str], fallback: Nickname) -> Nickname:
    """The first candidate that can be a nickname: display name, else user part, else generated (mapping §3.2)."""
    for candidate in candidates:
        try:
            return parse_nickname(candidate)
        except ParseError:
            continue
    return fallback


def free_nickname_near(wanted: Nickname, is_free: Callable[[Nickname], bool]) -> Nickname:
    """The wanted nickname, or the same with the first number that makes it free: `Ana`, `Ana 2`, `Ana 3`…"""
    if is_free(wanted):
        return wanted
    return next(near for near in (_numbered(wanted, number) for number in count(2)) if is_free(near))


def _numbered(wanted: Nickname, number: int) -> Nickname:
    """Add a number, and cut the name before it where both would be too long."""
    suffix = f" {number}"
    kept = wanted.encode()[: MAX_OCTETS - len(suffix)].decode(errors="ignore")
    while True:
        try:
            return parse_nickname(kept + suffix)
        except ParseError:  # the cut parted characters that are allowed only together: cut before them
            kept = kept[:-1]
