"""Short SIP messages for tests: text in the wire's own words, ends of lines added."""

from crossroom.sip.message import Request, Response, parse_datagram


def wire(text: str, body: bytes = b"") -> bytes:
    lines = [line.strip() for line in text.strip().splitlines()]
    return "\r\n".join((*lines, "", "")).encode() + body


def request(text: str, body: bytes = b"") -> Request:
    message = parse_datagram(wire(text, body))
    assert isinstance(message, Request), message
    return message


def response_to(
    asked: Request, status: int, *lines: tuple[str, str], tag: str = "b1", body: bytes = b""
) -> Response:
    answer = Response.answering(asked, status, headers=lines, body=body)
    return answer.with_to_tag(tag) if status > 100 else answer


def simple(
    method: str, *lines: str, branch: str = "z9hG4bKone", to: str = "<sip:b@b.example>", cseq: int = 1
) -> Request:
    """A request from sip:a@192.0.2.1 with everything a request needs."""
    head = f"""{method} sip:b@192.0.2.2 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch={branch}
        Max-Forwards: 70
        From: <sip:a@a.example>;tag=a1
        To: {to}
        Call-ID: call-1
        CSeq: {cseq} {method}
        Contact: <sip:a@192.0.2.1:5060>"""
    return request("\n".join((head, *lines)))
