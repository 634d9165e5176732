"""What the SIP agent turned away before it looked at it: one line for a flood, not one for each of its requests."""

from crossroom.net.tasks import Log
from crossroom.sip.agent import UserAgent


class TurnedAway:
    """Counts on from the last line."""

    def __init__(self, core: UserAgent, log: Log) -> None:
        self._core = core
        self._log = log
        self._refused, self._untried = core.turned_away

    def tell(self) -> None:
        """Write how much it was since the last time, if it was anything."""
        refused, untried = self._core.turned_away
        if refused > self._refused:
            self._log.warning("sip requests turned away", count=refused - self._refused)
        if untried > self._untried:
            self._log.warning("sip passwords not tried", count=untried - self._untried)
        self._refused, self._untried = refused, untried
