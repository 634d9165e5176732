"""Typing that its author never ends: RFC 3994 §3.3 lets "active" run out. One watch for each endpoint."""

import asyncio
from functools import partial
from typing import Protocol

from crossroom.focus.interface import Participation
from crossroom.net.tasks import Log, Turns
from crossroom.room.address import Address, Nickname
from crossroom.room.content import Composing
from crossroom.room.reasons import Refused


class Typist(Protocol):
    """Whose typing it is."""

    person: Address

    def seated(self) -> Participation:
        """The participation; raises Refused."""
        ...


class TypingWatch:
    """Ends what has run out, in its `turns`: for whom is None for the room, a nickname for one participant."""

    __slots__ = ("_log", "_running", "_turns", "_typist")

    def __init__(self, typist: Typist, turns: Turns, log: Log) -> None:
        self._typist = typist
        self._turns = turns
        self._log = log
        self._running: dict[Nickname | None, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, to: Nickname | None, seconds: float) -> None:
        """Typing was heard of: it lasts that long, unless it is heard of again."""
        self.stop(to)
        self._running[to] = asyncio.get_running_loop().call_later(seconds, self._expire, to)

    def stop(self, to: Nickname | None) -> None:
        """It has ended, or what was typed has come (§3.3: a message ends it)."""
        if running := self._running.pop(to, None):
            running.cancel()

    def close(self) -> None:
        """Nobody wants to know any more."""
        for to in list(self._running):
            self.stop(to)

    def _expire(self, to: Nickname | None) -> None:
        del self._running[to]
        self._turns.ask(partial(self._end, to))

    async def _end(self, to: Nickname | None) -> None:
        try:
            await self._typist.seated().compose(Composing.ACTIVE, to)
        except Refused as refused:
            # who was told of the typing has left, or this endpoint may not speak any more
            self._log.debug(
                "end of typing not passed on", person=str(self._typist.person), reason=str(refused)
            )
