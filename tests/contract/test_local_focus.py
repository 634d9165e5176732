"""LocalFocus under the contract, and what only it promises: immediacy, faults, limits, persistence, no leaks."""

import asyncio
import gc
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from itertools import count
from unittest.mock import patch

import pytest

from contract.focus_contract import FocusContract, Recorder, person, said
from crossroom.focus.creators import Creators
from crossroom.focus.hosting import Surroundings
from crossroom.focus.interface import Answer, Invitation, Outcome
from crossroom.focus.limits import Allowance, Limits
from crossroom.focus.local import HIDDEN_PASSWORD, LocalFocus, LocalParticipation
from crossroom.room.address import Address, MessageId, Network, Nickname
from crossroom.room.commands import Joiner, SetAffiliation, SetRole
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Native
from crossroom.room.events import Changed, Ended, Joined, Left, Posted, RoomEvent, SubjectChanged
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.room import Room
from crossroom.room.snapshot import RoomSnapshot
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomLimits
from crossroom.storage.memory import MemoryStore

ROOM = Address("tea", "conference.example")


class ScriptedReach:
    """A face that answers what the test says, once the test lets it."""

    def __init__(self) -> None:
        self.asked: list[Invitation] = []
        self.outcome = Outcome(Answer.ACCEPTED)
        self.gate = asyncio.Event()
        self.gate.set()

    async def invite(self, invitation: Invitation) -> Outcome:
        self.asked.append(invitation)
        await self.gate.wait()
        return self.outcome


class FullDisk(MemoryStore):
    """A store that cannot write until the disk has room again."""

    is_full = True

    async def save(self, snapshot: RoomSnapshot) -> None:
        if self.is_full:
            raise OSError("no space left")
        await super().save(snapshot)


@dataclass
class World:
    room: Address = ROOM
    now: float = 1000.0
    limits: Limits = field(default_factory=Limits)
    store: MemoryStore = field(default_factory=MemoryStore)
    new_room: Configuration = field(default_factory=Configuration)
    faults: list[str] = field(default_factory=list)
    reach: ScriptedReach = field(default_factory=ScriptedReach)
    noted: list[tuple[Reason, str, Address]] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = count(1)
        around = Surroundings(
            clock=lambda: self.now,
            entropy=lambda size: next(numbers).to_bytes(size, "big"),
            reach=self.reach,
            store=self.store,
            report=lambda text, _error: self.faults.append(text),
            noted=lambda *limit: self.noted.append(limit),
        )
        self.focus = LocalFocus(around, self.limits, self.new_room)

    def tables(self) -> dict[str, int]:
        return self.focus.tables()

    async def seat(self, joiner: Joiner | str) -> tuple[LocalParticipation, Recorder]:
        recorder = Recorder()
        who = person(joiner) if isinstance(joiner, str) else joiner
        return await self.focus.join(self.room, who, recorder), recorder


@pytest.fixture
async def focus_world() -> World:
    return World()


class TestLocalFocus(FocusContract):
    """The whole contract."""


def started(call: Coroutine[object, None, object]) -> None:
    """Make a call inside `deliver` and let it run at once, as an eager task would."""
    with pytest.raises(StopIteration):
        call.send(None)


async def test_call_driven_inside_deliver_is_delivered_after_the_event_to_all() -> None:
    world = World()
    ana, seen_by_ana = await world.seat("Ana")
    bob, seen_by_bob = await world.seat("Bob")

    def echo(event: RoomEvent) -> None:
        if isinstance(event, Posted) and event.id == "m1":
            started(ana.post(said("echo", "m2")))

    seen_by_ana.on_event = echo
    await bob.post(said("call", "m1"))
    assert seen_by_ana.texts == seen_by_bob.texts == ["call", "echo"]


