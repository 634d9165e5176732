"""A message/cpim body as a test peer writes and reads it (RFC 3862)."""

import re
from dataclasses import dataclass, field


@dataclass(slots=True)
class Cpim:
    """CPIM headers in order, the headers of the content, the content."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    content_headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> "Cpim":
        """Read a body; content headers may stand in the first block or the second."""
        blocks = re.split(rb"\r?\n\r?\n", data, maxsplit=2)
        first = _headers(blocks[0])
        if any(name.lower() == "content-type" for name, _ in first):
            return cls(first, first, data[len(blocks[0]) :].lstrip(b"\r\n"))
        if len(blocks) < 2:
            raise ValueError("CPIM without content headers")
        return cls(first, _headers(blocks[1]), blocks[2] if len(blocks) > 2 else b"")

    def __bytes__(self) -> bytes:
        return self.written("\r\n")

    def written(self, newline: str) -> bytes:
        """Return the body with that line end after the CPIM header block (quirk: bare LF)."""
        outer = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        inner = "".join(f"{name}: {value}{newline}" for name, value in self.content_headers)
        return f"{outer}\r\n{inner}{newline}".encode() + self.content

    def get(self, name: str) -> str:
        """Return the first header of that name in either block, "" when absent."""
        both = [*self.headers, *self.content_headers]
        return next((value for header, value in both if header.lower() == name.lower()), "")


def _headers(block: bytes) -> list[tuple[str, str]]:
    headers = []
    for line in block.decode("utf-8").splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"CPIM header without colon: {line!r}")
        headers.append((name.strip(), value.strip()))
    return headers
