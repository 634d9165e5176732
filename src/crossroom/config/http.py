"""The table [http]."""

import re
from typing import Annotated

from msgspec import field

from crossroom.config.checks import parse_endpoint
from crossroom.config.section import Seconds, Section, SettingError, Text, means

_ORIGIN = re.compile(r"https?://[^\s/?#@]+", re.IGNORECASE)


class Http(Section, frozen=True):
    """[http]: the WebSockets of browsers, wherever `sip.listen` and `msrp.listen` have ws:// or wss://."""

    origins: Annotated[
        list[str], means("https://… of the web pages that may connect; empty: pages of any origin")
    ] = field(default_factory=list)
    public: Annotated[
        Text,
        means(
            "wss:// address that a reverse proxy shows to browsers, and passes on to ws:// here; empty: none"
        ),
    ] = ""
    ping_seconds: Annotated[
        Seconds, means("between pings; a browser that answers none for half as long is gone")
    ] = 30.0

    def __post_init__(self) -> None:
        """Refuse what no browser would ever send as its Origin, and a public address that is none."""
        if self.public:
            parse_endpoint("public", self.public, frozenset({"wss"}))
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                why = f"{origin!r} is no origin: a scheme, a host and perhaps a port, with no path"
                raise SettingError("origins", why)
