"""Event and Subscription-State (RFC 6665 §8.2)."""

from sys import intern

from msgspec import Struct

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.params import NO_PARAMS, Params

_MAX_SECONDS = 2**32 - 1


def _split(text: str, what: str) -> tuple[str, Params]:
    word, semicolon, params = text.partition(";")
    if not grammar.is_token(word.strip()):
        raise ParseError(f"not {what}: {text!r}")
    return word.strip(), Params.parse(semicolon + params) if semicolon else NO_PARAMS


class Event(Struct, frozen=True, gc=False):
    """An event package (`conference`, `refer`; with templates `presence.winfo`) and its parameters."""

    package: str
    params: Params = NO_PARAMS

    def __post_init__(self) -> None:
        if not grammar.is_token(self.package):
            raise LocalProtocolError(f"not an event package: {self.package!r}")

    @classmethod
    def parse(cls, text: str) -> "Event":
        """Read `refer;id=93809824`; raises ParseError."""
        package, params = _split(text, "an Event")
        return cls(intern(package), params)  # there are few, and thousands subscribe to the same

    @property
    def id(self) -> str | None:
        """What tells two subscriptions of one dialog apart."""
        return self.params.get("id")

    def matches(self, other: "Event") -> bool:
        """RFC 6665 §8.2.1: package and `id` decide, byte by byte; other parameters do not."""
        return (self.package, self.id) == (other.package, other.id)

    def __str__(self) -> str:
        return f"{self.package}{self.params}"


class SubscriptionState(Struct, frozen=True, gc=False):
    """`active`, `pending`, `terminated` or an extension, in lower case."""

    state: str
    params: Params = NO_PARAMS

    def __post_init__(self) -> None:
        if not grammar.is_token(self.state):
            raise LocalProtocolError(f"not a subscription state: {self.state!r}")

    @classmethod
    def parse(cls, text: str) -> "SubscriptionState":
        """Read `terminated;reason=noresource`; raises ParseError."""
        state, params = _split(text, "a Subscription-State")
        return cls(state.lower(), params)

    @classmethod
    def active(cls, expires: int) -> "SubscriptionState":
        """A running subscription with `expires` seconds left."""
        return cls("active", Params((("expires", str(expires)),)))

    @classmethod
    def pending(cls, expires: int) -> "SubscriptionState":
        """A subscription that waits for somebody's approval."""
        return cls("pending", Params((("expires", str(expires)),)))

    @classmethod
    def terminated(cls, reason: str, retry_after: int | None = None) -> "SubscriptionState":
        """The end: deactivated, probation, rejected, timeout, giveup, noresource or invariant.

        `retry_after`: seconds; RFC 6665 §4.1.3 has it for probation and giveup only.
        """
        later = () if retry_after is None else (("retry-after", str(retry_after)),)
        return cls("terminated", Params((("reason", reason), *later)))

    @property
    def is_terminated(self) -> bool:
        """True for the last NOTIFY of a subscription."""
        return self.state == "terminated"

    @property
    def expires(self) -> int | None:
        """Seconds left; None if not said."""
        return self._seconds("expires")

    @property
    def retry_after(self) -> int | None:
        """Seconds to wait before subscribing again; None if not said."""
        return self._seconds("retry-after")

    @property
    def reason(self) -> str | None:
        """Why it ended, in lower case."""
        value = self.params.text("reason")
        return None if value is None else value.lower()

    def _seconds(self, name: str) -> int | None:
        value = self.params.get(name)
        return None if value is None else grammar.number(value, _MAX_SECONDS, name)

    def __str__(self) -> str:
        return f"{self.state}{self.params}"
