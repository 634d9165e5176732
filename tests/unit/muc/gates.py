"""Focuses as they are elsewhere: slow, unwilling, or able to do less."""

import asyncio

from crossroom.focus.interface import (
    Deliver,
    Description,
    Features,
    Focus,
    Outcome,
    Participation,
    Progress,
    untold,
)
from crossroom.room.address import Address, EndpointId, MessageId, Nickname
from crossroom.room.commands import Draft, Joiner, Order
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Native, Receipt
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation


class GatedFocus:
    """A focus that is slow to let anybody in: not before its gate is opened."""

    def __init__(self, inner: Focus) -> None:
        self.inner = inner
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()
        self.cancelled = 0

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        self.entered.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await self.inner.join(room, joiner, deliver)

    async def describe(self, room: Address) -> Description:
        return await self.inner.describe(room)

    async def rooms(self, domain: str) -> tuple[Description, ...]:
        return await self.inner.rooms(domain)


class RefusingFocus:
    """A focus that says no to everything, for one reason."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:  # noqa: ARG002 -- the door's signature
        raise Refused(self.reason)

    async def describe(self, room: Address) -> Description:
        if self.reason is Reason.NO_SUCH_ROOM:
            raise Refused(self.reason)
        return Description(room, Configuration(), Features.ALL)

    async def rooms(self, domain: str) -> tuple[Description, ...]:  # noqa: ARG002 -- the door's signature
        return ()


class LimitedFocus:
    """A focus whose seats can do less: what they cannot do is never asked of them."""

    def __init__(self, inner: Focus, features: Features) -> None:
        self.inner = inner
        self.features = features

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        return LimitedSeat(await self.inner.join(room, joiner, deliver), self.features)

    async def describe(self, room: Address) -> Description:
        return await self.inner.describe(room)

    async def rooms(self, domain: str) -> tuple[Description, ...]:
        return await self.inner.rooms(domain)


class LimitedSeat:
    """A seat that fails a test when it is asked for what it cannot do."""

    def __init__(self, inner: Participation, features: Features) -> None:
        self.inner = inner
        self.features = features

    @property
    def endpoint(self) -> EndpointId:
        return self.inner.endpoint

    async def post(self, draft: Draft) -> MessageId:
        assert draft.to is None or Features.PRIVATE_MESSAGES in self.features
        return await self.inner.post(draft)

    def post_at_once(self, draft: Draft) -> bool:
        assert draft.to is None or Features.PRIVATE_MESSAGES in self.features
        return self.inner.post_at_once(draft)

    async def acknowledge(
        self, message_id: MessageId, receipt: Receipt, to: Nickname, native: Native | None = None
    ) -> None:
        assert Features.RECEIPTS in self.features
        await self.inner.acknowledge(message_id, receipt, to, native)

    async def compose(self, state: Composing, to: Nickname | None = None) -> None:
        assert Features.COMPOSING in self.features
        await self.inner.compose(state, to)

    async def rename(self, nickname: Nickname) -> None:
        assert Features.NICKNAMES in self.features
        await self.inner.rename(nickname)

    async def set_subject(self, subject: str, message_id: MessageId) -> None:
        assert Features.SUBJECT in self.features
        await self.inner.set_subject(subject, message_id)

    async def set_presence(self, presence: Native) -> None:
        assert Features.PRESENCE in self.features
        await self.inner.set_presence(presence)

    async def moderate(self, *orders: Order) -> None:
        assert Features.MODERATION in self.features
        await self.inner.moderate(*orders)

    async def configure(self, configuration: Configuration) -> None:
        assert Features.CONFIGURATION in self.features
        await self.inner.configure(configuration)

    async def destroy(self, text: str = "", alternative: Address | None = None) -> None:
        assert Features.CONFIGURATION in self.features
        await self.inner.destroy(text, alternative)

    async def invite(
        self, who: Address, reason: str = "", progress: Progress = untold, referral: str = ""
    ) -> Outcome:
        assert Features.INVITATIONS in self.features
        return await self.inner.invite(who, reason, progress, referral)

    async def affiliations(self) -> tuple[tuple[Address, Affiliation], ...]:
        return await self.inner.affiliations()

    async def leave(self, status: str = "", departure: Departure = Departure.LEFT) -> None:
        await self.inner.leave(status, departure)


class BrokenFocus(RefusingFocus):
    """A focus with a defect."""

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:  # noqa: ARG002 -- the door's signature
        raise RuntimeError("a defect")


class WatchedFocus(RefusingFocus):
    """A focus whose seats are given, and whose `deliver` a test can use itself."""

    def __init__(self, inner: Focus) -> None:
        super().__init__(Reason.NO_SUCH_ROOM)
        self.inner = inner
        self.deliver: Deliver | None = None
        self.seat: HeldSeat | None = None

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        self.deliver = deliver
        self.seat = HeldSeat(await self.inner.join(room, joiner, deliver), Features.ALL)
        return self.seat


class HeldSeat(LimitedSeat):
    """A seat in a room that takes its time for messages."""

    def __init__(self, inner: Participation, features: Features) -> None:
        super().__init__(inner, features)
        self.gate = asyncio.Event()
        self.posting = asyncio.Event()

    async def post(self, draft: Draft) -> MessageId:
        self.posting.set()
        await self.gate.wait()
        return await self.inner.post(draft)
