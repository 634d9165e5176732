from crossroom.room.address import ArchiveId, MessageId
from crossroom.room.commands import Join, SetSubject
from crossroom.room.events import Joined, Posted, SubjectChanged
from crossroom.room.room import Room
from crossroom.room.standing import Affiliation
from stage import Stage, address, endpoint, joiner


def test_restored_room_remembers_settings_standings_subject_history_and_occupant_ids() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.configure("Ana", name="Tea", is_persistent=True)
    stage.affiliate("Ana", address("Bob"), Affiliation.MEMBER)
    stage.do(SetSubject(endpoint("Ana"), "Leaves", MessageId("s1"), ArchiveId("a1")))
    stage.say("Ana", "hello")
    kept = stage.room.snapshot()
    room = Room.restored(kept)
    assert room.is_empty
    assert room.snapshot() == kept
    events = [d.event for d in room.handle(Join(endpoint("e"), joiner("Ana")), 2000.0) if "e" in d.to]
    assert [type(event) for event in events] == [Joined, Posted, SubjectChanged]
    own = events[0]
    assert isinstance(own, Joined)
    assert not own.created
    assert own.occupant.id == stage.of("Ana", Joined)[0].occupant.id
    assert own.occupant.affiliation is Affiliation.OWNER


def test_secret_of_a_room_is_not_shown_where_the_snapshot_is() -> None:
    stage = Stage()
    stage.join("Ana")
    assert "secret of at least" not in repr(stage.room.snapshot())
