"""Who is told what, and when; the far side of a subscription writes down what it is sent."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crossroom.bodies.conference_info import ConferenceInfo, State
from crossroom.bodies.conference_reader import parse
from crossroom.conference import notify
from crossroom.conference.notify import Audience, Subscription, WholeSubscription
from crossroom.conference.roster import Roster
from crossroom.conference.roster_entry import EntityForm
from crossroom.room.address import Address
from crossroom.room.reasons import Departure
from crossroom.sip.answer import NO_BODY, Body
from unit.conference.roster_world import ANA, BOB, ROOM, joined, left, occupant

AN, BO = occupant("Ana", ANA), occupant("Bob", BOB)


@dataclass
class FarSide:
    """A Notifier: a subscriber that answers when the test lets it."""

    face: Subscription
    ended: str | None = None
    is_slow: bool = False
    documents: list[ConferenceInfo] = field(default_factory=list)
    retry_after: int | None = None

    def notify(self, body: bytes, content_type: str) -> bool:
        assert content_type == "application/conference-info+xml"
        if self.is_slow:
            return False
        self.documents.append(parse(body))
        return True

    def terminate(self, reason: str, body: Body = NO_BODY, retry_after: int | None = None) -> None:
        self.ended, self.retry_after = reason, retry_after
        if body.content:
            assert body.content_type == "application/conference-info+xml"
            self.documents.append(parse(body.content))
        self.face.ended(reason)

    def answer(self) -> None:
        """The outstanding NOTIFY was answered."""
        body = self.face.due()
        if body is not None:
            self.documents.append(parse(body.content))

    def names(self, index: int) -> list[str]:
        users = self.documents[index].users
        return [user.entity for user in users.users] if users else []


def audience() -> Audience:
    return Audience(Roster(ROOM, EntityForm.TOKEN), lambda: datetime(2026, 2, 3, 10, tzinfo=UTC))


def subscribed(
    to: Audience, person: Address = ANA, *, is_slow: bool = False, kind: type[Subscription] = Subscription
) -> FarSide:
    subscription = kind(to, person)
    far = FarSide(subscription, is_slow=is_slow)
    to.prepare()
    subscription.begin(far)
    return far


async def until(far: FarSide, count: int) -> None:
    async with asyncio.timeout(5):
        while len(far.documents) < count:  # noqa: ASYNC110 -- documents come by the loop's own timers
            await asyncio.sleep(0)


async def test_what_every_seat_of_a_room_reports_is_taken_once() -> None:
    asked: list[datetime] = []

    def wall() -> datetime:
        asked.append(datetime(2026, 2, 3, 10, tzinfo=UTC))
        return asked[-1]

    room = Audience(Roster(ROOM, EntityForm.TOKEN), wall)
    for event in (joined(AN), joined(BO), left(BO)):
        for _ in range(100):
            room.receive(event)
    assert len(asked) == 3
    assert [each.nickname for each in room.roster.occupants] == ["Ana"]


async def test_everybody_is_sent_the_same_change_once() -> None:
    room = audience()
    room.receive(joined(AN))
    one, other = subscribed(room), subscribed(room)
    room.receive(joined(BO))
    room.receive(joined(BO))  # the report of a second seat
    await until(one, 1)
    assert one.documents == other.documents
    assert one.documents[0].state is State.PARTIAL
    assert one.names(0) == ["sip:bob@xmpp.example"]
    room.close()


async def test_who_reads_no_changes_is_sent_the_whole_roster_after_each() -> None:
    room = audience()
    room.receive(joined(AN))
    old, new = subscribed(room, kind=WholeSubscription), subscribed(room)
    room.receive(joined(BO))
    await until(old, 1)
    room.receive(left(BO))
    await until(old, 2)
    assert [each.state for each in old.documents] == [State.FULL, State.FULL]
    assert [len(old.names(index)) for index in (0, 1)] == [2, 1]
    assert [each.version for each in old.documents] == [each.version for each in new.documents[:2]]
    assert [each.state for each in new.documents[:2]] == [State.PARTIAL, State.PARTIAL]
    room.close()


async def test_who_reads_no_changes_and_answers_late_is_sent_the_last_whole_roster() -> None:
    room = audience()
    room.receive(joined(AN))
    far = subscribed(room, is_slow=True, kind=WholeSubscription)
    prompt = subscribed(room)
    for number in range(2):
        room.receive(joined(occupant(f"N{number}", person=str(number))))
        await until(prompt, number + 1)
    far.answer()
    assert [each.state for each in far.documents] == [State.FULL]
    assert len(far.names(0)) == 3
    room.close()


async def test_changes_of_one_moment_are_one_document() -> None:
    room = audience()
    far = subscribed(room)
    for number in range(5):
        room.receive(joined(occupant(f"N{number}", person=str(number))))
    await until(far, 1)
    assert len(far.names(0)) == 5
    room.close()


async def test_nothing_is_planned_where_nobody_listens() -> None:
    room = audience()
    room.receive(joined(AN))
    assert room._timer is None
    assert len(room) == 0


async def test_a_slow_subscriber_gets_what_it_missed_or_everything() -> None:
    room = audience()
    room.receive(joined(AN))
    far = subscribed(room, is_slow=True)
    far.answer()  # nothing was missed
    assert far.documents == []
    room.receive(joined(BO))
    room._tell()
    far.answer()
    assert far.documents[0].state is State.PARTIAL
    for name in ("Cy", "Dee"):
        room.receive(joined(occupant(name, person=name)))
        room._tell()
    far.answer()
    assert far.documents[1].state is State.FULL
    assert len(far.names(1)) == 4
    room.close()


async def test_who_was_removed_is_told_with_the_reason_and_then_deleted() -> None:
    room = audience()
    room.receive(joined(AN))
    room.receive(joined(BO))
    far = subscribed(room)
    room.receive(left(BO, Departure.KICKED, "enough", "Ana"))
    await until(far, 2)
    states = [users.users[0].state for document in far.documents if (users := document.users)]
    assert states[-1] is State.DELETED
    assert states[0] is not State.DELETED
    room.close()


async def test_a_dismissed_person_is_told_why_and_the_others_stay() -> None:
    room = audience()
    mine, theirs = subscribed(room), subscribed(room, BOB)
    room.dismiss(ANA, "rejected")
    assert (mine.ended, theirs.ended) == ("rejected", None)
    assert len(room) == 1
    room.close()


async def test_subscribers_of_a_roster_that_nobody_keeps_may_subscribe_again() -> None:
    room = audience()
    room.receive(joined(AN))
    far = subscribed(room)
    room.receive(joined(BO))
    room.retire()
    assert far.ended == "deactivated"  # RFC 6665 §4.1.3
    assert State.DELETED not in {document.state for document in far.documents}
    assert len(room) == 0


async def test_a_pause_tells_nobody_that_the_conference_is_over_and_when_to_come_again() -> None:
    room = audience()
    room.receive(joined(AN))
    far = subscribed(room)
    room.receive(joined(BO))
    room.pause(60)
    assert (far.ended, far.retry_after) == ("probation", 60)  # RFC 6665 §4.1.3
    assert State.DELETED not in {document.state for document in far.documents}
    assert (len(room), room._timer) == (0, None)


async def test_the_end_of_the_conference_is_told_once_to_everybody() -> None:
    room = audience()
    room.receive(joined(AN))
    far = subscribed(room)
    room.receive(joined(BO))
    room.close()
    assert far.ended == "noresource"
    assert far.documents[-1].state is State.DELETED
    assert len(room) == 0
    room.close()


def test_nobody_needs_more_than_one_document_in_five_seconds() -> None:
    # RFC 4575 §3.9; with few subscribers a change is told at once
    assert notify.PACE * 10 < 0.1
    assert min(notify.LONGEST_PACE, notify.PACE * 100_000) == 5.0
