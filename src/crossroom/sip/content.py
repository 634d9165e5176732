"""What a body is and who takes which: Content-Type and Accept (RFC 3261 §20.1, §20.15)."""

import re
from collections.abc import Iterable

from msgspec import Struct

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.params import NO_PARAMS, Params

_MEDIA = re.compile(rf"\s*+({grammar.TOKEN})\s*+/\s*+({grammar.TOKEN})\s*+(;.*+)?", re.DOTALL)
_Q_VALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


class ContentType(Struct, frozen=True, gc=False):
    """A media type: `type` is the pair in lower case, `application/sdp`; also a range, `text/*`."""

    type: str
    params: Params = NO_PARAMS

    def __post_init__(self) -> None:
        kind, _, subtype = self.type.partition("/")
        if not (grammar.is_token(kind) and grammar.is_token(subtype)):
            raise LocalProtocolError(f"not a media type: {self.type!r}")

    @classmethod
    def parse(cls, text: str) -> "ContentType":
        """Read `message/sipfrag;version=2.0`; raises ParseError."""
        if (found := _MEDIA.fullmatch(text)) is None:
            raise ParseError(f"not a media type: {text!r}")
        kind, subtype, params = found.groups()
        return cls(f"{kind}/{subtype}".lower(), Params.parse(params) if params else NO_PARAMS)

    def includes(self, media_type: str) -> bool:
        """True if this, read as a range, covers `media_type` (`application/sdp`); parameters do not count."""
        wanted = media_type.lower()
        if self.type in {"*/*", wanted}:
            return True
        kind, _, subtype = self.type.partition("/")
        return subtype == "*" and wanted.startswith(kind + "/")

    @property
    def quality(self) -> float:
        """The `q` of an Accept range, 1.0 if missing or unreadable."""
        value = self.params.get("q") or "1"
        return float(value) if _Q_VALUE.fullmatch(value) else 1.0

    def __str__(self) -> str:
        return f"{self.type}{self.params}"


def accepts(ranges: Iterable[str] | None, media_type: str) -> bool:
    """Decide whether Accept values allow a type. None (no Accept at all) means `application/sdp`.

    RFC 3261 §20.1. An empty Accept allows nothing; a range with q=0 excludes.

    Raises:
        ParseError: a value is no media range.

    """
    if ranges is None:
        return media_type.lower() == "application/sdp"
    matching = [found for found in map(ContentType.parse, ranges) if found.includes(media_type)]
    # The most precise range decides: a full type before `text/*` before `*/*`.
    matching.sort(key=lambda found: found.type.count("*"))
    return bool(matching) and matching[0].quality > 0
