"""Everything that one room remembers; the concerns beside this file read and change it, room.py owns it."""

from dataclasses import dataclass, field

from crossroom.room.address import Address, EndpointId, Nickname
from crossroom.room.affiliations import Affiliations
from crossroom.room.configuration import Configuration
from crossroom.room.events import SubjectChanged
from crossroom.room.history import History
from crossroom.room.nickname import comparison_key
from crossroom.room.reasons import Reason, Refused
from crossroom.room.roster import Person, Roster, Seat
from crossroom.room.standing import Affiliation, Role


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """What a room never exceeds, whatever its owner configures; 0 occupants means no limit.

    `post_octets` counts content, native form and id; `hold_seconds` keeps a nickname after a lost link.
    """

    occupants: int = 2000  # nicknames; each one costs everybody else one event
    history_posts: int = 500
    history_octets: int = 1_048_576  # a replay to one joiner stays below a second on a slow line
    post_octets: int = 262_144  # the size of stanza that common XMPP servers take
    affiliations: int = 10_000
    text_octets: int = 8192  # subject, room name, description: shown in one window
    hold_seconds: float = 30.0  # RFC 7701 §11: long enough for a re-INVITE, short enough for everybody else
    reserved_nicknames: frozenset[str] = frozenset()  # RFC 7701 §7.1: by comparison_key; nobody may take them


@dataclass(eq=False, slots=True, weakref_slot=True)
class RoomState:
    """One room. `is_new` until the first join, `is_locked` until a creator's configuration."""

    address: Address
    secret: bytes
    limits: RoomLimits
    configuration: Configuration
    affiliations: Affiliations
    history: History
    roster: Roster = field(default_factory=Roster)
    subject: SubjectChanged = field(default_factory=lambda: SubjectChanged("", delayed=True))
    is_new: bool = False
    is_locked: bool = False
    is_destroyed: bool = False

    def seat(self, endpoint: EndpointId) -> Seat:
        """Find who asks; raises Refused(NOT_IN_ROOM)."""
        seat = self.roster.seats.get(endpoint)
        if seat is None:
            raise Refused(Reason.NOT_IN_ROOM)
        return seat

    def is_open(self, nickname: Nickname, person: Person, now: float) -> bool:
        """True for a nickname that this person may take: not reserved, nobody else's, not kept for another."""
        is_reserved = comparison_key(nickname) in self.limits.reserved_nicknames
        return not is_reserved and self.roster.is_open(nickname, person, now)

    def must_fit(self, text: str) -> None:
        """A subject, a reason, the name of a room: raises Refused(TOO_LARGE)."""
        if len(text.encode()) > self.limits.text_octets:
            raise Refused(Reason.TOO_LARGE, f"a text of more than {self.limits.text_octets} octets")

    def role_for(self, affiliation: Affiliation) -> Role:
        """XEP-0045 §5.1.2: the role that a standing brings at entry."""
        if affiliation >= Affiliation.ADMIN:
            return Role.MODERATOR
        if affiliation is Affiliation.NONE and self.configuration.is_moderated:
            return Role.VISITOR
        return Role.PARTICIPANT
