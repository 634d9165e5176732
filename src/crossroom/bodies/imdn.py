"""Delivery and display notifications: `message/imdn+xml` (RFC 5438). Values only, no policy."""

from dataclasses import dataclass
from enum import StrEnum

from crossroom.bodies.cpim import IMDN_NAMESPACE
from crossroom.bodies.xml import Element, Limits, Name, parse_document, write_document
from crossroom.machine import LocalProtocolError, ParseError

IMDN = "message/imdn+xml"

_STATUSES = frozenset({"delivered", "failed", "displayed", "forbidden", "error", "processed", "stored"})
_LIMITS = Limits(octets=16384, elements=64, depth=8)  # eight small elements, and somebody's extensions


class Disposition(StrEnum):
    """What is being told about (RFC 5438 §11.1)."""

    DELIVERY = "delivery"
    PROCESSING = "processing"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Imdn:
    """One notification: `status` is delivered, failed, displayed, forbidden, error, processed or stored.

    `date_time` is the RFC 3339 DateTime of the message that it is about; `recipient` a URI or empty.
    """

    message_id: str
    date_time: str
    disposition: Disposition
    status: str
    recipient: str = ""

    @classmethod
    def from_bytes(cls, octets: bytes) -> "Imdn":
        """Read a document; raises ParseError."""
        root = parse_document(octets, _LIMITS)
        if root.name.local != "imdn" or root.name.namespace not in {"", IMDN_NAMESPACE}:
            raise ParseError("not an imdn document")
        texts = {child.name.local: child.text.strip() for child in root.children}
        disposition, status = _status(root)
        if not texts.get("message-id"):
            raise ParseError("imdn without a message-id")
        recipient = texts.get("recipient-uri", "")
        return cls(texts["message-id"], texts.get("datetime", ""), disposition, status, recipient)

    def __bytes__(self) -> bytes:
        if self.status not in _STATUSES:
            raise LocalProtocolError(f"not an imdn status: {self.status!r}")
        texts = [("message-id", self.message_id), ("datetime", self.date_time)]
        if self.recipient:
            texts.append(("recipient-uri", self.recipient))
        children = [_element(name, text=text) for name, text in texts]
        status = _element("status", (_element(self.status),))
        children.append(_element(f"{self.disposition}-notification", (status,)))
        return write_document(_element("imdn", tuple(children)), {IMDN_NAMESPACE: ""})


def _status(root: Element) -> tuple[Disposition, str]:
    for disposition in Disposition:
        for notification in _children(root, f"{disposition}-notification"):
            for status in _children(notification, "status"):
                for value in status.children:
                    if value.name.local in _STATUSES:
                        return disposition, value.name.local
    raise ParseError("imdn without a known status")


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element.children if child.name.local == name]


def _element(name: str, children: tuple[Element, ...] = (), text: str = "") -> Element:
    return Element(Name(name, IMDN_NAMESPACE), children=children, text=text)
