"""A MIME part as CPIM carries it: headers, empty line, octets (RFC 3862 §2.4, RFC 2045). No multiparts."""

import codecs
import re
from dataclasses import dataclass

from crossroom.machine import LocalProtocolError, ParseError

MAX_HEADER_BLOCK = 16384  # octets; what any mail would call a long header is a twentieth of it

_EMPTY_LINE = re.compile(rb"(?:^|\r?\n)\r?\n")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+*-]+")
_TYPE_FIRST = re.compile(rb"Content-Type: ([A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+*-]+)(?:;|\r\n)")
_PLAIN_TEXT = re.compile(
    rb"Content-Type: text/plain(?:; ?charset=(?:utf-8|\"utf-8\"))?\r\n\r\n", re.IGNORECASE
)
_PARAMETER = re.compile(r';\s*([A-Za-z0-9!#$&^_.+*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)')
_FORBIDDEN = re.compile(r"[\x00\r\n]")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,64}")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_CHARSETS = {"utf8": "utf-8", "": "utf-8"}  # seen on the wire


@dataclass(frozen=True, slots=True)
class MimePart:
    """`headers` in order, names as they came; `body` the octets after the empty line."""

    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, media_type: str, body: str | bytes, language: str = "") -> "MimePart":
        """A part to send: text goes out as UTF-8 with CRLF line ends left as they are."""
        if isinstance(body, str):
            media_type, body = f"{media_type}; charset=utf-8", body.encode(errors="replace")
        # who wrote the language on another network could write anything there (RFC 3282 §2: a list of tags)
        language_header = (("Content-Language", language),) if _LANGUAGE.fullmatch(language) else ()
        return cls((("Content-Type", media_type), *language_header), body)

    @classmethod
    def from_bytes(cls, octets: bytes) -> "MimePart":
        """Read a part; raises ParseError. LF line ends, empty values and any case are understood."""
        block, body = split_headers(octets)
        return cls(tuple(parse_headers(block)), body)

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def media_type(self) -> str:
        """Lower case, without parameters; `text/plain` when there is none, as RFC 2045 §5.2 has it."""
        match = _MEDIA_TYPE.match(self.header("Content-Type") or "")
        return match[0].lower() if match else "text/plain"

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type, unquoted; empty when absent."""
        for key, value in _PARAMETER.findall(self.header("Content-Type") or ""):
            if key.lower() == name.lower():
                return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else str(value)
        return ""

    @property
    def language(self) -> str:
        """Content-Language, empty when absent."""
        return self.header("Content-Language") or ""

    @property
    def text(self) -> str:
        """The body as text, by its charset (default UTF-8); what does not fit becomes U+FFFD.

        Raises ParseError for a charset nobody knows, and for octets that it cannot be read from.
        """
        charset = self.parameter("charset").lower()
        charset = _CHARSETS.get(charset, charset)
        try:
            codec = codecs.lookup(charset)
        except (LookupError, ValueError) as error:
            raise ParseError(f"unknown charset {charset[:40]!r}") from error
        if not codec._is_text_encoding:  # noqa: SLF001 -- the only way to keep rot13, zlib and their like out
            raise ParseError(f"not a charset: {charset[:40]!r}")
        try:
            text = self.body.decode(charset, errors="replace")
        except UnicodeError as error:  # idna and its like know no "replace"
            raise ParseError(f"not text in {charset[:40]!r}") from error
        # half a character (UTF-7, unicode_escape) can be written on no wire
        return _HALF_CHARACTER.sub("\ufffd", text)

    def __bytes__(self) -> bytes:
        lines = [f"{name}: {value}" for name, value in self.headers]
        if any(map(_FORBIDDEN.search, lines)):
            raise LocalProtocolError("CR, LF or NUL in a MIME header")
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + self.body


def plain_text(octets: bytes) -> str | None:
    """The text of a part that says of itself only that it is plain text in UTF-8, as most parts do.

    None for any other part, also for one that says so wrongly: read it as a MimePart.
    """
    found = _PLAIN_TEXT.match(octets)
    if found is None:
        return None
    try:
        return octets[found.end() :].decode()
    except UnicodeDecodeError:
        return None


def media_type_of(octets: bytes) -> str:
    """The media type alone, of a part that was read before; raises ParseError like MimePart.from_bytes."""
    found = _TYPE_FIRST.match(octets)
    return found[1].decode().lower() if found else MimePart.from_bytes(octets).media_type


def split_headers(octets: bytes) -> tuple[str, bytes]:
    """The header block as text and what follows its empty line; raises ParseError."""
    match = _EMPTY_LINE.search(octets, 0, MAX_HEADER_BLOCK)
    if match is None:
        raise ParseError("no empty line after the headers")
    try:
        return octets[: match.start()].decode(), octets[match.end() :]
    except UnicodeDecodeError as error:
        raise ParseError("a header is not UTF-8") from error


def parse_headers(block: str) -> list[tuple[str, str]]:
    """Header lines to names and values; folded lines are joined; raises ParseError."""
    headers: list[tuple[str, str]] = []
    for line in block.replace("\r\n", "\n").split("\n"):
        if line[:1] in (" ", "\t") and headers:
            name, value = headers[-1]
            headers[-1] = name, f"{value} {line.strip()}"
            continue
        name, colon, value = line.partition(":")
        if line and (not colon or not name.strip() or _FORBIDDEN.search(line)):
            raise ParseError(f"not a header: {line[:60]!r}")
        if line:
            headers.append((name.strip(), value.strip()))
    return headers
