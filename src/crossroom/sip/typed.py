"""What requests and responses share: header fields read as values, each once, when first asked for.

Every accessor raises ParseError for a value that cannot be read. Readers have already proved Via, From, To,
Call-ID and CSeq of whatever they hand out. Rarer fields are read with the `parse` of their own module.
"""

from collections.abc import Callable, Iterable
from typing import Generic, Self, TypeVar, overload

from crossroom.machine import ParseError
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr
from crossroom.sip.content import ContentType
from crossroom.sip.cseq import CSeq
from crossroom.sip.event import Event
from crossroom.sip.headers import Headers
from crossroom.sip.via import Via

_MAX_HOPS = 255  # RFC 3261 §20.22
_MAX_SECONDS = 2**32 - 1  # RFC 3261 §20.19


ValueT = TypeVar("ValueT")


class ReadOnce(Generic[ValueT]):
    """A property computed once per message; functools.cached_property takes a lock that nobody here needs."""

    def __init__(self, read: Callable[["TypedHeaders"], ValueT]) -> None:
        self.__doc__ = read.__doc__
        self._read = read
        self._name = read.__name__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: "TypedHeaders", owner: type) -> ValueT: ...
    def __get__(self, instance: "TypedHeaders | None", owner: type) -> Self | ValueT:
        """Read the value, and leave it where the next look finds it first."""
        if instance is None:
            return self
        value = self._read(instance)
        instance.__dict__[self._name] = value
        return value


class TypedHeaders:
    """Accessors over `headers`; results are remembered per message."""

    headers: Headers
    body: bytes

    @ReadOnce
    def vias(self) -> tuple[Via, ...]:
        """All hops, the top one first."""
        if not (vias := tuple([Via.parse(value) for value in self.headers.all("Via")])):
            raise ParseError("no Via")
        return vias

    @property
    def via(self) -> Via:
        """The top Via."""
        return self.vias[0]

    @ReadOnce
    def from_(self) -> NameAddr:
        """From."""
        return NameAddr.parse(self._needed("From"))

    @ReadOnce
    def to(self) -> NameAddr:
        """To."""
        return NameAddr.parse(self._needed("To"))

    @ReadOnce
    def call_id(self) -> str:
        """Call-ID, compared with case."""
        value = self._needed("Call-ID")
        if not value or any(character.isspace() for character in value):
            raise ParseError(f"not a Call-ID: {value!r}")
        return value

    @ReadOnce
    def cseq(self) -> CSeq:
        """CSeq."""
        return CSeq.parse(self._needed("CSeq"))

    @ReadOnce
    def contacts(self) -> tuple[NameAddr, ...]:
        """Contact addresses; none for `Contact: *`."""
        values = self.headers.all("Contact")
        return () if values == ("*",) else tuple([NameAddr.parse(value) for value in values])

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact: the peer of a dialog has exactly one."""
        return self.contacts[0] if self.contacts else None

    @ReadOnce
    def routes(self) -> tuple[NameAddr, ...]:
        """Route, in order."""
        return tuple([NameAddr.parse(value) for value in self.headers.all("Route")])

    @ReadOnce
    def record_routes(self) -> tuple[NameAddr, ...]:
        """Record-Route, in order."""
        return tuple([NameAddr.parse(value) for value in self.headers.all("Record-Route")])

    @ReadOnce
    def max_forwards(self) -> int | None:
        """Max-Forwards; None if missing (RFC 2543 peers)."""
        return self.number("Max-Forwards", _MAX_HOPS)

    @ReadOnce
    def expires(self) -> int | None:
        """Expires in seconds."""
        return self.number("Expires", _MAX_SECONDS)

    @ReadOnce
    def event(self) -> Event | None:
        """Event (RFC 6665)."""
        value = self.headers.get("Event")
        return None if value is None else Event.parse(value)

    @ReadOnce
    def content_type(self) -> ContentType | None:
        """Content-Type."""
        value = self.headers.get("Content-Type")
        return None if value is None else ContentType.parse(value)

    @ReadOnce
    def require(self) -> tuple[str, ...]:
        """Require: option tags in lower case."""
        return self.tokens("Require")

    @ReadOnce
    def supported(self) -> tuple[str, ...]:
        """Supported: option tags in lower case."""
        return self.tokens("Supported")

    @ReadOnce
    def allow(self) -> tuple[str, ...]:
        """Allow: methods, as written."""
        return _words(self.headers.lines("Allow"))

    def tokens(self, name: str) -> tuple[str, ...]:
        """Return a list of case-insensitive tokens in lower case; never raises, tokens have no quotes."""
        return _words(line.lower() for line in self.headers.lines(name))

    def number(self, name: str, limit: int = _MAX_SECONDS) -> int | None:
        """Return a whole number of at most `limit`, None if the field is missing."""
        value = self.headers.get(name)
        return None if value is None else grammar.number(value, limit, name)

    def _needed(self, name: str) -> str:
        value = self.headers.get(name)
        if value is None:
            raise ParseError(f"no {name}")
        return value


def _words(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple([word for line in lines for part in line.split(",") if (word := part.strip())])
