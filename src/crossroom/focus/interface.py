"""The door: what a face may ask of a room, wherever the room lives; and what a room may ask of a face.

The contract is in docs/focus.md and proved for every implementation by tests/contract/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Protocol

from crossroom.room.address import Address, EndpointId, MessageId, Nickname
from crossroom.room.commands import Draft, Joiner, Order
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Native, Receipt
from crossroom.room.events import RoomEvent
from crossroom.room.reasons import Departure, Reason
from crossroom.room.standing import Affiliation

Deliver = Callable[[RoomEvent], None]
"""Called on the loop for every event of one seat: quick, never awaits, never raises."""

Progress = Callable[[str], None]
"""Told how far an invitation has come, in a few words (`alerting`, `180 Ringing`): quick, never raises."""


def untold(_text: str) -> None:
    """A Progress for those who only want the outcome."""


class Features(Flag):
    """What a seat's focus can do; complete at join, never found out by a failed call."""

    NONE = 0
    NICKNAMES = auto()
    PRIVATE_MESSAGES = auto()
    COMPOSING = auto()
    SUBJECT = auto()
    MODERATION = auto()
    INVITATIONS = auto()
    CONFIGURATION = auto()
    PRESENCE = auto()
    HISTORY = auto()
    RECEIPTS = auto()
    ALL = (
        NICKNAMES | PRIVATE_MESSAGES | COMPOSING | SUBJECT | MODERATION | INVITATIONS
        | CONFIGURATION | PRESENCE | HISTORY | RECEIPTS
    )  # fmt: skip


class Answer(StrEnum):
    """How an invitation ended."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an invitation. DECLINED: a person (or a busy phone) said no; FAILED: `reason` says why."""

    answer: Answer
    reason: Reason | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """A room to somebody who is not in it (disco#info, OPTIONS)."""

    room: Address
    configuration: Configuration
    features: Features
    occupants: tuple[Nickname, ...] = ()
    subject: str = ""


class Participation(Protocol):
    """One endpoint's seat in one room. Every call raises `Refused` when the room says no."""

    @property
    def endpoint(self) -> EndpointId:
        """This seat's own id: the one in its own `Joined`."""
        ...

    @property
    def features(self) -> Features:
        """What may be asked here."""
        ...

    async def post(self, draft: Draft) -> MessageId:
        """Say something; returns once the room has accepted it, and the post comes back by `deliver`."""
        ...

    def post_at_once(self, draft: Draft) -> bool:
        """Do the same where there is nothing to wait for; False: nothing was done, it has to be `post`."""
        ...

    async def acknowledge(
        self, message_id: MessageId, receipt: Receipt, to: Nickname, native: Native | None = None
    ) -> None:
        """Tell the author (`to`) of a private message what became of it."""
        ...

    async def compose(self, state: Composing, to: Nickname | None = None) -> None:
        """Tell that the user types, or stopped."""
        ...

    async def rename(self, nickname: Nickname) -> None:
        """Take another nickname."""
        ...

    async def set_subject(self, subject: str, message_id: MessageId) -> None:
        """Change the subject of the room."""
        ...

    async def set_presence(self, presence: Native) -> None:
        """New availability, for networks that show it."""
        ...

    async def moderate(self, *orders: Order) -> None:
        """Change roles or affiliations: all orders or none. Their endpoint must be this seat's own."""
        ...

    async def configure(self, configuration: Configuration) -> None:
        """Change the room's settings; unlocks a new room."""
        ...

    async def destroy(self, text: str = "", alternative: Address | None = None) -> None:
        """End the room for everybody."""
        ...

    async def invite(
        self, who: Address, reason: str = "", progress: Progress = untold, referral: str = ""
    ) -> Outcome:
        """Let the room invite somebody; returns when it is known how that ended.

        `referral` is what the inviter's own network said of who asks: opaque, and passed on unmodified to an
        invitee on that network, where the room may show who the inviter is (see Invitation).
        """
        ...

    async def affiliations(self) -> tuple[tuple[Address, Affiliation], ...]:
        """Everybody with a standing in the room, if this seat may know it."""
        ...

    async def leave(self, status: str = "", departure: Departure = Departure.LEFT) -> None:
        """Give the seat up. `departure` says LINK_LOST when it was lost rather than given up."""
        ...


class Elsewhere:
    """What participations have in common whose room is not in this process."""

    __slots__ = ()

    def post_at_once(self, draft: Draft) -> bool:  # noqa: ARG002 -- whatever it is
        """See Participation: the room answers later."""
        return False


class Focus(Protocol):
    """Who owns conferences and answers for them (RFC 4353)."""

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        """Take a seat: returns after the whole roster was delivered, the own `Joined` last.

        Raises:
            Refused: nothing was delivered and nothing is left behind.

        """
        ...

    async def describe(self, room: Address) -> Description:
        """Tell what anybody may know about a room; raises Refused(NO_SUCH_ROOM)."""
        ...

    async def rooms(self, domain: str) -> tuple[Description, ...]:
        """List the public rooms of a domain (disco#items)."""
        ...


class Directory(Protocol):
    """Which focus answers for a room: by its domain, from configuration."""

    def focus_for(self, room: Address) -> Focus:
        """Find the focus of a room; raises Refused(NO_SUCH_ROOM) for a domain that is not served."""
        ...


class Reservation(Protocol):
    """A seat that a focus elsewhere keeps for an invited user: its pending INVITE."""

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        """Take the seat; the same contract as `Focus.join`."""
        ...


@dataclass(frozen=True, slots=True)
class Invitation:
    """A room asks somebody in. `inviter` is what the invitee may know of who asked; `reason` is text.

    `reservation` is None for a room of ours: the invitee joins by the directory like everybody.
    """

    room: Address
    invitee: Address
    inviter: Address | None = None
    reason: str = ""
    password: str | None = None
    reservation: Reservation | None = None
    progress: Progress = untold  # for a waiting REFER
    referral: str = ""  # a Referred-By to be copied unmodified (RFC 3892 §2.2); empty where nobody may know


class Reach(Protocol):
    """What a face offers to the rest: reaching a person on its network."""

    async def invite(self, invitation: Invitation) -> Outcome:
        """Ask the person, and wait for what they do; cancelling the call withdraws the invitation."""
        ...
