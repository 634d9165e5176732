from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crossroom.room.address import Address, ArchiveId, EndpointId, MessageId, Network
from crossroom.room.commands import (
    Command,
    Compose,
    Configure,
    Destroy,
    Draft,
    Invite,
    Join,
    Leave,
    Moderate,
    Post,
    Rename,
    SetAffiliation,
    SetPresence,
    SetRole,
    SetSubject,
)
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Content, Native
from crossroom.room.events import (
    Changed,
    ComposingChanged,
    Configured,
    Ended,
    Left,
    Posted,
    Renamed,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.reasons import Reason, Refused
from crossroom.room.room import Room
from crossroom.room.standing import Affiliation, Role
from stage import HOME, SECRET, Stage, address, endpoint, joiner, nick


def test_room_is_begun_within_the_limits() -> None:
    with pytest.raises(Refused) as refused:
        Room.begin(HOME, SECRET, Configuration(max_occupants=-1))
    assert refused.value.reason is Reason.MALFORMED


def test_room_says_what_it_is() -> None:
    stage = Stage(name="Tea")
    assert (stage.room.address, stage.room.subject, stage.room.nicknames) == (HOME, "", ())
    ana = stage.join("Ana")
    assert stage.room.nickname_of(ana) == "Ana"
    assert stage.room.endpoints == (ana,)
    assert stage.room.configuration.name == "Tea"


def test_person_is_named_to_outsiders_as_the_room_shows_addresses() -> None:
    stage = Stage()
    ana = stage.join("Ana")
    bob = stage.join("Bob", anonymous=True)
    assert stage.room.address_of(ana) == replace(HOME, device="Ana")
    stage.configure("Ana", is_anonymous=False)
    assert stage.room.address_of(ana) == address("Ana").bare
    assert stage.room.address_of(bob) == replace(HOME, device="Bob")


def test_operator_sees_everybody_with_address() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    assert [(one.nickname, one.address) for one in stage.room.occupants()] == [
        ("Ana", address("Ana")),
        ("Bob", address("Bob")),
    ]


def test_destroyed_room_refuses_everything() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.do(Destroy(endpoint("Ana")))
    assert stage.room.is_destroyed
    for command in (Leave(endpoint("Ana")), stage.saying("Ana"), Join(endpoint("Bob"), joiner("Bob"))):
        assert stage.refuses(command) is Reason.NO_SUCH_ROOM


EVERY_COMMAND: list[tuple[Command, type[RoomEvent]]] = [
    (Rename(endpoint("Ana"), nick("Anna")), Renamed),
    (SetPresence(endpoint("Ana"), Native(Network.XMPP, b"<show>away</show>")), Changed),
    (Compose(endpoint("Ana"), Composing.COMPOSING), ComposingChanged),
    (SetSubject(endpoint("Ana"), "Tea", MessageId("s1"), ArchiveId("a1")), SubjectChanged),
    (SetRole(endpoint("Ana"), nick("Bob"), Role.VISITOR), Changed),
    (SetAffiliation(endpoint("Ana"), address("Bob"), Affiliation.MEMBER), Changed),
    (Moderate(endpoint("Ana"), (SetRole(endpoint("Ana"), nick("Bob"), Role.VISITOR),)), Changed),
    (Configure(endpoint("Ana"), Configuration(name="Tea")), Configured),
    (Post(endpoint("Ana"), Draft(MessageId("m1"), Content("text/plain", "hi")), ArchiveId("a2")), Posted),
    (Leave(endpoint("Ana")), Left),
    (Destroy(endpoint("Ana")), Left),
]


@pytest.mark.parametrize(("command", "event"), EVERY_COMMAND, ids=lambda value: type(value).__name__)
def test_every_command_has_its_event(command: Command, event: type[RoomEvent]) -> None:
    stage = Stage()
    stage.join("Ana")
    stage.join("Bob")
    stage.forget()
    stage.do(command)
    assert stage.kinds("Bob")[0] is event


def test_invitation_is_noted_without_an_event() -> None:
    stage = Stage()
    stage.join("Ana")
    assert stage.do(Invite(endpoint("Ana"), address("Dee"))) == []


def test_affiliations_are_asked_by_endpoint() -> None:
    stage = Stage()
    ana = stage.join("Ana")
    assert stage.room.affiliations(ana) == ((address("Ana").bare, Affiliation.OWNER),)


def test_emptied_room_opens_again_from_its_snapshot() -> None:
    stage = Stage()
    stage.join("Ana")
    stage.do(Leave(endpoint("Ana")))
    again = Room.restored(stage.room.snapshot())
    assert stage.room.is_empty
    assert again.address == HOME
    assert not again.is_locked


NAMES = ("Ana", "Bob", "Cy", "Dee")
names = st.sampled_from(NAMES)


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order: rosters are differences, a no changes nothing, an end is the end."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.seats: dict[str, str] = {}
        self.count = 0

    @rule(name=names, nickname=names, device=st.sampled_from(("phone", "laptop")))
    def joins(self, name: str, nickname: str, device: str) -> None:
        self.count += 1
        place = endpoint(f"e{self.count}")
        who = replace(joiner(nickname), address=Address(name, "x.example", device=device))
        if self._try(Join(place, who)):
            self.seats[name] = place

    @rule(name=names)
    def leaves(self, name: str) -> None:
        self._try(Leave(self._seat(name)))

    @rule(name=names, nickname=names)
    def renames(self, name: str, nickname: str) -> None:
        self._try(Rename(self._seat(name), nick(nickname)))

    @rule(name=names, whom=names, role=st.sampled_from(Role))
    def sets_role(self, name: str, whom: str, role: Role) -> None:
        self._try(SetRole(self._seat(name), nick(whom), role))

    @rule(name=names, whom=names, affiliation=st.sampled_from(Affiliation))
    def sets_affiliation(self, name: str, whom: str, affiliation: Affiliation) -> None:
        self._try(SetAffiliation(self._seat(name), Address(whom, "x.example"), affiliation))

    @rule(name=names)
    def posts(self, name: str) -> None:
        self._try(self.stage.saying(self._seat(name)))

    @rule(is_anonymous=st.booleans(), name=names)
    def configures(self, is_anonymous: bool, name: str) -> None:  # noqa: FBT001 -- drawn by name
        if self._seat(name) in self.stage.room.endpoints:
            settings_ = replace(self.stage.room.configuration, is_anonymous=is_anonymous)
            self._try(Configure(self._seat(name), settings_))

    @invariant()
    def everybody_knows_the_same_roster(self) -> None:
        seats = self.stage.room.endpoints
        expected = {seat: self.stage.room.nickname_of(seat) for seat in seats}
        for seat in seats:
            assert self.stage.roster(seat) == expected

    @invariant()
    def nothing_follows_an_end(self) -> None:
        for events in self.stage.seen.values():
            assert not any(isinstance(event, Ended) for event in events[:-1])

    def _seat(self, name: str) -> EndpointId:
        return endpoint(self.seats.get(name, "nobody"))

    def _try(self, command: Command) -> bool:
        try:
            self.stage.do(command)
        except Refused:
            self.stage.refuses(command)  # the same no again, and nothing changed
            return False
        return True


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
