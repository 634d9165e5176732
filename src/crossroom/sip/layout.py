"""The outer layout of a message: start line, header lines, folds, limits. Text only, no header's meaning.

A head with a fault is still read as far as it goes: an answer needs its Via. RFC 3261 §7, §25.1.
"""

import re
from dataclasses import dataclass, field

from crossroom.sip import grammar
from crossroom.sip.headers import canonical_or_none

_FOLD = re.compile(r"(?<![ \t])[ \t]*+\r\n[ \t]++")  # anchored by the look-behind: a single pass
_BREAK = re.compile(r"[\r\n\x00]")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is read; octets unless said otherwise."""

    head: int = 32_768  # a request through a dozen proxies with a dozen Record-Routes stays under 8 KiB
    body: int = 1_048_576  # a full roster of two thousand participants is about 1 MB
    uri: int = 4_096  # Request-URI, characters: long GRUUs and embedded parameters stay under 1 KiB
    fields: int = 256  # header lines, counted: five times what the busiest networks send
    schemes: frozenset[str] = field(default=frozenset({"sip", "sips", "tel"}))  # of a Request-URI; else 416


NO_LIMITS_GIVEN = Limits()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a message: the status that says so, and words for the log."""

    status: int
    why: str


@dataclass(frozen=True, slots=True)
class Head:
    """A head taken apart. `fault` is the first thing that was wrong; `fields` then are what could be read."""

    start: str
    fields: tuple[tuple[str, str], ...]
    fault: Fault | None = None


def read_head(octets: bytes, limits: Limits) -> Head:
    """Take everything before the empty line apart. Never raises; no value has CR, LF or NUL."""
    fault: Fault | None = None
    if len(octets) > limits.head:
        fault = Fault(513, f"a head of more than {limits.head} octets")
        octets = octets[: limits.head]
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        # RFC 3261 §7.3.1, §25.1: header fields are UTF-8.
        fault = fault or Fault(400, "not UTF-8")
        text = octets.decode("utf-8", "replace")
    # RFC 3261 §25.1 quoted-pair: a NUL may hide behind a backslash; it is never written again.
    text = text.replace("\\\x00", "\\ ")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    start, *lines = text.split("\r\n")
    if len(lines) > limits.fields:
        fault = fault or Fault(513, f"more than {limits.fields} header fields")
        del lines[limits.fields :]
    is_broken = _BREAK.search(text.replace("\r\n", "")) is not None
    fields, line_fault = _read_fields(lines, is_broken=is_broken)
    return Head(_BREAK.sub(" ", start), fields, fault or line_fault)


def _read_fields(lines: list[str], *, is_broken: bool) -> tuple[tuple[tuple[str, str], ...], Fault | None]:
    fields: list[tuple[str, str]] = []
    fault: Fault | None = None
    for line in lines:
        written, colon, value = line.partition(":")
        written = written.rstrip(" \t")
        name = canonical_or_none(written) or written
        if not colon or (name is written and not grammar.is_token(name)):
            fault = fault or Fault(400, f"not a header field: {line[:80]!r}")
            continue
        if is_broken and _BREAK.search(value):
            fault = fault or Fault(400, f"a bare CR, LF or NUL in {name}")
            value = _BREAK.sub(" ", value)
        fields.append((name, value.strip(" \t")))
    return tuple(fields), fault
