"""The Use-Nickname header's value (RFC 7701 §7): quoted text, and the unquoted form that some clients send."""

import re

from crossroom.machine import ParseError

MAX_NICKNAME = 1023  # RFC 7701 §7.1: octets between the quotes

_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[\\"])*)"')
_BARE = re.compile(r'[^"\\\x00-\x1f\x7f]*')


def parse_nickname(value: str | None) -> str:
    r"""The text of a Use-Nickname value; empty means that the nickname is given up.

    Raises ParseError (the answer is 424) for a missing header, bad quoting, another escape than `\\` and
    `\"`, control characters, octets that are not UTF-8 and more than 1023 octets.
    """
    if value is None:
        raise ParseError("Use-Nickname is missing")
    match = _QUOTED.fullmatch(value)
    if match is not None:
        text = re.sub(r"\\(.)", r"\1", match[1])
    elif value and _BARE.fullmatch(value):
        text = value
    else:
        raise ParseError("Use-Nickname is not a quoted string")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ParseError("Use-Nickname is not UTF-8") from error
    if size > MAX_NICKNAME:
        raise ParseError("Use-Nickname is longer than 1023 octets")
    return text


def format_nickname(nickname: str) -> str:
    """The value as we write it, always quoted; raises ParseError for text that no header can carry."""
    value = '"' + nickname.replace("\\", "\\\\").replace('"', '\\"') + '"'
    parse_nickname(value)
    return value
