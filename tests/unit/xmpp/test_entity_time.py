"""Entity time."""

from crossroom.xmpp.entity_time import time_answer


def test_the_time_is_told_in_utc() -> None:
    assert str(time_answer(0)) == (
        "<time xmlns='urn:xmpp:time'><tzo>+00:00</tzo><utc>1970-01-01T00:00:00.000Z</utc></time>"
    )
