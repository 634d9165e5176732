"""How often passwords may be guessed: by one source, and of one account from everywhere. RFC 7616 §5.8. Time is an argument."""

from crossroom.sip.overload import Rates
from crossroom.sip.throttle import Throttle

_CAPACITY = 10_000
"""Places remembered from which owners came. Who is forgotten is treated as a stranger until the next right password."""


class Guesses:
    """Wrong passwords a minute, as `Rates.failures` and `Rates.account_failures` say.

    An account that others guess at stays open for its owner: from a source that proved it before, only that source's
    own wrong passwords count. Else anybody could lock anybody out.
    """

    def __init__(self, rates: Rates) -> None:
        self._by_source = Throttle(rates.failures / 60.0, rates.failures)
        self._by_account = Throttle(rates.account_failures / 60.0, rates.account_failures)
        self._owners: dict[tuple[str, str], None] = {}

    def __len__(self) -> int:
        return len(self._by_source) + len(self._by_account) + len(self._owners)

    def wait(self, source: str, account: str, now: float) -> float:
        """Seconds until a password for this account is looked at again from there; 0.0 for now."""
        of_account = 0.0 if (source, account) in self._owners else self._by_account.wait(account, now)
        return max(self._by_source.wait(source, now), of_account)

    def wrong(self, source: str, account: str, now: float) -> None:
        """Count a wrong one."""
        self._by_source.take(source, now)
        if (source, account) not in self._owners:
            self._by_account.take(account, now)

    def right(self, source: str, account: str) -> None:
        """Remember where an owner comes from, the newest last."""
        self._owners.pop((source, account), None)
        self._owners[source, account] = None
        if len(self._owners) > _CAPACITY:
            del self._owners[next(iter(self._owners))]
