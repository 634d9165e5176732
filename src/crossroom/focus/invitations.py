"""Invitations on their way from a room to a person: the face is chosen by network, repeats are one (mapping §3.15).

Faces are connected here by the server; none of them ever names the other.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from crossroom.focus.interface import Answer, Invitation, Outcome, Reach
from crossroom.focus.limits import Allowance, Buckets, Noted, unnoted
from crossroom.focus.networks import Networks
from crossroom.room.address import Address, Network
from crossroom.room.reasons import Reason, Refused

Key = tuple[str, str]
Timeout = Callable[[float], AbstractAsyncContextManager[object]]
"""`asyncio.timeout`, or a test's own: raises TimeoutError in the block after that many seconds."""


@dataclass(frozen=True, slots=True)
class InvitationLimits:
    """So that a room cannot be used to ring at the whole world. `time_limit` is in seconds, the rest counts.

    How often one person may ask is the room's own business (focus/limits.py); a focus elsewhere has a rate here.
    """

    time_limit: float = 90.0
    per_focus: Allowance = field(default_factory=lambda: Allowance(burst=100, per_second=1.0))
    per_invitee: int = 5  # pending ones at once, whoever asks
    per_room: int = 100
    pending: int = 2000


@dataclass(eq=False, slots=True)
class _Pending:
    """One invitation that is out, and all who wait for how it ends."""

    end: asyncio.Future[Outcome]
    scope: asyncio.Timeout  # left early when the server stops
    progress: list[Callable[[str], None]] = field(default_factory=list)

    def tell(self, text: str) -> None:
        for each in self.progress:
            each(text)


class Invitations:
    """A Reach over all networks. Outcomes of failures are values; raises Refused for what is never sent."""

    def __init__(
        self,
        networks: Networks,
        clock: Callable[[], float],
        limits: InvitationLimits | None = None,
        timeout: Timeout = asyncio.timeout,
        noted: Noted = unnoted,
    ) -> None:
        self._networks = networks
        self._clock = clock
        self._limits = limits or InvitationLimits()
        self._timeout = timeout
        self._noted = noted
        self._faces: dict[Network, Reach] = {}
        self._rates = Buckets(self._limits.per_focus)
        self._pending: dict[tuple[Key, Key, Key], _Pending] = {}
        self._load: Counter[tuple[str, Key]] = Counter()
        self._is_closing = False

    def connect(self, network: Network, face: Reach) -> None:
        """Let a face do the asking on its network."""
        self._faces[network] = face

    def __len__(self) -> int:
        return len(self._pending)

    async def invite(self, invitation: Invitation) -> Outcome:
        """Ask, and wait for the end; cancelling withdraws it.

        Raises:
            Refused: the address is on no network (UNREACHABLE), this network has no face here (UNSUPPORTED), too
                many invitations (RATE_EXCEEDED).

        """
        key = (invitation.room.key, invitation.invitee.key, _inviter(invitation))
        running = self._pending.get(key)
        if running is not None:
            # mapping §3.15: a repeat is answered like the first one, without a second alert
            running.progress.append(invitation.progress)
            return await asyncio.shield(running.end)
        self._admit(invitation)
        end = asyncio.get_running_loop().create_future()
        pending = _Pending(end, asyncio.timeout(None), [invitation.progress])
        self._enter(key, pending)
        outcome = Outcome(Answer.WITHDRAWN)
        try:
            outcome = await self._ask(replace(invitation, progress=pending.tell), pending.scope)
        except Refused as refused:
            outcome = Outcome(Answer.FAILED, refused.reason, refused.text)
            raise
        finally:
            self._leave(key)
            pending.end.set_result(outcome)
        return outcome

    def close(self) -> None:
        """Withdraw what is out, and send no more: the server stops."""
        self._is_closing = True
        now = asyncio.get_running_loop().time()
        for pending in self._pending.values():
            if not pending.scope.expired():
                pending.scope.reschedule(now)

    async def _ask(self, invitation: Invitation, scope: asyncio.Timeout) -> Outcome:
        try:
            async with scope, self._timeout(self._limits.time_limit):
                network = await self._networks.network_of(invitation.invitee)
                face = self._faces.get(network)
                if face is None:
                    raise Refused(Reason.UNSUPPORTED, f"nobody here can ask people on {network}")
                return await face.invite(replace(invitation, invitee=_on(invitation.invitee, network)))
        except TimeoutError:
            reason = Reason.SHUTTING_DOWN if scope.expired() else Reason.TIMED_OUT
            return Outcome(Answer.FAILED, reason)

    def _admit(self, invitation: Invitation) -> None:
        if self._is_closing:
            raise Refused(Reason.SHUTTING_DOWN)
        limits = self._limits
        is_crowded = (
            len(self._pending) >= limits.pending
            or self._load["room", invitation.room.key] >= limits.per_room
            or self._load["invitee", invitation.invitee.key] >= limits.per_invitee
        )
        if is_crowded:
            raise self._too_many(invitation, "too many invitations wait for an answer")
        # a focus elsewhere has proved its own address and no other: whom it names as inviter is its own affair
        is_foreign = invitation.reservation is not None
        if is_foreign and not self._rates.take(invitation.room.key, self._clock()):
            raise self._too_many(invitation, "too many invitations")

    def _too_many(self, invitation: Invitation, text: str) -> Refused:
        inviter = invitation.inviter or invitation.room
        self._noted(Reason.RATE_EXCEEDED, f"{inviter.user}@{inviter.domain}", invitation.room)
        return Refused(Reason.RATE_EXCEEDED, text)

    def _enter(self, key: tuple[Key, Key, Key], pending: _Pending) -> None:
        self._pending[key] = pending
        self._load["room", key[0]] += 1
        self._load["invitee", key[1]] += 1

    def _leave(self, key: tuple[Key, Key, Key]) -> None:
        del self._pending[key]
        for counted in (("room", key[0]), ("invitee", key[1])):
            self._load[counted] -= 1
            if not self._load[counted]:
                del self._load[counted]


def _inviter(invitation: Invitation) -> Key:
    """Who asked; an occupant of an anonymous room is told apart by the nickname."""
    asked = invitation.inviter or invitation.room
    return asked.key if asked.key != invitation.room.key else (str(asked), "")


def _on(address: Address, network: Network) -> Address:
    return address if address.network is network else replace(address, network=network)
