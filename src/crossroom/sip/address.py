"""name-addr: what From, To, Contact, Route, Refer-To and their kin carry (RFC 3261 §20.10, §25.1)."""

import re

from msgspec import Struct
from msgspec.structs import replace

from crossroom.machine import ParseError
from crossroom.sip import grammar
from crossroom.sip.params import NO_PARAMS, Params
from crossroom.sip.uri import OtherUri, SipUri, parse_uri

# Display names come quoted, as tokens, or (sloppy) as any words without the characters that would confuse.
_NAME_ADDR = re.compile(
    rf"""\s*+(?:({grammar.QUOTED_STRING})\s*+|([^";,<>]*+))<([^<>]*+)>\s*+(;.*+)?""",
    re.DOTALL,
)
_TOKENS = re.compile(rf"{grammar.TOKEN}(?: {grammar.TOKEN})*")


class NameAddr(Struct, frozen=True, gc=False):
    """A display name (plain text, "" for none), a URI and header parameters.

    Unquoted display names are read; written names are quoted unless they are plain tokens.
    """

    uri: SipUri | OtherUri
    display_name: str = ""
    params: Params = NO_PARAMS

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Read one value.

        Raises:
            ParseError: unbalanced quotes or brackets, or a bad URI or parameter list.

        """
        if "<" not in text:
            return cls._parse_addr_spec(text)
        if (found := _NAME_ADDR.fullmatch(text)) is None:
            raise ParseError(f"not an address: {text!r}")
        quoted, words, uri, params = found.groups()
        name = grammar.unquote(quoted) if quoted else words.strip()
        if not name.isprintable():
            name = grammar.blank_controls(name)
        return cls(parse_uri(uri.strip()), name, Params.parse(params) if params else NO_PARAMS)

    @classmethod
    def _parse_addr_spec(cls, text: str) -> "NameAddr":
        # RFC 3261 §20.10: without angle brackets, what follows a semicolon belongs to the header field, and
        # the URI has no comma or question mark.
        uri, semicolon, params = text.strip().partition(";")
        if "?" in uri or "," in uri:
            raise ParseError(f"a URI that needs angle brackets: {text!r}")
        return cls(parse_uri(uri.rstrip()), "", Params.parse(semicolon + params))

    @property
    def tag(self) -> str | None:
        """The dialog tag of From and To."""
        return self.params.get("tag")

    def with_tag(self, tag: str) -> "NameAddr":
        """Set the tag."""
        return replace(self, params=self.params.with_("tag", tag))

    def without_tag(self) -> "NameAddr":
        """Leave the tag out."""
        return replace(self, params=self.params.without("tag"))

    def with_param(self, name: str, value: str | None = None) -> "NameAddr":
        """Set a header parameter; the value is in wire form (quoted if it needs to be)."""
        return replace(self, params=self.params.with_(name, value))

    def __str__(self) -> str:
        name = self.display_name
        if not name:
            return f"<{self.uri}>{self.params}"
        if not _TOKENS.fullmatch(name):
            # RFC 3261 §25.1: anything but tokens is a quoted-string; controls become spaces there.
            name = grammar.quote(name)
        return f"{name} <{self.uri}>{self.params}"
