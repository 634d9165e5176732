"""What a focus asks of a store: to keep rooms that outlast their participants. Back-ends live above, in storage/."""

from typing import Protocol

from crossroom.room.address import Address
from crossroom.room.snapshot import RoomSnapshot


class Store(Protocol):
    """Room snapshots by address (user and domain, case folded). Any call may raise OSError."""

    async def load_all(self) -> tuple[RoomSnapshot, ...]:
        """Read every room, once at start."""
        ...

    async def save(self, snapshot: RoomSnapshot) -> None:
        """Write a room over what is kept of it."""
        ...

    async def delete(self, room: Address) -> None:
        """Forget a room; no error when there is none."""
        ...
