"""From deliveries to calls of `deliver`: in order, one at a time, never re-entered (contract point 7)."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from crossroom.focus.interface import Deliver
from crossroom.room.address import EndpointId
from crossroom.room.events import Delivery, Ended

Fault = Callable[[EndpointId, Exception], None]
"""Called when a `deliver` raised, which it must not: the endpoint has already been forgotten here."""


class Outbox:
    """The seats' `deliver` by endpoint, and the queue in front of them.

    Ordinarily `put` returns when everything was delivered. Called from inside a `deliver`, it queues behind what
    is being delivered, and returns at once.
    """

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._seats: dict[EndpointId, Deliver] = {}
        self._queue: deque[Delivery] = deque()
        self._is_delivering = False
        self._waiting: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def is_idle(self) -> bool:
        """True when nothing waits to be delivered."""
        return not self._queue and not self._is_delivering

    def open(self, endpoint: EndpointId, deliver: Deliver) -> None:
        """Deliver to this endpoint from now on, until its `Ended` was delivered."""
        self._seats[endpoint] = deliver

    def put(self, deliveries: Iterable[Delivery]) -> None:
        """Deliver, or queue when called from inside a `deliver`."""
        self._queue.extend(deliveries)
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._queue:
                self._deliver(self._queue.popleft())
        finally:
            self._is_delivering = False
            self._wake()

    async def emptied(self) -> None:
        """Wait, inside a `deliver` only, until what was queued by then has been delivered."""
        if self.is_idle:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def _deliver(self, delivery: Delivery) -> None:
        event, seats = delivery.event, self._seats
        is_end = isinstance(event, Ended)
        for endpoint in delivery.to:
            deliver = seats.get(endpoint)
            if deliver is None:
                continue
            if is_end:
                del seats[endpoint]
            try:
                deliver(event)
            except Exception as error:  # noqa: BLE001 -- a defect of one face costs its own seat, nobody else's
                seats.pop(endpoint, None)
                self._fault(endpoint, error)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
