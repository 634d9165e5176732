import pytest

from crossroom.bodies.media_type import accepts, essence


def test_essence_drops_parameters_and_case() -> None:
    assert essence("Text/Plain; charset=UTF-8") == "text/plain"


@pytest.mark.parametrize(
    ("media_type", "entries", "expected"),
    [
        ("text/plain", ["text/plain"], True),
        ("Text/Plain;charset=utf-8", ["TEXT/plain;format=flowed"], True),
        ("text/html", ["text/*"], True),
        ("image/png", ["text/*"], False),
        ("image/png", ["*"], True),
        ("image/png", ["*/*"], True),
        ("text/plain", [], False),
        ("message/cpim", ["message/*", "text/plain"], True),
        ("message/cpim", ["text/plain", "text/*"], False),
    ],
)
def test_a_type_is_accepted_by_itself_its_kind_or_the_asterisk(
    media_type: str, entries: list[str], *, expected: bool
) -> None:
    assert accepts(media_type, entries) is expected
