"""The order in which a seat elsewhere is told things; what happens behind its back is put in by hand."""

import asyncio

from contract.focus_contract import Recorder
from crossroom.conference import remote_events
from crossroom.conference.remote_events import RemoteEvents, stranger
from crossroom.conference.roster_diff import Own, RosterDiff
from crossroom.room.address import ArchiveId, EndpointId, MessageId, Nickname
from crossroom.room.content import Composing, Content
from crossroom.room.events import ComposingChanged, Ended, Joined, Left, Occupant, Posted, RoomEvent
from crossroom.room.reasons import Departure
from unit.conference.roster_world import BOB, ROOM, occupant, roster, user

ANA = "sip:ana@sip.example"


def seat(deliver: Recorder) -> RemoteEvents:
    return RemoteEvents(RosterDiff(ROOM, Own(EndpointId("own"), BOB, Nickname("Bob"))), deliver)


def seated(deliver: Recorder) -> RemoteEvents:
    events = seat(deliver)
    events.roster_changed(events.roster.assume_own())
    return events


def posted(text: str, *, delayed: bool = False) -> Posted:
    return Posted(
        stranger(Nickname("Ana")),
        MessageId(text),
        ArchiveId(text),
        1.0,
        Content("text/plain", text),
        delayed=delayed,
    )


def nobody() -> Occupant | None:
    return None


async def test_a_message_waits_for_the_roster_that_shows_its_author() -> None:
    seen = Recorder()
    events = seated(seen)
    known: list[Occupant] = []
    events.say(posted("first"), lambda: known[0] if known else None)
    events.say(posted("second"), lambda: occupant("Cy"))
    assert not seen.of(Posted)  # order is kept, so the second waits behind the first
    known.append(occupant("Ana"))
    events.roster_changed([])
    assert seen.texts == ["first", "second"]
    assert seen.of(Posted)[0].author == known[0]
    events.end(Departure.LEFT)


async def test_a_message_of_a_stranger_goes_when_patience_is_over() -> None:
    seen = Recorder()
    events = seated(seen)
    events.say(posted("who is this"), nobody)
    assert events._timer is not None
    events._timer.cancel()
    events._give_up_waiting()  # what the timer does
    assert seen.texts == ["who is this"]
    events.end(Departure.LEFT)


async def test_not_more_than_so_many_wait() -> None:
    seen = Recorder()
    events = seated(seen)
    for number in range(remote_events.FOREMOST + 1):
        events.say(posted(str(number)), nobody)
    assert len(seen.of(Posted)) == remote_events.FOREMOST + 1
    events.end(Departure.LEFT)


async def test_history_comes_before_the_first_subject_although_its_authors_are_gone() -> None:
    seen = Recorder()
    events = seat(seen)
    events.say(posted("long ago", delayed=True), nobody)
    document = roster(user("sip:bob@xmpp.example", "Bob", "sip:bob@xmpp.example;gr=phone"))
    events.roster_changed(events.roster.receive(document))
    kinds = [type(event).__name__ for event in seen.events]
    assert kinds == ["Joined", "Posted", "SubjectChanged"]
    events.end(Departure.LEFT)


async def test_what_still_waits_goes_before_the_end_which_comes_once() -> None:
    seen = Recorder()
    events = seated(seen)
    events.say(posted("last words"), nobody)
    events.end(Departure.KICKED, "enough")
    events.end(Departure.LEFT)
    events.put([Joined(occupant("Cy"), seen.of(Joined)[0].configuration)])
    assert seen.texts == ["last words"]
    assert [type(event) for event in seen.events[-2:]] == [Left, Ended]
    assert seen.of(Ended) == [Ended(Departure.KICKED, "enough")]


async def test_who_never_was_in_is_not_told_of_an_end() -> None:
    seen = Recorder()
    events = seat(seen)
    events.end(Departure.LEFT)
    assert seen.events == []
    assert events.is_over


async def test_what_is_put_while_something_is_delivered_queues_behind_it() -> None:
    seen = Recorder()
    events = seated(seen)
    typing = ComposingChanged(stranger(Nickname("Ana")), Composing.COMPOSING)

    def answer(event: RoomEvent) -> None:
        if isinstance(event, Posted):
            events.put([typing])

    seen.on_event = answer
    events.say(posted("call"), lambda: occupant("Ana"))
    assert seen.events[-1] is typing
    events.end(Departure.LEFT)
    await asyncio.sleep(0)
