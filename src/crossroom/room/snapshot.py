"""What remains of a room while nobody is in it: a value that a store can keep. Never shown to a face."""

from dataclasses import dataclass, field

from crossroom.room.address import Address
from crossroom.room.affiliations import Affiliations
from crossroom.room.configuration import Configuration
from crossroom.room.events import Posted, SubjectChanged
from crossroom.room.history import History
from crossroom.room.standing import Affiliation
from crossroom.room.state import RoomLimits, RoomState


@dataclass(frozen=True, slots=True)
class RoomSnapshot:
    """A room at rest. `secret` keeps occupant ids the same; `history` is oldest first, in its full view."""

    address: Address
    secret: bytes = field(repr=False)
    configuration: Configuration
    affiliations: tuple[tuple[Address, Affiliation], ...]
    subject: SubjectChanged
    history: tuple[Posted, ...] = ()


def take(state: RoomState) -> RoomSnapshot:
    """Copy what lasts."""
    return RoomSnapshot(
        address=state.address,
        secret=state.secret,
        configuration=state.configuration,
        affiliations=tuple(state.affiliations),
        subject=state.subject,
        history=tuple(state.history),
    )


def restore(snapshot: RoomSnapshot, limits: RoomLimits) -> RoomState:
    """Make the room again, with nobody in it."""
    configuration = snapshot.configuration
    return RoomState(
        address=snapshot.address,
        secret=snapshot.secret,
        limits=limits,
        configuration=configuration,
        affiliations=Affiliations(snapshot.affiliations),
        history=History(configuration.history_length, limits.history_octets, snapshot.history),
        subject=snapshot.subject,
    )