async def test_join_made_inside_deliver_returns_when_its_roster_was_delivered() -> None:
    world = World()
    ana, seen_by_ana = await world.seat("Ana")
    bob = Recorder()
    joins: list[Coroutine[object, object, LocalParticipation]] = []

    def bring_bob(event: RoomEvent) -> None:
        if isinstance(event, Posted):
            call = world.focus.join(ROOM, person("Bob"), bob)
            call.send(None)
            assert bob.events == []
            joins.append(call)

    seen_by_ana.on_event = bring_bob
    await ana.post(said("come", "m1"))
    assert [type(event) for event in bob.events] == [Joined, Joined, Posted, SubjectChanged]
    with pytest.raises(StopIteration):
        joins[0].send(None)


async def test_join_cancelled_while_its_roster_is_queued_leaves_no_seat() -> None:
    world = World()
    ana, seen_by_ana = await world.seat("Ana")
    bob = Recorder()

    def bring_bob_and_drop_him(event: RoomEvent) -> None:
        if isinstance(event, Posted):
            call = world.focus.join(ROOM, person("Bob"), bob)
            call.send(None)
            with pytest.raises(asyncio.CancelledError):
                call.throw(asyncio.CancelledError())

    seen_by_ana.on_event = bring_bob_and_drop_him
    await ana.post(said("come", "m1"))
    assert bob.of(Ended) == [Ended(Departure.LEFT)]
    assert seen_by_ana.nicknames == ["Ana"]
    assert world.tables()["seats"] == world.tables()["endpoints"] == 1


async def test_join_cancelled_after_its_room_has_ended_has_nothing_to_take_back() -> None:
    world = World()
    ana, seen_by_ana = await world.seat("Ana")

    def bring_bob_to_the_end(event: RoomEvent) -> None:
        if isinstance(event, Posted):
            call = world.focus.join(ROOM, person("Bob"), Recorder())
            call.send(None)
            started(ana.destroy("over"))
            with pytest.raises(asyncio.CancelledError):
                call.throw(asyncio.CancelledError())

    seen_by_ana.on_event = bring_bob_to_the_end
    await ana.post(said("come", "m1"))
    assert set(world.tables().values()) == {0}


async def test_face_that_fails_loses_its_own_seat_only() -> None:
    world = World()
    ana, seen_by_ana = await world.seat("Ana")
    _, seen_by_bob = await world.seat("Bob")

    def fail(_event: RoomEvent) -> None:
        raise ValueError("a defect of a face")

    seen_by_bob.on_event = fail
    await ana.post(said("one"))
    await ana.post(said("two"))
    assert seen_by_ana.texts == ["one", "two"]
    assert seen_by_ana.of(Left)[0].departure is Departure.FAULT
    assert len(world.faults) == 1
    assert world.tables()["seats"] == 1


async def test_fault_in_a_room_ends_its_seats_and_no_others() -> None:
    world = World()
    ana, seen_by_ana = await world.seat("Ana")
    elsewhere = Recorder()
    cy = await world.focus.join(Address("coffee", "conference.example"), person("Cy"), elsewhere)
    with patch.object(Room, "handle", side_effect=ZeroDivisionError), pytest.raises(Refused) as refused:
        await ana.post(said("boom"))
    assert refused.value.reason is Reason.INTERNAL_FAULT
    assert seen_by_ana.of(Ended) == [Ended(Departure.FAULT)]
    assert "ended by a fault" in world.faults[0]
    await cy.post(said("still here"))
    assert elsewhere.texts == ["still here"]
    with pytest.raises(Refused) as gone:
        await ana.post(said("again"))
    assert gone.value.reason is Reason.NOT_IN_ROOM
    _, again = await world.seat("Ana")
    assert again.of(Joined)[0].created


