"""Session descriptions (RFC 8866): a value for the whole, one for each media section; read leniently, written strictly.

Lives here: lines, origins, connections, attributes, and their order. Not here: what the m-line of a chat
means (msrp_media.py), offers and answers. Sections: RFC 8866 §5 and §9, RFC 3264 §8 for the version.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from crossroom.machine import LocalProtocolError, ParseError

ParsedT = TypeVar("ParsedT")

_LINE = re.compile(r"([A-Za-z])[ \t]*=(.*)")
_NUMBER = re.compile(r"[0-9]{1,20}")
_PORT = re.compile(r"([0-9]{1,5})(?:/([0-9]{1,5}))?")
_FORBIDDEN = re.compile(r"[\r\n\x00]")

# RFC 8866 §5: the letters that may stand before and after those which we hold as fields.
_BEFORE_CONNECTION = "iuep"
_BEFORE_TIMES = "b"
_AFTER_TIMES = "rzk"
_MEDIA_BEFORE_CONNECTION = "i"
_MEDIA_AFTER_CONNECTION = "bk"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one description may hold. `octets` and `lines` bound the work, `media` what an answer must repeat."""

    octets: int = 65_536  # a SIP datagram cannot hold more, and no real offer is near it
    lines: int = 1_000  # an offer with video and ICE has some 100
    media: int = 32  # browsers bundle a dozen; every one costs a line of the answer


@dataclass(frozen=True, slots=True)
class Line:
    """Any line that has no field of its own: kept and written again, never understood."""

    letter: str
    value: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An a= line (RFC 8866 §5.13): `value` is None for a property attribute such as `sendonly`."""

    name: str
    value: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Attribute":
        """Split at the first colon."""
        name, colon, value = text.partition(":")
        return cls(name.strip(), value.strip() if colon else None)

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Connection:
    """A c= line (RFC 8866 §5.7): the address without brackets or multicast suffix, IP4 or IP6."""

    address: str
    family: str = "IP4"

    @classmethod
    def of(cls, host: str) -> "Connection":
        """Say where a host is: an IPv6 reference loses its brackets, a name counts as IP4."""
        bare = host.removeprefix("[").removesuffix("]")
        return cls(bare, "IP6" if ":" in bare else "IP4")

    @classmethod
    def parse(cls, text: str) -> "Connection":
        """Read `IN IP4 192.0.2.1`; raises ParseError."""
        fields = text.split()
        if len(fields) != 3:
            raise ParseError(f"connection line {text!r} has not three fields")
        return cls(fields[2], fields[1].upper())

    def __str__(self) -> str:
        return f"IN {self.family} {self.address}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The o= line (RFC 8866 §5.2): who made this description, and which version of it this is."""

    session_id: int
    version: int
    address: Connection
    username: str = "-"

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Read `- 1 2 IN IP4 host.example`; raises ParseError."""
        fields = text.split()
        if len(fields) != 6 or not _NUMBER.fullmatch(fields[1]) or not _NUMBER.fullmatch(fields[2]):
            raise ParseError(f"origin line {text!r} cannot be read")
        address = Connection(fields[5], fields[4].upper())
        return cls(int(fields[1]), int(fields[2]), address, fields[0])

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {self.address}"


@dataclass(frozen=True, slots=True)
class MediaSection:
    """One m= line and what follows it (RFC 8866 §5.14). Port 0 means that the stream is refused or gone.

    `others` are the lines without a field of their own (i=, b=, k=, unknown ones).
    """

    media: str
    port: int
    protocol: str
    formats: tuple[str, ...] = ("*",)
    port_count: int | None = None
    connection: Connection | None = None
    attributes: tuple[Attribute, ...] = ()
    others: tuple[Line, ...] = ()

    @classmethod
    def parse_line(cls, text: str) -> "MediaSection":
        """Read the m= line alone; raises ParseError."""
        fields = text.split()
        port = _PORT.fullmatch(fields[1]) if len(fields) >= 3 else None
        if port is None or int(port[1]) > 65_535:
            raise ParseError(f"media line {text!r} cannot be read")
        count = int(port[2]) if port[2] else None
        return cls(fields[0], int(port[1]), fields[2], tuple(fields[3:]), count)

    def first(self, name: str) -> Attribute | None:
        """The first attribute of this name (names of attributes are case-sensitive, RFC 8866 §9)."""
        return next((item for item in self.attributes if item.name == name), None)

    def refused(self) -> "MediaSection":
        """The same stream refused (RFC 3264 §6): port 0, the formats repeated, nothing else."""
        return MediaSection(self.media, 0, self.protocol, self.formats)

    def __str__(self) -> str:
        count = "" if self.port_count is None else f"/{self.port_count}"
        head = " ".join((self.media, f"{self.port}{count}", self.protocol, *self.formats))
        return "".join(
            (
                _write("m", head),
                _write_all(self.others, _MEDIA_BEFORE_CONNECTION),
                _write("c", self.connection),
                _write_all(self.others, _MEDIA_AFTER_CONNECTION),
                _write_unknown(self.others, _MEDIA_BEFORE_CONNECTION + _MEDIA_AFTER_CONNECTION),
                *(_write("a", item) for item in self.attributes),
            )
        )


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description. `times` are the values of the t= lines, at least one when written."""

    origin: Origin
    media: tuple[MediaSection, ...] = ()
    name: str = "-"
    connection: Connection | None = None
    times: tuple[str, ...] = ("0 0",)
    attributes: tuple[Attribute, ...] = ()
    others: tuple[Line, ...] = ()

    @classmethod
    def parse(cls, text: str, limits: Limits = Limits()) -> "SessionDescription":
        """Read a description with any line ends and lines in any order; raises ParseError."""
        lines = _lines(text, limits)
        starts = [number for number, line in enumerate(lines) if line.letter == "m"]
        if len(starts) > limits.media:
            raise ParseError(f"more than {limits.media} media sections")
        session = lines[: starts[0]] if starts else lines
        ends = [*starts[1:], len(lines)]
        sections = tuple(_section(lines[start:end]) for start, end in zip(starts, ends, strict=False))
        return _session(session, sections)

    @classmethod
    def from_bytes(cls, body: bytes, limits: Limits = Limits()) -> "SessionDescription":
        """Read a body; octets that are no UTF-8 become replacement characters. Raises ParseError."""
        if len(body) > limits.octets:
            raise ParseError(f"description is longer than {limits.octets} octets")
        return cls.parse(body.decode("utf-8", "replace"), limits)

    def first(self, name: str, section: MediaSection | None = None) -> Attribute | None:
        """Find an attribute in the section, or else at session level (RFC 8866 §5.13)."""
        found = section.first(name) if section else None
        return found or next((item for item in self.attributes if item.name == name), None)

    def host_of(self, section: MediaSection) -> str:
        """The address that media of this section goes to, empty where none is given."""
        connection = section.connection or self.connection
        return connection.address if connection else ""

    def succeeding(self, previous: "SessionDescription | None") -> "SessionDescription":
        """This description as the next one after what we sent before in the same session."""
        if previous is None:
            return self
        unchanged = replace(self, origin=previous.origin)
        if unchanged == previous:
            return previous  # RFC 3264 §8: the same description keeps its version
        # RFC 3264 §8: "the version in the origin field MUST increment by one"
        return replace(self, origin=replace(previous.origin, version=previous.origin.version + 1))

    def __str__(self) -> str:
        known = _BEFORE_CONNECTION + _BEFORE_TIMES + _AFTER_TIMES
        return "".join(
            (
                "v=0\r\n",
                _write("o", self.origin),
                _write("s", self.name or "-"),
                _write_all(self.others, _BEFORE_CONNECTION),
                _write("c", self.connection),
                _write_all(self.others, _BEFORE_TIMES),
                *(_write("t", item) for item in self.times or ("0 0",)),
                _write_all(self.others, _AFTER_TIMES),
                _write_unknown(self.others, known),
                *(_write("a", item) for item in self.attributes),
                *(str(item) for item in self.media),
            )
        )

    def __bytes__(self) -> bytes:
        return str(self).encode("utf-8", "replace")


