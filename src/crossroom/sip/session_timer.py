"""Session timers: who refreshes, how often, and when a silent session is over. RFC 4028.

Negotiation as plain functions, and the running timer as a value of three numbers. Sends nothing.
"""

from msgspec import Struct

from crossroom.machine import ParseError
from crossroom.sip.answer import HeaderLines
from crossroom.sip.message import Request, Response
from crossroom.sip.session_expires import SMALLEST_MIN_SE, SessionExpires, min_se
from crossroom.sip.settings import AgentSettings

_LONGEST = 86_400
"""Seconds: a longer interval would not notice a dead peer within a day."""


class SessionTimer(Struct, frozen=True, gc=False):
    """A running timer: `interval` in seconds from `since`; `ours`: we refresh.

    `alone`: the peer knows no timers. Our refreshes find out whether it is still there, and nothing expires.
    """

    interval: int
    ours: bool
    since: float
    alone: bool = False

    def refresh_at(self) -> float | None:
        """When we refresh. RFC 4028 §10: at half the interval."""
        return self.since + self.interval / 2 if self.ours else None

    def expires_at(self) -> float | None:
        """When the session is given up. RFC 4028 §10: min(32, interval/3) before its end."""
        return None if self.alone else self.since + self.interval - min(32.0, self.interval / 3)

    def later(self, now: float) -> "SessionTimer":
        """After a refresh that was refused: again at half of what is left, and the end stays where it is."""
        if self.alone:
            return SessionTimer(self.interval, ours=True, since=now, alone=True)
        left = self.since + self.interval - now
        return SessionTimer(max(int(left), 1), self.ours, now)


def read_session_expires(message: Request | Response) -> SessionExpires | None:
    """Session-Expires, None when absent. Raises ParseError."""
    text = message.headers.get("Session-Expires")
    return None if text is None else SessionExpires.parse(text)


def read_min_se(message: Request | Response) -> int:
    """Min-SE in seconds, within reason; RFC 4028 §5's least when absent or unreadable."""
    try:
        return min(max(SMALLEST_MIN_SE, min_se(message.headers)), _LONGEST)
    except ParseError:
        return SMALLEST_MIN_SE


def too_brief(request: Request, settings: AgentSettings) -> bool:
    """Whether to answer 422. RFC 4028 §9: only to a peer that supports the extension."""
    asked = read_session_expires(request)
    return asked is not None and asked.seconds < settings.min_se and _knows_timer(request)


def answer_timer(request: Request, settings: AgentSettings, now: float) -> tuple[HeaderLines, SessionTimer]:
    """Agree on a timer as UAS: the header lines for the 2xx, and the timer. RFC 4028 §9, table 2."""
    asked = read_session_expires(request)
    interval = asked.seconds if asked else max(settings.session_expires, read_min_se(request))
    interval = min(max(interval, settings.min_se), _LONGEST)
    # the peer that cannot refresh leaves it to us
    refresher = ((asked and asked.refresher) or "uac") if _knows_timer(request) else "uas"
    lines: HeaderLines = (("Session-Expires", f"{interval};refresher={refresher}"),)
    if refresher == "uac":
        # RFC 4028 §9: "MUST contain a Require header field with the value 'timer'"
        lines = (*lines, ("Require", "timer"))
    return lines, SessionTimer(interval, refresher == "uas", now)


def ask_timer(interval: int, refresher: str = "") -> HeaderLines:
    """The header lines of a request of ours. RFC 4028 §7.1; no refresher leaves the choice to the peer."""
    return (("Session-Expires", f"{interval};refresher={refresher}" if refresher else str(interval)),)


def agreed_timer(response: Response, asked: int, now: float) -> SessionTimer | None:
    """What a 2xx to our request for `asked` seconds says.

    RFC 4028 §7.2: no Session-Expires turns the timer off: no refresh need be sent. Of a peer that knows no timers
    that is no decision, and one that is gone without a word would keep its seat for ever: we refresh by ourselves.
    """
    try:
        agreed = read_session_expires(response)
    except ParseError:
        return None
    if agreed is None:
        return None if _knows_timer(response) else SessionTimer(asked, ours=True, since=now, alone=True)
    seconds = min(max(agreed.seconds, SMALLEST_MIN_SE), _LONGEST)
    return SessionTimer(seconds, agreed.refresher != "uas", now)


def _knows_timer(message: Request | Response) -> bool:
    return "timer" in {tag.lower() for tag in (*message.supported, *message.require)}
