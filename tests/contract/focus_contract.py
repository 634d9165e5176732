"""The contract of a focus, one test each and more; every implementation's test module subclasses it.

A world gives the focus under test, and may be slow: nothing is asserted before its event was awaited.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import pytest
from msgspec.structs import replace

from crossroom.focus.interface import Description, Features, Focus, Participation
from crossroom.room.address import Address, EndpointId, MessageId, Network, Nickname
from crossroom.room.commands import Draft, Joiner, SetAffiliation, SetRole
from crossroom.room.content import Composing, Content, Receipt
from crossroom.room.events import (
    Acknowledged,
    Changed,
    ComposingChanged,
    Configured,
    Ended,
    Joined,
    Left,
    Posted,
    Renamed,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation, Role

EventT = TypeVar("EventT", bound=RoomEvent)
ContractTest = Callable[["FocusContract", "FocusWorld"], Awaitable[None]]
PATIENCE = 10.0  # seconds until a missing event fails the test; never waited for when it comes


class FocusWorld(Protocol):
    """What an implementation brings to be tested."""

    focus: Focus
    room: Address

    def tables(self) -> dict[str, int]:
        """Everything that could leak, counted."""
        ...


class Recorder:
    """A `deliver` that writes everything down, and checks what holds for every seat whatever the test."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.events: list[RoomEvent] = []
        self.on_event: Callable[[RoomEvent], None] | None = None
        self.depth = 0
        self._arrived = asyncio.Event()

    def __call__(self, event: RoomEvent) -> None:
        assert self.depth == 0, "deliver was entered while it was running"
        assert not self.ended, "something was delivered after Ended"
        self.depth += 1
        self.events.append(event)
        self._arrived.set()
        if self.on_event is not None:
            self.on_event(event)
        self.depth -= 1

    @property
    def ended(self) -> bool:
        return any(isinstance(event, Ended) for event in self.events)

    def of(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, predicate: Callable[["Recorder"], bool]) -> "Recorder":
        async with asyncio.timeout(PATIENCE):
            while not predicate(self):
                self._arrived.clear()
                await self._arrived.wait()
        return self

    async def first(self, kind: type[EventT], number: int = 1) -> EventT:
        await self.until(lambda recorder: len(recorder.of(kind)) >= number)
        return self.of(kind)[number - 1]

    @property
    def roster(self) -> list[tuple[str, EndpointId]]:
        """Who is in the room by what was delivered; fails when somebody joins twice or leaves unseen."""
        present: dict[EndpointId, str] = {}
        for event in self.events:
            match event:
                case Joined(occupant):
                    assert occupant.endpoint not in present, "somebody joined twice"
                    present[occupant.endpoint] = occupant.nickname
                case Left(occupant):
                    assert present.pop(occupant.endpoint, None) is not None, "somebody left unseen"
                case Renamed(occupant, old):
                    assert present[occupant.endpoint] == old
                    present[occupant.endpoint] = occupant.nickname
                case _:
                    continue
        return sorted((nickname, endpoint) for endpoint, nickname in present.items())

    @property
    def nicknames(self) -> list[str]:
        return sorted({nickname for nickname, _ in self.roster})

    @property
    def texts(self) -> list[object]:
        return [event.content.body for event in self.of(Posted) if event.content]


def person(name: str, network: Network = Network.XMPP) -> Joiner:
    address = Address(name.lower(), f"{network}.example", device="phone", network=network)
    return Joiner(address, Nickname(name), insists_on_nickname=network is Network.XMPP)


def said(text: str, message_id: str = "m1", to: str | None = None) -> Draft:
    return Draft(MessageId(message_id), Content("text/plain", text), to=None if to is None else Nickname(to))


def needs(feature: Features) -> Callable[[ContractTest], ContractTest]:
    """What an implementation declares to lack must be absent from the features of every seat (point 8)."""

    def decorate(test: ContractTest) -> ContractTest:
        @functools.wraps(test)
        async def checked(self: "FocusContract", focus_world: FocusWorld) -> None:
            if not feature & self.lacks:
                await test(self, focus_world)
                return
            participation, _ = await self.seat(focus_world, "Ana")
            assert not participation.features & self.lacks

        return checked

    return decorate


