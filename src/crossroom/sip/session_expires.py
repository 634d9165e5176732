"""Session-Expires and Min-SE (RFC 4028 §4, §5)."""

from dataclasses import dataclass

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.headers import Headers
from crossroom.sip.params import NO_PARAMS, Params

_MAX_SECONDS = 2**32 - 1
SMALLEST_MIN_SE = 90  # RFC 4028 §5: the value of a missing Min-SE


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The interval in seconds, and which side refreshes: "uac", "uas", or None where nobody has said."""

    seconds: int
    refresher: str | None = None
    params: Params = NO_PARAMS  # others than refresher

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= _MAX_SECONDS or self.refresher not in {None, "uac", "uas"}:
            raise LocalProtocolError(f"not a Session-Expires: {self.seconds} {self.refresher!r}")

    @classmethod
    def parse(cls, text: str) -> "SessionExpires":
        """Read `1800;refresher=uac`.

        Raises:
            ParseError: no number, or a refresher that is neither uac nor uas.

        """
        seconds, semicolon, rest = text.partition(";")
        params = Params.parse(semicolon + rest)
        refresher = params.get("refresher")
        if refresher is not None and refresher.lower() not in {"uac", "uas"}:
            raise ParseError(f"not a refresher: {text!r}")
        return cls(
            grammar.number(seconds, _MAX_SECONDS, "Session-Expires"),
            None if refresher is None else refresher.lower(),
            params.without("refresher"),
        )

    def __str__(self) -> str:
        refresher = "" if self.refresher is None else f";refresher={self.refresher}"
        return f"{self.seconds}{refresher}{self.params}"


def min_se(headers: Headers) -> int:
    """Return the smallest interval the other side takes, in seconds; 90 if it does not say.

    Raises:
        ParseError: it is no number.

    """
    value = headers.get("Min-SE")
    if value is None:
        return SMALLEST_MIN_SE
    return grammar.number(value.partition(";")[0], _MAX_SECONDS, "Min-SE")
