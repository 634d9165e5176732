"""The outer layout of a message: start line, header lines, folds, limits. Text only, no header's meaning.

A head with a fault is still read as far as it goes: an answer needs its Via. RFC 3261 §7, §25.1.
"""

import re
from dataclasses import dataclass, field

from msgspec import Struct

from crossroom.sip import grammar
from crossroom.sip.headers import canonical, canonical_or_none

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


class Fault(Struct, frozen=True, gc=False):
    """What is wrong with a message: the status that says so, and words for the log."""

    status: int
    why: str


class Head(Struct, frozen=True):
    """A head taken apart. `fault` is the first thing that was wrong; `fields` then are what could be read.

    lengths: the values of Content-Length, which belongs to the framing and is not among the fields.
    """

    start: str
    fields: tuple[tuple[str, str], ...]
    lengths: tuple[str, ...] = ()
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
    if "\x00" in text:
        # RFC 3261 §25.1 quoted-pair: a NUL may hide behind a backslash; it is never written again.
        text = text.replace("\\\x00", "\\ ")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    start, *lines = text.split("\r\n")
    # a CR, LF or NUL that is no part of a line's end
    has_strays = text.count("\r") != len(lines) or text.count("\n") != len(lines) or "\x00" in text
    if len(lines) > limits.fields:
        fault = fault or Fault(513, f"more than {limits.fields} header fields")
        del lines[limits.fields :]
    if has_strays:
        start = _BREAK.sub(" ", start)
        lines, line_fault = _without_strays(lines)
        fault = fault or line_fault
    fields, lengths, line_fault = _read_fields(lines)
    return Head(start, fields, lengths, fault or line_fault)


def _without_strays(lines: list[str]) -> tuple[list[str], Fault | None]:
    strayed = next((line for line in lines if _BREAK.search(line)), None)
    if strayed is None:
        return lines, None
    fault = Fault(400, f"a bare CR, LF or NUL in {strayed[:80]!r}")
    return [_BREAK.sub(" ", line) for line in lines], fault


def _read_fields(lines: list[str]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...], Fault | None]:
    fields: list[tuple[str, str]] = []
    lengths: list[str] = []
    fault: Fault | None = None
    for line in lines:
        written, colon, value = line.partition(":")
        name = canonical_or_none(written) or _other_name(written)
        if not colon or not name:
            fault = fault or Fault(400, f"not a header field: {line[:80]!r}")
        elif name == "Content-Length":
            lengths.append(value.strip(" \t"))
        else:
            fields.append((name, value.strip(" \t")))
    return tuple(fields), tuple(lengths), fault


def _other_name(written: str) -> str:
    """A name that is not in its usual spelling, or nobody's; empty if it is no name at all."""
    name = canonical(written.rstrip(" \t"))
    return name if grammar.is_token(name) else ""
