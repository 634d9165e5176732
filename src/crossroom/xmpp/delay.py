"""Date and time stamps (XEP-0082) and delayed delivery (XEP-0203). Times are seconds since 1970, UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from crossroom.machine import ParseError
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.stanza import Stanza

DELAY = "urn:xmpp:delay"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def format_stamp(at: float) -> str:
    """A DateTime in UTC with milliseconds, ending in Z (XEP-0082 §3.2)."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_stamp(text: str) -> float:
    """Read a DateTime of any zone. Raises ParseError."""
    if not STAMP.fullmatch(text.strip()):
        raise ParseError(f"no XEP-0082 DateTime: {text!r}")
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError) as error:
        raise ParseError(f"no XEP-0082 DateTime: {text!r}") from error


@dataclass(frozen=True, slots=True)
class Delay:
    """When a stanza was first sent, and who kept it (`from_`, the room for history)."""

    at: float
    from_: str = ""
    text: str = ""

    @classmethod
    def parse(cls, source: Element) -> "Delay":
        """Read a `<delay/>`. Raises ParseError."""
        return cls(parse_stamp(source.get("stamp")), source.get("from"), source.text)

    @classmethod
    def of(cls, stanza: Stanza) -> "Delay | None":
        """A stanza's delay, None when it has none. Raises ParseError."""
        found = stanza.find("delay", DELAY)
        return None if found is None else cls.parse(found)

    def as_element(self) -> Element:
        """The `<delay/>` element."""
        return element("delay", DELAY, self.text, from_=self.from_ or None, stamp=format_stamp(self.at))
