"""What requests and responses share: header fields read as values, each once, when first asked for.

Every accessor raises ParseError for a value that cannot be read. Readers have already proved (`read_all`) those of
whatever they hand out. Rarer fields are read with the `parse` of their own module.
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
Lines = tuple[str, ...]
"""The value of every line of one field."""


class Field(Generic[ValueT]):
    """A header field as an attribute of the message: `read` from its lines once, then left in the message.

    functools.cached_property would take a lock that nobody here needs.
    """

    def __init__(self, name: str, read: Callable[[Lines], ValueT], meaning: str = "") -> None:
        self.name = name
        self.read = read
        self.__doc__ = meaning or name

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: "TypedHeaders", owner: type) -> ValueT: ...
    def __get__(self, instance: "TypedHeaders | None", owner: type) -> Self | ValueT:
        """Read the value, and leave it where the next look finds it first."""
        if instance is None:
            return self
        value = self.read(instance.headers.lines(self.name))
        instance.__dict__[self.attribute] = value
        return value


def _needed(name: str, parse: Callable[[str], ValueT], meaning: str = "") -> Field[ValueT]:
    """A field that every message has, once."""

    def read(lines: Lines) -> ValueT:
        if len(lines) != 1:
            raise ParseError(f"{name} twice" if lines else f"no {name}")
        return parse(lines[0])

    return Field(name, read, meaning)


def _optional(name: str, parse: Callable[[str], ValueT], meaning: str = "") -> Field[ValueT | None]:
    """A field that may be missing (None), and whose second line would leave open what the message says."""

    def read(lines: Lines) -> ValueT | None:
        if len(lines) > 1:
            raise ParseError(f"{name} twice")
        return parse(lines[0]) if lines else None

    return Field(name, read, meaning)


def _several(name: str, parse: Callable[[str], ValueT], meaning: str = "") -> Field[tuple[ValueT, ...]]:
    """A field with any number of values, on one line or on several."""
    return Field(name, lambda lines: _each(lines, parse), meaning)


def _each(lines: Lines, parse: Callable[[str], ValueT]) -> tuple[ValueT, ...]:
    if len(lines) == 1 and lines[0] and "," not in lines[0]:  # as nearly always
        return (parse(lines[0]),)
    return tuple([parse(value) for line in lines for value in grammar.split_commas(line) if value])


def _hops(lines: Lines) -> tuple[Via, ...]:
    if not (vias := _each(lines, Via.parse)):
        raise ParseError("no Via")
    return vias


def _contacts(lines: Lines) -> tuple[NameAddr, ...]:
    return () if lines == ("*",) else _each(lines, NameAddr.parse)


def _call_id(text: str) -> str:
    if text.split() != [text]:
        raise ParseError(f"not a Call-ID: {text!r}")
    return text


def _number(name: str, limit: int) -> Callable[[str], int]:
    return lambda text: grammar.number(text, limit, name)


def _tags(lines: Lines) -> tuple[str, ...]:
    return _words(line.lower() for line in lines)


def _words(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple([word for line in lines for part in line.split(",") if (word := part.strip())])


class TypedHeaders:
    """Accessors over `headers`; results are remembered per message."""

    headers: Headers
    body: bytes

    vias = Field("Via", _hops, "All hops, the top one first.")
    from_ = _needed("From", NameAddr.parse)
    to = _needed("To", NameAddr.parse)
    call_id = _needed("Call-ID", _call_id, "Call-ID, compared with case.")
    cseq = _needed("CSeq", CSeq.parse)
    contacts = Field("Contact", _contacts, "Contact addresses; none for `Contact: *`.")
    routes = _several("Route", NameAddr.parse, "Route, in order.")
    record_routes = _several("Record-Route", NameAddr.parse, "Record-Route, in order.")
    max_forwards = _optional(
        "Max-Forwards", _number("Max-Forwards", _MAX_HOPS), "Max-Forwards; None if missing (RFC 2543 peers)."
    )
    expires = _optional("Expires", _number("Expires", _MAX_SECONDS), "Expires in seconds.")
    event = _optional("Event", Event.parse, "Event (RFC 6665).")
    content_type = _optional("Content-Type", ContentType.parse)
    require = Field("Require", _tags, "Require: option tags in lower case.")
    supported = Field("Supported", _tags, "Supported: option tags in lower case.")
    allow = Field("Allow", _words, "Allow: methods, as written.")

    @property
    def via(self) -> Via:
        """The top Via."""
        return self.vias[0]

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact: the peer of a dialog has exactly one."""
        return self.contacts[0] if self.contacts else None

    def read_all(self) -> None:
        """Read every field whose accessor may raise, so that nobody later meets a ParseError.

        Raises:
            ParseError: one is unreadable, or one that every message needs is missing.

        """
        values = self.__dict__
        for name, lines in self.headers.by_name():
            if (field := _MAY_RAISE.get(name)) is not None:
                values[field.attribute] = field.read(lines)
        for attribute in _NEEDED:
            if attribute not in values:
                getattr(self, attribute)

    def know_from(self, other: "TypedHeaders", vias: tuple[Via, ...]) -> None:
        """Take over what was read of another message that differs in nothing but its Via fields; these are `vias`."""
        self.__dict__.update(other.__dict__, vias=vias)

    def tokens(self, name: str) -> tuple[str, ...]:
        """Return a list of case-insensitive tokens in lower case; never raises, tokens have no quotes."""
        return _tags(self.headers.lines(name))

    def number(self, name: str, limit: int = _MAX_SECONDS) -> int | None:
        """Return a whole number of at most `limit`, None if the field is missing."""
        value = self.headers.get(name)
        return None if value is None else grammar.number(value, limit, name)


_NEEDED = ("vias", "from_", "to", "call_id", "cseq")  # RFC 3261 §8.1.1; no Max-Forwards in RFC 2543
_MAY_RAISE: dict[str, Field[object]] = {
    field.name: field
    for field in vars(TypedHeaders).values()
    if isinstance(field, Field) and field.attribute not in {"require", "supported", "allow"}
}