async def test_face_and_room_failing_together_are_both_reported() -> None:
    world = World()
    ana, _ = await world.seat("Ana")
    _, seen_by_bob = await world.seat("Bob")
    handle, calls = Room.handle, count()

    def second_time_fails(room: Room, command: object, now: float) -> object:
        if next(calls):
            raise ZeroDivisionError
        return handle(room, command, now)  # type: ignore[arg-type]  # the recorder's own signature is wide

    def fail(_event: RoomEvent) -> None:
        raise ValueError("a defect of a face")

    seen_by_bob.on_event = fail
    with patch.object(Room, "handle", second_time_fails):
        await ana.post(said("boom"))
    assert len(world.faults) == 2
    assert world.tables()["seats"] == world.tables()["rooms"] == 0


async def test_too_many_rooms_are_refused_and_existing_ones_stay_open() -> None:
    world = World(limits=Limits(rooms=1))
    await world.seat("Ana")
    with pytest.raises(Refused) as refused:
        await world.focus.join(Address("coffee", "conference.example"), person("Bob"), Recorder())
    assert refused.value.reason is Reason.TOO_MANY_ROOMS
    await world.seat("Bob")
    assert world.tables()["seats"] == 2


async def test_one_person_begins_only_so_many_rooms_and_others_still_begin_theirs() -> None:
    world = World(limits=Limits(rooms_per_person=1))
    ana, _ = await world.seat("Ana")
    others = [Address(name, "conference.example") for name in ("coffee", "milk")]
    with pytest.raises(Refused) as refused:
        await world.focus.join(others[0], person("Ana"), Recorder())
    assert refused.value.reason is Reason.TOO_MANY_ROOMS
    await world.focus.join(others[0], person("Bob"), Recorder())
    await world.focus.join(others[0], person("Ana"), Recorder())  # a room of somebody else
    await ana.leave()
    await world.focus.join(others[1], person("Ana"), Recorder())


async def test_a_kept_room_counts_for_who_began_it_until_it_ends() -> None:
    world = World(limits=Limits(rooms_per_person=1))
    ana, _ = await world.seat("Ana")
    await ana.configure(Configuration(is_persistent=True))
    await ana.leave()
    coffee = Address("coffee", "conference.example")
    with pytest.raises(Refused) as refused:
        await world.focus.join(coffee, person("Ana"), Recorder())
    assert refused.value.reason is Reason.TOO_MANY_ROOMS
    await world.seat("Ana")
    await world.focus.end(ROOM)
    assert world.tables()["begun"] == 0
    await world.focus.join(coffee, person("Ana"), Recorder())


async def test_who_invites_too_often_is_refused_under_every_nickname_and_in_every_room() -> None:
    world = World(limits=Limits(invitations=Allowance(burst=1, per_second=1.0)))
    ana, _ = await world.seat("Ana")
    dee = Address("dee", "sip.example")
    await ana.invite(dee)
    await ana.rename(Nickname("Anna"))
    elsewhere = await world.focus.join(Address("coffee", "conference.example"), person("Ana"), Recorder())
    for seat in (ana, elsewhere):
        with pytest.raises(Refused) as refused:
            await seat.invite(dee)
        assert refused.value.reason is Reason.RATE_EXCEEDED
    bob, _ = await world.seat("Bob")
    await bob.invite(dee)
    world.now += 1.0
    assert (await ana.invite(dee)).answer is Answer.ACCEPTED


async def test_acts_beyond_the_rate_are_refused_until_time_has_passed() -> None:
    world = World(limits=Limits(acts=Allowance(burst=2, per_second=1.0)))
    ana, recorder = await world.seat("Ana")
    await ana.post(said("one"))
    await ana.compose(Composing.COMPOSING)
    with pytest.raises(Refused) as refused:
        await ana.post(said("three"))
    assert refused.value.reason is Reason.RATE_EXCEEDED
    [(reason, who, room)] = world.noted
    assert (reason, who.partition("@")[0], room) == (Reason.RATE_EXCEEDED, "ana", ROOM)
    world.now += 1.0
    await ana.post(said("four"))
    assert recorder.texts == ["one", "four"]
    await ana.leave()  # leaving is never refused for its rate
    assert recorder.ended


