"""Read one frame whose end is already found: hot, pure, alone here so that a compiled twin can replace it."""

import re

from crossroom.machine import ParseError
from crossroom.msrp.chunk import Flag, Frame, MsrpRequest, MsrpResponse, Unintelligible

START_LINE = re.compile(
    rb"MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}) (?:(\d{3})(?: ([^\r\n\x00]*))?|([A-Z]{1,32}))"
)
PLAIN_REQUEST = re.compile(
    rb"MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}+) ([A-Z]{1,32})\r\n"
    rb"To-Path: ([!-~]+)\r\nFrom-Path: ([!-~]+)\r\n"
    rb"((?:[A-Za-z-]+: [!-~][ -~]*+(?<! )\r\n){0,29}Content-Type: [!-~][ -~]*+(?<! )\r\n)\r\n"
    rb"(?!-------\1)([^\r]*+(?:\r(?!\n-------\1)[^\r]*+)*)\r\n-------\1\$\r\n"
)
"""Nearly every request with a body: ASCII, one space after each colon, paths of one URI, a whole message."""
PLAIN_START, PLAIN_HEADERS = 70, 32  # octets of the longest start line in it, and the most headers
FLAGS = {ord(flag): flag for flag in Flag}

_PLAIN_HEADER = re.compile(r"([^:]+): ([^\r]+)\r\n")
_CONTROL = re.compile(r"[\x00\r\n]")
_SALVAGE = re.compile(
    rb"^(To-Path|From-Path)[ ]*:[ ]*(msrps?://[!-~]+(?: msrps?://[!-~]+)*)", re.IGNORECASE | re.MULTILINE
)
_NO_ANSWER = re.compile(rb"^Failure-Report[ ]*:[ ]*no[ ]*\r?$", re.IGNORECASE | re.MULTILINE)


def parse_frame(
    start: re.Match[bytes], head: bytes, body: bytes | None, flag: Flag, max_header_count: int = 64
) -> Frame | Unintelligible:
    """The frame of this start line.

    `head` are the header lines with CRLF between them; `body` None when no empty line followed the head.
    """
    transaction_id = start[1].decode()
    try:
        to_path, from_path, rest = _paths(_headers(head, max_header_count))
    except ParseError as error:
        return _unintelligible(start, head, str(error))
    if start[2]:
        comment = (start[3] or b"").decode(errors="replace")
        return MsrpResponse(transaction_id, int(start[2]), to_path, from_path, comment, rest)
    has_content = any(name.lower() == "content-type" for name, _ in rest)
    if body and not has_content:
        # RFC 4975 §7.1: a body is there if and only if Content-Type is.
        return _unintelligible(start, head, "a body without Content-Type")
    content = (body or b"") if has_content else None
    return MsrpRequest(transaction_id, start[4].decode(), to_path, from_path, rest, content, flag)


def plain_response(match: re.Match[bytes]) -> MsrpResponse:
    """What `parse_frame` would make of the octets that PLAIN_RESPONSE matched."""
    transaction_id, status, comment, to_path, from_path = match.groups()
    text = comment.decode(errors="replace") if comment else ""
    return MsrpResponse(transaction_id.decode(), int(status), to_path.decode(), from_path.decode(), text)


def plain_request(match: re.Match[bytes]) -> MsrpRequest:
    """What `parse_frame` would make of the octets that PLAIN_REQUEST matched."""
    transaction_id, method, to_path, from_path, head, body = match.groups()
    headers = tuple(_PLAIN_HEADER.findall(head.decode()))
    return MsrpRequest(
        transaction_id.decode(), method.decode(), to_path.decode(), from_path.decode(), headers, body
    )


def _headers(head: bytes, max_count: int) -> list[tuple[str, str]]:
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = _undecodable(head)
    lines = text.split("\r\n")
    if len(lines) > max_count:
        raise ParseError("too many headers")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or _CONTROL.search(line):
            raise ParseError(f"not a header: {line[:60]!r}")
        # RFC 4975 §9 has exactly one space; others send none, or more.
        headers.append((name.rstrip(), value.strip(" \t")))
    return headers


def _undecodable(head: bytes) -> str:
    # A nickname that is not UTF-8 has an answer of its own (424); in any other header it spoils the frame.
    text = head.decode(errors="surrogateescape")
    for line in text.split("\r\n"):
        if not line.lower().startswith("use-nickname") and any("\udc80" <= char <= "\udcff" for char in line):
            raise ParseError("a header is not UTF-8")
    return text


def _unintelligible(start: re.Match[bytes], head: bytes, why: str) -> Unintelligible:
    """With what is left of the paths, so that a 400 finds its way; without any where none may be sent."""
    method = start[4]
    # RFC 4975 §7.1.2, §7.1.4: no response answers a response, a REPORT, or who wants to hear of no failure
    if method is None or method == b"REPORT" or _NO_ANSWER.search(head):
        return Unintelligible(start[1].decode(), "", "", why)
    found = {match[1].lower(): match[2].decode() for match in _SALVAGE.finditer(head)}
    back = found.get(b"from-path", "")
    if method == b"SEND":
        back = back.split(" ", 1)[0]  # RFC 4975 §7.2: only the previous hop of a SEND is answered
    return Unintelligible(start[1].decode(), found.get(b"to-path", ""), back, why)


def _paths(headers: list[tuple[str, str]]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    if headers[0][0] == "To-Path" and len(headers) > 1 and headers[1][0] == "From-Path":
        to_path, from_path, rest = headers[0][1], headers[1][1], headers[2:]
    else:
        # RFC 4975 §9 wants them first, in this order and spelling; anywhere will do to be understood.
        found = {name.lower(): value for name, value in reversed(headers)}
        to_path, from_path = found.get("to-path", ""), found.get("from-path", "")
        rest = [header for header in headers if header[0].lower() not in ("to-path", "from-path")]
    if not to_path or not from_path:
        raise ParseError("To-Path or From-Path is missing")
    return to_path, from_path, tuple(rest)
