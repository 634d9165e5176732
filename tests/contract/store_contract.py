"""What every store of rooms must do; a back-end's test module subclasses it with a `store` fixture."""

from dataclasses import replace

from crossroom.focus.store import Store
from crossroom.room.address import Address, ArchiveId, MessageId, Network, Nickname
from crossroom.room.commands import SetSubject
from crossroom.room.configuration import PrivateMessages
from crossroom.room.content import Content, Native
from crossroom.room.snapshot import RoomSnapshot
from crossroom.room.standing import Affiliation
from stage import HOME, Stage, address, endpoint


def full_snapshot() -> RoomSnapshot:
    """A room with something in every field, also what is easily lost: octets, accents, absent values."""
    stage = Stage()
    stage.join("Ana")
    stage.configure(
        "Ana", name="Tee für zwei", is_persistent=True, private_messages=PrivateMessages.MODERATORS
    )
    stage.affiliate("Ana", address("Bob"), Affiliation.MEMBER)
    stage.affiliate("Ana", Address("", "evil.example"), Affiliation.OUTCAST)
    stage.do(SetSubject(endpoint("Ana"), "Blätter", MessageId("s1"), ArchiveId("a1")))
    stage.say("Ana", "héllo", native=Native(Network.SIP, b"\x00\xff"))
    stage.say("Ana", "", "m2", content=Content("image/png", b"\x89PNG", "en"))
    stage.join("Bob", anonymous=True, referred_by=replace(HOME, device=Nickname("Ana")))
    stage.say("Bob", "from nowhere", "m3")
    return stage.room.snapshot()


class StoreContract:
    """Save, load, replace, delete: exactly what was given comes back."""

    async def test_what_was_saved_comes_back_equal(self, store: Store) -> None:
        snapshot = full_snapshot()
        await store.save(snapshot)
        assert await store.load_all() == (snapshot,)

    async def test_newer_snapshot_takes_the_place_of_the_older(self, store: Store) -> None:
        await store.save(full_snapshot())
        newer = replace(full_snapshot(), address=Address("TEA", "Conference.example"), history=())
        await store.save(newer)
        assert await store.load_all() == (newer,)

    async def test_rooms_are_apart(self, store: Store) -> None:
        coffee = replace(full_snapshot(), address=Address("coffee", "conference.example"))
        await store.save(full_snapshot())
        await store.save(coffee)
        await store.delete(Address("Tea", "conference.EXAMPLE"))
        assert await store.load_all() == (coffee,)

    async def test_deleting_what_is_not_there_changes_nothing(self, store: Store) -> None:
        await store.delete(HOME)
        assert await store.load_all() == ()