async def test_whoever_reaches_a_limit_is_noted_and_who_is_refused_for_another_reason_is_not() -> None:
    limits = Limits(invitations=Allowance(1, 1.0), room=RoomLimits(post_octets=10, text_octets=10))
    world = World(limits=limits)
    ana, _ = await world.seat("Ana")
    bob, _ = await world.seat("Bob")
    dee = Address("dee", "sip.example")
    await ana.invite(dee)
    for call in (
        ana.invite(dee),
        ana.post(said("eleven octets")),
        ana.set_subject("eleven octets", MessageId("s")),
        bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.NONE)),  # no limit: not a moderator
        bob.rename(Nickname("Ana")),
    ):
        with pytest.raises(Refused):
            await call
    told = [(reason, person.partition("@")[0]) for reason, person, _ in world.noted]
    assert told == [(Reason.RATE_EXCEEDED, "ana"), (Reason.TOO_LARGE, "ana"), (Reason.TOO_LARGE, "ana")]


async def test_only_creators_begin_rooms_and_everybody_else_enters_those_that_are_there() -> None:
    world = World(limits=Limits(creators=Creators({ROOM.domain: ["ana@*"]})))
    with pytest.raises(Refused) as refused:
        await world.seat("Bob")
    assert refused.value.reason is Reason.MAY_NOT_CREATE
    assert not any(world.tables().values())
    await world.seat("Ana")
    _, seen_by_bob = await world.seat("Bob")
    assert seen_by_bob.nicknames == ["Ana", "Bob"]


async def test_joins_beyond_the_rate_are_refused_for_that_person_only() -> None:
    world = World(limits=Limits(joins=Allowance(burst=1, per_second=0.1)))
    await world.seat("Ana")
    with pytest.raises(Refused) as refused:
        await world.seat("Ana")
    assert refused.value.reason is Reason.RATE_EXCEEDED
    await world.seat("Bob")
    assert world.tables()["seats"] == 2


async def persistent(world: World) -> tuple[LocalParticipation, Recorder]:
    ana, recorder = await world.seat("Ana")
    await ana.configure(Configuration(name="Tea", is_persistent=True, password=""))
    return ana, recorder


async def test_persistent_room_survives_its_last_participant() -> None:
    world = World()
    ana, recorder = await persistent(world)
    await ana.set_subject("Leaves", MessageId("s1"))
    await ana.post(said("hello"))
    first_id = recorder.of(Joined)[0].occupant.id
    await ana.leave()
    assert world.tables() == {"rooms": 0, "seats": 0, "endpoints": 0, "expected": 0, "kept": 1, "begun": 1}
    _, bob = await world.seat("Bob")
    assert not bob.of(Joined)[0].created
    assert bob.of(Joined)[0].configuration.name == "Tea"
    assert bob.texts == ["hello"]
    assert bob.of(SubjectChanged)[0].subject == "Leaves"
    _, back = await world.seat("Ana")
    own = back.of(Joined)[-1].occupant
    assert (own.affiliation, own.id) == (Affiliation.OWNER, first_id)


async def test_persistent_room_survives_the_process() -> None:
    world = World()
    ana, _ = await persistent(world)
    await ana.post(said("hello"))
    await world.focus.close()
    restarted = World(store=world.store)
    await restarted.focus.load()
    assert (await restarted.focus.describe(ROOM)).configuration.name == "Tea"
    _, bob = await restarted.seat("Bob")
    assert bob.texts == ["hello"]


async def test_room_that_is_persistent_from_the_start_survives_a_shutdown() -> None:
    world = World(new_room=Configuration(is_persistent=True))
    await world.seat("Ana")
    await world.focus.close()
    assert [kept.address for kept in await world.store.load_all()] == [ROOM]


