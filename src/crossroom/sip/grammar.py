r"""The lexical ground of SIP: tokens, quoted strings, separators, escapes, and what may never reach a line.

RFC 3261 §25.1. Reading is lenient where endpoints are sloppy, writing is strict. Nothing here knows a header.
"""

import re
from urllib.parse import quote as percent_quote
from urllib.parse import unquote_to_bytes

from crossroom.machine import LocalProtocolError, ParseError

# Possessive, here and in every pattern over untrusted text: no input may cost more than one pass. But only single
# characters are: CPython before 3.11.5 matches possessive groups wrongly (Debian 12 has 3.11.2).
TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"  # noqa: S105 -- the grammar's word, not a secret
QUOTED_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
IPV6_REFERENCE = r"\[[0-9A-Fa-f:.]++\]"
HOST = rf"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*+|{IPV6_REFERENCE})"

_TOKEN = re.compile(TOKEN)
_HOST = re.compile(HOST)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNWRITABLE = re.compile(r"[\r\n\x00\ud800-\udfff]")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'(["\\])')
_MAX_DIGITS = 10  # 2**32-1 has ten; more digits only cost time

# Quoted strings and angle brackets hide the commas inside them.
_PIECE = re.compile(rf'{QUOTED_STRING}|<[^>]*+>|[^"<,]++|,', re.DOTALL)


def is_token(text: str) -> bool:
    """RFC 3261 §25.1 `token`."""
    return (text.isalnum() and text.isascii()) or _TOKEN.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """True for a host name, an IPv4 address or an IPv6 reference in brackets."""
    plain = text.isascii() and text.replace(".", "").isalnum() and text[0] != "."
    return plain or _HOST.fullmatch(text) is not None


def is_line(text: str) -> bool:
    """True if the text can stand on one header line: no CR, LF, NUL, no lone surrogate."""
    return text.isprintable() or _UNWRITABLE.search(text) is None


def check_line(text: str) -> str:
    """Return `text` if it can stand on one header line.

    Raises:
        LocalProtocolError: it has CR, LF, NUL or a lone surrogate: our code forgot `clean_text`.

    """
    if not is_line(text):
        raise LocalProtocolError(f"a line break, NUL or surrogate in a header: {text!r}")
    return text


def clean_text(text: str) -> str:
    """Make any untrusted text safe for one header line: every control character becomes a space."""
    return blank_controls(text).strip()


def blank_controls(text: str) -> str:
    """Turn every control character (and lone surrogate) into a space; nothing is stripped."""
    return text if text.isprintable() else _CONTROL.sub(" ", text)


def quote(text: str) -> str:
    """Write a quoted-string. RFC 3261 §25.1: `"` and the backslash are escaped; controls become spaces."""
    return '"' + _TO_ESCAPE.sub(r"\\\1", blank_controls(text)) + '"'


def unquote(text: str) -> str:
    """Read a quoted-string without its quotes; any other text is returned as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def split_commas(text: str) -> tuple[str, ...]:
    """Split a comma list (RFC 3261 §7.3.1) outside quoted strings and angle brackets.

    Each part is stripped, empty ones are kept.

    Raises:
        ParseError: a quote or an angle bracket is never closed.

    """
    if "," not in text:
        return (text.strip(),)
    if '"' not in text and "<" not in text:
        return tuple([part.strip() for part in text.split(",")])
    parts: list[str] = []
    start = position = 0
    while position < len(text):
        if (piece := _PIECE.match(text, position)) is None:
            raise ParseError(f"unbalanced quotes or brackets: {text!r}")
        if piece.group() == ",":
            parts.append(text[start:position].strip())
            start = piece.end()
        position = piece.end()
    parts.append(text[start:].strip())
    return tuple(parts)


def unescape(text: str) -> str:
    """Decode percent escapes as UTF-8.

    Raises:
        ParseError: a `%` without two hexadecimal digits, or octets that are not UTF-8 (docs/mapping.md §1.1).

    """
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise ParseError(f"a broken percent escape: {text!r}")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"percent escapes that are not UTF-8: {text!r}") from error


def escape(text: str, safe: str) -> str:
    """Percent-encode every UTF-8 octet that is not a letter, a digit, `-_.~` or in `safe`; upper-case hex.

    Raises:
        LocalProtocolError: `text` has a lone surrogate.

    """
    if text.isalnum() and text.isascii():
        return text
    try:
        return percent_quote(text, safe=safe)
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"a lone surrogate: {text!r}") from error


def number(text: str, limit: int, what: str) -> int:
    """Read a plain decimal number of at most `limit`.

    Raises:
        ParseError: it is no number or too large; `what` names it.

    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        raise ParseError(f"{what} is not a number: {text!r}")
    if len(digits) > _MAX_DIGITS:
        digits = digits.lstrip("0") or "0"
    if len(digits) > _MAX_DIGITS or (value := int(digits)) > limit:
        raise ParseError(f"{what} is too large: {text!r}")
    return value
