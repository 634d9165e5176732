"""Who may begin rooms (XEP-0045 §10.1.1; RFC 4579 §5.4): patterns of addresses, for each domain of rooms."""

import re
from collections.abc import Iterable, Mapping

from crossroom.room.address import Address


class Creators:
    """By domain of rooms, patterns such as `*@example.com`: `*` is any text. In a domain without, it is everybody.

    `reserved`: addresses that stand for something else, where nobody begins a room.
    """

    def __init__(
        self, patterns: Mapping[str, Iterable[str]] | None = None, reserved: Iterable[Address] = ()
    ) -> None:
        self._reserved = {room.key for room in reserved}
        self._patterns = {
            domain.lower(): re.compile("|".join(map(_expression, each)))
            for domain, each in (patterns or {}).items()
        }

    def include(self, person: Address, room: Address) -> bool:
        """True for who may begin this room; addresses are compared without regard to case."""
        if room.key in self._reserved:
            return False
        pattern = self._patterns.get(room.domain.lower())
        user, domain = person.key
        return pattern is None or pattern.fullmatch(f"{user}@{domain}") is not None


def _expression(pattern: str) -> str:
    return ".*".join(re.escape(part) for part in pattern.lower().split("*"))
