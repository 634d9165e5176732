"""The frames of MSRP (RFC 4975 §7, §9): requests, responses, byte ranges. Values only, no state.

Paths are kept as the text they came in: sessions compare them as text first and read them only when needed.
"""

import re
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from crossroom.machine import ParseError
from crossroom.msrp.frame_writer import build_frame, build_response


class Flag(StrEnum):
    """The continuation flag of an end-line."""

    COMPLETE = "$"
    MORE = "+"
    ABORTED = "#"


class FailureReport(StrEnum):
    """What the sender of a SEND wants to hear of failure (RFC 4975 §7.1.4)."""

    YES = "yes"  # every transaction is answered
    PARTIAL = "partial"  # only failures are answered
    NO = "no"  # nothing is answered


PHRASES = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 408: "Timeout",
    413: "Stop Sending", 415: "Unsupported Media Type", 423: "Interval Out-of-Bounds",
    424: "Malformed Nickname", 425: "Nickname Reserved or Already in Use", 428: "Private Messages Not Supported",
    481: "No Such Session", 501: "Unknown Method", 506: "Bound to Another Connection",
}  # fmt: skip
"""Comments for people (RFC 4975 §10, RFC 7701); never read by us."""

_BYTE_RANGE = re.compile(r"(\d{1,19})-(\d{1,19}|\*)/(\d{1,19}|\*)")
_FAILURE_REPORTS = {str(value): value for value in FailureReport}
_YES, _NO = FailureReport.YES, FailureReport.NO  # in CPython 3.11 each look at a member of an enum is a call
_STATUS = re.compile(r"(\d{3}) (\d{3})(?: (.*))?")


class ByteRange(Struct, frozen=True, gc=False):
    """`start-end/total` (RFC 4975 §9): start counts from 1, None is `*`."""

    start: int
    end: int | None = None
    total: int | None = None

    @classmethod
    def parse(cls, text: str) -> "ByteRange":
        """Read a Byte-Range value; raises ParseError."""
        match = _BYTE_RANGE.fullmatch(text)
        if match is None or (start := int(match[1])) < 1:
            raise ParseError(f"not a byte range: {text[:60]!r}")
        _, end, total = match.groups()
        return cls(start, None if end == "*" else int(end), None if total == "*" else int(total))

    def __str__(self) -> str:
        end, total = ("*" if number is None else number for number in (self.end, self.total))
        return f"{self.start}-{end}/{total}"


WHOLE = ByteRange(1)
"""What an absent Byte-Range means."""
_parse_byte_range = lru_cache(256)(ByteRange.parse)  # of short messages there are not many


class MsrpRequest(Struct, frozen=True, gc=False):
    """One request frame. `headers` are those after From-Path, in order; `body` is None without Content-Type."""

    transaction_id: str
    method: str
    to_path: str
    from_path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    flag: Flag = Flag.COMPLETE

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        size = len(name)  # names of another length need no second look
        for key, value in self.headers:
            if len(key) == size and (key == name or key.lower() == name.lower()):
                return value
        return None

    @property
    def message_id(self) -> str:
        """Message-ID, empty when absent."""
        return self.header("Message-ID") or ""

    @property
    def content_type(self) -> str:
        """Content-Type, empty when absent."""
        return self.header("Content-Type") or ""

    @property
    def byte_range(self) -> ByteRange:
        """Byte-Range, or the whole; raises ParseError."""
        text = self.header("Byte-Range")
        return WHOLE if text is None else _parse_byte_range(text)

    @property
    def failure_report(self) -> FailureReport:
        """Failure-Report; absent and unknown values mean `yes`."""
        text = self.header("Failure-Report")
        return _YES if text is None else _FAILURE_REPORTS.get(text.lower(), _YES)

    @property
    def wants_success_report(self) -> bool:
        """True for `Success-Report: yes`."""
        text = self.header("Success-Report")
        return text is not None and text.lower() == "yes"

    def __bytes__(self) -> bytes:
        paths = (("To-Path", self.to_path), ("From-Path", self.from_path))
        return build_frame(self.transaction_id, self.method, paths + self.headers, self.body, self.flag)


class MsrpResponse(Struct, frozen=True, gc=False):
    """One response frame; never has a body and is always complete (RFC 4975 §7.2)."""

    transaction_id: str
    status: int
    to_path: str
    from_path: str
    comment: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __bytes__(self) -> bytes:
        action = str(self.status).zfill(3)
        if self.comment:
            action = f"{action} {self.comment}"
        if not self.headers:
            return build_response(self.transaction_id, action, self.to_path, self.from_path)
        paths = (("To-Path", self.to_path), ("From-Path", self.from_path))
        return build_frame(self.transaction_id, action, paths + self.headers)


class Unintelligible(Struct, frozen=True, gc=False):
    """A request whose end was found and whose head cannot be read: the answer is 400, the stream goes on.

    The paths are empty where they could not be read, or where no response may be sent: then nobody is answered.
    """

    transaction_id: str
    to_path: str
    from_path: str
    why: str


class Oversized(Struct, frozen=True, gc=False):
    """A request whose body passed the limit: told at the first evidence, its octets are thrown away.

    `request` is the head alone; the answer is 413.
    """

    request: MsrpRequest


Frame = MsrpRequest | MsrpResponse
FrameItem = MsrpRequest | MsrpResponse | Unintelligible | Oversized


def answer(request: MsrpRequest, status: int, local: str, comment: str = "") -> MsrpResponse | None:
    """The response to a request, or None where none may be sent. `local` is our own URI as From-Path."""
    if request.method == "REPORT":  # RFC 4975 §7.1.2: a REPORT is never answered
        return None
    to = request.from_path
    if request.method == "SEND":
        wanted = request.failure_report
        # RFC 4975 §7.1.4 and §7.2: "no" is never answered, "partial" only when it failed.
        if wanted is not _YES and (wanted is _NO or status == 200):
            return None
        to = to.split(" ", 1)[0]  # RFC 4975 §7.2: only the previous hop of a SEND is answered
    return MsrpResponse(request.transaction_id, status, to, local, comment or PHRASES.get(status, ""))


def parse_status(value: str) -> tuple[int, str]:
    """The code and comment of a Status header (namespace 000 only); raises ParseError."""
    match = _STATUS.fullmatch(value)
    if match is None or match[1] != "000":
        raise ParseError(f"not a status: {value[:60]!r}")
    return int(match[2]), match[3] or ""
