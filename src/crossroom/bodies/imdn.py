"""Disposition notifications: `message/imdn+xml` and its CPIM headers (RFC 5438). Values; who sends when is the face's."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from crossroom.bodies.cpim import IMDN_NAMESPACE, CpimHeader
from crossroom.bodies.mime import MimePart
from crossroom.bodies.xml import Element, Limits, Name, parse_document, write_document
from crossroom.machine import ParseError

IMDN = "message/imdn+xml"
NAMESPACE = "urn:ietf:params:xml:ns:imdn"

_LIMITS = Limits(octets=16384, elements=64, depth=8)  # ten small elements, and somebody's extensions


class Wish(StrEnum):
    """What the Disposition-Notification header of a message asks for (RFC 5438 §6.2)."""

    DELIVERED = "positive-delivery"
    FAILED = "negative-delivery"
    PROCESSED = "processing"
    DISPLAYED = "display"


class Kind(StrEnum):
    """What an IMDN tells of (RFC 5438 §5): the first part of its element's name."""

    DELIVERY = "delivery"
    PROCESSING = "processing"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Imdn:
    """One notification. `message_id` is the Message-ID of what it is about, `date_time` RFC 3339 text.

    `status` is the name of the status element: delivered, displayed, failed, forbidden, error and so on.
    """

    message_id: str
    date_time: str
    kind: Kind
    status: str
    recipient: str = ""
    original_recipient: str = ""
    subject: str = ""

    @classmethod
    def from_bytes(cls, octets: bytes) -> "Imdn":
        """Read a document; raises ParseError. A missing namespace or datetime is understood."""
        root = parse_document(octets, _LIMITS)
        if root.name.local != "imdn" or root.name.namespace not in {"", NAMESPACE}:
            raise ParseError("not an imdn document")
        texts = {child.name.local: child.text.strip() for child in root.children}
        if not texts.get("message-id"):
            raise ParseError("imdn without a message-id")
        kind, status = _disposition(root)
        return cls(
            message_id=texts["message-id"],
            date_time=texts.get("datetime", ""),
            kind=kind,
            status=status,
            recipient=texts.get("recipient-uri", ""),
            original_recipient=texts.get("original-recipient-uri", ""),
            subject=texts.get("subject", ""),
        )

    def __bytes__(self) -> bytes:
        # RFC 5438 §11.1.9: in the order of the schema
        texts = (
            ("message-id", self.message_id),
            ("datetime", self.date_time),
            ("recipient-uri", self.recipient),
            ("original-recipient-uri", self.original_recipient),
            ("subject", self.subject),
        )
        status = _element("status", children=(_element(self.status),))
        children = (
            *(_element(name, text) for name, text in texts if text),
            _element(f"{self.kind}-notification", children=(status,)),
        )
        return write_document(_element("imdn", children=children), {NAMESPACE: ""})

    def part(self) -> MimePart:
        """The document as the content of a CPIM message."""
        # RFC 5438 §7.2.1: so that nobody shows it as a message
        headers = (("Content-Type", IMDN), ("Content-Disposition", "notification"))
        return MimePart(headers, bytes(self))


def read_wishes(value: str | None) -> frozenset[Wish]:
    """The value of a Disposition-Notification header; words that we do not know ask for nothing (§6.2)."""
    words = {word.partition(";")[0].strip().lower() for word in (value or "").split(",")}
    return frozenset(wish for wish in Wish if wish in words)


def wishing(wishes: Iterable[Wish]) -> CpimHeader:
    """The Disposition-Notification header that asks for these."""
    wanted = set(wishes)
    return CpimHeader(
        IMDN_NAMESPACE, "Disposition-Notification", ", ".join(wish for wish in Wish if wish in wanted)
    )


def _element(name: str, text: str = "", children: tuple[Element, ...] = ()) -> Element:
    return Element(Name(name, NAMESPACE), text=text, children=children)


def _disposition(root: Element) -> tuple[Kind, str]:
    found = {child.name.local: child for child in root.children}
    for kind in Kind:
        notification = found.get(f"{kind}-notification")
        statuses = (
            [each for each in notification.children if each.name.local == "status"] if notification else []
        )
        if statuses and statuses[0].children:
            return kind, statuses[0].children[0].name.local
    raise ParseError("imdn without a disposition")
