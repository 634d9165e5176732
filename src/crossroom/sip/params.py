"""`;name=value` lists, as URIs and header fields carry them (RFC 3261 §7.3.1, §19.1.1).

Values stay as written, quotes and escapes included, so that what is forwarded is what came.
"""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import force_setattr

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar

# Between semicolons: white space is allowed around `;` and `=` (RFC 3261 §25.1 SEMI, EQUAL).
_PARAMETER = re.compile(
    r"""\s*+([^\x00-\x20\x7f=;,<>"?@]++)\s*+"""
    rf"""(?:=\s*+({grammar.QUOTED_STRING}|[^\x00-\x20\x7f;,<>"]*+)\s*+)?(?:;|$)""",
    re.DOTALL,
)
_NAME = re.compile(r'[^\x00-\x20\x7f=;,<>"?@]+')
_VALUE = re.compile(rf'(?:{grammar.QUOTED_STRING}|[^\x00-\x20\x7f;,<>"]*)', re.DOTALL)


class Params(Struct, frozen=True, gc=False):
    """An ordered list of parameters; names compare without case; the value of a flag is None.

    `pairs` as written on the wire. A name that comes twice is kept, and the first one counts.

    Raises:
        LocalProtocolError: a name or value that would not read back.

    """

    pairs: tuple[tuple[str, str | None], ...] = ()

    def __post_init__(self) -> None:
        for name, value in self.pairs:
            grammar.check_line(name)
            if not _NAME.fullmatch(name):
                raise LocalProtocolError(f"not a parameter name: {name!r}")
            if value is not None:
                grammar.check_line(value)
                if not _VALUE.fullmatch(value):
                    raise LocalProtocolError(f"not a parameter value: {value!r}")

    @classmethod
    def parse(cls, text: str) -> "Params":
        """Read `;a=b;c` (the first `;` may be missing); empty text gives no parameters.

        Raises:
            ParseError: an empty parameter (`;;`), an unclosed quote, a character that needs quotes.

        """
        text = text.strip().removeprefix(";")
        if not text:
            return NO_PARAMS
        pairs: list[tuple[str, str | None]] = []
        position = 0
        while position < len(text):
            if (found := _PARAMETER.match(text, position)) is None:
                raise ParseError(f"not a parameter list: {text!r}")
            name, value = found.groups()
            pairs.append((name, value))
            position = found.end()
        if text[-1] == ";" or not grammar.is_line(text):
            raise ParseError(f"not a parameter list: {text!r}")
        params = _blank()
        force_setattr(params, "pairs", tuple(pairs))  # what was just matched needs no second look
        return params

    def get(self, name: str) -> str | None:
        """Return the value as written, None if the parameter is missing or a flag (see `has`)."""
        name = name.lower()
        for known, value in self.pairs:
            if known.lower() == name:
                return value
        return None

    def text(self, name: str) -> str | None:
        """Return the value without its quotes, if it has any."""
        value = self.get(name)
        return None if value is None else grammar.unquote(value)

    def has(self, name: str) -> bool:
        """True if the parameter is there, with or without a value."""
        name = name.lower()
        return any(known.lower() == name for known, _ in self.pairs)

    def with_(self, name: str, value: str | None = None) -> "Params":
        """Replace the parameter where it stands, or add it at the end. The value is in wire form."""
        if not self.has(name):
            return Params((*self.pairs, (name, value)))
        kept: list[tuple[str, str | None]] = []
        placed = False
        for known, old in self.pairs:
            if known.lower() != name.lower():
                kept.append((known, old))
            elif not placed:
                kept.append((known, value))
                placed = True
        return Params(tuple(kept))

    def without(self, *names: str) -> "Params":
        """Leave the named parameters out."""
        gone = {name.lower() for name in names}
        return Params(tuple(pair for pair in self.pairs if pair[0].lower() not in gone))

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __str__(self) -> str:
        return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in self.pairs)


NO_PARAMS = Params()
# A copy is made without the constructor's check.
_blank: Callable[[], Params] = NO_PARAMS.__copy__  # type: ignore[attr-defined]  # not in msgspec's stubs
