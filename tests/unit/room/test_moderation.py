import pytest

from crossroom.room.address import Address
from crossroom.room.commands import SetAffiliation, SetRole
from crossroom.room.events import Changed, Ended, Joined, Left
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomLimits
from stage import Stage, address, endpoint, nick


def kick(by: str, whom: str, text: str = "") -> SetRole:
    return SetRole(endpoint(by), nick(whom), Role.NONE, text)


def role(by: str, whom: str, wanted: Role) -> SetRole:
    return SetRole(endpoint(by), nick(whom), wanted)


def standing(by: str, whom: Address, wanted: Affiliation) -> SetAffiliation:
    return SetAffiliation(endpoint(by), whom, wanted)


def court() -> Stage:
    """An owner, an admin, a moderator, a member, and a stranger."""
    stage = Stage()
    stage.join("Owner")
    stage.affiliate("Owner", address("Admin"), Affiliation.ADMIN)
    stage.affiliate("Owner", address("Member"), Affiliation.MEMBER)
    for name in ("Admin", "Moderator", "Member", "Stranger"):
        stage.join(name)
    stage.role("Owner", "Moderator", Role.MODERATOR)
    stage.forget()
    return stage


def test_kick_removes_all_endpoints_of_the_nickname_the_victim_first() -> None:
    stage = court()
    stage.join("Stranger", "laptop", address=address("Stranger", "laptop"))
    stage.forget()
    deliveries = stage.role("Moderator", "stranger", Role.NONE, "enough")
    assert [delivery.to for delivery in deliveries[:4]] == [
        ("Stranger",),
        ("Stranger",),
        ("laptop",),
        ("laptop",),
    ]
    assert stage.of("laptop", Ended) == [Ended(Departure.KICKED, "enough")]
    assert stage.kinds("Stranger") == [Left, Ended]
    seen = stage.of("Owner", Left)
    assert [(left.departure, left.by, left.text, left.is_last_endpoint) for left in seen] == [
        (Departure.KICKED, "Moderator", "enough", False),
        (Departure.KICKED, "Moderator", "enough", True),
    ]
    assert seen[0].occupant.affiliation is Affiliation.NONE
    stage.join("Stranger")
    assert "Stranger" in stage.room.nicknames


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (kick("Member", "Stranger"), Reason.NOT_ALLOWED),
        (kick("Moderator", "Nobody"), Reason.NO_SUCH_PARTICIPANT),
        (kick("Moderator", "Moderator"), Reason.OWN_STANDING),
        (kick("Moderator", "Member"), Reason.HIGHER_STANDING),
        (kick("Moderator", "Admin"), Reason.HIGHER_STANDING),
        (kick("Admin", "Owner"), Reason.HIGHER_STANDING),
        (role("Stranger", "Member", Role.VISITOR), Reason.NOT_ALLOWED),
        (role("Moderator", "Stranger", Role.MODERATOR), Reason.NOT_ALLOWED),
        (role("Moderator", "Admin", Role.VISITOR), Reason.NOT_ALLOWED),
        (role("Owner", "Admin", Role.VISITOR), Reason.HIGHER_STANDING),
        (role("Admin", "Admin", Role.PARTICIPANT), Reason.HIGHER_STANDING),
        (standing("Moderator", address("Stranger"), Affiliation.MEMBER), Reason.NOT_ALLOWED),
        (standing("Admin", address("Stranger"), Affiliation.ADMIN), Reason.NOT_ALLOWED),
        (standing("Admin", address("Owner"), Affiliation.NONE), Reason.HIGHER_STANDING),
        (standing("Admin", address("Admin"), Affiliation.NONE), Reason.HIGHER_STANDING),
        (standing("Owner", address("Owner"), Affiliation.OUTCAST), Reason.OWN_STANDING),
        (standing("Owner", Address("", "x.example"), Affiliation.OUTCAST), Reason.OWN_STANDING),
        (standing("Owner", address("Owner"), Affiliation.ADMIN), Reason.LAST_OWNER),
        (standing("Eve", address("Eve"), Affiliation.OWNER), Reason.NOT_IN_ROOM),
    ],
    ids=str,
)
def test_order_that_is_not_allowed_is_refused_with_its_reason(
    order: SetRole | SetAffiliation, reason: Reason
) -> None:
    assert court().refuses(order) is reason