class FocusContract:
    """Subclass it with a `focus_world` fixture, and say which features this focus lacks."""

    lacks = Features.NONE

    async def seat(self, world: FocusWorld, name: str) -> tuple[Participation, Recorder]:
        recorder = Recorder(name)
        return await world.focus.join(world.room, person(name), recorder), recorder

    # point 1

    async def test_join_returns_after_the_whole_roster_with_the_own_line_last(
        self, focus_world: FocusWorld
    ) -> None:
        await self.seat(focus_world, "Ana")
        await self.seat(focus_world, "Bob")
        participation, cy = await self.seat(focus_world, "Cy")
        lines = cy.of(Joined)
        assert sorted(line.occupant.nickname for line in lines) == ["Ana", "Bob", "Cy"]
        assert lines[-1].occupant.endpoint == participation.endpoint
        assert lines[-1].occupant.nickname == "Cy"

    @needs(Features.HISTORY)
    async def test_joiner_hears_history_and_subject_after_the_roster_even_when_the_subject_is_empty(
        self, focus_world: FocusWorld
    ) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        await seen_by_ana.first(SubjectChanged)
        await ana.post(said("before"))
        await seen_by_ana.first(Posted)
        _, bob = await self.seat(focus_world, "Bob")
        await bob.first(SubjectChanged)
        kinds = [type(event) for event in bob.events]
        assert kinds == [Joined, Joined, Posted, SubjectChanged]
        assert bob.of(Posted)[0].delayed
        assert bob.of(SubjectChanged)[0].delayed

    async def test_others_hear_of_a_join_once(self, focus_world: FocusWorld) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        await self.seat(focus_world, "Bob")
        await ana.until(lambda r: r.nicknames == ["Ana", "Bob"])
        assert len(ana.of(Joined)) == 2

    async def test_first_joiner_is_told_that_the_room_was_created(self, focus_world: FocusWorld) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        _, bob = await self.seat(focus_world, "Bob")
        assert ana.of(Joined)[0].created
        assert not any(line.created for line in bob.of(Joined))

    # point 2

    async def test_refused_join_delivers_nothing_and_leaves_nothing(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        before = focus_world.tables()
        thief = Joiner(Address("eve", "xmpp.example", "x"), Nickname("ana"), insists_on_nickname=True)
        recorder = Recorder("Eve")
        with pytest.raises(Refused) as refused:
            await focus_world.focus.join(focus_world.room, thief, recorder)
        assert refused.value.reason is Reason.NICKNAME_TAKEN
        assert recorder.events == []
        assert focus_world.tables() == before
        await ana.post(said("still here"))
        await seen_by_ana.first(Posted)
        assert seen_by_ana.nicknames == ["Ana"]

    @needs(Features.MODERATION)
    async def test_banned_person_is_refused(self, focus_world: FocusWorld) -> None:
        ana, _ = await self.seat(focus_world, "Ana")
        await ana.moderate(SetAffiliation(ana.endpoint, person("Bob").address.bare, Affiliation.OUTCAST))
        with pytest.raises(Refused) as refused:
            await self.seat(focus_world, "Bob")
        assert refused.value.reason is Reason.BANNED

    async def test_join_into_a_room_that_nobody_may_create_is_refused(self, focus_world: FocusWorld) -> None:
        joiner = Joiner(person("Ana").address, Nickname("Ana"), may_create=False)
        with pytest.raises(Refused) as refused:
            await focus_world.focus.join(focus_world.room, joiner, Recorder())
        assert refused.value.reason is Reason.MAY_NOT_CREATE
        with pytest.raises(Refused) as absent:
            await focus_world.focus.describe(focus_world.room)
        assert absent.value.reason is Reason.NO_SUCH_ROOM

    # point 3

    async def test_post_comes_back_to_its_sender_once_with_the_id_the_sender_chose(
        self, focus_world: FocusWorld
    ) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        _, bob = await self.seat(focus_world, "Bob")
        assert await ana.post(said("Kettle on", "k7")) == "k7"
        await ana.post(said("second", "k8"))
        await seen_by_ana.first(Posted, 2)
        assert [event.id for event in seen_by_ana.of(Posted)] == ["k7", "k8"]
        await bob.first(Posted, 2)
        assert bob.texts == ["Kettle on", "second"]
        assert {event.author.nickname for event in bob.of(Posted)} == {"Ana"}

    async def test_what_is_posted_at_once_is_posted_or_nothing_has_happened(
        self, focus_world: FocusWorld
    ) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        is_posted = ana.post_at_once(said("now", "k1"))
        await ana.post(said("then", "k2"))
        await seen_by_ana.first(Posted, 1 + is_posted)
        assert seen_by_ana.texts == ["now", "then"][not is_posted :]

    @needs(Features.MODERATION)
    async def test_refused_post_is_delivered_to_nobody(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        await ana.moderate(SetRole(ana.endpoint, Nickname("Bob"), Role.VISITOR))
        await seen_by_bob.first(Changed)
        with pytest.raises(Refused) as refused:
            await bob.post(said("unheard"))
        assert refused.value.reason is Reason.NO_VOICE
        await ana.post(said("heard"))
        await seen_by_bob.first(Posted)
        await seen_by_ana.first(Posted)
        assert seen_by_ana.texts == seen_by_bob.texts == ["heard"]

    # point 4

    async def test_all_see_the_posts_of_all_in_one_order(self, focus_world: FocusWorld) -> None:
        seats = [await self.seat(focus_world, name) for name in ("Ana", "Bob", "Cy")]
        for number in range(12):
            await seats[number % 3][0].post(said(f"post {number}", f"m{number}"))
        for _, recorder in seats:
            await recorder.first(Posted, 12)
        expected = [f"post {number}" for number in range(12)]
        assert [recorder.texts for _, recorder in seats] == [expected] * 3

    async def test_author_is_in_the_roster_before_the_post_and_never_posts_after_leaving(
        self, focus_world: FocusWorld
    ) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        bob, _ = await self.seat(focus_world, "Bob")
        await bob.post(said("hello"))
        await bob.leave()
        await ana.first(Left)
        kinds = [type(event) for event in ana.events if not isinstance(event, SubjectChanged)]
        assert kinds == [Joined, Joined, Posted, Left]

    # point 5

    @needs(Features.NICKNAMES)
    async def test_roster_events_are_differences(self, focus_world: FocusWorld) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        bob, _ = await self.seat(focus_world, "Bob")
        cy, _ = await self.seat(focus_world, "Cy")
        await bob.leave()
        await ana.until(lambda r: r.nicknames == ["Ana", "Cy"])
        await cy.rename(Nickname("Cyd"))
        await ana.until(lambda r: r.nicknames == ["Ana", "Cyd"])
        await self.seat(focus_world, "Bob")
        await ana.until(lambda r: r.nicknames == ["Ana", "Bob", "Cyd"])

    @needs(Features.NICKNAMES)
    async def test_rename_to_a_taken_nickname_is_refused_and_seen_by_nobody(
        self, focus_world: FocusWorld
    ) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        with pytest.raises(Refused) as refused:
            await bob.rename(Nickname("ANA"))
        assert refused.value.reason is Reason.NICKNAME_TAKEN
        await bob.post(said("same name"))
        await ana.first(Posted)
        assert ana.of(Renamed) == seen_by_bob.of(Renamed) == []

    @needs(Features.NICKNAMES)
    async def test_renamed_is_delivered_to_all_with_both_names(self, focus_world: FocusWorld) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        await bob.rename(Nickname("Bobby"))
        for recorder in (ana, seen_by_bob):
            renamed = await recorder.first(Renamed)
            assert (renamed.old, renamed.occupant.nickname) == ("Bob", "Bobby")
            known = {line.occupant.nickname: line.occupant.endpoint for line in recorder.of(Joined)}
            assert renamed.occupant.endpoint == known[Nickname("Bob")]

    # point 6

    async def test_ended_is_last_and_once_after_leaving_and_later_calls_refuse(
        self, focus_world: FocusWorld
    ) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        await bob.leave("bye")
        ended = await seen_by_bob.first(Ended)
        assert ended.departure is Departure.LEFT
        for call in (bob.post(said("late")), bob.leave(), bob.rename(Nickname("Rob"))):
            with pytest.raises(Refused):
                await call
        left = await ana.first(Left)
        assert left.occupant.nickname == "Bob"
        assert left.is_last_endpoint
        assert len(seen_by_bob.of(Ended)) == 1
        assert seen_by_bob.events[-1] is ended

    @needs(Features.MODERATION)
    async def test_kicked_seat_ends_with_the_reason(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        await ana.moderate(SetRole(ana.endpoint, Nickname("Bob"), Role.NONE, "enough"))
        ended = await seen_by_bob.first(Ended)
        assert (ended.departure, ended.text) == (Departure.KICKED, "enough")
        left = await seen_by_ana.first(Left)
        assert (left.departure, left.by, left.text) == (Departure.KICKED, "Ana", "enough")
        with pytest.raises(Refused):
            await bob.post(said("but"))

    @needs(Features.CONFIGURATION)
    async def test_destroyed_room_ends_every_seat(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        _, bob = await self.seat(focus_world, "Bob")
        await ana.destroy("done")
        for recorder in (seen_by_ana, bob):
            ended = await recorder.first(Ended)
            assert (ended.departure, ended.text) == (Departure.ROOM_DESTROYED, "done")

    async def test_lost_link_is_told_from_leaving(self, focus_world: FocusWorld) -> None:
        _, ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        await bob.leave(departure=Departure.LINK_LOST)
        assert (await seen_by_bob.first(Ended)).departure is Departure.LINK_LOST
        assert (await ana.first(Left)).departure is Departure.LINK_LOST

    async def test_nothing_is_left_when_all_have_left(self, focus_world: FocusWorld) -> None:
        before = focus_world.tables()
        seats = [await self.seat(focus_world, name) for name in ("Ana", "Bob", "Cy")]
        for participation, recorder in seats:
            await participation.leave()
            await recorder.first(Ended)
        assert focus_world.tables() == before
        with pytest.raises(Refused) as refused:
            await focus_world.focus.describe(focus_world.room)
        assert refused.value.reason is Reason.NO_SUCH_ROOM

    # point 7

    async def test_call_made_inside_deliver_queues_behind_it(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        async with asyncio.TaskGroup() as calls:

            def echo(event: RoomEvent) -> None:
                if isinstance(event, Posted) and event.author.nickname == "Ana":
                    calls.create_task(_run(bob.post(said("echo", "e1"))))

            seen_by_bob.on_event = echo
            await ana.post(said("call"))
            await seen_by_bob.first(Posted, 2)
        await seen_by_ana.first(Posted, 2)
        assert seen_by_ana.texts == seen_by_bob.texts == ["call", "echo"]

    async def test_leaving_inside_deliver_ends_the_seat_after_the_event(
        self, focus_world: FocusWorld
    ) -> None:
        _, seen_by_ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        async with asyncio.TaskGroup() as calls:

            def flee(event: RoomEvent) -> None:
                if isinstance(event, Joined) and event.occupant.nickname == "Cy":
                    calls.create_task(_run(bob.leave()))

            seen_by_bob.on_event = flee
            await self.seat(focus_world, "Cy")
            await seen_by_bob.first(Ended)
        await seen_by_ana.until(lambda r: r.nicknames == ["Ana", "Cy"])

    # point 8

    async def test_what_is_in_features_works(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        features = ana.features
        if Features.SUBJECT in features:
            await ana.set_subject("Tea", MessageId("s1"))
            await seen_by_bob.until(lambda r: any(event.subject == "Tea" for event in r.of(SubjectChanged)))
        if Features.COMPOSING in features:
            await ana.compose(Composing.COMPOSING)
            assert (await seen_by_bob.first(ComposingChanged)).author.nickname == "Ana"
        if Features.CONFIGURATION in features:
            configuration = seen_by_ana.of(Joined)[-1].configuration
            await ana.configure(configuration)
            await seen_by_bob.first(Configured)
        await bob.leave()

    @needs(Features.PRIVATE_MESSAGES)
    async def test_private_message_reaches_its_recipient_only(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        _, bob = await self.seat(focus_world, "Bob")
        _, cy = await self.seat(focus_world, "Cy")
        await ana.post(said("psst", "p1", to="Bob"))
        await ana.post(said("all", "m2"))
        for recorder in (seen_by_ana, bob, cy):
            await recorder.until(lambda r: "all" in r.texts)
        assert bob.texts == ["psst", "all"]
        assert bob.of(Posted)[0].to == "Bob"
        assert cy.texts == ["all"]

    @needs(Features.RECEIPTS)
    async def test_receipts_reach_the_author_of_a_private_message_only(self, focus_world: FocusWorld) -> None:
        ana, seen_by_ana = await self.seat(focus_world, "Ana")
        bob, seen_by_bob = await self.seat(focus_world, "Bob")
        _, cy = await self.seat(focus_world, "Cy")
        wanted = frozenset({Receipt.DELIVERED, Receipt.DISPLAYED, Receipt.FAILED})
        await ana.post(replace(said("psst", "p1", to="Bob"), receipts=wanted))
        asked = await seen_by_bob.first(Posted)
        assert (asked.id, asked.receipts) == ("p1", wanted)
        await bob.acknowledge(asked.id, Receipt.DELIVERED, asked.author.nickname)
        await bob.acknowledge(asked.id, Receipt.DISPLAYED, asked.author.nickname)
        await seen_by_ana.first(Acknowledged, 2)
        told = [(one.author.nickname, one.id, one.receipt, one.to) for one in seen_by_ana.of(Acknowledged)]
        assert told == [
            ("Bob", "p1", Receipt.DELIVERED, "Ana"),
            ("Bob", "p1", Receipt.DISPLAYED, "Ana"),
        ]
        await ana.post(said("all", "m2"))
        for recorder in (seen_by_bob, cy):
            await recorder.until(lambda r: "all" in r.texts)
            assert not recorder.of(Acknowledged)
        assert seen_by_ana.texts == ["all"]

    @needs(Features.PRIVATE_MESSAGES)
    async def test_private_message_to_nobody_is_refused(self, focus_world: FocusWorld) -> None:
        ana, _ = await self.seat(focus_world, "Ana")
        with pytest.raises(Refused) as refused:
            await ana.post(said("psst", to="Nobody"))
        assert refused.value.reason is Reason.NO_SUCH_PARTICIPANT

    # beside the points

    async def test_room_describes_itself_to_those_outside(self, focus_world: FocusWorld) -> None:
        await self.seat(focus_world, "Ana")
        description: Description = await focus_world.focus.describe(focus_world.room)
        assert description.room.key == focus_world.room.key


async def _run(call: Awaitable[object]) -> None:
    """A task of a call whose result nobody needs."""
    await call
