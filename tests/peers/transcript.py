"""What one peer sent, received and noticed, in order; and the failure that prints it.

Every wait of a peer ends in an item or in a PeerFailure: a test that fails shows the whole conversation.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

DEFAULT_TIMEOUT = 10.0


class PeerFailure(AssertionError):  # noqa: N818 - a failed expectation, not an error of the peer
    """A peer waited in vain, or was answered otherwise than the script expects; str() holds its transcript."""


class Transcript:
    """The conversation of one peer, as lines of text with seconds since its start."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.entries: list[str] = []
        self._started = time.monotonic()

    def sent(self, channel: str, content: bytes | str) -> None:
        """Note what this peer wrote on `channel` ("sip", "msrp", "xmpp")."""
        self._add(f">>> {channel}", content)

    def received(self, channel: str, content: bytes | str) -> None:
        """Note what this peer read on `channel`."""
        self._add(f"<<< {channel}", content)

    def note(self, text: str) -> None:
        """Note something that happened to this peer, such as a lost connection."""
        self._add("---", text)

    def failure(self, why: str) -> PeerFailure:
        """Return an error that says `why` and shows everything so far."""
        return PeerFailure(f"{self.owner}: {why}\n\n{self}")

    def _add(self, mark: str, content: bytes | str) -> None:
        text = content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else content
        body = text.rstrip().replace("\r\n", "\n").replace("\n", "\n    ")
        self.entries.append(f"{time.monotonic() - self._started:8.3f} {mark}\n    {body}")

    def __str__(self) -> str:
        return f"===== transcript of {self.owner} =====\n" + "\n".join(self.entries) + "\n===== end ====="


async def happens(event: asyncio.Event, transcript: Transcript, *, within: float, otherwise: str) -> None:
    """Wait for an event; a PeerFailure that says `otherwise` when it does not happen."""
    try:
        async with asyncio.timeout(within):
            await event.wait()
    except TimeoutError:
        raise transcript.failure(f"{otherwise} after {within:g} s") from None


class Inbox(Generic[Item]):
    """Items in order of arrival, waited for by a condition; what does not match stays for a later wait."""

    def __init__(self, transcript: Transcript, holds: str) -> None:
        self.items: list[Item] = []
        self._transcript = transcript
        self._holds = holds
        self._changed = asyncio.Event()

    def put(self, item: Item) -> None:
        """Add an item and wake everyone who waits."""
        self.items.append(item)
        self.changed()

    def changed(self) -> None:
        """Let all waits look again."""
        self._changed.set()
        self._changed.clear()

    async def take(
        self,
        matches: Callable[[Item], bool] = lambda _: True,
        *,
        within: float = DEFAULT_TIMEOUT,
        wanted: str = "",
    ) -> Item:
        """Remove and return the first item that matches, waiting `within` seconds; else raise PeerFailure."""
        item = await self.take_or_none(matches, within=within)
        if item is None:
            waited = f"no {self._holds} {wanted}".rstrip()
            raise self._transcript.failure(f"{waited} within {within:g} s; not taken: {self.items!r}")
        return item

    async def take_or_none(
        self, matches: Callable[[Item], bool] = lambda _: True, *, within: float
    ) -> Item | None:
        """Like take(), but None when the time is over."""
        try:
            async with asyncio.timeout(within):
                while (item := self._pop(matches)) is None:
                    await self._changed.wait()
        except TimeoutError:
            return None
        return item

    def _pop(self, matches: Callable[[Item], bool]) -> Item | None:
        for index, item in enumerate(self.items):
            if matches(item):
                return self.items.pop(index)
        return None
