"""Typing notifications: `application/im-iscomposing+xml` (RFC 3994). Values; who sends when is the face's."""

import re
from dataclasses import dataclass

from crossroom.bodies.xml import Element, Limits, Name, parse_document, write_document
from crossroom.machine import ParseError

IS_COMPOSING = "application/im-iscomposing+xml"
NAMESPACE = "urn:ietf:params:xml:ns:im-iscomposing"
DEFAULT_REFRESH = 120  # RFC 3994 §3.3: seconds after which "active" is over, when nothing else is said

_LIMITS = Limits(octets=8192, elements=64, depth=8)  # five small elements, and somebody's extensions
_MAX_REFRESH = 86400  # nobody types for a day


@dataclass(frozen=True, slots=True)
class IsComposing:
    """One notification. `refresh` is in seconds, None when absent; `content_type` what is being written."""

    is_active: bool
    refresh: int | None = None
    content_type: str = ""

    @classmethod
    def from_bytes(cls, octets: bytes) -> "IsComposing":
        """Read a document; raises ParseError. A missing namespace, and any state but `active`, are understood."""
        root = parse_document(octets, _LIMITS)
        if root.name.local != "isComposing" or root.name.namespace not in {"", NAMESPACE}:
            raise ParseError("not an isComposing document")
        texts = {child.name.local: child.text.strip() for child in root.children}
        if "state" not in texts:
            raise ParseError("isComposing without a state")
        refresh = texts.get("refresh", "")
        return cls(
            is_active=texts["state"] == "active",  # RFC 3994 §3.5: an unknown state is idle
            refresh=min(int(refresh), _MAX_REFRESH) if re.fullmatch(r"[0-9]{1,9}", refresh) else None,
            content_type=texts.get("contenttype", ""),
        )

    @property
    def seconds(self) -> int:
        """How long "active" lasts without another notification; at least 60 (RFC 3994 §3.2)."""
        return DEFAULT_REFRESH if self.refresh is None else max(self.refresh, 60)

    def __bytes__(self) -> bytes:
        texts = [("state", "active" if self.is_active else "idle")]
        if self.content_type:
            texts.append(("contenttype", self.content_type))
        if self.refresh is not None:
            texts.append(("refresh", str(self.refresh)))
        children = tuple(Element(Name(name, NAMESPACE), text=text) for name, text in texts)
        return write_document(Element(Name("isComposing", NAMESPACE), children=children), {NAMESPACE: ""})
