"""What a SIP participant does in the room it joined last: everything goes to its seat there."""

from abc import ABC, abstractmethod

from peers.chat_message import ChatMessage
from peers.seat import Seat
from peers.sip_message import SipMessage
from peers.transcript import DEFAULT_TIMEOUT, Transcript


class Seated(ABC):
    """Somebody with at most one current seat."""

    def __init__(self) -> None:
        self._seat: Seat | None = None

    @property
    @abstractmethod
    def transcript(self) -> Transcript:
        """The conversation so far."""

    def sit(self, seat: Seat) -> None:
        """From now on act in this seat."""
        self._seat = seat

    @property
    def seat(self) -> Seat:
        """The room joined last; PeerFailure when there is none."""
        if self._seat is None:
            raise self.transcript.failure("is in no room")
        return self._seat

    @property
    def is_seated(self) -> bool:
        """Whether the call to the room joined last still stands."""
        return self._seat is not None and self._seat.call is not None and not self._seat.call.over

    async def leave(self) -> None:
        """Unsubscribe, hang up, close MSRP."""
        await self.seat.leave()

    def vanish(self) -> None:
        """Lose the MSRP connection without a word of SIP."""
        self.seat.session.close()

    async def say(
        self, text: str, *, to: str | None = None, expect: int = 200, chunk: int | None = None
    ) -> None:
        """Send a text to the room, or privately to the occupant named `to`; PeerFailure unless `expect` answers."""
        await self.seat.say(text, to=to, expect=expect, chunk=chunk)

    async def rename(self, nickname: str, *, expect: int = 200) -> None:
        """Ask for a nickname."""
        await self.seat.rename(nickname, expect=expect)

    async def type(self, state: str = "active") -> None:
        """Send an is-composing state."""
        await self.seat.type(state)

    async def expects_message(
        self,
        text: str | None = None,
        sender: str | None = None,
        *,
        private: bool | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> ChatMessage:
        """Wait for a text (not a notice) that fits."""
        return await self.seat.expects_message(text, sender, private=private, within=within)

    async def expects_notice(self, containing: str, *, within: float = DEFAULT_TIMEOUT) -> ChatMessage:
        """Wait for a status text of the room."""
        return await self.seat.expects_notice(containing, within=within)

    async def expects_typing(self, sender: str, state: str = "active") -> ChatMessage:
        """Wait for an is-composing state of `sender`."""
        return await self.seat.expects_typing(sender, state)

    async def expects_roster(self, *names: str, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until exactly these names are in the roster."""
        await self.seat.expects_roster(*names, within=within)

    async def expects_removed(self, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait until the room hangs up; return the BYE."""
        return await self.seat.expects_removed(within=within)
