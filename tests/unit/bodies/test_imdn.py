"""bodies/imdn.py: RFC 5438."""

import pytest

from crossroom.bodies.imdn import Disposition, Imdn
from crossroom.machine import LocalProtocolError, ParseError

SEEN = Imdn("34jk", "2026-02-03T10:11:12Z", Disposition.DISPLAY, "displayed", "im:bob@example.com")


@pytest.mark.parametrize("value", [SEEN, Imdn("1", "", Disposition.DELIVERY, "failed")])
def test_notification_survives_being_written_and_read(value: Imdn) -> None:
    assert Imdn.from_bytes(bytes(value)) == value


def test_document_has_the_elements_of_the_schema() -> None:
    assert b"<display-notification><status><displayed/></status></display-notification>" in bytes(SEEN)


def test_unknown_status_is_never_written() -> None:
    with pytest.raises(LocalProtocolError):
        bytes(Imdn("1", "", Disposition.DELIVERY, "seen/><x"))


@pytest.mark.parametrize(
    "octets",
    [
        b"<x/>",
        b'<imdn xmlns="urn:other"/>',
        b"<imdn><message-id>1</message-id></imdn>",
        b"<imdn><message-id>1</message-id><delivery-notification><status><odd/></status></delivery-notification></imdn>",
        b"<imdn><delivery-notification><status><delivered/></status></delivery-notification></imdn>",
    ],
)
def test_anything_else_is_a_parse_error(octets: bytes) -> None:
    with pytest.raises(ParseError):
        Imdn.from_bytes(octets)
