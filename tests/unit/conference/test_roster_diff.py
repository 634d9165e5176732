from collections.abc import Iterable
from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossroom.bodies.conference_info import (
    ConferenceInfo,
    Description,
    Endpoint,
    Execution,
    State,
    User,
    Users,
)
from crossroom.bodies.conference_reader import parse
from crossroom.bodies.conference_state import Applied, apply
from crossroom.bodies.conference_writer import write
from crossroom.conference.roster import Roster
from crossroom.conference.roster_diff import Own, RosterDiff
from crossroom.conference.roster_entry import EntityForm
from crossroom.room.address import Address, EndpointId, Network, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.events import Changed, Configured, Joined, Left, Renamed, RoomEvent, SubjectChanged
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, Role
from unit.conference.roster_world import ANA, BOB, ROOM, joined, left, occupant, renamed, roster, user

OWN = Own(EndpointId("own"), BOB, Nickname("Bob"))
BOB_SEAT = user("sip:bob@xmpp.example", "Bob", "sip:bob@xmpp.example;gr=phone")
ANA_SEAT = user("sip:ana@sip.example", "Ana", "sip:ana@sip.example;gr=a1")
CY_SEAT = user("sip:cy@sip.example", "Cy", "c")


def summary(events: Iterable[RoomEvent]) -> list[str]:
    shown = []
    for event in events:
        match event:
            case Joined(who):
                shown.append(f"+{who.nickname}")
            case Left(who, departure):
                shown.append(f"-{who.nickname} {departure}")
            case Renamed(who, old):
                shown.append(f"{old}>{who.nickname}")
            case Changed(who):
                shown.append(f"*{who.nickname} {who.role.name}")
            case SubjectChanged(subject):
                shown.append(f"subject {subject!r}")
            case Configured(_, after):
                shown.append(f"name {after.name!r}")
            case _:
                shown.append(type(event).__name__)
    return shown


def in_room(*others: User, own: Own = OWN) -> RosterDiff:
    diff = RosterDiff(ROOM, own)
    diff.receive(roster(*others, BOB_SEAT))
    assert diff.is_complete
    return diff


def test_the_first_roster_ends_with_oneself_and_the_subject() -> None:
    diff = RosterDiff(ROOM, OWN)
    events = diff.receive(roster(BOB_SEAT, ANA_SEAT, CY_SEAT, subject="Oolong"))
    assert summary(events) == ["+Ana", "+Cy", "+Bob", "subject 'Oolong'"]
    own = events[2]
    assert isinstance(own, Joined)
    assert own.occupant == diff.own
    assert own.occupant.endpoint == "own"
    assert not own.assigned
    assert diff.is_complete


def test_others_are_told_before_oneself_is_in_the_roster() -> None:
    diff = RosterDiff(ROOM, OWN)
    assert summary(diff.receive(roster(ANA_SEAT))) == ["+Ana"]
    assert not diff.is_complete
    assert summary(diff.receive(roster(ANA_SEAT, BOB_SEAT))) == ["+Bob", "subject ''"]


def test_an_unchanged_roster_is_no_news() -> None:
    assert in_room(ANA_SEAT).receive(roster(ANA_SEAT, BOB_SEAT, version=9)) == []


def test_who_is_no_longer_there_has_left() -> None:
    diff = in_room(ANA_SEAT, CY_SEAT)
    assert summary(diff.receive(roster(BOB_SEAT))) == ["-Ana left", "-Cy left"]
    assert [who.nickname for who in diff.occupants] == ["Bob"]
    assert diff.nickname_of("sip:ana@sip.example") is None


def test_who_was_removed_is_told_with_cause_actor_and_text() -> None:
    diff = in_room(ANA_SEAT, CY_SEAT)
    gone = Endpoint(
        "sip:ana@sip.example;gr=a1",
        status="disconnected",
        disconnection_method="booted",
        disconnection=Execution(reason='SIP;cause=403;text="Kicked by Cy: spam"', by="sip:cy@sip.example"),
    )
    (event,) = diff.receive(roster(replace(ANA_SEAT, endpoints=(gone,)), CY_SEAT, BOB_SEAT))
    assert isinstance(event, Left)
    assert (event.departure, event.text, event.by) == (Departure.KICKED, "spam", "Cy")
    assert event.occupant.role is Role.NONE
    assert event.is_last_endpoint
    assert diff.receive(roster(CY_SEAT, BOB_SEAT)) == []


