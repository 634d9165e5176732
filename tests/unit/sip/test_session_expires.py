import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.headers import Headers
from crossroom.sip.session_expires import SessionExpires, min_se


def test_an_interval_and_its_refresher_are_read_and_written() -> None:
    found = SessionExpires.parse(" 1800 ;x=y;Refresher=UAC")
    assert (found.seconds, found.refresher) == (1800, "uac")
    assert str(found) == "1800;refresher=uac;x=y"
    assert str(SessionExpires.parse("90")) == "90"


@pytest.mark.parametrize("text", ["", "x", "1800;refresher=me", "1800;;"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        SessionExpires.parse(text)


def test_an_interval_that_cannot_be_written_cannot_be_made() -> None:
    with pytest.raises(LocalProtocolError):
        SessionExpires(-1)
    with pytest.raises(LocalProtocolError):
        SessionExpires(90, "me")


def test_the_smallest_interval_is_90_seconds_unless_said_otherwise() -> None:
    assert min_se(Headers()) == 90
    assert min_se(Headers([("Min-SE", "120;x=y")])) == 120
    with pytest.raises(ParseError):
        min_se(Headers([("Min-SE", "soon")]))
