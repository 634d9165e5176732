"""Header fields that name a dialog: Replaces, Target-Dialog, Join (RFC 3891, RFC 4538, RFC 3911)."""

from dataclasses import dataclass

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.params import NO_PARAMS, Params


@dataclass(frozen=True, slots=True)
class NamedDialog:
    """A dialog as somebody else names it.

    For whom it reaches, `to_tag` (Replaces, Join) or `local_tag` (Target-Dialog) is its own tag; both are
    kept here as `local_tag`, and the other one as `remote_tag`. `spelling` is which pair of names is written.
    """

    call_id: str
    local_tag: str
    remote_tag: str
    params: Params = NO_PARAMS
    spelling: tuple[str, str] = ("to-tag", "from-tag")

    def __post_init__(self) -> None:
        words = (self.local_tag, self.remote_tag, *self.spelling)
        is_call_id = self.call_id and not any(char.isspace() or char in ";," for char in self.call_id)
        if not is_call_id or not grammar.is_line(self.call_id) or not all(map(grammar.is_token, words)):
            raise LocalProtocolError(
                f"not a dialog: {self.call_id!r}, {self.local_tag!r}, {self.remote_tag!r}"
            )

    @classmethod
    def parse(cls, text: str) -> "NamedDialog":
        """Read `call-id;to-tag=a;from-tag=b` or `call-id;local-tag=a;remote-tag=b`.

        Raises:
            ParseError: a tag is missing or there twice, or no token.

        """
        call_id, semicolon, rest = text.strip().partition(";")
        params = Params.parse(semicolon + rest)
        spelling = ("local-tag", "remote-tag") if params.has("local-tag") else ("to-tag", "from-tag")
        names = [name.lower() for name, _ in params]
        tags = [params.get(name) for name in spelling if names.count(name) == 1]
        local_tag, remote_tag = (*tags, None, None)[:2]
        try:
            others = params.without(*spelling)
            return cls(call_id.strip(), local_tag or "", remote_tag or "", others, spelling)
        except LocalProtocolError as error:
            raise ParseError(str(error)) from error

    @property
    def is_early_only(self) -> bool:
        """True if a confirmed dialog must not be replaced (RFC 3891 §3)."""
        return self.params.has("early-only")

    def __str__(self) -> str:
        local, remote = self.spelling
        return f"{self.call_id};{local}={self.local_tag};{remote}={self.remote_tag}{self.params}"
