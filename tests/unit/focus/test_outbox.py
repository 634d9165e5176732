import asyncio

from crossroom.focus.outbox import Outbox
from crossroom.room.address import EndpointId
from crossroom.room.events import Delivery, Ended, RoomEvent, SubjectChanged
from crossroom.room.reasons import Departure
from stage import endpoint

ANA, BOB = endpoint("Ana"), endpoint("Bob")


def subject(text: str, *to: EndpointId) -> Delivery:
    return Delivery(SubjectChanged(text), to)


class Watched:
    """An outbox whose deliveries and faults are written down in one order."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.outbox = Outbox(lambda seat, error: self.log.append((seat, f"fault {error}")))
        for seat in (ANA, BOB):
            self.outbox.open(seat, lambda event, seat=seat: self.note(seat, event))  # type: ignore[misc]  # a default binds the loop's variable

    def note(self, seat: EndpointId, event: RoomEvent) -> None:
        self.log.append((seat, event.subject if isinstance(event, SubjectChanged) else type(event).__name__))


def test_deliveries_arrive_in_order_before_put_returns() -> None:
    watched = Watched()
    watched.outbox.put([subject("one", ANA, BOB), subject("two", BOB)])
    assert watched.log == [("Ana", "one"), ("Bob", "one"), ("Bob", "two")]
    assert watched.outbox.is_idle


def test_what_is_put_inside_a_deliver_queues_behind_the_whole_fan_out() -> None:
    watched = Watched()

    def answer(event: RoomEvent) -> None:
        watched.note(ANA, event)
        if event == SubjectChanged("one"):
            watched.outbox.put([subject("answer", ANA, BOB)])
            assert not watched.outbox.is_idle

    watched.outbox.open(ANA, answer)
    watched.outbox.put([subject("one", ANA, BOB), subject("two", ANA)])
    assert watched.log == [
        ("Ana", "one"),
        ("Bob", "one"),
        ("Ana", "two"),
        ("Ana", "answer"),
        ("Bob", "answer"),
    ]


def test_end_is_the_last_delivery_of_a_seat() -> None:
    watched = Watched()
    watched.outbox.put([Delivery(Ended(Departure.LEFT), (ANA,)), subject("late", ANA, BOB)])
    assert watched.log == [("Ana", "Ended"), ("Bob", "late")]
    assert len(watched.outbox) == 1


def test_deliver_that_raises_costs_its_own_seat_only() -> None:
    watched = Watched()

    def fail(_event: RoomEvent) -> None:
        raise ValueError("broken")

    watched.outbox.open(ANA, fail)
    watched.outbox.put([subject("one", ANA, BOB), subject("two", ANA, BOB)])
    assert watched.log == [("Ana", "fault broken"), ("Bob", "one"), ("Bob", "two")]


async def test_waiting_for_an_idle_outbox_takes_no_time() -> None:
    await Watched().outbox.emptied()


async def test_waiting_inside_a_deliver_ends_when_everything_was_delivered() -> None:
    watched = Watched()
    async with asyncio.TaskGroup() as waiters:

        def wait_for_the_rest(event: RoomEvent) -> None:
            watched.note(ANA, event)
            if event == SubjectChanged("one"):
                call = watched.outbox.emptied()
                call.send(None)
                given_up = watched.outbox.emptied()
                given_up.send(None).cancel()
                given_up.close()
                waiters.create_task(finish(call))

        async def finish(call: object) -> None:
            assert watched.log[-1] == ("Bob", "two")
            try:
                call.send(None)  # type: ignore[attr-defined]  # the coroutine begun above
            except StopIteration:
                watched.log.append(("waiter", "done"))

        watched.outbox.open(ANA, wait_for_the_rest)
        watched.outbox.put([subject("one", ANA, BOB), subject("two", BOB)])
    assert watched.log[-1] == ("waiter", "done")
