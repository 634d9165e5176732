import pytest

from crossroom.machine import ParseError
from crossroom.sip.address import NameAddr
from crossroom.sip.headers import Headers
from crossroom.sip.identity import asserted_identities, is_anonymous, privacy


def test_asserted_identities_are_a_list() -> None:
    headers = Headers([("P-Asserted-Identity", '"Ana" <sip:ana@h>, <tel:+15>')])
    assert [str(identity) for identity in asserted_identities(headers)] == ["Ana <sip:ana@h>", "<tel:+15>"]
    assert asserted_identities(Headers()) == ()
    with pytest.raises(ParseError):
        asserted_identities(Headers([("P-Asserted-Identity", "nobody")]))


def test_privacy_is_a_set_of_words() -> None:
    assert privacy(Headers([("Privacy", "ID; user,critical"), ("Privacy", "header")])) == {
        "id",
        "user",
        "critical",
        "header",
    }
    assert privacy(Headers()) == frozenset()


@pytest.mark.parametrize(
    ("from_", "asked", "anonymous"),
    [
        ("<sip:ana@h>", "", False),
        ("<sip:ana@h>", "id", True),
        ("<sip:ana@h>", "user;critical", True),
        ("<sip:ana@h>", "none;id", False),
        ("<sip:ana@h>", "session", False),
        ("<sip:anonymous@Anonymous.invalid>", "", True),
        ("<sip:anonymous@anonymous.invalid.>", "", True),
        ("<tel:5>", "", False),
    ],
)
def test_who_hides_is_anonymous(
    from_: str,
    asked: str,
    anonymous: bool,  # noqa: FBT001 -- a table's column
) -> None:
    assert is_anonymous(NameAddr.parse(from_), Headers([("Privacy", asked)])) is anonymous
