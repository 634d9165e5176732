"""Receipts of private messages, from IMDN to the room's words and back (RFC 5438, docs/mapping.md §3.10).

Plain functions and one small book for each endpoint. An IMDN between two SIP endpoints travels untouched.
"""

from collections.abc import Hashable
from datetime import datetime
from typing import TypeVar

from crossroom.bodies.cpim import CPIM, IMDN_NAMESPACE, CpimAddress, CpimHeader, CpimMessage, format_date_time
from crossroom.bodies.imdn import Imdn, Kind, Wish, read_wishes, wishing
from crossroom.bodies.mime import MimePart
from crossroom.msrp.chunk import FailureReport
from crossroom.msrp.message import SharedBody
from crossroom.room.address import MessageId, Network, Nickname
from crossroom.room.content import Receipt
from crossroom.room.events import Acknowledged, Posted

Key = TypeVar("Key", bound=Hashable)

REMEMBERED = 256
"""Private messages of one endpoint whose receipts are kept in mind; a receipt for an older one is not passed on."""

_WISHES = {Receipt.DELIVERED: Wish.DELIVERED, Receipt.DISPLAYED: Wish.DISPLAYED, Receipt.FAILED: Wish.FAILED}
_RECEIPTS = {wish: receipt for receipt, wish in _WISHES.items()}
_MEANT = {
    (Kind.DELIVERY, "delivered"): Receipt.DELIVERED,
    (Kind.DELIVERY, "failed"): Receipt.FAILED,
    (Kind.DELIVERY, "forbidden"): Receipt.FAILED,
    (Kind.DELIVERY, "error"): Receipt.FAILED,
    (Kind.DISPLAY, "displayed"): Receipt.DISPLAYED,
}
"""What an IMDN means in a room; of the other dispositions nobody but SIP knows (RFC 5438 §7.2.1)."""
_SAID = {
    Receipt.DELIVERED: (Kind.DELIVERY, "delivered"),
    Receipt.DISPLAYED: (Kind.DISPLAY, "displayed"),
    Receipt.FAILED: (Kind.DELIVERY, "failed"),
}


def receipts_wanted(cpim: CpimMessage) -> frozenset[Receipt]:
    """What the author of a message asks to be told; nothing without the Message-ID that an IMDN would name."""
    if not cpim.extension(IMDN_NAMESPACE, "Message-ID"):
        return frozenset()
    wishes = read_wishes(cpim.extension(IMDN_NAMESPACE, "Disposition-Notification"))
    return frozenset(_RECEIPTS[wish] for wish in wishes if wish in _RECEIPTS)


def wishes_of(receipts: frozenset[Receipt]) -> tuple[CpimHeader, ...]:
    """The header that asks for these; none where nothing is asked for."""
    return (wishing(_WISHES[receipt] for receipt in receipts),) if receipts else ()


def receipt_of(imdn: Imdn) -> Receipt | None:
    """What an IMDN means in a room, None for what no other network knows."""
    return _MEANT.get((imdn.kind, imdn.status))


def imdn_part(message_id: MessageId, receipt: Receipt, at: datetime) -> MimePart:
    """The content of the IMDN that says so."""
    return Imdn(message_id, format_date_time(at.timestamp()), *_SAID[receipt]).part()


def imdn_of(event: Acknowledged, author: str, to: str, at: datetime) -> SharedBody:
    """The IMDN for the author of the message: the recipient's own, where that is on SIP too."""
    content = _native(event) or bytes(imdn_part(event.id, event.receipt, at))
    message = CpimMessage(
        sender=CpimAddress(author, event.author.nickname),
        to=(CpimAddress(to),),
        content=content,
        date_time=format_date_time(at.timestamp()),
        # RFC 5438 §7.2.1: an IMDN has an id of its own and never asks for one about itself
        extensions=(CpimHeader(IMDN_NAMESPACE, "Message-ID", f"{event.id}.{event.receipt}"),),
    )
    return SharedBody(CPIM, bytes(message), failure_report=FailureReport.NO)


def is_from_sip(said: Posted | Acknowledged) -> bool:
    """True where the author's own octets are for SIP."""
    return said.native is not None and said.native.network is Network.SIP


class ReceiptBook:
    """What one endpoint asked about its private messages, and what it told about those of others."""

    __slots__ = ("_asked", "_told")

    def __init__(self) -> None:
        self._asked: dict[MessageId, set[Receipt]] = {}
        self._told: dict[tuple[Nickname, MessageId], set[Receipt]] = {}

    def ask(self, message_id: MessageId, receipts: frozenset[Receipt]) -> None:
        """A private message of this endpoint asks for these."""
        _remember(self._asked, message_id).update(receipts)

    def answers(self, event: Acknowledged) -> bool:
        """Whether this is an answer to what was asked; each question has one (RFC 5438 §7.2.1)."""
        asked = self._asked.get(event.id, set())
        if event.receipt not in asked:
            return False
        asked.discard(event.receipt)
        return True

    def is_news(self, author: Nickname, message_id: MessageId, receipt: Receipt) -> bool:
        """True the first time that this endpoint tells so, be it by IMDN or by REPORT."""
        told = _remember(self._told, (author, message_id))
        if receipt in told:
            return False
        told.add(receipt)
        return True


def _remember(book: dict[Key, set[Receipt]], key: Key) -> set[Receipt]:
    found = book.setdefault(key, set())
    if len(book) > REMEMBERED:
        del book[next(iter(book))]
    return found


def _native(event: Acknowledged) -> bytes:
    return event.native.octets if event.native is not None and is_from_sip(event) else b""
