"""What happened in a room: past tense, frozen, shared by everybody who may see the same.

The room decides what each participant may see: where `address` is None, the recipient is not given it and no
face can leak it. One event object serves all recipients with the same view.
"""

from dataclasses import dataclass

from msgspec import Struct

from crossroom.room.address import Address, ArchiveId, EndpointId, MessageId, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, JoiningMethod, Role


@dataclass(frozen=True, slots=True)
class Occupant:
    """One endpoint in the room, under the nickname of its participant, as one recipient may see it.

    `id` is the stable occupant id (XEP-0421): the same for all devices and nicknames of one person.
    """

    endpoint: EndpointId
    nickname: Nickname
    role: Role
    affiliation: Affiliation
    id: str = ""
    address: Address | None = None
    display_name: str = ""
    joining: JoiningMethod = JoiningMethod.DIALED_IN
    referred_by: Address | None = None
    presence: Native | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """An endpoint is in the room: also each line of the roster that a joiner is given, its own line last.

    `created`: this join made the room; `locked`: it waits for configuration. `assigned`: the nickname is not
    the one that was asked for.
    """

    occupant: Occupant
    configuration: Configuration
    created: bool = False
    locked: bool = False
    assigned: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """An endpoint is no longer in the room. `by` is the nickname of whoever removed it, where known."""

    occupant: Occupant
    departure: Departure
    text: str = ""
    by: Nickname | None = None
    is_last_endpoint: bool = True  # False: the participant is still there with another endpoint
    alternative: Address | None = None  # the room to go to instead, when this one was destroyed


@dataclass(frozen=True, slots=True)
class Renamed:
    """A participant changed the nickname; `occupant` carries the new one.

    All endpoints of the participant are renamed, each by an event of its own; the last one says so.
    """

    occupant: Occupant
    old: Nickname
    is_last_endpoint: bool = True  # False: the same change of another endpoint follows at once


@dataclass(frozen=True, slots=True)
class Changed:
    """An occupant's role, affiliation or presence is now this."""

    occupant: Occupant
    text: str = ""
    by: Nickname | None = None


class Posted(Struct, frozen=True, gc=False):
    """Somebody said something. `at` is the room's own time, POSIX seconds; `delayed` marks history.

    `to` is the recipient's nickname for a private message, None for everybody. `receipts`: what the author of a
    private one wants to be told of.
    """

    author: Occupant
    id: MessageId
    archive_id: ArchiveId
    at: float
    content: Content | None
    native: Native | None = None
    to: Nickname | None = None
    delayed: bool = False
    receipts: frozenset[Receipt] = frozenset()


class Acknowledged(Struct, frozen=True, gc=False):
    """The recipient (`author`) of a private message tells what became of it; `to` wrote it and chose its `id`."""

    author: Occupant
    id: MessageId
    receipt: Receipt
    to: Nickname
    native: Native | None = None


class ComposingChanged(Struct, frozen=True, gc=False):
    """Somebody types, or stopped; never kept."""

    author: Occupant
    state: Composing
    to: Nickname | None = None


@dataclass(frozen=True, slots=True)
class SubjectChanged:
    """The subject, also once after each joiner's history, even when empty (`by` None, `at` 0)."""

    subject: str
    by: Nickname | None = None
    at: float = 0.0
    id: MessageId = MessageId("")
    archive_id: ArchiveId = ArchiveId("")
    delayed: bool = False


@dataclass(frozen=True, slots=True)
class Configured:
    """An owner changed the settings (or unlocked the room)."""

    before: Configuration
    after: Configuration


@dataclass(frozen=True, slots=True)
class Ended:
    """Last, and exactly once: this endpoint's seat is gone. Later calls on its participation refuse."""

    departure: Departure
    text: str = ""


RoomEvent = (
    Joined
    | Left
    | Renamed
    | Changed
    | Posted
    | Acknowledged
    | ComposingChanged
    | SubjectChanged
    | Configured
    | Ended
)


class Delivery(Struct, frozen=True, gc=False):
    """One event for all the endpoints that may see exactly this."""

    event: RoomEvent
    to: tuple[EndpointId, ...]
