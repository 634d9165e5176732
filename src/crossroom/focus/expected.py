"""Who is expected in which room, because an invitation is out: their join then says by whom they were asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from crossroom.room.address import Address

Key = tuple[tuple[str, str], tuple[str, str]]


class ExpectedGuests:
    """The invitations that are out, by room and invited person. Several people may invite the same one."""

    def __init__(self) -> None:
        self._inviters: dict[Key, dict[object, Address]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._inviters.values()))

    @contextmanager
    def expect(self, room: Address, who: Address, inviter: Address) -> Iterator[None]:
        """Expect somebody while the block runs."""
        key, one = (room.key, who.key), object()
        out = self._inviters.setdefault(key, {})
        out[one] = inviter
        try:
            yield
        finally:
            del out[one]
            if not out:
                del self._inviters[key]

    def inviter_of(self, room: Address, who: Address) -> Address | None:
        """By whom somebody is expected: of several the first to ask, while their invitation is still out."""
        out = self._inviters.get((room.key, who.key))
        return next(iter(out.values())) if out else None
