import pytest

from crossroom.room.affiliations import Affiliations
from crossroom.room.configuration import Configuration
from crossroom.room.history import History
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomLimits, RoomState
from stage import HOME, SECRET, Stage, endpoint


def state(configuration: Configuration) -> RoomState:
    return RoomState(HOME, SECRET, RoomLimits(), configuration, Affiliations(), History(1, 1))


@pytest.mark.parametrize(
    ("affiliation", "usual", "moderated"),
    [
        (Affiliation.NONE, Role.PARTICIPANT, Role.VISITOR),
        (Affiliation.MEMBER, Role.PARTICIPANT, Role.PARTICIPANT),
        (Affiliation.ADMIN, Role.MODERATOR, Role.MODERATOR),
        (Affiliation.OWNER, Role.MODERATOR, Role.MODERATOR),
    ],
)
def test_role_at_entry_follows_affiliation_and_moderation(
    affiliation: Affiliation, usual: Role, moderated: Role
) -> None:
    assert state(Configuration()).role_for(affiliation) is usual
    assert state(Configuration(is_moderated=True)).role_for(affiliation) is moderated


def test_endpoint_that_is_not_seated_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        state(Configuration()).seat(endpoint("nobody"))
    assert refused.value.reason is Reason.NOT_IN_ROOM
    stage = Stage()
    place = stage.join("Ana")
    assert stage.room.endpoints == (place,)


def test_endpoint_that_is_seated_is_found() -> None:
    stage = Stage()
    place = stage.join("Ana")
    assert stage.room.nickname_of(place) == "Ana"