async def test_room_that_is_persistent_from_the_start_keeps_its_owner_through_a_fault() -> None:
    world = World(new_room=Configuration(is_persistent=True))
    ana, _ = await world.seat("Ana")
    with patch.object(Room, "handle", side_effect=ZeroDivisionError), pytest.raises(Refused):
        await ana.post(said("boom"))
    _, eve = await world.seat("Eve")
    assert eve.of(Joined)[0].occupant.affiliation is Affiliation.NONE


async def test_room_that_its_creator_never_configured_is_not_kept() -> None:
    world = World(new_room=Configuration(is_persistent=True))
    ana, _ = await world.seat(replace(person("Ana"), locks_new_room=True))
    await ana.leave()
    assert set(world.tables().values()) == {0}


async def test_room_that_stops_being_persistent_is_forgotten_by_the_store() -> None:
    world = World()
    ana, _ = await persistent(world)
    assert len(await world.store.load_all()) == 1
    await ana.configure(Configuration())
    assert await world.store.load_all() == ()


async def test_destroyed_persistent_room_is_forgotten() -> None:
    world = World()
    ana, _ = await persistent(world)
    await ana.destroy("over")
    assert await world.store.load_all() == ()
    assert set(world.tables().values()) == {0}


async def test_fault_of_a_persistent_room_keeps_what_was_kept_before() -> None:
    world = World()
    ana, _ = await persistent(world)
    with patch.object(Room, "handle", side_effect=ZeroDivisionError), pytest.raises(Refused):
        await ana.post(said("boom"))
    _, eve = await world.seat("Eve")
    assert not eve.of(Joined)[0].created
    assert eve.of(Joined)[0].occupant.affiliation is Affiliation.NONE


async def test_saving_from_time_to_time_writes_the_newest_posts() -> None:
    world = World()
    ana, _ = await persistent(world)
    await ana.post(said("hello"))
    await world.focus.save()
    (kept,) = await world.store.load_all()
    assert [post.content.body for post in kept.history if post.content] == ["hello"]


async def test_store_that_cannot_write_is_reported_and_tried_again() -> None:
    store = FullDisk()
    world = World(store=store)
    ana, recorder = await persistent(world)
    assert "could not be written" in world.faults[0]
    assert not recorder.ended
    store.is_full = False
    await ana.set_subject("Tea", MessageId("s1"))
    assert [kept.subject.subject for kept in await store.load_all()] == ["Tea"]


async def test_shutdown_ends_all_seats_and_refuses_new_ones() -> None:
    world = World()
    _, ana = await world.seat("Ana")
    await world.focus.close()
    assert ana.of(Ended) == [Ended(Departure.SHUTDOWN)]
    with pytest.raises(Refused) as refused:
        await world.seat("Bob")
    assert refused.value.reason is Reason.SHUTTING_DOWN
    assert set(world.tables().values()) == {0}


async def test_operator_ends_a_room_open_or_kept() -> None:
    world = World()
    _, ana = await persistent(world)
    await world.focus.end(ROOM, "closed by the operator")
    assert ana.of(Ended) == [Ended(Departure.ROOM_DESTROYED, "closed by the operator")]
    bob, _ = await persistent(world)
    await bob.leave()
    await world.focus.end(ROOM)
    assert world.tables()["kept"] == 0
    with pytest.raises(Refused) as refused:
        await world.focus.end(ROOM)
    assert refused.value.reason is Reason.NO_SUCH_ROOM