def test_one_of_two_endpoints_leaves_the_participant_there() -> None:
    two = user("sip:ana@sip.example", "Ana", "e1", "e2")
    diff = in_room(two)
    (one,) = diff.receive(roster(user("sip:ana@sip.example", "Ana", "e1"), BOB_SEAT))
    assert isinstance(one, Left)
    assert not one.is_last_endpoint
    assert diff.nickname_of("sip:ana@sip.example") == "Ana"
    (other,) = diff.receive(roster(BOB_SEAT))
    assert isinstance(other, Left)
    assert other.is_last_endpoint


def test_two_endpoints_that_leave_together_are_last_only_once() -> None:
    events = in_room(user("sip:ana@sip.example", "Ana", "e1", "e2")).receive(roster(BOB_SEAT))
    assert [event.is_last_endpoint for event in events if isinstance(event, Left)] == [False, True]


def test_an_endpoint_that_is_replaced_is_not_the_end_of_the_participant() -> None:
    events = in_room(user("sip:ana@sip.example", "Ana", "e1")).receive(
        roster(user("sip:ana@sip.example", "Ana", "e2"), BOB_SEAT)
    )
    assert summary(events) == ["-Ana left", "+Ana"]
    assert isinstance(events[0], Left)
    assert not events[0].is_last_endpoint


def test_a_new_nickname_is_a_renaming_of_every_endpoint() -> None:
    diff = in_room(user("sip:ana@sip.example", "Ana", "e1", "e2"))
    events = diff.receive(roster(user("sip:ana@sip.example", "Anna", "e1", "e2"), BOB_SEAT))
    assert summary(events) == ["Ana>Anna", "Ana>Anna"]
    assert [event.is_last_endpoint for event in events if isinstance(event, Renamed)] == [False, True]


def test_a_new_role_is_a_change_also_beside_a_new_nickname() -> None:
    diff = in_room(ANA_SEAT)
    moderator = replace(ANA_SEAT, roles=("moderator",))
    assert summary(diff.receive(roster(moderator, BOB_SEAT))) == ["*Ana MODERATOR"]
    both = replace(ANA_SEAT, nickname="Anna", roles=("visitor",))
    assert summary(diff.receive(roster(both, BOB_SEAT))) == ["Ana>Anna", "*Anna VISITOR"]


def test_names_that_clash_are_told_apart_and_the_own_one_is_kept() -> None:
    diff = RosterDiff(ROOM, OWN)
    first, second = user("sip:a@x.example", "Bob", "1"), user("sip:b@x.example", "bob", "2")
    assert summary(diff.receive(roster(first, second, BOB_SEAT))) == [
        "+Bob 2",
        "+bob 3",
        "+Bob",
        "subject ''",
    ]
    assert summary(diff.receive(roster(second, BOB_SEAT))) == ["-Bob 2 left"]


def test_a_nickname_that_the_focus_gave_instead_is_marked_as_assigned() -> None:
    diff = RosterDiff(ROOM, OWN)
    (own, _) = diff.receive(roster(replace(BOB_SEAT, nickname="bob-1")))
    assert isinstance(own, Joined)
    assert own.assigned
    assert own.occupant.nickname == "bob-1"


def test_display_text_and_then_the_user_part_name_who_has_no_nickname() -> None:
    shown = user("sip:a@x.example", "", "1", display_text="Ana A.")
    bare = user("sip:cy@x.example", "", "2")
    assert summary(in_room().receive(roster(shown, bare, BOB_SEAT))) == ["+Ana A.", "+cy"]


def test_one_is_recognised_by_ones_device_among_ones_own() -> None:
    seats = user(
        "sip:bob@xmpp.example", "Bob", "sip:bob@xmpp.example;gr=tablet", "sip:bob@xmpp.example;gr=phone"
    )
    diff = RosterDiff(ROOM, OWN)
    events = diff.receive(roster(seats))
    assert summary(events) == ["+Bob", "+Bob", "subject ''"]
    assert isinstance(events[0], Joined)
    assert events[0].occupant.endpoint != "own"
    assert isinstance(events[1], Joined)
    assert events[1].occupant.address == BOB


def test_another_device_of_ones_own_is_not_oneself() -> None:
    diff = RosterDiff(ROOM, OWN)
    tablet = user("sip:bob@xmpp.example", "Bob", "sip:bob@xmpp.example;gr=tablet")
    assert summary(diff.receive(roster(tablet))) == ["+Bob 2"]
    assert not diff.is_complete


