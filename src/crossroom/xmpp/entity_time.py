"""Entity time (XEP-0202)."""

from crossroom.xmpp.delay import format_stamp
from crossroom.xmpp.element import Element, element

TIME = "urn:xmpp:time"


def time_answer(now: float) -> Element:
    """The answer to a time query, in UTC; `now` in seconds since 1970."""
    return element("time", TIME, element("tzo", TIME, "+00:00"), element("utc", TIME, format_stamp(now)))
