"""The room: every command goes in here, and comes out as deliveries or as `Refused` with nothing changed.

Synchronous and pure: the concerns are in the files beside this one, the state in state.py, time is an argument.
"""

from typing import assert_never

from crossroom.room import snapshot
from crossroom.room.address import Address, EndpointId, Nickname
from crossroom.room.affiliations import Affiliations
from crossroom.room.appearance import rename, set_presence
from crossroom.room.commands import (
    Acknowledge,
    Command,
    Compose,
    Configure,
    Destroy,
    Invite,
    Join,
    Leave,
    Moderate,
    Post,
    Rename,
    SetAffiliation,
    SetPresence,
    SetRole,
    SetSubject,
)
from crossroom.room.configuration import Configuration
from crossroom.room.configuring import acceptable, configure
from crossroom.room.events import Delivery, Occupant
from crossroom.room.history import History
from crossroom.room.inviting import invite
from crossroom.room.joining import join
from crossroom.room.leaving import destroy, leave
from crossroom.room.messages import acknowledge, compose, post
from crossroom.room.moderation import moderate, visible_affiliations
from crossroom.room.reasons import Reason, Refused
from crossroom.room.snapshot import RoomSnapshot
from crossroom.room.standing import Affiliation
from crossroom.room.state import RoomLimits, RoomState
from crossroom.room.subject import set_subject
from crossroom.room.visibility import view


class Room:
    """One chat room; made by `begin` or `restored`."""

    def __init__(self, state: RoomState) -> None:
        self._state = state
        self.key = state.address.key
        """What names it in tables: asked for with every command."""

    @classmethod
    def begin(
        cls, address: Address, secret: bytes, configuration: Configuration, limits: RoomLimits | None = None
    ) -> "Room":
        """Make a new room, which is there once its creator joins.

        `secret` (at least 16 random octets) makes its occupant ids.

        Raises:
            Refused: the configuration is outside the limits.

        """
        limits = limits or RoomLimits()
        accepted = acceptable(configuration, limits)
        history = History(accepted.history_length, limits.history_octets)
        return cls(RoomState(address.bare, secret, limits, accepted, Affiliations(), history, is_new=True))

    @classmethod
    def restored(cls, kept: RoomSnapshot, limits: RoomLimits | None = None) -> "Room":
        """Open a room again as it was when the snapshot was taken, with nobody in it."""
        return cls(snapshot.restore(kept, limits or RoomLimits()))

    def handle(self, command: Command, now: float) -> list[Delivery]:  # noqa: C901, PLR0912 -- one arm per command
        """Obey a command at `now` (POSIX seconds), or raise Refused(reason) with nothing changed."""
        state = self._state
        if state.is_destroyed:
            raise Refused(Reason.NO_SUCH_ROOM)
        match command:
            case Post():
                return post(state, command, now)
            case Acknowledge():
                return acknowledge(state, command)
            case Compose():
                return compose(state, command)
            case Join():
                return join(state, command, now)
            case Leave():
                return leave(state, command, now)
            case Rename():
                return rename(state, command, now)
            case SetPresence():
                return set_presence(state, command)
            case SetSubject():
                return set_subject(state, command, now)
            case SetRole() | SetAffiliation():
                return moderate(state, Moderate(command.endpoint, (command,)), now)
            case Moderate():
                return moderate(state, command, now)
            case Configure():
                return configure(state, command, now)
            case Invite():
                return invite(state, command, now)
            case Destroy():
                return destroy(state, command)
            case _:  # pragma: no cover -- mypy proves it
                assert_never(command)

    def affiliations(self, endpoint: EndpointId) -> tuple[tuple[Address, Affiliation], ...]:
        """Everybody with a standing that this endpoint may know; raises Refused."""
        return visible_affiliations(self._state, self._state.seat(endpoint).participant)

    def nickname_of(self, endpoint: EndpointId) -> Nickname:
        """Name who sits here; raises Refused(NOT_IN_ROOM)."""
        return self._state.seat(endpoint).participant.nickname

    def address_of(self, endpoint: EndpointId) -> Address:
        """Who may be told to people outside: the real address, or the occupant's where addresses are hidden."""
        seat = self._state.seat(endpoint)
        if self._state.configuration.is_anonymous or seat.is_anonymous:
            room = self._state.address
            return Address(room.user, room.domain, device=seat.participant.nickname)
        return seat.address.bare

    def occupants(self) -> tuple[Occupant, ...]:
        """Everybody as moderators see them, in order of arrival: for the room's operator, never for a face."""
        return tuple(view(self._state, seat, is_full=True) for seat in self._state.roster)

    def snapshot(self) -> RoomSnapshot:
        """Copy what lasts, for a store."""
        return snapshot.take(self._state)

    @property
    def address(self) -> Address:
        """The room's own address."""
        return self._state.address

    @property
    def configuration(self) -> Configuration:
        """The settings in force."""
        return self._state.configuration

    @property
    def subject(self) -> str:
        """The subject in force, or empty."""
        return self._state.subject.subject

    @property
    def nicknames(self) -> tuple[Nickname, ...]:
        """Who is in, in order of arrival."""
        return tuple(participant.nickname for participant in self._state.roster.participants.values())

    @property
    def endpoints(self) -> tuple[EndpointId, ...]:
        """Every seat."""
        return tuple(self._state.roster.seats)

    @property
    def is_empty(self) -> bool:
        """True while nobody is in."""
        return not self._state.roster.seats

    @property
    def is_locked(self) -> bool:
        """True until a new room's creator has configured it."""
        return self._state.is_locked

    @property
    def is_destroyed(self) -> bool:
        """True for a room that has ended for good."""
        return self._state.is_destroyed
