"""Stanzas as values (RFC 6120 §8), and how copies of one stanza are written cheaply.

A copy is `head(kind, to)`, which is cached, and `serialise_tail(stanza)`, which is made once for all recipients
and all streams. Payloads live in their own modules; streams in stream.py.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from crossroom.machine import ParseError
from crossroom.xmpp.element import OWN, Element, element, escape, first, serialise
from crossroom.xmpp.jid import Jid

__all__ = ["Element", "Kind", "Stanza", "element", "head", "serialise_tail", "tail"]

CACHED_HEADS = 16384  # one per occupant and kind that is written to; about 200 octets each
MESSAGE_TYPES = frozenset(("chat", "error", "groupchat", "headline", "normal"))


class Kind(StrEnum):
    """The three stanzas (RFC 6120 §8.2)."""

    MESSAGE = "message"
    PRESENCE = "presence"
    IQ = "iq"


KINDS = {str(kind): kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Stanza:
    """One stanza. Empty strings and None stand for absent attributes; children are elements only.

    A message's `type` is never empty: absent and unknown types are `normal` (RFC 6121 §5.2.2).
    """

    kind: Kind
    to: Jid | None = None
    from_: Jid | None = None
    id: str = ""
    type: str = ""
    lang: str = ""
    children: tuple[Element, ...] = field(default=())

    @classmethod
    def parse(cls, source: Element) -> "Stanza":
        """A stanza from its element. Raises ParseError for another element or an address that is none."""
        kind = KINDS.get(source.name) if source.namespace == OWN else None
        if kind is None:
            raise ParseError(f"no stanza: {source.name}")
        return cls(
            kind,
            _address(source, "to"),
            _address(source, "from"),
            source.get("id"),
            _type(kind, source.get("type")),
            source.get("xml:lang"),
            source.elements,
        )

    def find(self, name: str, namespace: str = OWN) -> Element | None:
        """The first child element so named."""
        return first(self.children, name, namespace)

    @property
    def payload(self) -> Element | None:
        """The first child that is no `<error/>`: what an iq asks or answers."""
        return next(
            (child for child in self.children if (child.name, child.namespace) != ("error", OWN)), None
        )

    @property
    def body(self) -> str | None:
        """A message's body, None when it has none."""
        found = self.find("body")
        return None if found is None else found.text

    @property
    def is_error(self) -> bool:
        """True for a stanza that answers with an error: never answered itself (RFC 6120 §8.3.1)."""
        return self.type == "error"

    @property
    def is_request(self) -> bool:
        """True for an iq that must be answered exactly once (RFC 6120 §8.2.3)."""
        return self.kind is Kind.IQ and self.type in {"get", "set"}

    def with_children(self, *children: Element) -> "Stanza":
        """The same stanza with other children."""
        return replace(self, children=children)

    def result(self, *children: Element) -> "Stanza":
        """The iq result that answers this request (RFC 6120 §8.2.3: same id, addresses swapped)."""
        return Stanza(Kind.IQ, self.from_, self.to, self.id, "result", "", children)

    def as_element(self) -> Element:
        """This stanza as an element, to be put inside another (XEP-0297)."""
        addresses = element(self.kind, OWN, to=_text(self.to), from_=_text(self.from_))
        more = {"id": self.id, "type": self.type, "xml:lang": self.lang}
        return replace(
            addresses,
            attributes={**addresses.attributes, **{key: value for key, value in more.items() if value}},
            children=self.children,
        )

    def __bytes__(self) -> bytes:
        return head(self.kind, self.to) + serialise_tail(self)


@lru_cache(CACHED_HEADS)
def head(kind: Kind, to: Jid | None) -> bytes:
    """The octets of a stanza up to and including its `to`; a tail follows."""
    return f"<{kind}".encode() if to is None else f"<{kind} to='{escape(str(to))}'".encode()


def serialise_tail(stanza: Stanza) -> bytes:
    """The octets of a stanza behind its `to`: the same for every recipient, and on every stream."""
    return tail(stanza, serialise(stanza.children))


def tail(stanza: Stanza, inner: bytes) -> bytes:
    """As serialise_tail, with children that are octets already: what `serialise` made, and nothing else."""
    attributes = {"from": _text(stanza.from_), "id": stanza.id, "type": stanza.type, "xml:lang": stanza.lang}
    written = "".join(f" {name}='{escape(value)}'" for name, value in attributes.items() if value)
    return f"{written}>".encode() + inner + f"</{stanza.kind}>".encode()


def _address(source: Element, attribute: str) -> Jid | None:
    text = source.attributes.get(attribute)
    return None if text is None else Jid.parse(text)


def _type(kind: Kind, text: str) -> str:
    return "normal" if kind is Kind.MESSAGE and text not in MESSAGE_TYPES else text


def _text(address: Jid | None) -> str | None:
    return None if address is None else str(address)