def test_one_is_recognised_by_address_where_devices_are_not_shown() -> None:
    diff = RosterDiff(ROOM, OWN)
    diff.receive(roster(user("sip:bob@xmpp.example", "Bobby", "sip:x@10.0.0.1:5060")))
    assert diff.is_complete
    assert diff.own.endpoint == "own"


def test_one_is_recognised_by_nickname_where_addresses_are_hidden() -> None:
    diff = RosterDiff(ROOM, OWN)
    hidden = user("sip:f00d@anonymous.conf.example", "bob", "sip:f00d@anonymous.conf.example;endpoint=1")
    diff.receive(roster(user("sip:beef@anonymous.conf.example", "Ana", "1"), hidden))
    assert diff.is_complete
    assert diff.own.address == BOB
    assert diff.own.id == "f00d"
    assert diff.own.nickname == "bob"


def test_one_is_found_again_where_the_nickname_is_the_key() -> None:
    diff = RosterDiff(ROOM, OWN)
    diff.receive(roster(user("sip:tea@conf.example;gr=Bob", "Bob", "sip:tea@conf.example;gr=Bob")))
    assert summary(diff.rename_own(Nickname("Bobby"))) == ["Bob>Bobby"]
    after = roster(user("sip:tea@conf.example;gr=Bobby", "Bobby", "sip:tea@conf.example;gr=Bobby"))
    assert diff.receive(after) == []
    assert diff.own.nickname == "Bobby"


def test_oneself_is_never_told_as_left() -> None:
    diff = in_room(ANA_SEAT)
    assert diff.receive(roster(ANA_SEAT)) == []
    assert diff.own.nickname == "Bob"
    assert diff.receive(roster(ANA_SEAT, BOB_SEAT)) == []


def test_a_focus_that_does_not_show_oneself_is_no_obstacle() -> None:
    diff = RosterDiff(ROOM, OWN)
    diff.receive(roster(ANA_SEAT, subject="Oolong"))
    assert summary(diff.assume_own()) == ["+Bob", "subject 'Oolong'"]
    assert diff.assume_own() == []
    assert summary(
        diff.receive(roster(ANA_SEAT, replace(BOB_SEAT, roles=("moderator",)), subject="Oolong"))
    ) == ["*Bob MODERATOR"]
    assert diff.own.endpoint == "own"


def test_a_granted_nickname_is_told_once() -> None:
    diff = in_room()
    assert summary(diff.rename_own(Nickname("Bobby"))) == ["Bob>Bobby"]
    assert diff.rename_own(Nickname("Bobby")) == []
    assert diff.receive(roster(replace(BOB_SEAT, display_text="older"))) == []
    assert diff.receive(roster(replace(BOB_SEAT, nickname="Bobby"))) == []
    assert summary(diff.receive(roster(replace(BOB_SEAT, nickname="Forced")))) == ["Bobby>Forced"]


def test_a_nickname_granted_before_the_roster_is_the_own_one() -> None:
    diff = RosterDiff(ROOM, OWN)
    assert diff.rename_own(Nickname("Bobby")) == []
    (own, _) = diff.receive(roster(replace(BOB_SEAT, nickname="Bobby")))
    assert isinstance(own, Joined)
    assert (own.occupant.nickname, own.assigned) == ("Bobby", False)


def test_subject_and_settings_are_told_when_they_change() -> None:
    diff = in_room()
    document = ConferenceInfo(
        "sip:tea@conf.example",
        2,
        description=Description("Tea", "Oolong", "leaves", maximum_user_count=9),
        users=Users((BOB_SEAT,)),
    )
    events = diff.receive(document)
    assert summary(events) == ["name 'Tea'", "subject 'Oolong'"]
    assert diff.configuration == Configuration(name="Tea", description="leaves", max_occupants=9)
    assert diff.receive(replace(document, description=None)) == []


def test_a_deleted_conference_is_not_the_rosters_to_tell() -> None:
    assert in_room(ANA_SEAT).receive(ConferenceInfo("sip:tea@conf.example", 9, State.DELETED)) == []


