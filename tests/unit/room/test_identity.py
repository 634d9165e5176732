from crossroom.room.identity import occupant_id


def test_id_is_stable_for_a_person_and_different_in_every_room() -> None:
    assert occupant_id(b"room one", ("ana", "x")) == occupant_id(b"room one", ("ana", "x"))
    assert occupant_id(b"room one", ("ana", "x")) != occupant_id(b"room two", ("ana", "x"))


def test_ids_of_different_persons_never_meet_by_how_they_are_written() -> None:
    assert occupant_id(b"room", ("a@b", "c")) != occupant_id(b"room", ("a", "b@c"))
    assert "ana" not in occupant_id(b"room", ("ana", "x"))