def _write(letter: str, value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    if _FORBIDDEN.search(text):
        raise LocalProtocolError(f"a line break or NUL in {letter}= of a session description")
    return f"{letter}={text}\r\n"


def _write_all(lines: tuple[Line, ...], letters: str) -> str:
    ordered = sorted(
        (line for line in lines if line.letter in letters), key=lambda it: letters.index(it.letter)
    )
    return "".join(_write(line.letter, line.value) for line in ordered)


def _write_unknown(lines: tuple[Line, ...], known: str) -> str:
    return "".join(_write(line.letter, line.value) for line in lines if line.letter not in known)


def _lines(text: str, limits: Limits) -> list[Line]:
    if "\x00" in text:
        raise ParseError("NUL in a session description")
    rows = [row for row in re.split(r"\r\n|\n|\r", text) if row.strip()]
    if len(rows) > limits.lines:
        raise ParseError(f"more than {limits.lines} lines")
    return [_line(row) for row in rows]


def _line(row: str) -> Line:
    match = _LINE.fullmatch(row.strip())
    if match is None:
        raise ParseError(f"{row[:40]!r} is no line of a session description")
    return Line(match[1], match[2].strip())


def _only(lines: list[Line], letter: str) -> list[str]:
    return [line.value for line in lines if line.letter == letter]


def _first(lines: list[Line], letter: str, parse: Callable[[str], ParsedT]) -> ParsedT | None:
    values = _only(lines, letter)
    return parse(values[0]) if values else None


def _session(lines: list[Line], media: tuple[MediaSection, ...]) -> SessionDescription:
    origin = _first(lines, "o", Origin.parse)
    if _only(lines, "v") != ["0"] or origin is None:
        raise ParseError("a session description begins with v=0 and o=")
    return SessionDescription(
        origin=origin,
        media=media,
        name=_first(lines, "s", str) or "-",
        connection=_first(lines, "c", Connection.parse),
        times=tuple(_only(lines, "t")) or ("0 0",),
        attributes=tuple(Attribute.parse(value) for value in _only(lines, "a")),
        others=_others(lines, "vosctam", _BEFORE_CONNECTION + _BEFORE_TIMES + _AFTER_TIMES),
    )


def _section(lines: list[Line]) -> MediaSection:
    return replace(
        MediaSection.parse_line(lines[0].value),
        connection=_first(lines, "c", Connection.parse),
        attributes=tuple(Attribute.parse(value) for value in _only(lines, "a")),
        others=_others(lines, "mca", _MEDIA_BEFORE_CONNECTION + _MEDIA_AFTER_CONNECTION),
    )


def _others(lines: list[Line], held: str, known: str) -> tuple[Line, ...]:
    # in the order in which they will be written, so that reading what we wrote gives the same value
    order = [*known]
    kept = [line for line in lines if line.letter not in held]
    return tuple(sorted(kept, key=lambda it: order.index(it.letter) if it.letter in order else len(order)))
