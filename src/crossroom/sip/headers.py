"""The header fields of one message: an immutable, ordered multimap of text (RFC 3261 §7.3, §20).

Knows names, compact forms and which fields are comma lists; typed values live in a module per family.
"""

from collections.abc import Iterable, Iterator

from crossroom.machine import LocalProtocolError
from crossroom.sip import grammar

# RFC 3261 §7.3.3 and the RFCs that registered a compact form: 3515, 3892, 6665, 4028, 3841, 8224.
COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}

# RFC 3261 §7.3.1: a comma separates values only where the grammar of the field is a list.
LISTS = frozenset(
    """
    Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Call-Info Contact
    Content-Encoding Content-Language Error-Info History-Info In-Reply-To P-Asserted-Identity
    P-Preferred-Identity Path Proxy-Require Reason Record-Route Refer-To Reject-Contact Require Route
    Security-Client Security-Server Security-Verify Service-Route Supported Unsupported Via Warning
    """.split()  # noqa: SIM905 -- reads as the registry does
)

_OTHERS = """
    Call-ID Content-Disposition Content-Length Content-Type CSeq Date Event Expires From Max-Forwards
    Min-Expires Min-SE Organization RAck Refer-Sub Referred-By Replaces Retry-After RSeq Server
    Session-Expires Subject Subscription-State Target-Dialog Timestamp To User-Agent
    Authentication-Info Authorization Flow-Timer Identity MIME-Version Priority Privacy Proxy-Authenticate
    Proxy-Authorization Refer-Events-At Reply-To Request-Disposition SIP-ETag SIP-If-Match WWW-Authenticate
    """.split()  # noqa: SIM905 -- reads as the registry does

_KNOWN = {name: name for name in (*LISTS, *_OTHERS)}
# The usual spelling, which is the common one, is found without folding it first.
_CANONICAL = _KNOWN | {name.lower(): name for name in _KNOWN} | COMPACT


def canonical(name: str) -> str:
    """Return the full, usual spelling of a header name; an unknown name stays as it is."""
    return _CANONICAL.get(name) or _CANONICAL.get(name.lower(), name)


def canonical_or_none(name: str) -> str | None:
    """Return the full spelling of a known name; None for an unknown one, which may be no name at all."""
    return _CANONICAL.get(name) or _CANONICAL.get(name.lower())


def _key(name: str) -> str:
    """What all spellings of one name have in common."""
    return _CANONICAL.get(name) or _CANONICAL.get(low := name.lower(), low)


class Headers:
    """An ordered multimap; names compare without case, in full or compact form. Never changes.

    `fields` are (name, value) pairs, one per header line.

    Raises:
        LocalProtocolError: a name that is no token, or a value with CR, LF or NUL.

    """

    __slots__ = ("_index", "fields")

    fields: tuple[tuple[str, str], ...]

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fill(tuple([_checked(name, value) for name, value in fields]))

    @classmethod
    def from_wire(cls, fields: tuple[tuple[str, str], ...]) -> "Headers":
        """Take lines that are already checked and have canonical names: a reader's, or another message's."""
        headers = cls.__new__(cls)
        headers._fill(fields)  # noqa: SLF001 -- our own second constructor
        return headers

    def _fill(self, fields: tuple[tuple[str, str], ...]) -> None:
        self.fields = fields
        self._index: dict[str, tuple[str, ...]] = {}
        for name, value in fields:
            key = name if name in _KNOWN else _key(name)
            self._index[key] = (*self._index[key], value) if key in self._index else (value,)

    def get(self, name: str) -> str | None:
        """Return the first line's value as written, None if there is none."""
        values = self._index.get(_key(name))
        return values[0] if values else None

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the value of every line of that name, commas untouched."""
        return self._index.get(_key(name), ())

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value: comma lists are split where the field is a list; empty values are dropped.

        Raises:
            ParseError: a quote or bracket in a list is never closed.

        """
        key = _key(name)
        lines = self._index.get(key, ())
        if key not in LISTS:
            return lines
        return tuple([value for line in lines for value in grammar.split_commas(line) if value])

    def has(self, name: str) -> bool:
        """True if there is such a line."""
        return _key(name) in self._index

    def by_name(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Return each name that is there, once, with its lines: known names in full, others in lower case."""
        return self._index.items()

    def with_(self, name: str, value: str) -> "Headers":
        """Replace all lines of that name by one, standing where the first stood (or at the end)."""
        full = canonical(name)
        if not self.has(full):
            return self.adding(full, value)
        key = _key(full)
        line = _checked(full, value)
        kept: list[tuple[str, str]] = []
        placed = False
        for known, old in self.fields:
            if _key(known) != key:
                kept.append((known, old))
            elif not placed:
                kept.append(line)
                placed = True
        return Headers.from_wire(tuple(kept))

    def adding(self, name: str, value: str) -> "Headers":
        """Add a line at the end."""
        return self.adding_lines(((name, value),))

    def adding_lines(self, lines: Iterable[tuple[str, str]]) -> "Headers":
        """Add lines at the end."""
        return Headers.from_wire((*self.fields, *[_checked(name, value) for name, value in lines]))

    def adding_all(self, name: str, values: Iterable[str]) -> "Headers":
        """Add a line for each value."""
        return self.adding_lines((name, value) for value in values)

    def prepending(self, name: str, value: str) -> "Headers":
        """Add a line before all others of that name (or before everything): a new top Via or Route."""
        key = _key(name)
        place = next((at for at, (known, _) in enumerate(self.fields) if _key(known) == key), 0)
        return Headers.from_wire((*self.fields[:place], _checked(name, value), *self.fields[place:]))

    def without(self, *names: str) -> "Headers":
        """Leave all lines of those names out."""
        gone = {_key(name) for name in names}
        return Headers.from_wire(tuple([pair for pair in self.fields if _key(pair[0]) not in gone]))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        return self.fields == other.fields if isinstance(other, Headers) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return f"Headers({list(self.fields)!r})"


def _checked(name: str, value: str) -> tuple[str, str]:
    full = canonical(name)
    if full not in _KNOWN and not grammar.is_token(full):
        raise LocalProtocolError(f"not a header name: {name!r}")
    return full, grammar.check_line(value).strip()


NO_HEADERS = Headers()
