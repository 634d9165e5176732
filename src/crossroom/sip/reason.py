"""Reason: why a BYE or CANCEL came (RFC 3326); Retry-After and Warning, which explain refusals (RFC 3261 §20)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.params import NO_PARAMS, Params

_RETRY_AFTER = re.compile(r"\s*([0-9]+)\s*(?:\((?:[^()\\]|\\.)*\)\s*)*(;.*)?", re.DOTALL)
_WARNING = re.compile(rf"\s*([0-9]{{3}})\s+(\S+)\s+({grammar.QUOTED_STRING})\s*", re.DOTALL)
_MAX_SECONDS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Reason:
    """A protocol (`SIP`, `Q.850`), its cause code and words for people."""

    protocol: str
    cause: int | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if not grammar.is_token(self.protocol) or (self.cause is not None and self.cause < 0):
            raise LocalProtocolError(f"not a Reason: {self.protocol!r} {self.cause}")

    @classmethod
    def parse(cls, text: str) -> "Reason":
        """Read `SIP;cause=403;text="Banned"`; raises ParseError."""
        protocol, semicolon, rest = text.partition(";")
        if not grammar.is_token(protocol.strip()):
            raise ParseError(f"not a Reason: {text!r}")
        params = Params.parse(semicolon + rest)
        cause = params.get("cause")
        number = None if cause is None else grammar.number(cause, _MAX_SECONDS, "cause")
        return cls(protocol.strip(), number, grammar.blank_controls(params.text("text") or ""))

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={grammar.quote(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"


def read_reasons(lines: Iterable[str]) -> tuple[Reason, ...]:
    """Read every readable Reason of these lines; it only explains, so a broken one is as good as none."""
    found: list[Reason] = []
    for line in lines:
        try:
            found += [Reason.parse(value) for value in grammar.split_commas(line)]
        except ParseError:
            continue
    return tuple(found)


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """How many seconds to stay away; the comment of the wire form is not kept."""

    seconds: int
    params: Params = NO_PARAMS

    @classmethod
    def parse(cls, text: str) -> "RetryAfter":
        """Read `120 (maintenance);duration=60`; raises ParseError."""
        if (found := _RETRY_AFTER.fullmatch(text)) is None:
            raise ParseError(f"not a Retry-After: {text!r}")
        seconds = grammar.number(found[1], _MAX_SECONDS, "Retry-After")
        return cls(seconds, Params.parse(found[2] or ""))

    def __str__(self) -> str:
        return f"{self.seconds}{self.params}"


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 -- the header's name
    """A code (RFC 3261 §20.43: 304 media type, 305 format, 399 other), who warns, and words."""

    code: int
    agent: str
    text: str

    def __post_init__(self) -> None:
        is_agent = self.agent and grammar.is_line(self.agent) and not any(map(str.isspace, self.agent))
        if not 100 <= self.code <= 999 or not is_agent:
            raise LocalProtocolError(f"not a Warning: {self.code} {self.agent!r}")

    @classmethod
    def parse(cls, text: str) -> "Warning":
        """Read `304 example.com "Media type not available"`; raises ParseError."""
        if (found := _WARNING.fullmatch(text)) is None or found[1] < "100":
            raise ParseError(f"not a Warning: {text!r}")
        return cls(int(found[1]), found[2], grammar.blank_controls(grammar.unquote(found[3])))

    def __str__(self) -> str:
        return f"{self.code} {self.agent} {grammar.quote(self.text)}"
