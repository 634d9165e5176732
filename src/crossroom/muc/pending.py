"""Invitations that wait for what the invited person does (docs/mapping.md §3.15)."""

import asyncio
from dataclasses import dataclass

from crossroom.focus.interface import Invitation, Outcome
from crossroom.room.address import Address

Key = tuple[tuple[str, str], tuple[str, str]]


@dataclass(slots=True, eq=False)
class PendingInvitation:
    """One mediated invitation under way: `stanza_id` is what a bounce will carry."""

    invitation: Invitation
    stanza_id: str
    outcome: asyncio.Future[Outcome]

    def settle(self, outcome: Outcome) -> None:
        """Say how it ended; the first word counts."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class PendingInvitations:
    """All of them, by room and invited person. Several people may invite the same one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[Key, list[PendingInvitation]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def is_full(self) -> bool:
        """True when no more can wait."""
        return len(self) >= self._limit

    def add(self, pending: PendingInvitation) -> None:
        """Take note of one that was sent."""
        self._waiting.setdefault(_key(pending.invitation), []).append(pending)

    def remove(self, pending: PendingInvitation) -> None:
        """Forget one."""
        key = _key(pending.invitation)
        waiting = [one for one in self._waiting.get(key, []) if one is not pending]
        if waiting:
            self._waiting[key] = waiting
        else:
            self._waiting.pop(key, None)

    def accepted_by(self, room: Address, invitee: Address) -> PendingInvitation | None:
        """The one that a join accepts: one with a reservation, else the oldest."""
        waiting = self.of(room, invitee)
        return next((one for one in waiting if one.invitation.reservation), next(iter(waiting), None))

    def of(self, room: Address, invitee: Address) -> list[PendingInvitation]:
        """All that wait for this person and this room, the oldest first."""
        return list(self._waiting.get((room.key, invitee.key), []))

    def settle(self, room: Address, invitee: Address, outcome: Outcome) -> None:
        """The person has answered: everybody who asked is told."""
        for pending in self.of(room, invitee):
            pending.settle(outcome)

    def bounced(self, room: Address, invitee: Address, stanza_id: str, outcome: Outcome) -> bool:
        """An error came back for one of them; False when it was for something else."""
        found = [one for one in self.of(room, invitee) if one.stanza_id == stanza_id]
        for pending in found:
            pending.settle(outcome)
        return bool(found)


def _key(invitation: Invitation) -> Key:
    return invitation.room.key, invitation.invitee.key
