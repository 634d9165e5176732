"""The CSeq header field (RFC 3261 §20.16)."""

import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import force_setattr

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar

_CSEQ = re.compile(rf"\s*+([0-9]++)\s++({grammar.TOKEN})\s*+")
MAX_CSEQ = 2**31 - 1  # RFC 3261 §8.1.1.5: "MUST be less than 2**31"


class CSeq(Struct, frozen=True, gc=False):
    """A sequence number and the method it belongs to; methods are case-sensitive."""

    number: int
    method: str

    def __post_init__(self) -> None:
        if not 0 <= self.number <= MAX_CSEQ or not grammar.is_token(self.method):
            raise LocalProtocolError(f"not a CSeq: {self.number} {self.method!r}")

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Read `4711 INVITE`.

        Raises:
            ParseError: another shape, or a number of 2**31 or more.

        """
        if (found := _CSEQ.fullmatch(text)) is None:
            raise ParseError(f"not a CSeq: {text!r}")
        number, method = found.groups()
        cseq = _blank()  # what was just matched needs no second look
        force_setattr(cseq, "number", grammar.number(number, MAX_CSEQ, "CSeq"))
        force_setattr(cseq, "method", method)
        return cseq

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


_blank: Callable[[], CSeq] = CSeq(0, "INVITE").__copy__  # type: ignore[attr-defined]  # not in msgspec's stubs
