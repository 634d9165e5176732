from dataclasses import replace

from crossroom.room.address import Address
from crossroom.room.events import Changed, Joined, Left, Posted
from crossroom.room.standing import Role
from stage import HOME, Stage, address


def addresses(stage: Stage, name: str) -> list[Address | None]:
    return [line.occupant.address for line in stage.of(name, Joined)]


def test_semi_anonymous_room_shows_addresses_to_moderators_only() -> None:
    stage = Stage()
    for name in ("Ana", "Bob", "Cy"):
        stage.join(name)
    assert addresses(stage, "Ana") == [address("Ana"), address("Bob"), address("Cy")]
    assert addresses(stage, "Bob") == [None, None, None]
    assert addresses(stage, "Cy") == [None, None, None]
    stage.say("Cy")
    assert stage.of("Ana", Posted)[0].author.address == address("Cy")
    assert stage.of("Bob", Posted)[0].author.address is None


def test_open_room_shows_addresses_to_all_by_one_event() -> None:
    stage = Stage(is_anonymous=False)
    for name in ("Ana", "Bob"):
        stage.join(name)
    assert addresses(stage, "Bob") == [address("Ana"), address("Bob")]
    (delivery,) = stage.say("Bob")
    assert delivery.to == ("Ana", "Bob")


def test_who_asked_for_privacy_is_shown_to_nobody() -> None:
    stage = Stage(is_anonymous=False)
    stage.join("Ana")
    stage.join("Bob", anonymous=True)
    assert addresses(stage, "Ana")[-1] is None
    assert addresses(stage, "Bob") == [address("Ana"), None]


def test_history_shows_authors_as_each_joiner_may_see_them() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.say("Ana")
    stage.join("Bob")
    assert stage.of("Bob", Posted)[0].author.address is None
    stage.join("Ana", "laptop", address=address("Ana", "laptop"))
    assert stage.of("laptop", Posted)[0].author.address == address("Ana")


def test_new_moderator_learns_all_addresses_and_the_leaver_is_seen_as_before() -> None:
    stage = Stage()
    for name in ("Ana", "Bob", "Cy"):
        stage.join(name)
    stage.forget()
    stage.role("Ana", "Bob", Role.MODERATOR)
    assert [event.occupant.address for event in stage.of("Bob", Changed)] == [
        address("Bob"),
        address("Ana"),
        address("Cy"),
    ]
    assert [event.occupant.address for event in stage.of("Cy", Changed)] == [None]
    stage.role("Ana", "Cy", Role.NONE)
    assert stage.of("Bob", Left)[0].occupant.address == address("Cy")
    assert stage.of("Cy", Left)[0].occupant.address is None


def test_inviters_real_address_is_hidden_with_the_others_but_an_occupants_is_not() -> None:
    stage = Stage()
    stage.join("Ana")
    occupant = replace(HOME, device="Ana")
    stage.join("Bob", referred_by=occupant)
    stage.join("Cy", referred_by=address("Ana"))
    assert [line.occupant.referred_by for line in stage.of("Cy", Joined)] == [None, occupant, None]
    assert stage.of("Ana", Joined)[-1].occupant.referred_by == address("Ana")
