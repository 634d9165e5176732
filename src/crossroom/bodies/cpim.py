"""CPIM messages (RFC 3862; RFC 4975 §13, RFC 7701 §6): the envelope of everything said in a room.

Strict in what is written, lenient in what is read. The content is kept as the octets it came in, because a
switch must not modify it; `mime.py` reads it.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from crossroom.bodies.mime import MAX_HEADER_BLOCK, MimePart, split_headers
from crossroom.machine import LocalProtocolError, ParseError

CPIM = "message/cpim"
IMDN_NAMESPACE = "urn:ietf:params:imdn"
STATUS_NAMESPACE = "urn:ag-projects:xml:ns:cpim"
CORE_NAMESPACE = "urn:ietf:params:cpim-headers:"

_CORE = {name.lower(): name for name in ("From", "To", "cc", "DateTime", "Subject", "NS", "Require")}
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-^_`|~]+(?:\.[A-Za-z0-9!#$%&'*+\-^_`|~]+)?")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-;=?-~]*")
_NS = re.compile(r"\s*(?P<prefix>[^\s<>]*)\s*<(?P<urn>[!-;=?-~]*)>\s*")
_URN = re.compile(r"[!-;=?-~]*")
_LANG = re.compile(r";\s*lang=[A-Za-z0-9-]+\s+", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")
_BREAK = re.compile(r"[\r\n\x00]")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r"}
_ESCAPED = {text: "\\" + letter for letter, text in _ESCAPES.items()}
_PREFIXES = {IMDN_NAMESPACE: "imdn", STATUS_NAMESPACE: "agp"}
_USUAL = re.compile(
    rb"""From:[ ](?:"([^"\\\x00-\x1f]*)"[ ])?<([A-Za-z][A-Za-z0-9+.-]*:[!-;=?-~]*)>\r\n
    To:[ ](?:"([^"\\\x00-\x1f]*)"[ ])?<([A-Za-z][A-Za-z0-9+.-]*:[!-;=?-~]*)>\r\n
    (?:DateTime:[ ]([0-9T:.Z+-]+)\r\n)?
    (?:NS:[ ]imdn[ ]<urn:ietf:params:imdn>\r\n
    imdn\.Message-ID:[ ]([!-\[\]-~]+)\r\n
    (?:imdn\.Disposition-Notification:[ ]([a-z-]+(?:,[ ]?[a-z-]+)*)\r\n)?)?
    \r\n""",
    re.VERBOSE,
)
"""The header block as most clients write it, and as we do: nothing in it is escaped."""


class CpimAddress(Struct, frozen=True, gc=False):
    """`[formal name] <URI>`; the name is plain text, empty when there is none."""

    uri: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> "CpimAddress":
        """Read an address; the name may be quoted, tokens, or anything unquoted. Raises ParseError."""
        # not by one expression: a long run of spaces would cost its square
        name, opened, uri = text.rstrip().rpartition("<")
        if not opened or not uri.endswith(">") or not _URI.fullmatch(uri[:-1]):
            raise ParseError(f"not a CPIM address: {text[:80]!r}")
        name, uri = name.strip(), uri[:-1]
        if len(name) > 1 and name.startswith('"') and name.endswith('"'):
            name = name[1:-1]
        return cls(uri, unescape(name))

    def __str__(self) -> str:
        if not _URI.fullmatch(self.uri):
            raise LocalProtocolError(f"not a URI: {self.uri[:80]!r}")
        return f'"{escape(self.name, quotes=True)}" <{self.uri}>' if self.name else f"<{self.uri}>"


class CpimHeader(Struct, frozen=True, gc=False):
    """A header outside the core: `namespace` is the URN, whatever prefix stood for it; value is plain text."""

    namespace: str
    name: str
    value: str


class CpimMessage(Struct, frozen=True, gc=False):
    """One CPIM message.

    `content` are the octets after the CPIM headers: MIME headers, empty line, body (`part` reads them).
    `date_time` is RFC 3339 text as it came, empty when absent. `extensions` keep their order. `require` are the
    headers that a reader must understand (RFC 3862 §4.7): namespace and name of each.
    """

    sender: CpimAddress | None
    to: tuple[CpimAddress, ...]
    content: bytes
    date_time: str = ""
    cc: tuple[CpimAddress, ...] = ()
    subject: str = ""
    extensions: tuple[CpimHeader, ...] = ()
    require: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_bytes(cls, octets: bytes) -> "CpimMessage":
        """Read a message; raises ParseError.

        Understood all the same: bare LF, no space after the colon, core names in any case, and Content-*
        headers written directly in the CPIM block, as the samples of RFC 4975 and 7701 have it.
        """
        if usual := _usual(octets):
            return usual
        block, content = split_headers(octets)
        envelope = _Envelope()
        for line in block.replace("\r\n", "\n").split("\n"):
            if line:
                envelope.add(line)
        return envelope.message(content)

    @property
    def part(self) -> MimePart:
        """The content, read; raises ParseError."""
        return MimePart.from_bytes(self.content)

    @property
    def sent_at(self) -> float | None:
        """DateTime as POSIX seconds, None when absent or unreadable."""
        return parse_date_time(self.date_time)

    def extension(self, namespace: str, name: str) -> str | None:
        """The first value of an extension header."""
        for header in self.extensions:
            if header.namespace == namespace and header.name.lower() == name.lower():
                return header.value
        return None

    def __bytes__(self) -> bytes:
        lines = [f"From: {self.sender}"] if self.sender else []
        lines += [f"To: {address}" for address in self.to]
        lines += [f"cc: {address}" for address in self.cc]
        if self.date_time:
            lines.append(f"DateTime: {escape(self.date_time)}")
        if self.subject:
            # a semicolon in front would be read as the language of the subject
            lines.append("Subject: " + re.sub("^;", r"\\u003b", escape(self.subject)))
        lines += _written(self.extensions, self.require)
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + self.content


def _usual(octets: bytes) -> CpimMessage | None:
    """A message whose header block is the usual one, read at one go; None: read it line by line."""
    found = _USUAL.match(octets, 0, MAX_HEADER_BLOCK)
    if found is None:
        return None
    name, sender, to_name, to, date_time, message_id, wishes = found.groups(b"")
    extensions: tuple[CpimHeader, ...] = ()
    if message_id:
        extensions = (CpimHeader(IMDN_NAMESPACE, "Message-ID", message_id.decode()),)
    if wishes:
        extensions += (CpimHeader(IMDN_NAMESPACE, "Disposition-Notification", wishes.decode()),)
    try:
        sender_address = CpimAddress(sender.decode(), name.decode())
        to_addresses = (CpimAddress(to.decode(), to_name.decode()),)
    except UnicodeDecodeError:
        return None
    content = octets[found.end() :]
    return CpimMessage(sender_address, to_addresses, content, date_time.decode(), extensions=extensions)


class _Envelope:
    """The CPIM header block while it is read."""

    def __init__(self) -> None:
        self._core: dict[str, list[str]] = {}
        self._extensions: list[CpimHeader] = []
        self._mime: list[tuple[str, str]] = []
        self._namespaces = {"": CORE_NAMESPACE}

    def add(self, line: str) -> None:
        """Take one header line; raises ParseError."""
        name, colon, value = line.partition(":")
        value = value.strip()
        if not colon or not _NAME.fullmatch(name.strip()):
            raise ParseError(f"not a CPIM header: {line[:60]!r}")
        name = name.strip()
        core = _CORE.get(name.lower())
        if core == "NS":
            self._declare(value)
        elif core is not None:
            self._core.setdefault(core, []).append(value)
        elif _is_reserved(name):
            if _BREAK.search(value):
                raise ParseError(f"a bare CR or a NUL in {name}")
            self._mime.append((name, value))
        else:
            self._extend(name, value)

    def message(self, content: bytes) -> CpimMessage:
        """The message with this content; raises ParseError."""
        core = self._core
        if any(len(core.get(name, ())) > 1 for name in ("From", "DateTime")):
            raise ParseError("From or DateTime twice")
        if self._mime:
            content = bytes(MimePart(tuple(self._mime), content))
        sender = core.get("From")
        return CpimMessage(
            sender=CpimAddress.parse(sender[0]) if sender else None,
            to=tuple(map(CpimAddress.parse, core.get("To", ()))),
            content=content,
            date_time=unescape(core.get("DateTime", [""])[0]),
            cc=tuple(map(CpimAddress.parse, core.get("cc", ()))),
            # RFC 3862 §3.3: a header may say its language first; the first of several subjects is enough.
            subject=unescape(_without_language(core.get("Subject", [""])[0])),
            extensions=tuple(self._extensions),
            require=tuple(
                self._resolved(unescape(name.strip()))
                for value in core.get("Require", ())
                for name in value.split(",")
            ),
        )

    def _declare(self, value: str) -> None:
        match = _NS.fullmatch(value)
        if match is None:
            raise ParseError(f"not a namespace: {value[:60]!r}")
        self._namespaces[match["prefix"]] = match["urn"]

    def _extend(self, name: str, value: str) -> None:
        namespace, local = self._resolved(name)
        if "." in name and namespace == CORE_NAMESPACE:
            self.add(f"{local}:{value}")
        else:
            self._extensions.append(CpimHeader(namespace, local, unescape(value)))

    def _resolved(self, name: str) -> tuple[str, str]:
        prefix, dot, local = name.partition(".")
        if not dot:
            prefix, local = "", name
        # A prefix that was never declared stands for itself, so that nothing is lost.
        return self._namespaces.get(prefix, prefix), local


def escape(text: str, *, quotes: bool = False) -> str:
    """Plain text as a header can carry it: no line end ever gets through (RFC 3862 §2.3).

    A quotation mark is escaped only inside a quoted name.
    """
    if text.isprintable() and "\\" not in text and '"' not in text:
        return text
    text = text.replace("\\", "\\\\")
    if quotes:
        text = text.replace('"', '\\"')
    return _CONTROL.sub(lambda match: _ESCAPED.get(match[0]) or f"\\u{ord(match[0]):04x}", text)


def unescape(text: str) -> str:
    """The plain text of an escaped value; unknown escapes stand for themselves, half characters for U+FFFD."""

    def plain(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return _ESCAPES.get(match[2], match[2])

    text = _ESCAPE.sub(plain, text)
    if any("\ud800" <= char <= "\udfff" for char in text):
        # Escaped pairs make one character; a half alone makes none.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def format_date_time(posix: float) -> str:
    """POSIX seconds as RFC 3339 in UTC with the milliseconds begun: never later than it was."""
    seconds, milliseconds = divmod(round(posix * 1_000_000) // 1000, 1000)
    return f"{_date_time(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=2)  # much is said in one second, and both views of a post have the same
def _date_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def parse_date_time(text: str) -> float | None:
    """RFC 3339 text with a zone to POSIX seconds; None for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.timestamp() if moment.tzinfo else None
    except ValueError:
        return None


