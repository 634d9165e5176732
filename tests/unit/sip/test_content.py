import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.content import ContentType, accepts


def test_a_media_type_is_folded_and_keeps_its_parameters() -> None:
    found = ContentType.parse('Multipart / Mixed ; boundary="a b";charset=UTF-8')
    assert found.type == "multipart/mixed"
    assert str(found) == 'multipart/mixed;boundary="a b";charset=UTF-8'


@pytest.mark.parametrize("text", ["", "text", "text/", "/plain", "text/pl ain", "text/plain;;"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        ContentType.parse(text)


@pytest.mark.parametrize("value", ["text\r\n", "text/\r\nplain", " text/plain", "text/plain;a=b"])
def test_values_that_cannot_be_written_cannot_be_made(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        ContentType(value)


@pytest.mark.parametrize(
    ("ranges", "media_type", "accepted"),
    [
        (None, "application/SDP", True),
        (None, "text/plain", False),
        ((), "application/sdp", False),
        (("application/sdp",), "application/sdp", True),
        (("application/*",), "application/sdp", True),
        (("*/*",), "text/plain", True),
        (("text/*",), "application/sdp", False),
        (("*/*", "text/html;q=0"), "text/html", False),
        (("text/*;q=0.0", "text/plain;q=0.5"), "text/plain", True),
        (("text/plain;q=nonsense",), "text/plain", True),
    ],
)
def test_accept_decides_by_its_most_precise_range(
    ranges: tuple[str, ...] | None,
    media_type: str,
    accepted: bool,  # noqa: FBT001 -- a table's column
) -> None:
    assert accepts(ranges, media_type) is accepted
