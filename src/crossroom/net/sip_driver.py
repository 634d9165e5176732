"""What the sessions of the facade need from the agent that drives them: the seam that keeps each file small."""

import asyncio
from typing import Protocol

from crossroom.sip.address import NameAddr
from crossroom.sip.agent import UserAgent
from crossroom.sip.hop import Flow


class Driver(Protocol):
    """The part of the driver that sessions see."""

    @property
    def core(self) -> UserAgent:
        """The pure agent."""

    def now(self) -> float:
        """The time to give to the core."""

    def flush(self) -> None:
        """Carry out what the core wants done: call after every call into the core."""

    def contact_for(self, user: str | None, flow: Flow) -> NameAddr:
        """A Contact of ours that the other end of this flow can reach."""


def settle(future: "asyncio.Future[None]") -> None:
    """Mark a wait as over; it may be over already."""
    if not future.done():
        future.set_result(None)
