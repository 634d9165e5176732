import pytest

from crossroom.sip.status import PHRASES, phrase


def test_codes_have_their_usual_phrase() -> None:
    assert phrase(481) == "Call/Transaction Does Not Exist"
    assert phrase(606) == "Not Acceptable"


@pytest.mark.parametrize(
    ("status", "words"), [(150, "Session Progress"), (299, "OK"), (499, "Request Failed"), (700, "Unknown")]
)
def test_unknown_codes_count_as_their_class(status: int, words: str) -> None:
    assert phrase(status) == words


def test_every_code_a_focus_produces_has_a_phrase() -> None:
    produced = """100 180 183 200 300 301 302 400 401 403 404 405 406 408 410 413 414 415 416 420 421 422 423 429 480 481
    482 483 484 486 487 488 489 491 500 501 503 504 505 513 603 606"""
    assert {int(code) for code in produced.split()} <= set(PHRASES)
