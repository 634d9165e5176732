"""Ringing at all devices of a person at once, and keeping the call that is answered first (RFC 3261 §16.7).

A device with several flows (RFC 5626) is tried on one after the other. All forks make the same offer, as those of
a forking proxy do: only the one that is kept gets to use it.
"""

import asyncio
from collections.abc import Callable, Sequence

from crossroom.net.sip import SipAgent
from crossroom.net.sip_session import CallFailed, InviteSession
from crossroom.net.tasks import Tasks
from crossroom.sip.answer import OutgoingCall
from crossroom.sip.message import Response

OnProvisional = Callable[[Response], None]
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
"""RFC 3326 §3.1: so that the other devices show no missed call."""
FLOW_IS_GONE = frozenset({408, 430, 503})
"""RFC 5626 §5.3: the device may still be there, by another flow."""


class Forking:
    """One person being called. `devices`: for each device the calls to try, in this order."""

    def __init__(
        self,
        sip: SipAgent,
        tasks: Tasks,
        devices: Sequence[Sequence[OutgoingCall]],
        on_provisional: OnProvisional,
    ) -> None:
        self._sip = sip
        self._tasks = tasks
        self._devices = devices
        self._on_provisional = on_provisional
        self._is_answered = False

    async def outcome(self) -> InviteSession:
        """The call that was answered first; the others are given up.

        Raises CallFailed with the best of the failures. Cancelling gives all of them up.
        """
        async with asyncio.TaskGroup() as group:
            ringing = [group.create_task(self._ring(calls)) for calls in self._devices]
            first = await self._first(ringing)
            for each in ringing:
                each.cancel()
        for each in ringing:
            late = None if each.cancelled() else each.result()
            if isinstance(late, InviteSession) and late is not first:
                self._tasks.start(late.bye(ELSEWHERE), "second answer of a fork")
        if isinstance(first, CallFailed):
            raise first
        return first

    async def _first(
        self, ringing: "Sequence[asyncio.Task[InviteSession | CallFailed]]"
    ) -> InviteSession | CallFailed:
        failures: list[CallFailed] = []
        for next_one in asyncio.as_completed(ringing):
            outcome = await next_one
            if isinstance(outcome, InviteSession):
                self._is_answered = True
                return outcome
            failures.append(outcome)
            if outcome.status >= 600:  # RFC 3261 §16.7 step 5: the person said no, for all devices
                return outcome
        return best_of(failures)

    async def _ring(self, calls: Sequence[OutgoingCall]) -> InviteSession | CallFailed:
        failed = CallFailed(480, "Temporarily Unavailable")
        for call in calls:
            outgoing = await self._sip.invite(call)
            outgoing.on_provisional = self._on_provisional
            try:
                return await outgoing.outcome()
            except CallFailed as failure:
                failed = failure
                if failure.status not in FLOW_IS_GONE:
                    break
            except asyncio.CancelledError:
                outgoing.cancel(ELSEWHERE if self._is_answered else "")
                if outgoing.answered is not None:  # answered in the very moment: nobody will take the call
                    self._tasks.start(outgoing.answered.bye(ELSEWHERE), "answer after the end")
                raise
        return failed


def best_of(failures: Sequence[CallFailed]) -> CallFailed:
    """What to tell the inviter: the lowest class, and in it what can be acted on (RFC 3261 §16.7 step 6)."""
    telling = (401, 407, 415, 420, 484)
    # 486 says that somebody is there; 480, 408 and 503 only that a device is not
    vague = (408, 480, 503)
    return min(
        failures,
        key=lambda each: (each.status in vague, each.status // 100, each.status not in telling, each.status),
    )
