"""Disposition notifications, read and written (RFC 5438)."""

import pytest

from crossroom.bodies.cpim import IMDN_NAMESPACE, CpimHeader
from crossroom.bodies.imdn import IMDN, Imdn, Kind, Wish, read_wishes, wishing
from crossroom.machine import ParseError

DELIVERED = Imdn("34jk324j", "2026-11-28T12:16:49.000Z", Kind.DELIVERY, "delivered")


@pytest.mark.parametrize(
    "imdn",
    [
        DELIVERED,
        Imdn("a<b>&\"c'", "2026-11-28T12:16:49Z", Kind.DISPLAY, "displayed"),
        Imdn("m", "", Kind.PROCESSING, "stored"),
        Imdn("m", "t", Kind.DELIVERY, "failed", "sip:ana@sip.example", "sip:bob@sip.example", "Tea?"),
    ],
)
def test_notification_survives_being_written_and_read(imdn: Imdn) -> None:
    assert Imdn.from_bytes(bytes(imdn)) == imdn


def test_document_has_the_order_and_the_namespace_of_the_schema() -> None:
    document = bytes(
        Imdn("m1", "t", Kind.DISPLAY, "displayed", "sip:ana@sip.example", subject="Tea?")
    ).decode()
    assert document.endswith(
        '<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>m1</message-id><datetime>t</datetime>'
        "<recipient-uri>sip:ana@sip.example</recipient-uri><subject>Tea?</subject>"
        "<display-notification><status><displayed/></status></display-notification></imdn>"
    )


def test_content_says_that_it_is_a_notification() -> None:
    part = DELIVERED.part()
    assert part.headers == (("Content-Type", IMDN), ("Content-Disposition", "notification"))
    assert Imdn.from_bytes(part.body) == DELIVERED


def test_spaces_extensions_and_a_missing_namespace_are_understood() -> None:
    document = (
        b"<imdn>\n  <message-id> m1 </message-id><x xmlns='urn:x'>y</x>\n"
        b"<delivery-notification><status><failed/><reason>no</reason></status></delivery-notification></imdn>"
    )
    assert Imdn.from_bytes(document) == Imdn("m1", "", Kind.DELIVERY, "failed")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff",
        b"<imdn/>",
        b"<other xmlns='urn:ietf:params:xml:ns:imdn'><message-id>m</message-id></other>",
        b"<imdn xmlns='urn:x'><message-id>m</message-id></imdn>",
        b"<imdn><message-id>m</message-id></imdn>",
        b"<imdn><message-id/><delivery-notification><status><failed/></status></delivery-notification></imdn>",
        b"<imdn><message-id>m</message-id><delivery-notification><status/></delivery-notification></imdn>",
        b"<imdn><message-id>m</message-id><delivery-notification/></imdn>",
        b"<!DOCTYPE imdn [<!ENTITY m 'm'>]><imdn><message-id>&m;</message-id></imdn>",
        b"<imdn>" + b"<a/>" * 100 + b"</imdn>",
    ],
)
def test_anything_else_is_a_parse_error(document: bytes) -> None:
    with pytest.raises(ParseError):
        Imdn.from_bytes(document)


@pytest.mark.parametrize(
    ("value", "wishes"),
    [
        (None, set()),
        ("", set()),
        ("positive-delivery", {Wish.DELIVERED}),
        ("Positive-Delivery,display;x=y, negative-delivery", {Wish.DELIVERED, Wish.DISPLAYED, Wish.FAILED}),
        ("processing, tomorrow", {Wish.PROCESSED}),
    ],
)
def test_wishes_are_read_whatever_stands_beside_them(value: str | None, wishes: set[Wish]) -> None:
    assert read_wishes(value) == wishes


def test_wishes_are_written_in_one_header_in_one_order() -> None:
    header = wishing({Wish.DISPLAYED, Wish.DELIVERED})
    assert header == CpimHeader(IMDN_NAMESPACE, "Disposition-Notification", "positive-delivery, display")
    assert read_wishes(header.value) == {Wish.DISPLAYED, Wish.DELIVERED}
