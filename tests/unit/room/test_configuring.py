import pytest

from crossroom.room.commands import Configure
from crossroom.room.configuration import Configuration
from crossroom.room.configuring import acceptable
from crossroom.room.events import Changed, Configured, Ended, Joined, Left, Posted
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomLimits
from stage import Stage, address, endpoint


def test_owner_changes_the_settings_and_everybody_is_told() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.configure("Ana", name="Tea")
    for name in ("Ana", "Bob"):
        (configured,) = stage.of(name, Configured)
        assert (configured.before.name, configured.after.name) == ("", "Tea")
    assert stage.room.configuration.name == "Tea"
    stage.join("Cy")
    assert stage.of("Cy", Joined)[-1].configuration.name == "Tea"


def test_nobody_but_an_owner_configures() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.affiliate("Ana", address("Bob"), Affiliation.ADMIN)
    stage.join("Bob")
    assert stage.refuses(Configure(endpoint("Bob"), Configuration(name="mine"))) is Reason.NOT_ALLOWED


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Configuration(max_occupants=-1), Reason.MALFORMED),
        (Configuration(history_length=-1), Reason.MALFORMED),
        (Configuration(name="n" * 101), Reason.TOO_LARGE),
        (Configuration(password="é" * 51), Reason.TOO_LARGE),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wanted: Configuration, reason: Reason) -> None:
    stage = Stage(RoomLimits(text_octets=100))
    stage.join("Ana")
    assert stage.refuses(Configure(endpoint("Ana"), wanted)) is reason
    with pytest.raises(Refused):
        acceptable(wanted, RoomLimits(text_octets=100))


def test_history_is_cut_to_the_new_length_and_never_exceeds_the_services() -> None:
    stage = Stage(RoomLimits(history_posts=2))
    stage.join("Ana")
    stage.configure("Ana", history_length=1000)
    assert stage.room.configuration.history_length == 2
    for number in range(3):
        stage.say("Ana", f"post {number}")
    stage.join("Bob")
    assert stage.texts("Bob") == ["post 1", "post 2"]
    stage.configure("Ana", history_length=0)
    stage.join("Cy")
    assert stage.texts("Cy") == []


def test_room_that_becomes_members_only_sends_strangers_out() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.affiliate("Ana", address("Bob"), Affiliation.MEMBER)
    for name in ("Bob", "Cy", "Dee"):
        stage.join(name)
    stage.forget()
    stage.configure("Ana", is_members_only=True)
    assert stage.room.nicknames == ("Ana", "Bob")
    assert stage.kinds("Cy") == [Configured, Left, Ended]
    assert stage.of("Cy", Ended) == [Ended(Departure.MEMBERS_ONLY)]
    assert [left.departure for left in stage.of("Bob", Left)] == [Departure.MEMBERS_ONLY] * 2


def test_visitors_get_a_voice_when_the_room_is_no_longer_moderated() -> None:
    stage = Stage(is_moderated=True)
    stage.join("Ana")
    stage.join("Bob")
    assert stage.refuses(stage.saying("Bob")) is Reason.NO_VOICE
    stage.configure("Ana", name="still moderated")
    assert stage.of("Bob", Changed) == []
    stage.configure("Ana", is_moderated=False)
    assert stage.of("Bob", Changed)[-1].occupant.role is Role.PARTICIPANT
    stage.say("Bob")
    assert stage.texts("Ana") == ["hello"]


def test_those_who_have_a_voice_keep_it_when_the_room_becomes_moderated() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.configure("Ana", is_moderated=True)
    stage.say("Bob")
    assert stage.texts("Ana") == ["hello"]
    assert stage.of("Bob", Changed) == []


def test_voice_taken_in_an_open_room_stays_taken_when_only_the_name_changes() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.role("Ana", "Bob", Role.VISITOR)
    stage.configure("Ana", name="Tea")
    assert stage.refuses(stage.saying("Bob")) is Reason.NO_VOICE


def test_addresses_are_shown_when_the_room_opens_but_not_those_of_earlier_posts() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.say("Bob", "anonymous")
    stage.forget()
    stage.configure("Ana", is_anonymous=False)
    assert [event.occupant.address for event in stage.of("Bob", Changed)] == [address("Ana")]
    assert stage.of("Ana", Changed) == []
    stage.say("Bob", "open", "m2")
    stage.join("Cy")
    assert [posted.author.address for posted in stage.of("Cy", Posted)] == [None, address("Bob")]


def test_room_that_becomes_anonymous_shows_no_addresses_from_then_on() -> None:
    stage = Stage(is_anonymous=False)
    stage.join("Ana")
    stage.join("Bob")
    stage.configure("Ana", is_anonymous=True)
    stage.join("Cy")
    assert [line.occupant.address for line in stage.of("Cy", Joined)] == [None] * 3
    assert stage.of("Bob", Changed) == []
