from crossroom.room.reasons import Reason, Refused


def test_refusal_carries_reason_and_text() -> None:
    refused = Refused(Reason.BANNED, "since May")
    assert (refused.reason, refused.text, str(refused)) == (Reason.BANNED, "since May", "banned: since May")
    assert str(Refused(Reason.BANNED)) == "banned"
