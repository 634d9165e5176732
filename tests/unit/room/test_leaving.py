from crossroom.room.address import Address
from crossroom.room.commands import Destroy, Leave
from crossroom.room.events import Ended, Left
from crossroom.room.reasons import Departure, Reason
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomLimits
from stage import Stage, address, endpoint


def test_leaver_sees_the_own_end_and_the_others_one_departure() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.forget()
    stage.do(Leave(endpoint("Bob"), status="bye"))
    assert stage.kinds("Bob") == [Left, Ended]
    assert stage.of("Bob", Ended) == [Ended(Departure.LEFT, "bye")]
    (left,) = stage.of("Ana", Left)
    assert (left.departure, left.text, left.by, left.occupant.role) == (
        Departure.LEFT,
        "bye",
        None,
        Role.NONE,
    )
    assert stage.refuses(Leave(endpoint("Bob"))) is Reason.NOT_IN_ROOM


def test_one_device_of_several_leaves_without_the_participant() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.join("Bob", "laptop", address=address("Bob", "laptop"))
    stage.forget()
    stage.do(Leave(endpoint("Bob")))
    stage.do(Leave(endpoint("laptop")))
    assert [left.is_last_endpoint for left in stage.of("Ana", Left)] == [False, True]
    assert [left.occupant.endpoint for left in stage.of("laptop", Left)] == ["Bob", "laptop"]
    assert stage.room.nicknames == ("Ana",)


def test_last_one_leaves_an_empty_room() -> None:
    stage = Stage()
    stage.join("Ana")
    before = stage.room.is_empty
    stage.do(Leave(endpoint("Ana"), Departure.LINK_LOST))
    assert (before, stage.room.is_empty, stage.room.is_destroyed) == (False, True, False)


def test_destroyed_room_tells_everybody_the_own_end_only() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.forget()
    there = Address("coffee", "conference.example")
    stage.do(Destroy(endpoint("Ana"), "moved", there))
    for name in ("Ana", "Bob"):
        assert stage.kinds(name) == [Left, Ended]
        (left,) = stage.of(name, Left)
        assert (left.occupant.endpoint, left.by, left.alternative) == (name, "Ana", there)
        assert (left.occupant.role, left.occupant.affiliation) == (Role.NONE, Affiliation.NONE)
    assert stage.room.is_destroyed
    assert stage.refuses_join("Cy") is Reason.NO_SUCH_ROOM


def test_only_an_owner_destroys_or_the_service() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.role("Ana", "Bob", Role.MODERATOR)
    assert stage.refuses(Destroy(endpoint("Bob"))) is Reason.NOT_ALLOWED
    stage.do(Destroy(None, departure=Departure.SHUTDOWN))
    assert stage.of("Bob", Ended) == [Ended(Departure.SHUTDOWN)]
    assert stage.of("Bob", Left)[0].by is None


def test_an_endless_status_is_cut_and_leaving_goes_on() -> None:
    stage = Stage(RoomLimits(text_octets=5))
    stage.join("Ana")
    stage.join("Bob")
    stage.do(Leave(endpoint("Bob"), status="ééé"))
    assert stage.of("Ana", Left)[-1].text == "éé"


def test_an_endless_reason_ends_no_room() -> None:
    stage = Stage(RoomLimits(text_octets=5))
    stage.join("Ana")
    assert stage.refuses(Destroy(endpoint("Ana"), "tired of it")) is Reason.TOO_LARGE
