"""The focus over rooms in this process: what `hosted` domains have behind the door.

It meets the contract of docs/focus.md with plain function calls: when a call returns, everything it caused was
delivered (unless it was made from inside a `deliver`, see outbox.py).
"""

import asyncio
from dataclasses import replace

from crossroom.focus.hosting import Hosting, Surroundings
from crossroom.focus.interface import Deliver, Description, Features, Invitation, Outcome, Progress, untold
from crossroom.focus.limits import Bucket, Limits
from crossroom.room.address import Address, EndpointId, MessageId, Nickname
from crossroom.room.commands import (
    Acknowledge,
    Command,
    Compose,
    Configure,
    Destroy,
    Draft,
    Invite,
    Joiner,
    Leave,
    Moderate,
    Order,
    Post,
    Rename,
    SetPresence,
    SetSubject,
)
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Native, Receipt
from crossroom.room.events import Occupant
from crossroom.room.nickname import comparison_key
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.room import Room
from crossroom.room.standing import Affiliation

HIDDEN_PASSWORD = "••••••••"  # noqa: S105 -- says that there is one
"""What a description shows in place of a room's password."""


class LocalParticipation:
    """One endpoint's seat in a room of this process; see focus.interface.Participation for every call."""

    __slots__ = ("_acts", "_address", "_endpoint", "_hosting", "_room")

    def __init__(self, hosting: Hosting, room: Room, endpoint: EndpointId, address: Address) -> None:
        self._hosting = hosting
        self._room = room
        self._endpoint = endpoint
        self._address = address
        self._acts: Bucket | None = None  # until it does something

    @property
    def endpoint(self) -> EndpointId:
        """This seat's own id."""
        return self._endpoint

    @property
    def features(self) -> Features:
        """A room of our own can do everything."""
        return Features.ALL

    async def post(self, draft: Draft) -> MessageId:
        """Say something; it has come back by `deliver` when this returns."""
        self.post_at_once(draft)
        return draft.id

    def post_at_once(self, draft: Draft) -> bool:
        """The room is in this process: there is never anything to wait for."""
        self._act(Post(self._endpoint, draft, self._hosting.archive_id()))
        return True

    async def acknowledge(
        self, message_id: MessageId, receipt: Receipt, to: Nickname, native: Native | None = None
    ) -> None:
        """Tell the author of a private message what became of it."""
        self._act(Acknowledge(self._endpoint, to, message_id, receipt, native))

    async def compose(self, state: Composing, to: Nickname | None = None) -> None:
        """Tell that the user types, or stopped."""
        self._act(Compose(self._endpoint, state, to))

    async def rename(self, nickname: Nickname) -> None:
        """Take another nickname, on all endpoints that share the present one."""
        self._act(Rename(self._endpoint, nickname))

    async def set_subject(self, subject: str, message_id: MessageId) -> None:
        """Change the subject of the room."""
        self._act(SetSubject(self._endpoint, subject, message_id, self._hosting.archive_id()))
        await self._hosting.shelf.flush()

    async def set_presence(self, presence: Native) -> None:
        """Show a new availability."""
        self._act(SetPresence(self._endpoint, presence))

    async def moderate(self, *orders: Order) -> None:
        """Change roles or affiliations: all orders or none."""
        self._act(Moderate(self._endpoint, orders))
        await self._hosting.shelf.flush()

    async def configure(self, configuration: Configuration) -> None:
        """Change the room's settings; unlocks a new room."""
        self._act(Configure(self._endpoint, configuration))
        await self._hosting.shelf.flush()

    async def destroy(self, text: str = "", alternative: Address | None = None) -> None:
        """End the room for everybody."""
        self._act(Destroy(self._endpoint, text, alternative))
        await self._hosting.shelf.flush()

    async def invite(
        self, who: Address, reason: str = "", progress: Progress = untold, referral: str = ""
    ) -> Outcome:
        """Let the room invite somebody; cancelling the call withdraws the invitation."""
        hosting, room = self._hosting, self._room
        try:
            hosting.allow_invitation(self._address.identity)
        except Refused as refused:
            hosting.around.note(refused, self._address.identity, room.address)
            raise
        self._act(Invite(self._endpoint, who, reason))
        inviter = room.address_of(self._endpoint)
        await hosting.shelf.flush()
        invitation = Invitation(
            room=room.address,
            invitee=who,
            inviter=inviter,
            reason=reason,
            password=room.configuration.password or None,
            progress=progress,
            # where the room hides addresses, what the inviter said of itself is not passed on either
            referral="" if inviter.is_same_person(room.address) else referral,
        )
        with hosting.expected.expect(room.address, who, inviter):
            return await hosting.around.reach.invite(invitation)

    async def affiliations(self) -> tuple[tuple[Address, Affiliation], ...]:
        """Everybody with a standing in the room that this seat may know."""
        return self._room.affiliations(self._endpoint)

    async def leave(self, status: str = "", departure: Departure = Departure.LEFT) -> None:
        """Give the seat up."""
        self._hosting.perform(self._room, Leave(self._endpoint, departure, status))
        await self._hosting.shelf.flush()

    def _act(self, command: Command) -> None:
        hosting = self._hosting
        now = hosting.around.clock()
        if self._acts is None:
            self._acts = Bucket(hosting.limits.acts, now)
        try:
            if not self._acts.take(now):
                raise Refused(Reason.RATE_EXCEEDED)  # noqa: TRY301 -- the same for what the room refuses
            hosting.perform(self._room, command)
        except Refused as refused:
            hosting.around.note(refused, self._address.identity, self._room.address)
            raise


