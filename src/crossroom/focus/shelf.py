"""Persistent rooms at rest: the newest snapshot of each, and what of it is still to be written to the store."""

import asyncio
from collections.abc import Callable, Iterator

from crossroom.focus.store import Store
from crossroom.room.address import Address
from crossroom.room.snapshot import RoomSnapshot

ReportFault = Callable[[str, BaseException], None]
"""Where faults go that nobody is waiting for: a sentence, and the exception."""


class Shelf:
    """Reads come from memory; writes are queued by room, and flushed one at a time, always the newest state."""

    def __init__(self, store: Store, report: ReportFault) -> None:
        self._store = store
        self._report = report
        self._snapshots: dict[tuple[str, str], RoomSnapshot] = {}
        self._unwritten: dict[tuple[str, str], Address] = {}
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Fill the shelf from the store, once at start; raises what the store raises."""
        self._snapshots = {snapshot.address.key: snapshot for snapshot in await self._store.load_all()}

    def get(self, room: Address) -> RoomSnapshot | None:
        """Take a look at what is kept of a room."""
        return self._snapshots.get(room.key)

    def keep(self, snapshot: RoomSnapshot) -> None:
        """Keep this from now on; written at the next flush."""
        self._snapshots[snapshot.address.key] = snapshot
        self._unwritten[snapshot.address.key] = snapshot.address

    def drop(self, room: Address) -> None:
        """Forget a room; deleted from the store at the next flush."""
        if self._snapshots.pop(room.key, None) is not None:
            self._unwritten[room.key] = room

    async def flush(self) -> None:
        """Write everything that is queued. What the store refuses is reported and stays queued."""
        async with self._writing:
            for key, room in list(self._unwritten.items()):
                snapshot = self._snapshots.get(key)
                try:
                    await self._write(room, snapshot)
                except OSError as error:
                    self._report(f"room {room} could not be written to the store", error)
                    continue
                if self._snapshots.get(key) is snapshot:  # else: who changed it meanwhile flushes next
                    self._unwritten.pop(key, None)

    async def _write(self, room: Address, snapshot: RoomSnapshot | None) -> None:
        if snapshot is None:
            await self._store.delete(room)
        else:
            await self._store.save(snapshot)

    @property
    def is_written(self) -> bool:
        """True when nothing is queued."""
        return not self._unwritten

    def __contains__(self, room: Address) -> bool:
        return room.key in self._snapshots

    def __iter__(self) -> Iterator[RoomSnapshot]:
        return iter(tuple(self._snapshots.values()))

    def __len__(self) -> int:
        return len(self._snapshots)
