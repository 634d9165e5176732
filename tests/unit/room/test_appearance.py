from crossroom.room.address import Network
from crossroom.room.commands import Leave, Rename, SetPresence
from crossroom.room.content import Native
from crossroom.room.events import Changed, Renamed
from crossroom.room.reasons import Departure, Reason
from crossroom.room.standing import Role
from stage import Stage, address, endpoint, nick


def test_rename_is_told_to_all_with_the_new_occupant_and_the_old_name() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.do(Rename(endpoint("Bob"), nick("Bobby")))
    for name in ("Ana", "Bob"):
        (renamed,) = stage.of(name, Renamed)
        assert (renamed.old, renamed.occupant.nickname, renamed.is_last_endpoint) == ("Bob", "Bobby", True)
    assert stage.refuses(Rename(endpoint("Ana"), nick("BOBBY"))) is Reason.NICKNAME_TAKEN
    stage.join("Bob", "eve", address=address("Eve"))
    assert stage.room.nicknames == ("Ana", "Bobby", "Bob")


def test_same_name_changes_nothing_and_another_case_does() -> None:
    stage = Stage()
    stage.join("Ana")
    assert stage.do(Rename(endpoint("Ana"), nick("Ana"))) == []
    stage.do(Rename(endpoint("Ana"), nick("ANA")))
    assert stage.room.nicknames == ("ANA",)


def test_all_devices_of_a_participant_are_renamed_together() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.join("Bob", "laptop", address=address("Bob", "laptop"))
    stage.do(Rename(endpoint("laptop"), nick("Rob")))
    seen = [(event.occupant.endpoint, event.is_last_endpoint) for event in stage.of("Ana", Renamed)]
    assert seen == [("Bob", False), ("laptop", True)]
    assert stage.roster("Ana") == {"Ana": "Ana", "Bob": "Rob", "laptop": "Rob"}


def test_one_persons_two_nicknames_become_one_with_the_role_of_that_one() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.role("Ana", "Bob", Role.MODERATOR)
    stage.join("Rob", address=address("Bob", "laptop"))
    stage.forget()
    stage.do(Rename(endpoint("Rob"), nick("Bob")))
    assert stage.room.nicknames == ("Ana", "Bob")
    assert stage.of("Ana", Renamed)[0].occupant.role is Role.MODERATOR
    assert [event.occupant.address for event in stage.of("Rob", Changed)] == [
        address("Ana"),
        address("Bob"),
    ]


def test_name_of_a_lost_link_is_nobody_elses_to_take() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.do(Leave(endpoint("Bob"), Departure.LINK_LOST))
    assert stage.refuses(Rename(endpoint("Ana"), nick("Bob"))) is Reason.NICKNAME_TAKEN
    stage.now += 30.0
    stage.do(Rename(endpoint("Ana"), nick("Bob")))
    assert stage.room.nicknames == ("Bob",)


def test_presence_is_shown_to_all_and_to_later_joiners() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    away = Native(Network.XMPP, b"<show>away</show>")
    stage.do(SetPresence(endpoint("Bob"), away))
    assert [event.occupant.presence for event in stage.of("Ana", Changed)] == [away]
    assert stage.of("Bob", Changed)[0].occupant.nickname == "Bob"
    stage.join("Cy")
    assert stage.roster("Cy") == {"Ana": "Ana", "Bob": "Bob", "Cy": "Cy"}