@pytest.mark.parametrize(
    "order",
    [
        kick("Moderator", "Stranger"),
        kick("Admin", "Moderator"),
        kick("Owner", "Admin"),
        role("Moderator", "Member", Role.VISITOR),
        role("Admin", "Stranger", Role.MODERATOR),
        role("Admin", "Moderator", Role.PARTICIPANT),
        standing("Admin", address("Stranger"), Affiliation.OUTCAST),
        standing("Admin", address("Member"), Affiliation.NONE),
        standing("Owner", address("Stranger"), Affiliation.OWNER),
        standing("Owner", address("Admin"), Affiliation.OUTCAST),
    ],
    ids=str,
)
def test_order_that_is_allowed_is_obeyed(order: SetRole | SetAffiliation) -> None:
    stage = court()
    assert stage.do(order)
    assert stage.kinds("Owner") in ([Changed], [Left])


def test_role_that_one_has_already_changes_nothing() -> None:
    stage = court()
    assert stage.do(role("Moderator", "Stranger", Role.PARTICIPANT)) == []


def test_changed_role_is_told_with_text_and_actor_to_all() -> None:
    stage = court()
    stage.role("Moderator", "Stranger", Role.VISITOR, "calm down")
    for name in ("Owner", "Stranger"):
        (changed,) = stage.of(name, Changed)
        assert (changed.occupant.role, changed.text, changed.by) == (Role.VISITOR, "calm down", "Moderator")


def test_ban_removes_every_device_of_the_person_under_every_nickname() -> None:
    stage = court()
    stage.join("Second name", address=address("Stranger", "laptop"))
    stage.forget()
    stage.affiliate("Admin", address("Stranger", "whatever"), Affiliation.OUTCAST, "spam")
    assert stage.of("Second name", Ended) == stage.of("Stranger", Ended) == [Ended(Departure.BANNED, "spam")]
    left = stage.of("Owner", Left)
    assert {event.occupant.affiliation for event in left} == {Affiliation.OUTCAST}
    assert {event.by for event in left} == {"Admin"}
    assert stage.refuses_join("Stranger") is Reason.BANNED


def test_ban_of_a_domain_removes_its_people_but_not_those_with_a_standing_of_their_own() -> None:
    stage = court()
    for name in ("Eve", "Mallory"):
        stage.join(name, address=Address(name, "evil.example", device="d"))
    stage.affiliate("Owner", Address("eve", "evil.example"), Affiliation.MEMBER)
    stage.affiliate("Owner", Address("", "Evil.example"), Affiliation.OUTCAST)
    assert "Eve" in stage.room.nicknames
    assert "Mallory" not in stage.room.nicknames


def test_lost_membership_ends_the_seat_only_where_members_only_may_be() -> None:
    stage = court()
    stage.affiliate("Owner", address("Member"), Affiliation.NONE)
    assert stage.of("Member", Changed)[-1].occupant.affiliation is Affiliation.NONE
    stage.affiliate("Owner", address("Member"), Affiliation.MEMBER)
    stage.configure("Owner", is_members_only=True)
    stage.affiliate("Owner", address("Member"), Affiliation.NONE)
    assert stage.of("Member", Ended) == [Ended(Departure.MEMBERSHIP_LOST)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Affiliation.NONE, Affiliation.ADMIN, Role.MODERATOR),
        (Affiliation.NONE, Affiliation.MEMBER, Role.PARTICIPANT),
        (Affiliation.ADMIN, Affiliation.MEMBER, Role.PARTICIPANT),
        (Affiliation.MEMBER, Affiliation.NONE, Role.VISITOR),
        (Affiliation.OWNER, Affiliation.ADMIN, Role.MODERATOR),
    ],
)
def test_role_follows_affiliation_in_a_moderated_room(
    before: Affiliation, after: Affiliation, expected: Role
) -> None:
    stage = Stage(is_moderated=True)
    stage.join("Owner")
    stage.affiliate("Owner", address("Bob"), before)
    stage.join("Bob")
    stage.affiliate("Owner", address("Bob"), after)
    occupant = stage.of("Owner", Changed)[-1].occupant
    assert (occupant.affiliation, occupant.role) == (after, expected)


