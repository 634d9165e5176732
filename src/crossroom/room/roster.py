"""Who is in the room: participants under nicknames, each with one or more seats (RFC 4575 user and endpoint).

Pure bookkeeping: no rule about who may come, stay or see lives here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from crossroom.room.address import ANONYMOUS_DOMAIN, Address, EndpointId, Nickname
from crossroom.room.content import Native
from crossroom.room.events import Occupant
from crossroom.room.nickname import comparison_key
from crossroom.room.standing import Affiliation, JoiningMethod, Role

Person = tuple[str, str]
"""What all seats of one human have in common."""


def person_of(address: Address, endpoint: EndpointId) -> Person:
    """Find the person behind an address. RFC 3323 §4.1.1.3: everybody may be anonymous@anonymous.invalid."""
    return ("", endpoint) if address.domain.lower() == ANONYMOUS_DOMAIN else address.key


@dataclass(eq=False, slots=True, weakref_slot=True)
class Participant:
    """One nickname: its role binds to it, its affiliation to the person behind it."""

    nickname: Nickname
    key: str
    person: Person
    role: Role
    affiliation: Affiliation
    seats: "tuple[Seat, ...]" = ()


@dataclass(eq=False, slots=True, weakref_slot=True)
class Seat:
    """One endpoint. `views` keeps what others see of it (see visibility.py), until something changes."""

    endpoint: EndpointId
    participant: Participant
    address: Address
    occupant_id: str
    display_name: str = ""
    is_anonymous: bool = False
    takes_private: bool = True
    joining: JoiningMethod = JoiningMethod.DIALED_IN
    referred_by: Address | None = None
    presence: Native | None = None
    views: tuple[Occupant, Occupant] | None = None

    @property
    def is_last(self) -> bool:
        """True while the participant has no other seat."""
        return len(self.participant.seats) == 1


@dataclass(frozen=True, slots=True)
class Recipients:
    """The endpoints of a fan-out, ready to use: `full` sees real addresses, `plain` does not."""

    full: tuple[EndpointId, ...]
    plain: tuple[EndpointId, ...]
    everyone: tuple[EndpointId, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A nickname kept for the person who lost the link (RFC 7701 §11), until a POSIX time."""

    person: Person
    until: float


class Roster:
    """The participants by nickname key and their seats by endpoint; iterates over seats in order of arrival."""

    def __init__(self) -> None:
        self.seats: dict[EndpointId, Seat] = {}
        self.participants: dict[str, Participant] = {}
        self.holds: dict[str, Hold] = {}
        self.recipients: Recipients | None = None
        self._devices: dict[tuple[str, str, str], Seat] = {}

    def __iter__(self) -> Iterator[Seat]:
        return iter(self.seats.values())

    def __len__(self) -> int:
        return len(self.seats)

    def find(self, nickname: Nickname) -> Participant | None:
        """The participant with this nickname, however it is written."""
        return self.participants.get(comparison_key(nickname))

    def is_open(self, nickname: Nickname, person: Person, now: float) -> bool:
        """True when nobody else holds the nickname or has it kept."""
        key = comparison_key(nickname)
        holder, hold = self.participants.get(key), self.holds.get(key)
        is_kept = hold is not None and hold.until > now and hold.person != person
        return not is_kept and (holder is None or holder.person == person)

    def seat_of(self, address: Address) -> Seat | None:
        """The seat of exactly this device; a person's address without device is never one."""
        return self._devices.get(_device(address)) if address.device else None

    def enter(self, seat: Seat) -> None:
        """Seat somebody, under a new nickname or beside the same person's other endpoints."""
        participant = seat.participant
        self.participants[participant.key] = participant
        self.holds.pop(participant.key, None)
        participant.seats = (*participant.seats, seat)
        self.seats[seat.endpoint] = seat
        self._devices[_device(seat.address)] = seat
        self.recipients = None

    def remove(self, seat: Seat) -> bool:
        """Take a seat away; True when the participant is gone with it."""
        participant = seat.participant
        del self.seats[seat.endpoint]
        participant.seats = tuple(other for other in participant.seats if other is not seat)
        device = _device(seat.address)
        if self._devices[device] is seat:  # else the same device has come back since
            del self._devices[device]
        self.recipients = None
        if participant.seats:
            return False
        del self.participants[participant.key]
        return True

    def hold(self, participant: Participant, until: float, now: float) -> None:
        """Keep a lost participant's nickname; forgets the holds that are over."""
        self.holds = {key: hold for key, hold in self.holds.items() if hold.until > now}
        self.holds[participant.key] = Hold(participant.person, until)

    def rename(self, participant: Participant, nickname: Nickname) -> Participant:
        """Move a participant's seats to another nickname, onto the same person's participant if one is there."""
        key = comparison_key(nickname)
        del self.participants[participant.key]
        target = self.participants.get(key)
        if target is None:
            participant.nickname, participant.key = nickname, key
            target = participant
        for seat in participant.seats:
            seat.participant, seat.views = target, None
        if target is not participant:
            target.seats += participant.seats
        self.participants[key] = target
        self.holds.pop(key, None)
        self.recipients = None
        return target


def _device(address: Address) -> tuple[str, str, str]:
    return (*address.key, address.device)