async def test_operator_sees_addresses_and_removes_a_participant_from_all_endpoints() -> None:
    world = World()
    _, seen_by_ana = await world.seat("Ana")
    _, phone = await world.seat("Bob")
    laptop = replace(person("Bob"), address=replace(person("Bob").address, device="laptop"))
    _, second = await world.seat(laptop)
    shown = await world.focus.occupants(ROOM)
    assert [one.address for one in shown] == [person("Ana").address, person("Bob").address, laptop.address]
    await world.focus.remove(ROOM, Nickname("bob"), "by the operator")
    assert phone.of(Ended) == second.of(Ended) == [Ended(Departure.KICKED, "by the operator")]
    assert seen_by_ana.nicknames == ["Ana"]
    with pytest.raises(Refused) as nobody:
        await world.focus.remove(ROOM, Nickname("Bob"))
    assert nobody.value.reason is Reason.NO_SUCH_PARTICIPANT
    with pytest.raises(Refused) as nowhere:
        await world.focus.occupants(Address("coffee", "conference.example"))
    assert nowhere.value.reason is Reason.NO_SUCH_ROOM


async def test_seat_that_ends_while_another_is_removed_is_not_removed_twice() -> None:
    world = World()
    _, phone = await world.seat("Bob")
    laptop = replace(person("Bob"), address=replace(person("Bob").address, device="laptop"))
    bob, second = await world.seat(laptop)

    def leave_too(event: RoomEvent) -> None:
        if isinstance(event, Left):
            started(bob.leave())

    phone.on_event = leave_too
    await world.focus.remove(ROOM, Nickname("Bob"))
    assert phone.of(Ended) == [Ended(Departure.KICKED)]
    assert second.of(Ended) == [Ended(Departure.LEFT)]


async def test_face_that_fails_at_the_very_end_is_reported_and_nothing_else_happens() -> None:
    world = World()
    bob, seen_by_bob = await world.seat("Bob")

    def fail_at_the_end(event: RoomEvent) -> None:
        if event == Ended(Departure.LEFT):
            raise ValueError("a defect of a face")

    seen_by_bob.on_event = fail_at_the_end
    await bob.leave()
    assert len(world.faults) == 1
    assert set(world.tables().values()) == {0}


async def test_saving_writes_no_room_that_is_not_persistent() -> None:
    world = World()
    await world.seat("Ana")
    await world.focus.save()
    assert await world.store.load_all() == ()


async def test_description_hides_the_password_and_a_hidden_rooms_occupants() -> None:
    world = World()
    ana, _ = await world.seat("Ana")
    await ana.configure(Configuration(password="open sesame", is_public=False))
    description = await world.focus.describe(ROOM)
    assert description.configuration.password == HIDDEN_PASSWORD
    assert description.occupants == ()
    await ana.configure(Configuration())
    assert (await world.focus.describe(ROOM)).occupants == ("Ana",)


async def test_room_list_has_public_unlocked_rooms_of_the_domain() -> None:
    world = World()
    await persistent(world)
    locked = replace(person("Bob"), locks_new_room=True)
    await world.focus.join(Address("coffee", "conference.example"), locked, Recorder())
    await world.focus.join(Address("tea", "elsewhere.example"), person("Cy"), Recorder())
    hidden = await world.focus.join(Address("den", "conference.example"), person("Dee"), Recorder())
    await hidden.configure(Configuration(is_public=False))
    rooms = await world.focus.rooms("Conference.example")
    assert [room.room for room in rooms] == [ROOM]


async def test_invitation_carries_what_the_room_knows() -> None:
    world = World()
    ana, _ = await world.seat("Ana")
    await ana.configure(Configuration(password="s3cret"))
    dee = Address("dee", "sip.example")
    assert await ana.invite(dee, "join us") == Outcome(Answer.ACCEPTED)
    (asked,) = world.reach.asked
    assert (asked.room, asked.invitee, asked.reason, asked.password) == (ROOM, dee, "join us", "s3cret")
    assert asked.inviter == Address("tea", "conference.example", device="Ana")
    await ana.configure(Configuration(is_anonymous=False))
    await ana.invite(dee)
    assert world.reach.asked[1].inviter == person("Ana").address.bare
    assert world.reach.asked[1].password is None


