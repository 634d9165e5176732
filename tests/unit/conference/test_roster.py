from dataclasses import replace

import pytest

from crossroom.bodies.conference_info import ConferenceInfo, State, Uri, User
from crossroom.conference.roster import Roster
from crossroom.conference.roster_entry import EntityForm
from crossroom.room.address import ArchiveId, MessageId, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Native
from crossroom.room.events import (
    Changed,
    ComposingChanged,
    Configured,
    Ended,
    Joined,
    Posted,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.reasons import Departure
from crossroom.room.standing import Role
from crossroom.sip.uri import parse_uri
from unit.conference.roster_world import ANA, BOB, ROOM, joined, left, occupant, renamed

AN, BO = occupant("Ana", ANA), occupant("Bob", BOB)


def roster(*events: RoomEvent, form: EntityForm = EntityForm.TOKEN) -> Roster:
    subject = Roster(ROOM, form)
    for event in events:
        subject.receive(event, "2026-02-03T10:00:00Z")
    return subject


def settled(*events: RoomEvent, form: EntityForm = EntityForm.TOKEN) -> Roster:
    subject = roster(*events, form=form)
    while subject.changes():
        pass
    return subject


def told(document: ConferenceInfo | None) -> list[tuple[str, str | None, str]]:
    assert document is not None
    users = document.users.users if document.users else ()
    return [(user.entity, user.nickname, user.state) for user in users]


def changes(subject: Roster, *events: RoomEvent) -> ConferenceInfo:
    for event in events:
        subject.receive(event)
    document = subject.changes()
    assert document is not None
    return document


def test_a_full_document_shows_the_room_and_everybody_in_it() -> None:
    subject = settled(
        Joined(AN, Configuration(name="Tea", description="kettles", max_occupants=9)),
        joined(BO),
        SubjectChanged("Darjeeling"),
        Configured(Configuration(), Configuration(name="Tea", description="kettles", max_occupants=9)),
    )
    full = subject.full()
    assert (full.entity, full.state, full.version) == ("sip:tea@conf.example", State.FULL, subject.version)
    assert told(full) == [("sip:ana@sip.example", "Ana", "full"), ("sip:bob@xmpp.example", "Bob", "full")]
    assert full.description is not None
    assert full.description.display_text == "Tea"
    assert full.description.free_text == "kettles"
    assert full.description.subject == "Darjeeling"
    assert full.description.maximum_user_count == 9
    assert full.description.conf_uris == (
        Uri("sip:tea@conf.example", purpose="participation"),
        Uri("xmpp:tea@conf.example?join", purpose="participation"),
    )
    assert full.conference_state is not None
    assert full.conference_state.user_count == 2


def test_a_full_document_is_up_to_date_also_before_the_changes_are_told() -> None:
    subject = settled(joined(AN))
    subject.receive(joined(BO))
    subject.receive(left(AN, Departure.KICKED))
    assert told(subject.full()) == [("sip:bob@xmpp.example", "Bob", "full")]


def test_a_join_costs_one_user_in_a_partial_document() -> None:
    document = changes(settled(joined(AN)), joined(BO))
    assert (document.state, document.version) == (State.PARTIAL, 2)
    assert told(document) == [("sip:bob@xmpp.example", "Bob", "full")]
    assert document.users is not None
    assert document.users.state is State.PARTIAL
    assert document.description is None
    assert document.conference_state is not None
    assert document.conference_state.user_count == 2


def test_nothing_is_told_twice() -> None:
    subject = settled(joined(AN))
    assert not subject.has_changes
    subject.receive(joined(AN))
    subject.receive(SubjectChanged(""))
    subject.receive(Configured(Configuration(), Configuration(is_public=False)))
    assert subject.changes() is None
    assert subject.version == 1


def test_a_leave_is_told_as_a_deleted_user() -> None:
    document = changes(settled(joined(AN), joined(BO)), left(AN))
    assert told(document) == [("sip:ana@sip.example", None, "deleted")]
    assert document.conference_state is not None
    assert document.conference_state.user_count == 1


def test_a_removal_is_told_with_its_cause_and_then_as_deleted() -> None:
    subject = settled(joined(AN), joined(BO))
    document = changes(subject, left(BO, Departure.KICKED, "spam", by="Ana"))
    assert document.users is not None
    endpoint = document.users.users[0].endpoints[0]
    assert (endpoint.status, endpoint.disconnection_method) == ("disconnected", "booted")
    assert endpoint.disconnection is not None
    assert endpoint.disconnection.by == "sip:ana@sip.example"
    assert endpoint.disconnection.reason == 'SIP;cause=403;text="Kicked by Ana: spam"'
    assert subject.has_changes
    assert told(subject.changes()) == [("sip:bob@xmpp.example", None, "deleted")]
    assert subject.changes() is None
    assert subject.entity_of(Nickname("Bob")) is None


def test_who_removed_somebody_is_named_also_from_outside() -> None:
    document = changes(settled(joined(BO)), left(BO, Departure.KICKED, by="Gone"))
    assert document.users is not None
    disconnection = document.users.users[0].endpoints[0].disconnection
    assert disconnection is not None
    assert disconnection.by == "sip:tea@conf.example;gr=Gone"


def test_coming_and_going_between_two_documents_is_not_told() -> None:
    subject = settled(joined(AN))
    subject.receive(joined(BO))
    subject.receive(left(BO, Departure.KICKED))
    assert subject.changes() is None


def test_a_second_device_is_a_second_endpoint_of_the_same_user() -> None:
    tablet = occupant("Bob", replace(BOB, device="tablet"), endpoint="2")
    subject = settled(joined(BO))
    document = changes(subject, joined(tablet))
    assert document.users is not None
    (user,) = document.users.users
    assert [endpoint.entity for endpoint in user.endpoints] == [
        "sip:bob@xmpp.example;gr=phone",
        "sip:bob@xmpp.example;gr=tablet",
    ]
    after = changes(subject, left(BO, Departure.LINK_LOST))
    assert after.users is not None
    assert [endpoint.status for endpoint in after.users.users[0].endpoints] == ["connected", "disconnected"]
    last = subject.changes()
    assert last is not None
    assert last.users is not None
    assert [endpoint.entity for endpoint in last.users.users[0].endpoints] == [
        "sip:bob@xmpp.example;gr=tablet"
    ]


@pytest.mark.parametrize("person", [BOB, None])
def test_a_new_nickname_keeps_the_user_and_its_endpoints(person: object) -> None:
    address = BOB if person else None
    one = occupant("Bob", address, endpoint="1", person="f00d")
    two = occupant("Bob", address and replace(address, device="x"), endpoint="2", person="f00d")
    subject = settled(joined(one), joined(two))
    before = subject.full().users
    document = changes(
        subject,
        renamed(replace(one, nickname=Nickname("Bobby")), "Bob"),
        renamed(replace(two, nickname=Nickname("Bobby")), "Bob"),
    )
    assert before is not None
    assert document.users is not None
    (user,) = document.users.users
    assert (user.entity, user.nickname, user.state) == (before.users[0].entity, "Bobby", State.FULL)
    assert user.endpoints == before.users[0].endpoints
    assert subject.nickname_of(parse_uri(user.entity)) == "Bobby"
    assert subject.entity_of(Nickname("Bob")) is None


def test_a_new_nickname_is_a_new_user_where_the_nickname_names_it() -> None:
    hidden = occupant("Bob", person="f00d")
    subject = settled(joined(hidden), form=EntityForm.OCCUPANT)
    document = changes(subject, renamed(replace(hidden, nickname=Nickname("Bobby")), "Bob"))
    assert told(document) == [
        ("sip:tea@conf.example;gr=Bob", None, "deleted"),
        ("sip:tea@conf.example;gr=Bobby", "Bobby", "full"),
    ]


def test_a_new_nickname_is_known_before_it_is_told() -> None:
    subject = settled(joined(BO))
    subject.receive(renamed(replace(BO, nickname=Nickname("Bobby")), "Bob"))
    assert str(subject.entity_of(Nickname("Bobby"))) == "sip:bob@xmpp.example"


def test_one_person_under_two_nicknames_has_two_keys() -> None:
    other = occupant("Robert", replace(BOB, device="x"))
    subject = settled(joined(BO), joined(other))
    assert [entity for entity, _, _ in told(subject.full())] == [
        "sip:bob@xmpp.example",
        "sip:tea@conf.example;gr=Robert",
    ]
    merged = changes(subject, renamed(replace(BO, nickname=Nickname("Robert")), "Bob"))
    assert told(merged) == [
        ("sip:bob@xmpp.example", None, "deleted"),
        ("sip:tea@conf.example;gr=Robert", "Robert", "full"),
    ]
    assert merged.users is not None
    assert len(merged.users.users[1].endpoints) == 2


def test_the_nickname_of_somebody_just_removed_can_be_anothers_at_once() -> None:
    subject = settled(joined(BO))
    document = changes(subject, left(BO, Departure.KICKED), joined(occupant("Bob", ANA, endpoint="9")))
    assert told(document) == [
        ("sip:bob@xmpp.example", None, "deleted"),
        ("sip:ana@sip.example", "Bob", "full"),
    ]
    assert subject.changes() is None


def test_who_comes_back_at_once_is_told_as_present() -> None:
    subject = settled(joined(BO))
    document = changes(subject, left(BO, Departure.LINK_LOST), joined(replace(BO, endpoint=AN.endpoint)))
    assert document.users is not None
    assert [endpoint.status for endpoint in document.users.users[0].endpoints] == [
        "connected",
        "disconnected",
    ]
    again = subject.changes()
    assert again is not None
    assert again.users is not None
    assert [endpoint.status for endpoint in again.users.users[0].endpoints] == ["connected"]


def test_a_renaming_while_another_endpoint_was_just_lost_forgets_nobody() -> None:
    two = occupant("Bob", replace(BOB, device="x"), endpoint="2")
    subject = settled(joined(BO), joined(two))
    subject.receive(left(two, Departure.LINK_LOST))
    document = changes(subject, renamed(replace(BO, nickname=Nickname("Bobby")), "Bob"))
    assert ("sip:bob@xmpp.example", "Bobby", "full") in told(document)
    while subject.changes():
        pass
    assert told(subject.full()) == [("sip:bob@xmpp.example", "Bobby", "full")]


def test_availability_is_not_in_the_roster_and_roles_are() -> None:
    subject = settled(joined(AN))
    subject.receive(Changed(replace(AN, presence=Native(BO.address.network, b"<show/>"))))  # type: ignore[union-attr,arg-type] # Bob has an address
    assert subject.changes() is None
    document = changes(subject, Changed(replace(AN, role=Role.VISITOR)))
    assert document.users is not None
    assert document.users.users[0].roles == ("visitor",)


def test_events_about_nobody_known_and_what_is_said_change_nothing() -> None:
    subject = settled(joined(AN))
    for event in (
        Changed(BO),
        left(BO),
        left(replace(AN, endpoint=BO.endpoint)),
        renamed(replace(BO, nickname=Nickname("X")), "Bob"),
        renamed(replace(AN, nickname=Nickname("X"), endpoint=BO.endpoint), "Ana"),
        Posted(AN, MessageId("1"), ArchiveId("1"), 0.0, None),
        ComposingChanged(AN, Composing.ACTIVE),
        Ended(Departure.LEFT),
    ):
        subject.receive(event)
    assert subject.changes() is None


def test_a_subject_alone_is_told_without_users() -> None:
    document = changes(settled(joined(AN)), SubjectChanged("Oolong"))
    assert document.users is None
    assert document.conference_state is None
    assert document.description is not None
    assert document.description.subject == "Oolong"


def test_the_end_of_the_conference_is_the_last_version() -> None:
    subject = settled(joined(AN))
    assert subject.ended() == ConferenceInfo("sip:tea@conf.example", 2, State.DELETED)


@pytest.mark.parametrize(
    ("uri", "nickname"),
    [
        ("sip:bob@xmpp.example", "Bob"),
        ("sip:BOB@xmpp.example;gr=phone", "Bob"),
        ("sip:bob@xmpp.example:5070;transport=tcp", "Bob"),
        ("sip:tea@conf.example;gr=Bob", "Bob"),
        ("sip:f00d@anonymous.conf.example", "Hidden"),
        ("sip:tea@conf.example;gr=Nobody", None),
        ("sip:tea@conf.example", None),
        ("sip:cy@sip.example", None),
        ("sip:cy@sip.example;gr=%", None),
        ("tel:+1", None),
    ],
)
def test_a_recipient_is_found_by_every_uri_that_names_it(uri: str, nickname: str | None) -> None:
    subject = settled(joined(AN), joined(BO), joined(occupant("Hidden", person="f00d")))
    assert subject.nickname_of(parse_uri(uri)) == nickname


def test_a_roster_that_nobody_reads_does_not_grow() -> None:
    subject = Roster(ROOM, EntityForm.TOKEN)
    for number in range(50):
        who = occupant(f"N{number}", person=str(number))
        subject.receive(joined(who))
        subject.receive(left(who, Departure.LINK_LOST))
    assert subject.full().users is not None
    assert not subject.has_changes
    assert subject._entries == {}
    assert subject._keys._owners == {}


def test_deleted_users_are_written_without_content() -> None:
    document = changes(settled(joined(AN)), left(AN))
    assert document.users is not None
    assert document.users.users == (User("sip:ana@sip.example", State.DELETED),)


def test_who_is_back_under_another_name_before_the_removal_was_told_is_not_deleted() -> None:
    subject = settled(joined(BO))
    back = replace(BO, endpoint=AN.endpoint)
    other = replace(back, nickname=Nickname("Robert"))
    document = changes(subject, left(BO, Departure.KICKED), joined(back), renamed(other, "Bob"))
    assert told(document) == [("sip:bob@xmpp.example", "Robert", "full")]
    while (later := subject.changes()) is not None:
        assert told(later) == [("sip:bob@xmpp.example", "Robert", "full")]
