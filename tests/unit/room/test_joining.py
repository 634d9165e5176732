from dataclasses import replace

import pytest

from crossroom.room.address import Address, Network
from crossroom.room.commands import Configure, HistoryRequest, Join, Leave, Rename
from crossroom.room.content import Native
from crossroom.room.events import Ended, Joined, Left, Posted, SubjectChanged
from crossroom.room.nickname import comparison_key
from crossroom.room.reasons import Departure, Reason
from crossroom.room.standing import Affiliation, JoiningMethod, Role
from crossroom.room.state import RoomLimits
from stage import HOME, Stage, address, endpoint, joiner, nick


def test_first_joiner_makes_the_room_and_owns_it() -> None:
    stage = Stage()
    stage.join("Ana")
    (own,) = stage.of("Ana", Joined)
    assert own.created
    assert not own.locked
    assert (own.occupant.role, own.occupant.affiliation) == (Role.MODERATOR, Affiliation.OWNER)
    stage.join("Bob")
    last = stage.of("Bob", Joined)[-1]
    assert not last.created
    assert (last.occupant.role, last.occupant.affiliation) == (Role.PARTICIPANT, Affiliation.NONE)


def test_joiner_hears_roster_own_line_history_subject_and_then_the_live_room() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.say("Ana", "old")
    stage.join("Bob")
    stage.forget()
    stage.join("Cy")
    stage.say("Ana", "new", "m2")
    assert stage.kinds("Cy") == [Joined, Joined, Joined, Posted, SubjectChanged, Posted]
    assert [line.occupant.nickname for line in stage.of("Cy", Joined)] == ["Ana", "Bob", "Cy"]
    assert [posted.delayed for posted in stage.of("Cy", Posted)] == [True, False]
    assert stage.of("Cy", SubjectChanged)[0] == SubjectChanged("", delayed=True)
    assert stage.kinds("Bob") == [Joined, Posted]


def test_joiner_may_ask_for_less_history() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.say("Ana", "one")
    stage.say("Ana", "two", "m2")
    stage.join("Bob", history=HistoryRequest(max_posts=1))
    assert stage.texts("Bob") == ["two"]


def test_who_may_not_create_rooms_is_refused_where_there_is_none() -> None:
    stage = Stage()
    assert stage.refuses_join("Ana", may_create=False) is Reason.MAY_NOT_CREATE
    stage.join("Ana")
    stage.join("Bob", may_create=False)
    assert stage.room.nicknames == ("Ana", "Bob")


def test_new_room_stays_locked_for_others_until_its_owner_configures_it() -> None:
    stage = Stage()
    stage.join("Ana", locks_new_room=True)
    assert stage.of("Ana", Joined)[0].locked
    assert stage.room.is_locked
    assert stage.refuses_join("Bob") is Reason.ROOM_LOCKED
    stage.join("Ana", "Ana's laptop", address=address("Ana", "laptop"))
    stage.do(Configure(endpoint("Ana"), stage.room.configuration))
    stage.join("Bob")
    assert not stage.of("Bob", Joined)[-1].locked


def test_creator_gives_the_first_subject() -> None:
    stage = Stage()
    stage.join("Ana", subject="Tea time")
    stage.join("Bob", subject="not mine to give")
    assert stage.of("Bob", SubjectChanged)[0].subject == "Tea time"
    assert stage.of("Bob", SubjectChanged)[0].by == "Ana"


def test_what_an_anonymous_creator_begins_is_owned_by_nobody() -> None:
    nobody = Address("anonymous", "anonymous.invalid")
    stage = Stage()
    stage.join("Guest", address=nobody, locks_new_room=True)
    stage.join("Guest 2", address=nobody)
    assert not stage.room.is_locked
    assert [line.occupant.affiliation for line in stage.of("Guest 2", Joined)] == [Affiliation.NONE] * 2


def test_banned_person_and_banned_domain_are_refused() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.affiliate("Ana", address("Bob"), Affiliation.OUTCAST)
    stage.affiliate("Ana", Address("", "evil.example"), Affiliation.OUTCAST)
    assert stage.refuses_join("Bob", address=address("Bob", "laptop")) is Reason.BANNED
    assert stage.refuses_join("Eve", address=Address("eve", "EVIL.example")) is Reason.BANNED


def test_members_only_room_refuses_strangers() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.configure("Ana", is_members_only=True)
    assert stage.refuses_join("Bob") is Reason.NOT_A_MEMBER
    stage.affiliate("Ana", address("Bob"), Affiliation.MEMBER)
    stage.join("Bob")
    assert stage.of("Bob", Joined)[-1].occupant.affiliation is Affiliation.MEMBER


def test_whoever_begins_a_members_only_room_is_in() -> None:
    stage = Stage(is_members_only=True)
    stage.join("Ana")
    assert stage.refuses_join("Bob") is Reason.NOT_A_MEMBER


@pytest.mark.parametrize("password", [None, "", "wrong", "s3crét "])
def test_wrong_password_is_refused(password: str | None) -> None:
    stage = Stage()
    stage.join("Ana")
    stage.configure("Ana", password="s3crét")
    assert stage.refuses_join("Bob", password=password) is Reason.PASSWORD_REQUIRED
    stage.join("Bob", password="s3crét")
    assert stage.room.nicknames == ("Ana", "Bob")


def test_taken_nickname_refuses_who_insists_and_renames_who_does_not() -> None:
    stage = Stage()
    stage.join("Ana")
    assert stage.refuses_join("ANA", address=address("Eve")) is Reason.NICKNAME_TAKEN
    stage.join("ana", "e2", address=address("Eve"), insists_on_nickname=False)
    own = stage.of("e2", Joined)[-1]
    assert (own.occupant.nickname, own.assigned) == ("ana 2", True)
    assert not stage.of("Ana", Joined)[-1].assigned