class LocalFocus:
    """Owner of all rooms in this process. `new_room` is what a room is set to when somebody begins it."""

    def __init__(
        self, around: Surroundings, limits: Limits | None = None, new_room: Configuration | None = None
    ) -> None:
        self._hosting = Hosting(around, limits or Limits(), new_room or Configuration())

    async def load(self) -> None:
        """Read the persistent rooms, once before the first join; raises what the store raises."""
        await self._hosting.shelf.load()

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> LocalParticipation:
        """Take a seat; a room that is not there begins with its first joiner."""
        hosting = self._hosting
        found, endpoint = hosting.enter(room, joiner, deliver)
        try:
            await hosting.outbox.emptied()
        except asyncio.CancelledError:
            hosting.give_up(found, endpoint)
            raise
        return LocalParticipation(hosting, found, endpoint, joiner.address)

    async def describe(self, room: Address) -> Description:
        """Tell what anybody may know about a room that is open or kept."""
        description = self._description(room)
        if description is None:
            raise Refused(Reason.NO_SUCH_ROOM)
        return description

    async def rooms(self, domain: str) -> tuple[Description, ...]:
        """List the public rooms of a domain, without those that wait for their configuration."""
        open_rooms = [room.address for room in self._hosting if not room.is_locked]
        known = {address.key: address for address in open_rooms}
        known |= {kept.address.key: kept.address for kept in self._hosting.shelf}
        found = (self._description(room) for room in known.values() if room.domain.lower() == domain.lower())
        return tuple(room for room in found if room and room.configuration.is_public)

    async def save(self) -> None:
        """Write everything that lasts, with the newest posts; the server calls it from time to time."""
        for room in self._hosting:
            if room.configuration.is_persistent and not room.is_locked:
                self._hosting.shelf.keep(room.snapshot())
        await self._hosting.shelf.flush()

    async def end(self, room: Address, text: str = "", alternative: Address | None = None) -> None:
        """End a room for its operator; raises Refused(NO_SUCH_ROOM)."""
        found = self._hosting.find(room)
        if found is not None:
            self._hosting.perform(found, Destroy(None, text, alternative))
        elif room in self._hosting.shelf:
            self._hosting.discard(room)
        else:
            raise Refused(Reason.NO_SUCH_ROOM)
        await self._hosting.shelf.flush()

    async def occupants(self, room: Address) -> tuple[Occupant, ...]:
        """Show an operator who is in a room, with real addresses; raises Refused(NO_SUCH_ROOM)."""
        return self._open(room).occupants()

    async def remove(self, room: Address, nickname: Nickname, text: str = "") -> None:
        """Kick a participant for an operator, from all endpoints.

        Raises:
            Refused: NO_SUCH_ROOM, NO_SUCH_PARTICIPANT.

        """
        found, key = self._open(room), comparison_key(nickname)
        seats = [one.endpoint for one in found.occupants() if comparison_key(one.nickname) == key]
        if not seats:
            raise Refused(Reason.NO_SUCH_PARTICIPANT)
        for endpoint in seats:
            self._hosting.give_up(found, endpoint, Departure.KICKED, text)
        await self._hosting.shelf.flush()

    async def close(self) -> None:
        """End everybody's seat with SHUTDOWN, write what lasts, refuse from now on."""
        self._hosting.close()
        await self._hosting.shelf.flush()

    def tables(self) -> dict[str, int]:
        """Count what this focus holds, for metrics and for tests that nothing leaks."""
        return self._hosting.tables()

    def _open(self, room: Address) -> Room:
        found = self._hosting.find(room)
        if found is None:
            raise Refused(Reason.NO_SUCH_ROOM)
        return found

    def _description(self, address: Address) -> Description | None:
        room, kept = self._hosting.find(address), self._hosting.shelf.get(address)
        if room is not None:
            shown = room.nicknames if room.configuration.is_public else ()
            return Description(
                room.address, _without_password(room.configuration), Features.ALL, shown, room.subject
            )
        if kept is not None:
            settings = _without_password(kept.configuration)
            return Description(kept.address, settings, Features.ALL, (), kept.subject.subject)
        return None


def _without_password(configuration: Configuration) -> Configuration:
    return replace(configuration, password=HIDDEN_PASSWORD if configuration.password else "")
