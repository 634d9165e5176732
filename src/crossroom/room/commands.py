"""What anybody can ask of a room: imperatives, frozen, free of SIP, XML and sockets.

They are also what a bus between nodes would carry.
"""

from dataclasses import dataclass, field

from msgspec import Struct

from crossroom.room.address import Address, ArchiveId, EndpointId, MessageId, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, JoiningMethod, Role


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """How much history a joiner wants; None means as the room is configured (XEP-0045 §7.2.13).

    `max_octets` counts text, `since` is POSIX seconds (UTC), `seconds` an age.
    """

    max_posts: int | None = None
    max_octets: int | None = None
    seconds: int | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Joiner:
    """Somebody at the door, as a face describes them.

    `insists_on_nickname`: a taken nickname refuses the join (MUC); otherwise the room finds a free one near
    it (a SIP user's temporary nickname, RFC 7702 §6.1). `takes_private`: this endpoint can receive private
    messages. `locks_new_room`: a room that this join creates waits for its configuration (XEP-0045 §10.1).
    """

    address: Address
    nickname: Nickname
    insists_on_nickname: bool = False
    takes_private: bool = True
    may_create: bool = True
    locks_new_room: bool = False
    password: str | None = None
    history: HistoryRequest = field(default_factory=HistoryRequest)
    display_name: str = ""
    anonymous: bool = False  # RFC 3323: the address must not be shown to anybody
    joining: JoiningMethod = JoiningMethod.DIALED_IN
    referred_by: Address | None = None
    presence: Native | None = None
    subject: str | None = None  # the subject that a room created by this join begins with


class Draft(Struct, frozen=True, gc=False):
    """A message on its way into the room: `to` is None for everybody, a nickname for one participant.

    `receipts`: what its author wants to be told of; only of a private message anybody is.
    """

    id: MessageId
    content: Content | None
    native: Native | None = None
    to: Nickname | None = None
    at: float | None = None  # set only for what was said before it arrived here, POSIX seconds
    is_kept: bool = True  # False: never in history (XEP-0334 no-store)
    receipts: frozenset[Receipt] = frozenset()


@dataclass(frozen=True, slots=True)
class Join:
    """Come in (Joiner says who and how)."""

    endpoint: EndpointId
    joiner: Joiner


@dataclass(frozen=True, slots=True)
class Leave:
    """Give a seat up, or have it taken by a technical loss."""

    endpoint: EndpointId
    departure: Departure = Departure.LEFT
    status: str = ""


class Post(Struct, frozen=True, gc=False):
    """Say something."""

    endpoint: EndpointId
    draft: Draft
    archive_id: ArchiveId


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tell the author of a private message (`to`) what became of it; `native` as in a Draft."""

    endpoint: EndpointId
    to: Nickname
    id: MessageId
    receipt: Receipt
    native: Native | None = None


@dataclass(frozen=True, slots=True)
class Compose:
    """Typing state, for everybody or (`to`) for one participant."""

    endpoint: EndpointId
    state: Composing
    to: Nickname | None = None


@dataclass(frozen=True, slots=True)
class Rename:
    """Take another nickname."""

    endpoint: EndpointId
    nickname: Nickname


@dataclass(frozen=True, slots=True)
class SetSubject:
    """Change the subject."""

    endpoint: EndpointId
    subject: str
    id: MessageId
    archive_id: ArchiveId


@dataclass(frozen=True, slots=True)
class SetPresence:
    """New availability of an endpoint (show, status and so on), opaque to the room."""

    endpoint: EndpointId
    presence: Native


@dataclass(frozen=True, slots=True)
class SetRole:
    """Kick (role NONE), grant and revoke voice and moderator by nickname (XEP-0045 §8)."""

    endpoint: EndpointId
    nickname: Nickname
    role: Role
    text: str = ""


@dataclass(frozen=True, slots=True)
class SetAffiliation:
    """Ban (OUTCAST) and every other change of standing, by person (XEP-0045 §9)."""

    endpoint: EndpointId
    address: Address
    affiliation: Affiliation
    text: str = ""


@dataclass(frozen=True, slots=True)
class Configure:
    """A new configuration from an owner; also unlocks a new room."""

    endpoint: EndpointId
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Invite:
    """Ask whether this endpoint may invite this person with these words, and take note (members-only rooms admit them)."""

    endpoint: EndpointId
    invitee: Address
    text: str = ""


@dataclass(frozen=True, slots=True)
class Destroy:
    """End the room. `endpoint` is None when the service itself does it."""

    endpoint: EndpointId | None
    text: str = ""
    alternative: Address | None = None
    departure: Departure = Departure.ROOM_DESTROYED


Order = SetRole | SetAffiliation


@dataclass(frozen=True, slots=True)
class Moderate:
    """Several orders of one endpoint at once: all are obeyed or none (XEP-0045 §9.2, §17.4)."""

    endpoint: EndpointId
    orders: tuple[Order, ...]


Command = (
    Join
    | Leave
    | Post
    | Acknowledge
    | Compose
    | Rename
    | SetSubject
    | SetPresence
    | SetRole
    | SetAffiliation
    | Moderate
    | Configure
    | Invite
    | Destroy
)
