"""The contract of a focus that is reached by SIP: the whole of it, and what no SIP message can carry."""

from dataclasses import replace

from contract.focus_contract import FocusContract, FocusWorld, Recorder, person
from crossroom.focus.interface import Features
from crossroom.room.events import Joined


class LoopContract(FocusContract):
    """Subclass it with a `focus_world` fixture whose tables count the rooms at the far end."""

    lacks = Features.MODERATION | Features.CONFIGURATION | Features.SUBJECT | Features.PRESENCE

    async def test_first_joiner_is_told_that_the_room_was_created(self, focus_world: FocusWorld) -> None:
        """No answer to an INVITE says whether it made the room: a looped domain has no XEP-0045 status 201."""
        _, ana = await self.seat(focus_world, "Ana")
        assert not any(line.created for line in ana.of(Joined))

    async def test_join_into_a_room_that_nobody_may_create_is_refused(self, focus_world: FocusWorld) -> None:
        """Who may create is decided by whoever owns the rooms: an INVITE cannot ask to find a room and not make one."""
        joiner = replace(person("Ana"), may_create=False)
        await focus_world.focus.join(focus_world.room, joiner, Recorder())
        assert focus_world.tables()["rooms"] == 1
