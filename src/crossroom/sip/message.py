"""Requests and responses (RFC 3261 §7): values, their strict bytes, and reading one message from its octets.

Content-Length belongs to the framing: it is never among `headers` of a message that was read, and is
always written from the body. Reading never raises; framing on a stream is in stream.py.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import Struct, structs

from crossroom.machine import LocalProtocolError, Malformed, ParseError
from crossroom.sip import grammar
from crossroom.sip.headers import NO_HEADERS, Headers
from crossroom.sip.layout import NO_LIMITS_GIVEN, Fault, Head, Limits, read_head
from crossroom.sip.status import phrase
from crossroom.sip.typed import TypedHeaders
from crossroom.sip.uri import OtherUri, SipUri, parse_uri
from crossroom.sip.via import Via

_REQUEST_LINE = re.compile(rf"({grammar.TOKEN}) (\S++) ([Ss][Ii][Pp]/[0-9]++\.[0-9]++)")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE)
# Close enough to a request line that its sender deserves an answer.
_ALMOST_A_REQUEST = re.compile(rf"\s*({grammar.TOKEN})\s.*SIP/[0-9]+\.[0-9]+\s*", re.IGNORECASE | re.DOTALL)
_MAX_LENGTH = 2**32 - 1
_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")  # RFC 3261 §8.2.6.2


class Request(TypedHeaders, Struct, frozen=True, dict=True):
    """A request. Methods are case-sensitive.

    Raises:
        LocalProtocolError: the method is no token.

    """

    method: str
    uri: SipUri | OtherUri
    headers: Headers = NO_HEADERS
    body: bytes = b""

    def __post_init__(self) -> None:
        if not grammar.is_token(self.method):
            raise LocalProtocolError(f"not a method: {self.method!r}")

    def with_headers(self, headers: Headers) -> "Request":
        """Exchange all headers."""
        return Request(self.method, self.uri, headers, self.body)

    def with_header(self, name: str, value: object) -> "Request":
        """Replace one header by `str(value)`."""
        return self.with_headers(self.headers.with_(name, str(value)))

    def __bytes__(self) -> bytes:
        return _write(grammar.check_line(f"{self.method} {self.uri} SIP/2.0"), self.headers, self.body)


class Response(TypedHeaders, Struct, frozen=True, dict=True):
    """A response: `status` 100..699, `reason` its phrase.

    Raises:
        LocalProtocolError: no such status, or a phrase that cannot stand on a line.

    """

    status: int
    reason: str
    headers: Headers = NO_HEADERS
    body: bytes = b""

    def __post_init__(self) -> None:
        if not 100 <= self.status <= 699:
            raise LocalProtocolError(f"not a status: {self.status}")
        grammar.check_line(self.reason)

    @classmethod
    def answering(
        cls,
        request: Request,
        status: int,
        reason: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> "Response":
        """Build a response: Via, From, To, Call-ID and CSeq copied (RFC 3261 §8.2.6.2), no To tag added.

        `headers` follow them; an empty `reason` gets the usual phrase.
        """
        copied = [pair for pair in request.headers if pair[0] in _COPIED]
        if status == 100:
            # RFC 3261 §8.2.6.1: "any Timestamp header field ... MUST be copied into this 100".
            copied += [pair for pair in request.headers if pair[0] == "Timestamp"]
        return cls(status, reason or phrase(status), Headers((*copied, *headers)), body)

    @property
    def is_provisional(self) -> bool:
        """1xx."""
        return self.status < 200

    @property
    def is_final(self) -> bool:
        """2xx to 6xx."""
        return self.status >= 200

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def with_headers(self, headers: Headers) -> "Response":
        """Exchange all headers."""
        return Response(self.status, self.reason, headers, self.body)

    def with_header(self, name: str, value: object) -> "Response":
        """Replace one header by `str(value)`."""
        return self.with_headers(self.headers.with_(name, str(value)))

    def with_to_tag(self, tag: str) -> "Response":
        """Add our tag to To, unless it has one (RFC 3261 §8.2.6.2)."""
        return self if self.to.tag is not None else self.with_header("To", self.to.with_tag(tag))

    def __bytes__(self) -> bytes:
        return _write(f"SIP/2.0 {self.status} {self.reason}", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class BadRequest:
    """A message that cannot be used, while the next one still can: log `why`.

    `answer` is what to send back where the request came from. None: say nothing, as to a bad ACK, a bad
    response, or a request that lacks what an answer is made of.
    """

    status: int
    why: str
    answer: Response | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """A keepalive: CRLF CRLF on a stream wants a single CRLF back (RFC 5626 §4.4.1); none on a datagram."""


Message = Request | Response


def parse_datagram(data: bytes, limits: Limits = NO_LIMITS_GIVEN) -> Message | BadRequest | Ping | Malformed:
    """Read one datagram or one WebSocket message. Never raises.

    RFC 3261 §18.3: octets after Content-Length are ignored, too few are an error, no Content-Length means
    all there is. Malformed: this is not SIP.
    """
    data = data.lstrip(b"\r\n")
    if not data:
        return Ping()
    octets, end, body = data.partition(b"\r\n\r\n")
    head = read_head(octets, limits)
    if not end and head.fault is None:
        head = structs.replace(head, fault=Fault(400, "no empty line after the header fields"))
    length = content_length(head)
    if isinstance(length, Fault):
        return read_message(head, b"", length)
    if length is not None and length > len(body):
        return read_message(head, b"", Fault(400, f"Content-Length {length}, but {len(body)} octets"))
    body = body[:length]
    fault = Fault(413, f"a body of {len(body)} octets") if len(body) > limits.body else None
    return read_message(head, body, fault, limits)


def content_length(head: Head) -> int | Fault | None:
    """Find the one Content-Length; None if there is none, a Fault if it is bad or says two things."""
    if not head.lengths:
        return None
    if len(set(head.lengths)) > 1:
        return Fault(400, "Content-Length twice")
    try:
        return grammar.number(head.lengths[0], _MAX_LENGTH, "Content-Length")
    except ParseError as error:
        return Fault(400, str(error))


def read_message(
    head: Head, body: bytes, fault: Fault | None = None, limits: Limits = NO_LIMITS_GIVEN
) -> Message | BadRequest | Malformed:
    """Make a message of a head and its body, or say what is wrong with it.

    `fault` is one that framing already found. Every accessor of a message handed out can be read.
    """
    headers = Headers.from_wire(head.fields)
    fault = head.fault or fault
    if head.start[:4].upper() == "SIP/":
        return _read_response(head.start, headers, body, fault)
    if (line := _REQUEST_LINE.fullmatch(head.start)) is None:
        if (almost := _ALMOST_A_REQUEST.fullmatch(head.start)) is None:
            return Malformed(f"not SIP: {head.start[:80]!r}")
        return _bad_request(
            fault or Fault(400, f"not a request line: {head.start[:80]!r}"), almost[1], headers
        )
    method, target, version = line.groups()
    if version.upper() != "SIP/2.0":
        return _bad_request(Fault(505, f"version {version}"), method, headers)
    if len(target) > limits.uri:
        return _bad_request(Fault(414, f"a Request-URI of {len(target)} characters"), method, headers)
    if fault is not None:
        return _bad_request(fault, method, headers)
    try:
        request = Request(method, _request_uri(target), headers, body)
        _prove(request, method)
    except ParseError as error:
        return _bad_request(Fault(400, str(error)), method, headers)
    if request.uri.scheme not in limits.schemes:
        return _bad_request(Fault(416, f"scheme {request.uri.scheme}"), method, headers)
    return request


def _read_response(start: str, headers: Headers, body: bytes, fault: Fault | None) -> Response | BadRequest:
    # RFC 3261 §18.1.2 and §16.7: a response that cannot be read is dropped, never answered.
    if fault is not None:
        return BadRequest(fault.status, fault.why)
    if (line := _STATUS_LINE.fullmatch(start)) is None:
        return BadRequest(400, f"not a status line: {start[:80]!r}")
    response = Response(int(line[1]), line[2] or "", headers, body)
    try:
        _prove(response, None)
    except ParseError as error:
        return BadRequest(400, str(error))
    return response


def _request_uri(text: str) -> SipUri | OtherUri:
    uri = parse_uri(text)
    # RFC 3261 §19.1.1, table 1: headers are not allowed in a Request-URI.
    if isinstance(uri, SipUri) and uri.headers:
        raise ParseError(f"a Request-URI with headers: {text!r}")
    return uri


def _prove(message: Message, method: str | None) -> None:
    """Read every typed field once, so that nobody later meets a ParseError.

    Raises:
        ParseError: one is missing, unreadable, or there twice.

    """
    message.read_all()
    # RFC 3261 §8.1.1.5: the method in CSeq "MUST match that of the request".
    if message.cseq.method != (method or message.cseq.method):
        raise ParseError(f"CSeq of {message.cseq.method} in {method}")


def _bad_request(fault: Fault, method: str, headers: Headers) -> BadRequest:
    return BadRequest(fault.status, fault.why, None if method == "ACK" else _answer(fault, headers))


def _answer(fault: Fault, headers: Headers) -> Response | None:
    """Answer with what is there; not at all without a Via, which is all that a response finds its way by.

    RFC 4475 §3.3.1: a request that lacks From, To or Call-ID "ideally" is answered 400 too.
    """
    if not _has_top_via(headers):
        return None
    firsts = [(name, line) for name in _COPIED[1:] if (line := headers.get(name)) is not None]
    copied = Headers((*(("Via", line) for line in headers.lines("Via")), *firsts))
    answer = Response(fault.status, phrase(fault.status), copied)
    try:
        # RFC 3261 §8.2.7: a stateless answer has the same tag each time, so it comes from the request.
        seed = "\n".join(value for _, value in copied)
        return answer.with_to_tag(hashlib.sha256(seed.encode()).hexdigest()[:16])
    except ParseError:
        return answer  # To itself is what was wrong: it goes back as it came


def _has_top_via(headers: Headers) -> bool:
    """Whether the sender can know its own Via in the answer, whatever is wrong behind sent-by (RFC 4475 §3.1.2.1)."""
    try:
        return Via.parse((headers.get("Via") or "").partition(";")[0].partition(",")[0]).transport != ""
    except ParseError:
        return False


def _write(start: str, headers: Headers, body: bytes) -> bytes:
    if headers.has("Content-Length"):
        headers = headers.without("Content-Length")
    lines = "\r\n".join([start, *map(": ".join, headers.fields)])
    return f"{lines}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
