"""RSeq and RAck: which provisional response must arrive, and which one did (RFC 3262 §7)."""

import re
from dataclasses import dataclass

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.cseq import CSeq
from crossroom.sip.message import Response

RELIABLE = "100rel"
"""The option tag of RFC 3262."""
MAX_FIRST_RSEQ = 2**31 - 1  # RFC 3262 §3: the first is "chosen uniformly between 1 and 2**31 - 1"
_MAX_RSEQ = 2**32 - 1  # RFC 3262 §7.1
_RACK = re.compile(r"\s*([0-9]+)\s+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RAck:
    """What a PRACK acknowledges: the RSeq of a response, and the CSeq of the request that it belongs to."""

    rseq: int
    cseq: CSeq

    def __post_init__(self) -> None:
        if not 0 <= self.rseq <= _MAX_RSEQ:
            raise LocalProtocolError(f"not an RSeq: {self.rseq}")

    @classmethod
    def parse(cls, text: str) -> "RAck":
        """Read `776656 1 INVITE`; raises ParseError."""
        if (found := _RACK.fullmatch(text)) is None:
            raise ParseError(f"not a RAck: {text!r}")
        return cls(grammar.number(found[1], _MAX_RSEQ, "RSeq"), CSeq.parse(found[2]))

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq}"


def rseq_of(response: Response) -> int | None:
    """The RSeq of a response that wants a PRACK; None for any other, as for one whose RSeq cannot be read."""
    if not 100 < response.status < 200 or RELIABLE not in response.require:
        return None
    try:
        return response.number("RSeq", _MAX_RSEQ)
    except ParseError:
        return None