def test_two_devices_of_one_person_share_the_nickname_they_insist_on() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.role("Ana", "Bob", Role.VISITOR)
    stage.join("Bob", "laptop", address=address("Bob", "laptop"))
    assert stage.room.nicknames == ("Ana", "Bob")
    lines = stage.of("laptop", Joined)
    assert [line.occupant.endpoint for line in lines] == ["Ana", "Bob", "laptop"]
    assert lines[-1].occupant.role is Role.VISITOR
    assert lines[-1].occupant.id == lines[-2].occupant.id


def test_second_session_is_never_given_the_first_ones_nickname_unasked() -> None:
    stage = Stage()
    stage.join("Ana", insists_on_nickname=False)
    stage.join("Ana", "laptop", address=address("Ana", "laptop"), insists_on_nickname=False)
    assert stage.room.nicknames == ("Ana", "Ana 2")


@pytest.mark.parametrize("insists", [True, False])
def test_same_device_takes_its_seat_over_and_nobody_sees_it_leave(insists: bool) -> None:  # noqa: FBT001 -- a table's column
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.join("Ana", "again", insists_on_nickname=insists)
    assert stage.of("Ana", Ended) == [Ended(Departure.REPLACED)]
    assert stage.room.nicknames == ("Ana", "Bob")
    (left,) = stage.of("Bob", Left)
    assert (left.departure, left.is_last_endpoint) == (Departure.REPLACED, False)
    assert stage.roster("Bob") == {"Bob": "Bob", "again": "Ana"}
    assert stage.roster("again") == {"Bob": "Bob", "again": "Ana"}
    assert stage.of("again", Joined)[-1].occupant.affiliation is Affiliation.OWNER


def test_same_device_under_another_nickname_leaves_the_old_one() -> None:
    stage = Stage()
    stage.join("Bob")
    stage.join("Ana")
    stage.join("Anna", "again", address=address("Ana"))
    assert stage.room.nicknames == ("Bob", "Anna")
    assert stage.of("Bob", Left)[0].is_last_endpoint


def test_nickname_of_a_lost_link_is_kept_for_its_person_for_a_while() -> None:
    stage = Stage(RoomLimits(hold_seconds=30.0))
    stage.join("Ana")
    stage.join("Bob")
    stage.do(Leave(endpoint("Bob"), Departure.LINK_LOST))
    assert stage.refuses_join("Bob", address=address("Eve")) is Reason.NICKNAME_TAKEN
    stage.join("Bob", "eve", address=address("Eve"), insists_on_nickname=False)
    stage.join("Bob")
    assert stage.room.nicknames == ("Ana", "Bob 2", "Bob")


def test_full_room_admits_admins_and_further_devices_only() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.configure("Ana", max_occupants=1)
    assert stage.refuses_join("Bob") is Reason.ROOM_FULL
    stage.join("Ana", "laptop", address=address("Ana", "laptop"))
    stage.affiliate("Ana", address("Cy"), Affiliation.ADMIN)
    stage.join("Cy")
    assert stage.room.nicknames == ("Ana", "Cy")


def test_services_own_limit_holds_for_owners_too() -> None:
    stage = Stage(RoomLimits(occupants=1))
    stage.join("Ana")
    stage.affiliate("Ana", address("Cy"), Affiliation.OWNER)
    assert stage.refuses_join("Cy") is Reason.ROOM_FULL


def test_occupant_shows_what_the_face_said_of_it() -> None:
    stage = Stage()
    stage.join("Ana")
    presence = Native(Network.SIP, b"x")
    seen = Join(
        endpoint("Bob"),
        replace(
            joiner("Bob"),
            display_name="Bobby",
            joining=JoiningMethod.DIALED_OUT,
            referred_by=replace(HOME, device="Ana"),
            presence=presence,
        ),
    )
    stage.do(seen)
    occupant = stage.of("Bob", Joined)[-1].occupant
    assert (occupant.display_name, occupant.joining, occupant.presence) == (
        "Bobby",
        JoiningMethod.DIALED_OUT,
        presence,
    )
    assert occupant.referred_by == replace(HOME, device=nick("Ana"))


def test_reserved_nickname_is_nobodys_however_it_is_written() -> None:
    """RFC 7701 §7.1: who insists is refused, who does not is given one near it."""
    stage = Stage(RoomLimits(reserved_nicknames=frozenset({comparison_key(nick("Admin"))})))
    stage.join("Ana")
    assert stage.refuses_join("ADMIN") is Reason.NICKNAME_TAKEN
    stage.join("admin", insists_on_nickname=False)
    assert stage.room.nicknames == ("Ana", "admin 2")
    assert stage.refuses(Rename(endpoint("Ana"), nick("aDmIn"))) is Reason.NICKNAME_TAKEN


def test_a_room_that_a_whole_domain_began_belongs_to_nobody() -> None:
    stage = Stage()
    stage.join("Ana", address=Address("", "x.example", "phone"))
    stage.join("Bob")
    assert stage.of("Ana", Joined)[0].occupant.affiliation is Affiliation.NONE
    assert stage.of("Bob", Joined)[-1].occupant.affiliation is Affiliation.NONE


def test_a_room_does_not_begin_with_an_endless_subject() -> None:
    stage = Stage(RoomLimits(text_octets=10))
    assert stage.refuses_join("Ana", subject="x" * 11) is Reason.TOO_LARGE
    stage.join("Ana", subject="x" * 10)
