import asyncio
from dataclasses import replace

from crossroom.focus.shelf import Shelf
from crossroom.room.address import Address
from crossroom.room.configuration import Configuration
from crossroom.room.snapshot import RoomSnapshot
from crossroom.storage.memory import MemoryStore
from stage import HOME, Stage


def snapshot(name: str = "tea") -> RoomSnapshot:
    kept = Stage().room.snapshot()
    return replace(kept, address=replace(HOME, user=name), configuration=Configuration(name=name))


class SlowStore(MemoryStore):
    """A store whose writes wait until the test lets them go on."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.writes: list[str] = []

    async def save(self, snapshot: RoomSnapshot) -> None:
        self.begun.set()
        await self.gate.wait()
        self.writes.append(snapshot.configuration.name)
        await super().save(snapshot)


class BrokenStore(MemoryStore):
    """A store that can write some rooms only."""

    async def save(self, snapshot: RoomSnapshot) -> None:
        if snapshot.address.user == "bad":
            raise OSError("a bad sector")
        await super().save(snapshot)


def unreported(text: str, error: BaseException) -> None:
    raise AssertionError(text) from error


async def test_shelf_reads_from_memory_what_it_loaded() -> None:
    store = MemoryStore()
    await store.save(snapshot())
    shelf = Shelf(store, unreported)
    assert HOME not in shelf
    await shelf.load()
    assert HOME in shelf
    assert shelf.get(Address("TEA", "Conference.example")) == snapshot()
    assert [kept.address for kept in shelf] == [HOME]
    assert shelf.is_written


async def test_kept_and_dropped_rooms_reach_the_store_at_the_flush() -> None:
    store = MemoryStore()
    shelf = Shelf(store, unreported)
    shelf.keep(snapshot())
    assert not shelf.is_written
    await shelf.flush()
    assert len(await store.load_all()) == len(shelf) == 1
    shelf.drop(HOME)
    shelf.drop(replace(HOME, user="never kept"))
    await shelf.flush()
    assert await store.load_all() == ()
    assert shelf.is_written


async def test_what_changes_during_a_write_is_written_after_it() -> None:
    store = SlowStore()
    shelf = Shelf(store, unreported)
    shelf.keep(snapshot())
    async with asyncio.TaskGroup() as flushes:
        flushes.create_task(shelf.flush())
        await store.begun.wait()
        newer = replace(snapshot(), configuration=Configuration(name="newer"))
        shelf.keep(newer)
        flushes.create_task(shelf.flush())
        store.gate.set()
    assert store.writes == ["tea", "newer"]
    assert await store.load_all() == (newer,)
    assert shelf.is_written


async def test_room_that_cannot_be_written_is_reported_and_stops_no_other() -> None:
    store, reports = BrokenStore(), list[str]()
    shelf = Shelf(store, lambda text, _error: reports.append(text))
    shelf.keep(snapshot("bad"))
    shelf.keep(snapshot("good"))
    await shelf.flush()
    assert [kept.address.user for kept in await store.load_all()] == ["good"]
    assert reports == ["room bad@conference.example could not be written to the store"]
    assert not shelf.is_written
