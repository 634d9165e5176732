"""One SIP message as a test peer sees it: a start line, headers in order, a body; and framing on a stream.

Deliberately small and lenient. RFC 3261 section 7 for the shape, section 18.3 for streams.
"""

import re
from dataclasses import dataclass, field

COMPACT = {
    "v": "Via", "f": "From", "t": "To", "m": "Contact", "i": "Call-ID", "c": "Content-Type", "l": "Content-Length",
    "s": "Subject", "k": "Supported", "e": "Content-Encoding", "o": "Event", "u": "Allow-Events", "r": "Refer-To",
    "b": "Referred-By", "x": "Session-Expires",
}  # fmt: skip


@dataclass(slots=True)
class SipMessage:
    """A request or a response. Header values are kept as written, one entry per header line."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> "SipMessage":
        """Read a whole message; ValueError when it is not one."""
        head, _, body = data.partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8")).split("\r\n")
        if "SIP/2.0" not in lines[0]:
            raise ValueError(f"not a SIP start line: {lines[0]!r}")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"header without colon: {line!r}")
            name = name.strip()
            headers.append((COMPACT.get(name.lower(), name), value.strip()))
        return cls(lines[0], headers, body)

    def __bytes__(self) -> bytes:
        lines = [self.start]
        lines += [f"{name}: {value}" for name, value in self.headers if name.lower() != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """The request's method, or the method that a response answers."""
        return self.start.split(" ", 1)[0] if self.is_request else self.get("CSeq").split()[1]

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        """The status code of a response."""
        return int(self.start.split(" ")[1])

    def all(self, name: str) -> list[str]:
        """Return the values of every header of that name."""
        return [value for header, value in self.headers if header.lower() == name.lower()]

    def get(self, name: str) -> str:
        """Return the first value of that name, "" when absent."""
        return next(iter(self.all(name)), "")

    def listed(self, name: str) -> list[str]:
        """Return the values of a comma-separated header, over all its lines."""
        return [part for value in self.all(name) for part in split_commas(value)]

    def put(self, name: str, value: str) -> None:
        """Replace every header of that name by one, at the end."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers.append((name, value))

    @property
    def branch(self) -> str:
        return parameters(self.listed("Via")[0]).get("branch", "")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def split_commas(value: str) -> list[str]:
    """Split at commas outside quotes and angle brackets."""
    parts = re.findall(r'(?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,"<])+', value)
    return [part.strip() for part in parts if part.strip()]


def uri_in(value: str) -> str:
    """Return the URI of a From, To, Contact, Route ... value."""
    bracketed = re.search(r"<([^>]*)>", value)
    return bracketed[1] if bracketed else value.split(";", maxsplit=1)[0].strip()


def display_name_in(value: str) -> str:
    """Return the display name of a From, To, Contact ... value, "" when there is none."""
    if "<" not in value:
        return ""
    name = value[: value.index("<")].strip()
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def parameters(value: str) -> dict[str, str]:
    """Return the header parameters (after the bracket when there is one); a valueless one maps to ""."""
    rest = value.rpartition(">")[2] if ">" in value else value.partition(";")[2]
    pairs = [piece.strip().partition("=") for piece in rest.split(";") if piece.strip()]
    return {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}


def in_uri(host: str) -> str:
    """Write an address as a URI has it: an IPv6 one in brackets."""
    return f"[{host}]" if ":" in host else host


def host_and_port(uri: str) -> tuple[str, int]:
    """Return where a SIP URI points, without DNS: its host and its port, else 5060."""
    found = re.match(r"sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;?>]+)(?::(\d+))?", uri, re.IGNORECASE)
    if not found:
        raise ValueError(f"not a SIP URI: {uri!r}")
    return found[1].strip("[]"), int(found[2] or 5060)


class SipStream:
    """Cuts a byte stream into messages by Content-Length (RFC 3261 section 18.3)."""

    def __init__(self) -> None:
        self._buffer = b""

    def receive_data(self, data: bytes) -> list[SipMessage]:
        """Return the messages completed by `data`; ValueError when the stream cannot be followed."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> SipMessage | None:
        self._buffer = self._buffer.lstrip(b"\r\n")  # keep-alives and their answers (RFC 5626 section 4.4.1)
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        message = SipMessage.parse(self._buffer[: end + 4])
        total = end + 4 + int(message.get("Content-Length") or 0)
        if len(self._buffer) < total:
            return None
        message.body = self._buffer[end + 4 : total]
        self._buffer = self._buffer[total:]
        return message
