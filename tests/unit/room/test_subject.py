import pytest

from crossroom.room.address import ArchiveId, MessageId
from crossroom.room.commands import SetSubject
from crossroom.room.events import SubjectChanged
from crossroom.room.reasons import Reason
from crossroom.room.standing import Role
from crossroom.room.state import RoomLimits
from stage import Stage, endpoint


def setting(name: str, subject: str = "Tea") -> SetSubject:
    return SetSubject(endpoint(name), subject, MessageId("s1"), ArchiveId("a1"))


def test_subject_is_reflected_to_all_and_told_to_later_joiners() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.do(setting("Ana"))
    expected = SubjectChanged("Tea", stage.room.nicknames[0], 1000.0, MessageId("s1"), ArchiveId("a1"))
    assert stage.of("Ana", SubjectChanged)[-1] == stage.of("Bob", SubjectChanged)[-1] == expected
    stage.join("Cy")
    (told,) = stage.of("Cy", SubjectChanged)
    assert (told.subject, told.by, told.at, told.delayed) == ("Tea", "Ana", 1000.0, True)


def test_empty_subject_clears() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.do(setting("Ana"))
    stage.do(setting("Ana", ""))
    assert stage.room.subject == ""


@pytest.mark.parametrize(("is_anyone", "allowed"), [(False, Role.MODERATOR), (True, Role.PARTICIPANT)])
def test_subject_takes_a_moderator_or_where_anyone_may_a_voice(is_anyone: bool, allowed: Role) -> None:  # noqa: FBT001 -- a table's column
    stage = Stage(anyone_changes_subject=is_anyone)
    stage.join("Ana")
    stage.join("Bob")
    for role in (Role.VISITOR, Role.PARTICIPANT, Role.MODERATOR):
        stage.role("Ana", "Bob", role)
        if role < allowed:
            assert stage.refuses(setting("Bob")) is Reason.NOT_ALLOWED
        else:
            stage.do(setting("Bob"))
            assert stage.of("Ana", SubjectChanged)[-1].by == "Bob"


def test_endless_subject_is_refused() -> None:
    stage = Stage(RoomLimits(text_octets=10))
    stage.join("Ana")
    assert stage.refuses(setting("Ana", "é" * 6)) is Reason.TOO_LARGE


def test_endless_id_of_a_subject_is_refused() -> None:
    stage = Stage(RoomLimits(text_octets=10))
    stage.join("Ana")
    endless = SetSubject(endpoint("Ana"), "Leaves", MessageId("x" * 11), ArchiveId("a1"))
    assert stage.refuses(endless) is Reason.TOO_LARGE