def test_moderator_by_grant_stays_one_when_becoming_a_member() -> None:
    stage = court()
    stage.affiliate("Owner", address("Moderator"), Affiliation.MEMBER)
    assert stage.of("Owner", Changed)[-1].occupant.role is Role.MODERATOR


def test_affiliation_of_somebody_absent_or_unchanged_is_no_news_in_the_room() -> None:
    stage = court()
    assert stage.affiliate("Owner", address("Absent"), Affiliation.MEMBER) == []
    assert stage.affiliate("Owner", address("Member"), Affiliation.MEMBER) == []
    stage.join("Absent")
    assert stage.of("Owner", Joined)[-1].occupant.affiliation is Affiliation.MEMBER


def test_several_orders_are_all_obeyed_or_none() -> None:
    stage = court()
    good = kick("Admin", "Stranger")
    assert stage.refuses(stage.order("Admin", good, kick("Admin", "Owner"))) is Reason.HIGHER_STANDING
    assert stage.refuses(stage.order("Admin", good, kick("Owner", "Member"))) is Reason.NOT_ALLOWED
    stage.do(stage.order("Admin", good, good, standing("Admin", address("Member"), Affiliation.OUTCAST)))
    assert stage.room.nicknames == ("Owner", "Admin", "Moderator")


def test_ownership_is_handed_over_in_one_step_but_never_dropped() -> None:
    stage = court()
    give = standing("Owner", address("Admin"), Affiliation.OWNER)
    drop = standing("Owner", address("Owner"), Affiliation.NONE)
    take = standing("Owner", address("Admin"), Affiliation.NONE)
    assert stage.refuses(stage.order("Owner", give, drop, take)) is Reason.LAST_OWNER
    stage.do(stage.order("Owner", give, drop))
    assert stage.of("Admin", Changed)[-1].occupant.affiliation is Affiliation.NONE
    assert stage.refuses(standing("Owner", address("Owner"), Affiliation.OWNER)) is Reason.NOT_ALLOWED


def test_list_of_affiliations_is_bounded() -> None:
    stage = Stage(RoomLimits(affiliations=2))
    stage.join("Ana")
    stage.affiliate("Ana", address("Bob"), Affiliation.MEMBER)
    assert stage.refuses(standing("Ana", address("Cy"), Affiliation.MEMBER)) is Reason.TOO_LARGE
    stage.affiliate("Ana", address("Bob"), Affiliation.OUTCAST)
    assert len(stage.room.snapshot().affiliations) == 2


def test_lists_are_for_admins_and_in_private_groups_for_members() -> None:
    stage = court()
    stage.affiliate("Owner", address("Eve"), Affiliation.OUTCAST)
    whole = stage.room.affiliations(endpoint("Admin"))
    assert dict(whole)[address("Eve").bare] == Affiliation.OUTCAST
    for name in ("Member", "Stranger"):
        with pytest.raises(Refused) as refused:
            stage.room.affiliations(endpoint(name))
        assert refused.value.reason is Reason.NOT_ALLOWED
    stage.configure("Owner", is_members_only=True, is_anonymous=False)
    members = stage.room.affiliations(endpoint("Member"))
    assert {entry.user for entry, _ in members} == {"owner", "admin", "member"}


def test_every_event_of_a_removal_is_for_those_who_are_still_there() -> None:
    stage = court()
    stage.do(kick("Moderator", "Stranger"))
    stage.say("Owner")
    assert stage.kinds("Stranger") == [Left, Ended]


def test_an_endless_reason_removes_nobody() -> None:
    stage = Stage(RoomLimits(text_octets=5))
    stage.join("Ana")
    stage.join("Bob")
    kick = SetRole(endpoint("Ana"), nick("Bob"), Role.NONE, "enough")
    ban = SetAffiliation(endpoint("Ana"), address("Bob"), Affiliation.OUTCAST, "enough")
    for order in (kick, ban):
        assert stage.refuses(stage.order("Ana", order)) is Reason.TOO_LARGE