async def test_invited_person_is_seen_as_referred_by_the_inviter() -> None:
    world = World()
    world.reach.gate.clear()
    ana, seen_by_ana = await world.seat("Ana")
    async with asyncio.TaskGroup() as calls:
        outcome = calls.create_task(ana.invite(person("Dee").address.bare))
        await asyncio.sleep(0)
        assert world.tables()["expected"] == 1
        await world.seat("Dee")
        world.reach.gate.set()
    assert outcome.result().answer is Answer.ACCEPTED
    assert seen_by_ana.of(Joined)[-1].occupant.referred_by == Address(
        "tea", "conference.example", device="Ana"
    )
    assert world.tables()["expected"] == 0


async def test_of_two_inviters_the_first_whose_invitation_is_still_out_has_referred() -> None:
    world = World()
    world.reach.gate.clear()
    ana, _ = await world.seat("Ana")
    bob, seen = await world.seat("Bob")
    dee = person("Dee").address.bare
    async with asyncio.TaskGroup() as calls:
        withdrawn = calls.create_task(ana.invite(dee))
        await asyncio.sleep(0)
        waiting = [calls.create_task(who.invite(dee)) for who in (bob, ana)]
        await asyncio.sleep(0)
        withdrawn.cancel()
        await asyncio.wait([withdrawn])
        assert world.tables()["expected"] == len(waiting)
        await world.seat("Dee")
        world.reach.gate.set()
    assert seen.of(Joined)[-1].occupant.referred_by == Address("tea", "conference.example", device="Bob")
    assert world.tables()["expected"] == 0


async def test_invitation_into_a_members_only_room_admits_the_invited_person() -> None:
    world = World()
    ana, _ = await world.seat("Ana")
    await ana.configure(Configuration(is_members_only=True))
    with pytest.raises(Refused) as refused:
        await world.seat("Dee")
    assert refused.value.reason is Reason.NOT_A_MEMBER
    await ana.invite(person("Dee").address.bare)
    _, dee = await world.seat("Dee")
    assert dee.of(Joined)[-1].occupant.affiliation is Affiliation.MEMBER


async def test_refused_invitation_never_reaches_a_face() -> None:
    world = World()
    ana, _ = await world.seat("Ana")
    await ana.configure(Configuration(anyone_invites=False))
    bob, _ = await world.seat("Bob")
    with pytest.raises(Refused) as refused:
        await bob.invite(Address("dee", "sip.example"))
    assert refused.value.reason is Reason.NOT_ALLOWED
    assert world.reach.asked == []


async def test_presence_and_affiliations_are_passed_through() -> None:
    world = World()
    ana, recorder = await world.seat("Ana")
    away = Native(Network.XMPP, b"<show>away</show>")
    await ana.set_presence(away)
    assert recorder.of(Changed)[0].occupant.presence == away
    await ana.moderate(SetAffiliation(ana.endpoint, Address("dee", "sip.example"), Affiliation.MEMBER))
    assert await ana.affiliations() == (
        (person("Ana").address.bare, Affiliation.OWNER),
        (Address("dee", "sip.example"), Affiliation.MEMBER),
    )


async def test_same_device_coming_back_replaces_its_old_seat_without_noise_of_leaving() -> None:
    world = World()
    _, old = await world.seat("Ana")
    _, bob = await world.seat("Bob")
    _, new = await world.seat("Ana")
    assert old.of(Ended) == [Ended(Departure.REPLACED)]
    assert bob.nicknames == new.nicknames == ["Ana", "Bob"]
    assert not bob.of(Left)[0].is_last_endpoint


async def test_room_is_freed_when_all_have_left() -> None:
    world = World()
    seats = [await world.seat(name) for name in ("Ana", "Bob")]
    room = weakref.ref(seats[0][0]._room)
    for participation, _ in seats:
        await participation.rename(Nickname("X"))
        await participation.leave()
    assert set(world.tables().values()) == {0}
    del seats, participation, _
    gc.collect()
    assert room() is None
