"""A nickname for every user of a roster: what the focus shows, made fit for a room, and never two the same.

A focus elsewhere may show anything, also one name for two people. Rules: docs/mapping.md §1.4 and §3.3.
"""

from dataclasses import dataclass

from crossroom.conference.addresses import NAMELESS
from crossroom.room.address import Nickname
from crossroom.room.nickname import comparison_key, first_nickname, free_nickname_near


@dataclass(frozen=True, slots=True)
class _Named:
    """What a roster showed, what that comes to, and what the user is called (which may have a number)."""

    shown: tuple[str, ...]
    wanted: Nickname
    nickname: Nickname


class RosterNames:
    """The nicknames in use, by the key of their user."""

    def __init__(self) -> None:
        self._named: dict[str, _Named] = {}
        self._users: dict[str, str] = {}
        self._superseded: dict[str, str] = {}

    def of(self, user: str) -> Nickname | None:
        """What a user is called now."""
        named = self._named.get(user)
        return named.nickname if named else None

    def assign(self, user: str, shown: tuple[str, ...]) -> Nickname:
        """Name a user by the first of the names that can be a nickname; the same names give the same again."""
        known = self._named.get(user)
        if known and known.shown == shown:
            return known.nickname
        wanted = first_nickname(shown, NAMELESS)
        if known and (known.wanted == wanted or self._is_superseded(user, wanted)):
            if known.wanted == wanted:
                self._superseded.pop(user, None)
            self._hold(user, _Named(shown, known.wanted, known.nickname))
            return known.nickname
        self.release(user)
        nickname = free_nickname_near(wanted, lambda it: comparison_key(it) not in self._users)
        self._hold(user, _Named(shown, wanted, nickname))
        return nickname

    def grant(self, user: str, nickname: Nickname) -> None:
        """Name a user because the focus said so; a roster that still shows the name before is an older one."""
        known = self._named.get(user)
        self.release(user)
        if known:
            self._superseded[user] = comparison_key(known.nickname)
        self._hold(user, _Named((), nickname, nickname))

    def pass_on(self, user: str, heir: str) -> None:
        """Let the nickname of one key be free for another, which is the same user."""
        named = self._named.get(user)
        superseded = self._superseded.get(user)
        self.release(user)
        if named and heir not in self._named:
            self._hold(heir, named)
            if superseded:
                self._superseded[heir] = superseded

    def release(self, user: str) -> None:
        """Forget a user."""
        named = self._named.pop(user, None)
        self._superseded.pop(user, None)
        if named:
            self._free(user, named)

    def release_changed(self, shown: dict[str, tuple[str, ...]]) -> None:
        """Let go of the names that are about to change, so that two users can trade theirs."""
        for user, names in shown.items():
            known = self._named.get(user)
            if known and known.shown != names:
                wanted = first_nickname(names, NAMELESS)
                if wanted != known.wanted and not self._is_superseded(user, wanted):
                    self._free(user, known)

    def _is_superseded(self, user: str, wanted: Nickname) -> bool:
        return self._superseded.get(user) == comparison_key(wanted)

    def _hold(self, user: str, named: _Named) -> None:
        self._named[user] = named
        self._users[comparison_key(named.nickname)] = user

    def _free(self, user: str, named: _Named) -> None:
        key = comparison_key(named.nickname)
        if self._users.get(key) == user:
            del self._users[key]