def test_the_author_of_a_message_is_found_by_any_uri_of_the_roster() -> None:
    diff = in_room(ANA_SEAT, user("sip:tea@conf.example;gr=Dee", "Dee", "d"))
    assert diff.nickname_of("sip:ANA@sip.example") == "Ana"
    assert diff.nickname_of("sip:ana@sip.example;gr=a1") == "Ana"
    assert diff.nickname_of("sip:tea@conf.example;gr=Dee") == "Dee"
    assert diff.nickname_of("sip:tea@conf.example;gr=Nobody") is None
    assert diff.nickname_of("sip:tea@conf.example") is None
    assert diff.nickname_of("tel:+1") is None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "kick", "rename", "voice", "tell"]),
        st.integers(0, 4),
        st.integers(0, 5),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@example(  # somebody who was removed, came back and took another name, all in one document
    steps=[("join", 0, 0), ("tell", 0, 0), ("kick", 0, 0), ("join", 0, 0), ("rename", 0, 1)],
    shown=Address("bob", "xmpp.example", "phone", Network.XMPP),
    form=EntityForm.TOKEN,
)
@given(STEPS, st.sampled_from([BOB, None]), st.sampled_from(list(EntityForm)))
def test_what_a_roster_tells_is_what_a_reader_of_it_knows(
    steps: list[tuple[str, int, int]],
    shown: Address | None,
    form: EntityForm,
) -> None:
    """A room, its roster, the wire, a subscriber and its diff: at the end both sides know the same."""
    room = Roster(ROOM, form)
    own = occupant("Bob", shown, endpoint="own", person="bob")
    present = {-1: own}
    room.receive(joined(own))
    room.changes()
    diff = RosterDiff(ROOM, OWN)
    outcome = apply(None, parse(write(room.full())))
    assert isinstance(outcome, Applied)
    diff.receive(outcome.document)
    names: set[str] = {"Bob"}
    for verb, who, choice in [*steps, ("tell", 0, 0), ("tell", 0, 0)]:
        name = Nickname(f"N{choice}")
        if verb == "join" and who not in present and name not in names:
            address = Address(f"p{who}", "x.example", f"d{who}", Network.XMPP) if shown else None
            present[who] = occupant(name, address, endpoint=f"e{who}", person=f"id{who}")
            room.receive(joined(present[who]))
        elif verb in {"leave", "kick"} and who in present:
            departure = Departure.LEFT if verb == "leave" else Departure.KICKED
            room.receive(left(present.pop(who), departure, "why"))
        elif verb == "rename" and who in present and name not in names:
            old = present[who].nickname
            present[who] = replace(present[who], nickname=name)
            room.receive(renamed(present[who], old))
        elif verb == "voice" and who in present:
            present[who] = replace(present[who], role=Role(choice % 3 + 1))
            room.receive(Changed(present[who]))
        elif verb == "tell" and (changes := room.changes()):
            outcome = apply(outcome.document, parse(write(changes)))
            assert isinstance(outcome, Applied)
            before = {occupant.endpoint for occupant in diff.occupants}
            assert_consistent(before, diff.receive(outcome.document))
        names = {occupant.nickname for occupant in present.values()}
    expected = {(it.nickname, it.role, it.address) for it in present.values() if it.endpoint != "own"}
    known = {(it.nickname, it.role, it.address) for it in diff.occupants if it.endpoint != "own"}
    assert known == expected
    assert diff.own.affiliation is Affiliation.NONE
    whole = apply(None, parse(write(room.full())))
    assert isinstance(whole, Applied)
    assert diff.receive(whole.document) == []


def assert_consistent(before: set[EndpointId], events: list[RoomEvent]) -> None:
    """Nobody joins twice, nobody leaves unseen, nothing happens to the absent."""
    there = set(before)
    for event in events:
        match event:
            case Joined(who):
                assert who.endpoint not in there
                there.add(who.endpoint)
            case Left(who):
                there.remove(who.endpoint)
            case Renamed(who) | Changed(who):
                assert who.endpoint in there
            case _:
                assert isinstance(event, SubjectChanged | Configured)


def test_a_kick_is_told_across_with_its_actor() -> None:
    room = Roster(ROOM, EntityForm.TOKEN)
    for who in (
        occupant("Ana", ANA),
        occupant("Cy", Address("cy", "sip.example", "c")),
        occupant("Bob", BOB),
    ):
        room.receive(joined(who))
    room.changes()
    diff = RosterDiff(ROOM, OWN)
    first = apply(None, parse(write(room.full())))
    assert isinstance(first, Applied)
    diff.receive(first.document)
    room.receive(left(occupant("Ana", ANA), Departure.BANNED, "spam: a lot", by="Cy"))
    changes = room.changes()
    assert changes is not None
    second = apply(first.document, parse(write(changes)))
    assert isinstance(second, Applied)
    (event,) = diff.receive(second.document)
    assert isinstance(event, Left)
    assert (event.departure, event.by, event.text) == (Departure.BANNED, "Cy", "spam: a lot")
