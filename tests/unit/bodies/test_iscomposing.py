"""bodies/iscomposing.py: RFC 3994."""

import pytest

from crossroom.bodies.iscomposing import IsComposing
from crossroom.machine import ParseError


@pytest.mark.parametrize(
    "value",
    [IsComposing(is_active=True, refresh=90, content_type="text/plain"), IsComposing(is_active=False)],
)
def test_notification_survives_being_written_and_read(value: IsComposing) -> None:
    assert IsComposing.from_bytes(bytes(value)) == value


def test_document_is_in_its_namespace() -> None:
    written = bytes(IsComposing(is_active=True, refresh=90))
    assert b'<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state>' in written


def test_unknown_state_is_idle() -> None:
    assert not IsComposing.from_bytes(b"<isComposing><state>pondering</state></isComposing>").is_active


@pytest.mark.parametrize(("text", "seconds"), [("10", 60), ("90", 90), ("x", 120), ("999999999", 86400)])
def test_refresh_is_at_least_a_minute(text: str, seconds: int) -> None:
    octets = f"<isComposing><state>active</state><refresh>{text}</refresh></isComposing>".encode()
    assert IsComposing.from_bytes(octets).seconds == seconds


def test_activity_without_refresh_ends_after_two_minutes() -> None:
    assert IsComposing(is_active=True).seconds == 120


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<isComposing/>",
        b"<other><state>active</state></other>",
        b'<isComposing xmlns="urn:other"><state>active</state></isComposing>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><isComposing><state>&b;</state></isComposing>',
    ],
)
def test_anything_else_is_a_parse_error(octets: bytes) -> None:
    with pytest.raises(ParseError):
        IsComposing.from_bytes(octets)
