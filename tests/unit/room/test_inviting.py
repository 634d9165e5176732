from crossroom.room.commands import Invite
from crossroom.room.events import Changed, Joined
from crossroom.room.reasons import Reason
from crossroom.room.standing import Affiliation
from crossroom.room.state import RoomLimits
from stage import Stage, address, endpoint


def test_any_occupant_may_invite_where_anyone_may() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    assert stage.do(Invite(endpoint("Bob"), address("Dee"))) == []
    assert stage.refuses(Invite(endpoint("Eve"), address("Dee"))) is Reason.NOT_IN_ROOM


def test_only_admins_invite_where_not_anyone_may() -> None:
    stage = Stage(anyone_invites=False)
    stage.join("Ana")
    stage.join("Bob")
    assert stage.refuses(Invite(endpoint("Bob"), address("Dee"))) is Reason.NOT_ALLOWED
    assert stage.do(Invite(endpoint("Ana"), address("Dee"))) == []
    assert stage.room.snapshot().affiliations == ((address("Ana").bare, Affiliation.OWNER),)


def test_members_only_room_takes_the_invited_person_in() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.affiliate("Ana", address("Bob"), Affiliation.MEMBER)
    stage.join("Bob")
    stage.configure("Ana", is_members_only=True)
    assert stage.refuses(Invite(endpoint("Bob"), address("Dee"))) is Reason.NOT_ALLOWED
    stage.do(Invite(endpoint("Ana"), address("Dee")))
    stage.do(Invite(endpoint("Ana"), address("Dee")))
    stage.join("Dee")
    assert stage.of("Dee", Joined)[-1].occupant.affiliation is Affiliation.MEMBER
    assert stage.of("Ana", Changed) == []


def test_banned_person_is_not_invited() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.affiliate("Ana", address("Eve"), Affiliation.OUTCAST)
    assert stage.refuses(Invite(endpoint("Ana"), address("Eve"))) is Reason.NOT_ALLOWED


def test_full_list_of_members_refuses_another_invitation() -> None:
    stage = Stage(RoomLimits(affiliations=1))
    stage.join("Ana")
    stage.configure("Ana", is_members_only=True)
    assert stage.refuses(Invite(endpoint("Ana"), address("Dee"))) is Reason.TOO_LARGE


def test_an_endless_reason_invites_nobody() -> None:
    stage = Stage(RoomLimits(text_octets=5))
    stage.join("Ana")
    assert stage.refuses(Invite(endpoint("Ana"), address("Dee"), "come at once")) is Reason.TOO_LARGE
    assert stage.do(Invite(endpoint("Ana"), address("Dee"), "come!")) == []
