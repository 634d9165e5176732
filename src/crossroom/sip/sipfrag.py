"""message/sipfrag: how far a REFER has come, told by the first line of a response (RFC 3420, RFC 3515 §2.4.5)."""

import re
from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip import grammar
from crossroom.sip.headers import Headers
from crossroom.sip.layout import NO_LIMITS_GIVEN, read_head
from crossroom.sip.status import phrase

CONTENT_TYPE = "message/sipfrag;version=2.0"
_STATUS_LINE = re.compile(r"SIP/2\.0[ \t]+([1-6][0-9]{2})(?:[ \t]+(.*))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SipFragment:
    """A status line, and the headers that follow it, if any."""

    status: int
    reason: str = ""
    headers: Headers = Headers()  # noqa: RUF009 -- immutable

    @classmethod
    def from_bytes(cls, body: bytes) -> "SipFragment":
        """Read a fragment that begins with a status line, with or without a final line end.

        Raises:
            ParseError: RFC 3515 §2.4.5: it does not begin with a status line.

        """
        # Line ends come in both forms; a bare LF is no danger inside a body.
        text = body.strip().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        head = read_head(text.partition(b"\r\n\r\n")[0], NO_LIMITS_GIVEN)
        if (found := _STATUS_LINE.fullmatch(head.start.strip())) is None:
            raise ParseError(f"not a sipfrag with a status line: {head.start[:80]!r}")
        return cls(int(found[1]), grammar.clean_text(found[2] or ""), Headers.from_wire(head.fields))

    @property
    def is_final(self) -> bool:
        """True from 200 on: the REFER is over."""
        return self.status >= 200

    def __bytes__(self) -> bytes:
        start = f"SIP/2.0 {self.status} {grammar.clean_text(self.reason) or phrase(self.status)}\r\n"
        return (start + "".join(f"{name}: {value}\r\n" for name, value in self.headers)).encode()
