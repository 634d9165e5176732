"""Wire text that was SIP once: vectors and a recorded evening of calls, changed as a fuzzer or a bad proxy would.

Structured: whole header lines, numbers, names and folds are moved about, not only octets, so that most results come
near enough to the grammar to reach what lies behind the reader.
"""

import re
from collections.abc import Callable
from functools import cache

from hypothesis import strategies as st

from lossy_sip import Weather
from sip_town import Town
from vectors.sip.torture import BAD, GOOD

NUMBERS = (
    b"", b"0", b"1", b"-1", b"00070", b"255", b"256", b"65535", b"65536", b"2147483647", b"2147483648", b"4294967295",
    b"4294967296", b"9" * 40, b"0x10", b"1e9", "\u0661".encode(),
)  # fmt: skip
INSERTS = (
    b"\x00", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b'"', b"\\", b"<", b">", b";", b",", b":", b"@", b"%", b"%00", b"%zz",
    b"=", b"?", b" ", b"\t", b"\xff", b"\xc3\x28", "é".encode(), b"sip:", b"tel:+1", b";lr", b";tag=x", b"[::1]", b"*",
)  # fmt: skip
COMPACT = {
    b"Via": b"v", b"From": b"f", b"To": b"t", b"Call-ID": b"i", b"Contact": b"m", b"Content-Length": b"l",
    b"Content-Type": b"c", b"Event": b"o", b"Refer-To": b"r", b"Supported": b"k",
}  # fmt: skip
METHODS = (
    b"INVITE",
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"PRACK",
    b"UPDATE",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"REFER",
    b"OPTIONS",
    b"X",
)

Draw = st.DrawFn
Mutation = Callable[[Draw, bytes], bytes]


@cache
def samples() -> tuple[bytes, ...]:
    """Every vector, and one message of each kind that two people exchange in a few minutes."""
    town = Town(1, Weather())
    town.live(calls=30, seconds=60)
    town.settle()
    kinds = {
        (type(message), message.cseq.method, getattr(message, "status", 0), bool(message.body)): bytes(
            message
        )
        for _, _, message in town.network.sent
    }
    return (*(vector.octets for vector in (*GOOD, *BAD)), *kinds.values())


def _lines(octets: bytes) -> tuple[list[bytes], bytes]:
    head, end, body = octets.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), end + body


def _index(draw: Draw, things: list[bytes]) -> int:
    return draw(st.integers(0, len(things) - 1))


def drop_line(draw: Draw, octets: bytes) -> bytes:
    lines, rest = _lines(octets)
    del lines[_index(draw, lines)]
    return b"\r\n".join(lines) + rest


def repeat_line(draw: Draw, octets: bytes) -> bytes:
    lines, rest = _lines(octets)
    lines.insert(_index(draw, lines), lines[_index(draw, lines)])
    return b"\r\n".join(lines) + rest


def swap_lines(draw: Draw, octets: bytes) -> bytes:
    lines, rest = _lines(octets)
    one, other = _index(draw, lines), _index(draw, lines)
    lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines) + rest


def swap_values(draw: Draw, octets: bytes) -> bytes:
    """The value of one field under the name of another."""
    lines, rest = _lines(octets)
    one, other = _index(draw, lines), _index(draw, lines)
    name, colon, _ = lines[one].partition(b":")
    lines[one] = name + colon + lines[other].partition(b":")[2]
    return b"\r\n".join(lines) + rest


def fold_line(draw: Draw, octets: bytes) -> bytes:
    spaces = [found.start() for found in re.finditer(rb"[ ;,]", octets)]
    if not spaces:
        return octets
    place = draw(st.sampled_from(spaces))
    return octets[:place] + b"\r\n " + octets[place:]


def abbreviate(draw: Draw, octets: bytes) -> bytes:
    name = draw(st.sampled_from(sorted(COMPACT)))
    return octets.replace(b"\r\n" + name + b":", b"\r\n" + COMPACT[name] + b" :")


def change_number(draw: Draw, octets: bytes) -> bytes:
    found = list(re.finditer(rb"[0-9]+", octets))
    if not found:
        return octets
    number = draw(st.sampled_from(found))
    return octets[: number.start()] + draw(st.sampled_from(NUMBERS)) + octets[number.end() :]


def change_method(draw: Draw, octets: bytes) -> bytes:
    old, new = draw(st.sampled_from(METHODS)), draw(st.sampled_from(METHODS))
    return octets.replace(old, new, draw(st.sampled_from([1, -1])))


def change_case(draw: Draw, octets: bytes) -> bytes:
    start = draw(st.integers(0, len(octets)))
    end = draw(st.integers(start, len(octets)))
    return octets[:start] + octets[start:end].swapcase() + octets[end:]


def insert(draw: Draw, octets: bytes) -> bytes:
    place = draw(st.integers(0, len(octets)))
    return octets[:place] + draw(st.sampled_from(INSERTS) | st.binary(max_size=4)) + octets[place:]


def overwrite(draw: Draw, octets: bytes) -> bytes:
    start = draw(st.integers(0, len(octets)))
    end = draw(st.integers(start, min(len(octets), start + 12)))
    return octets[:start] + draw(st.sampled_from([b"", *INSERTS])) + octets[end:]


def truncate(draw: Draw, octets: bytes) -> bytes:
    return octets[: draw(st.integers(0, len(octets)))]


def splice(draw: Draw, octets: bytes) -> bytes:
    """The beginning of one message and the end of another."""
    other = draw(st.sampled_from(samples()))
    return octets[: draw(st.integers(0, len(octets)))] + other[draw(st.integers(0, len(other))) :]


MUTATIONS: tuple[Mutation, ...] = (
    drop_line, repeat_line, swap_lines, swap_values, fold_line, abbreviate, change_number, change_method, change_case,
    insert, overwrite, truncate, splice,
)  # fmt: skip


@st.composite
def mutated(draw: Draw, octets: bytes | None = None, most: int = 3) -> bytes:
    """One of the samples, or these octets, after up to `most` mutations."""
    changed = draw(st.sampled_from(samples())) if octets is None else octets
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), max_size=most)):
        changed = mutation(draw, changed)
    return changed