def _without_language(value: str) -> str:
    match = _LANG.match(value)
    return value[match.end() :] if match else value


def _is_reserved(name: str) -> bool:
    """True for names that no extension of the core namespace may have."""
    lower = name.lower()
    return lower in _CORE or lower.startswith("content-") or lower == "mime-version"


def _written(headers: Iterable[CpimHeader], require: Iterable[tuple[str, str]]) -> list[str]:
    prefixes: dict[str, str] = {}
    lines: list[str] = []
    for header in headers:
        name = _prefixed(header.namespace, header.name, prefixes, lines)
        lines.append(f"{name}: {escape(header.value)}")
        if header.namespace == CORE_NAMESPACE and _is_reserved(name):
            raise LocalProtocolError(f"not an extension header: {name[:60]!r}")
    if required := [_prefixed(*each, prefixes, lines) for each in require]:
        lines.append(f"Require: {','.join(required)}")
    return lines


def _prefixed(namespace: str, name: str, prefixes: dict[str, str], lines: list[str]) -> str:
    """The name as it is written, its namespace declared in `lines` before."""
    if namespace != CORE_NAMESPACE:
        if namespace not in prefixes:
            prefixes[namespace] = _PREFIXES.get(namespace, f"x{len(prefixes)}")
            lines.append(f"NS: {prefixes[namespace]} <{namespace}>")
        name = f"{prefixes[namespace]}.{name}"
    if not _NAME.fullmatch(name) or not _URN.fullmatch(namespace):
        raise LocalProtocolError(f"not a CPIM header name: {name[:60]!r}")
    return name
