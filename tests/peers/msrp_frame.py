"""MSRP frames as a test peer writes and reads them (RFC 4975 section 7 and 9)."""

import re
import secrets
from dataclasses import dataclass, field

START = re.compile(rb"MSRP ([A-Za-z0-9.\-+%=]{1,64}) ([A-Z]+|\d{3})( [^\r\n]*)?\r\n")


@dataclass(slots=True)
class MsrpFrame:
    """One request or response. `kind` is the method or the status; `body` None means no body at all."""

    kind: str
    headers: list[tuple[str, str]]
    body: bytes | None = None
    flag: str = "$"
    transaction: str = field(default_factory=lambda: secrets.token_hex(8))
    comment: str = ""

    def __bytes__(self) -> bytes:
        lines = [f"MSRP {self.transaction} {self.kind}{' ' + self.comment if self.comment else ''}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join(lines).encode() + b"\r\n"
        content = b"" if self.body is None else b"\r\n" + self.body + b"\r\n"
        return head + content + f"-------{self.transaction}{self.flag}\r\n".encode()

    @property
    def is_response(self) -> bool:
        return self.kind.isdigit()

    def get(self, name: str) -> str:
        """Return the first value of that name, "" when absent."""
        return next((value for header, value in self.headers if header.lower() == name.lower()), "")


class MsrpStream:
    """Cuts a byte stream into frames by their end-lines (RFC 4975 section 7.3.1)."""

    def __init__(self) -> None:
        self._buffer = b""

    def receive_data(self, data: bytes) -> list[MsrpFrame]:
        """Return the frames completed by `data`; ValueError when the stream cannot be followed."""
        self._buffer += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> MsrpFrame | None:
        if b"\r\n" not in self._buffer:
            return None
        start = START.match(self._buffer)
        if start is None:
            raise ValueError(f"not an MSRP start line: {self._buffer[:80]!r}")
        end = self._end_line(b"\r\n-------" + start[1], start.end() - 2)
        if end < 0:
            return None
        block = self._buffer[start.end() : end]
        flag_at = end + len(b"\r\n-------") + len(start[1])
        flag = self._buffer[flag_at : flag_at + 1].decode()
        self._buffer = self._buffer[flag_at + len(b"$\r\n") :]
        head, separator, body = (b"\r\n" + block).partition(b"\r\n\r\n")
        headers = [_header(line) for line in head.decode("utf-8").split("\r\n")[1:] if line]
        return MsrpFrame(
            kind=start[2].decode(),
            headers=headers,
            body=body if separator else None,
            flag=flag,
            transaction=start[1].decode(),
            comment=(start[3] or b"").decode().strip(),
        )

    def _end_line(self, opening: bytes, at: int) -> int:
        """Return where the first whole end-line begins, -1 when it has not come yet."""
        while (at := self._buffer.find(opening, at)) >= 0:
            rest = self._buffer[at + len(opening) : at + len(opening) + 3]
            if rest[:1] in {b"$", b"+", b"#"} and rest[1:] == b"\r\n":
                return at
            at += 1
        return -1


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(f"MSRP header without colon: {line!r}")
    return name, value.strip()
