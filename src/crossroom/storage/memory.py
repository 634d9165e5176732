"""A store that lasts as long as the process: for tests, and for servers that want no disk."""

from crossroom.room.address import Address
from crossroom.room.snapshot import RoomSnapshot


class MemoryStore:
    """Snapshots are frozen values: keeping them is keeping a reference."""

    def __init__(self) -> None:
        self._snapshots: dict[tuple[str, str], RoomSnapshot] = {}

    async def load_all(self) -> tuple[RoomSnapshot, ...]:
        """Read every room."""
        return tuple(self._snapshots.values())

    async def save(self, snapshot: RoomSnapshot) -> None:
        """Write a room over what is kept of it."""
        self._snapshots[snapshot.address.key] = snapshot

    async def delete(self, room: Address) -> None:
        """Forget a room."""
        self._snapshots.pop(room.key, None)
