"""RSeq and RAck: reliable provisional responses (RFC 3262 §7)."""

import re
from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip import grammar
from crossroom.sip.cseq import CSeq
from crossroom.sip.headers import Headers

MAX_RSEQ = 2**32 - 1
_RACK = re.compile(r"\s*([0-9]+)\s+(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RAck:
    """Which reliable response a PRACK acknowledges: its RSeq and its CSeq."""

    rseq: int
    cseq: CSeq

    @classmethod
    def parse(cls, text: str) -> "RAck":
        """Read `776656 1 INVITE`; raises ParseError."""
        if (found := _RACK.fullmatch(text)) is None:
            raise ParseError(f"not a RAck: {text!r}")
        return cls(grammar.number(found[1], MAX_RSEQ, "RAck"), CSeq.parse(found[2]))

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq}"


def rseq(headers: Headers) -> int | None:
    """Return the RSeq of a response; None if it is not reliable.

    Raises:
        ParseError: it is no number below 2**32.

    """
    value = headers.get("RSeq")
    return None if value is None else grammar.number(value, MAX_RSEQ, "RSeq")
