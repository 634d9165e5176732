"""Build one frame: octets, no meaning. The copies of a fan-out have a quicker way of their own (copies.py)."""

import re
from collections.abc import Iterable

from crossroom.machine import LocalProtocolError

PLAIN_RESPONSE = re.compile(
    rb"MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}+) (\d{3})(?: ([^\r\n\x00]*))?\r\n"
    rb"To-Path: ([!-~]+)\r\nFrom-Path: ([!-~]+)\r\n-------\1\$\r\n"
)
"""Nearly every response there is, end-line and all; what it does not match may still be one."""
_TRANSACTION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}")
_FORBIDDEN = re.compile(r"[\x00\r\n]")


def build_frame(
    transaction_id: str,
    action: str,
    headers: Iterable[tuple[str, str]],
    body: bytes | None = None,
    flag: str = "$",
) -> bytes:
    """The octets of one frame; `action` is a method, or a status and its comment.

    Raises LocalProtocolError where a value would change the framing: CR, LF or NUL in it, a transaction id
    outside the grammar, or one whose end-line is in the body.
    """
    lines = [f"MSRP {transaction_id} {action}"]
    lines += [f"{name}: {value}" for name, value in headers]
    text = "\r\n".join(lines)
    # A value that carries a line end would begin a header, or a frame, of its author's choice.
    if not text.count("\r") == text.count("\n") == len(lines) - 1 or "\0" in text:
        raise LocalProtocolError("CR, LF or NUL in a header")
    if not _TRANSACTION_ID.fullmatch(transaction_id):
        raise LocalProtocolError(f"not a transaction id: {transaction_id!r}")
    end_line = f"\r\n-------{transaction_id}{flag}\r\n"
    if body is None:
        return (text + end_line).encode()
    # RFC 4975 §7.1: the end-line must not be in the body.
    if b"-------" in body and is_in_body(transaction_id, body):
        raise LocalProtocolError("the end-line of this transaction is in the body")
    return b"".join((text.encode(), b"\r\n\r\n", body, end_line.encode()))


def build_response(transaction_id: str, action: str, to_path: str, from_path: str) -> bytes:
    """The octets of a response without headers of its own; raises LocalProtocolError as `build_frame`."""
    text = f"MSRP {transaction_id} {action}\r\nTo-Path: {to_path}\r\nFrom-Path: {from_path}"
    octets = f"{text}\r\n-------{transaction_id}$\r\n".encode()
    # Where that is one response, and whole, no value in it has changed the framing.
    if PLAIN_RESPONSE.fullmatch(octets):
        return octets
    return build_frame(transaction_id, action, (("To-Path", to_path), ("From-Path", from_path)))


def is_line(value: str) -> bool:
    """True for what can surely be the value of a header: something, and no control character in it."""
    return value.isprintable() and value != ""


def is_in_body(transaction_id: str, body: bytes) -> bool:
    """True when this transaction id's end-line, with whatever flag, would appear in the body."""
    return b"-------" + transaction_id.encode() in body
