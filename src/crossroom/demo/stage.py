"""Where the demo is seen and judged: prints what each participant sees, and remembers what should have come.

A sight is one line of text in words that are the same for both networks ("Bob joined", "Ana: hello"), so that
one expectation reads the same whoever it is about.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

STYLES = {"SIP": "cyan", "XMPP": "green"}


@dataclass
class _Watcher:
    network: str
    unclaimed: deque[str] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Stage:
    """The participants' eyes, the audience's screen, and the list of what was missed.

    `patience` is how long, in seconds, an expected sight may take.
    """

    def __init__(self, console: Console, patience: float) -> None:
        self._console = console
        self._patience = patience
        self._watchers: dict[str, _Watcher] = {}
        self.checked = 0
        self.missing: list[str] = []

    def enter(self, name: str, network: str) -> None:
        """A participant is about to come: `network` is SIP or XMPP."""
        self._watchers[name] = _Watcher(network)

    def step(self, text: str) -> None:
        """Announce what happens next."""
        self._console.print(Text(f"\n{text}", style="bold"))

    def saw(self, name: str, sight: str) -> None:
        """A participant sees this now."""
        watcher = self._watchers[name]
        label = Text(f"  {name:>4} ({watcher.network})".ljust(15), style=STYLES[watcher.network])
        self._console.print(label + Text(f" sees  {sight}", style="default"))
        watcher.unclaimed.append(sight)
        watcher.news.set()

    async def expect(self, names: str, *sights: str) -> None:
        """Wait until each of these participants (comma-separated) saw each of these; what does not come is missing."""
        for name in (part.strip() for part in names.split(",")):
            for sight in sights:
                await self._expect_one(name, sight)

    async def _expect_one(self, name: str, sight: str) -> None:
        watcher = self._watchers[name]
        self.checked += 1
        try:
            async with asyncio.timeout(self._patience):
                while sight not in watcher.unclaimed:
                    watcher.news.clear()
                    await watcher.news.wait()
            watcher.unclaimed.remove(sight)
        except TimeoutError:
            self.fail(f"{name} did not see: {sight}")

    def fail(self, what: str) -> None:
        """Remember that something was missed, and say it at once."""
        self.missing.append(what)
        self._console.print(Text(f"  MISSING  {what}", style="bold red"))

    def verdict(self) -> int:
        """Print the sum; the exit status: 0 only when nothing is missing."""
        if not self.missing:
            self._console.print(
                Text(f"\nAll {self.checked} expected arrivals were seen.", style="bold green")
            )
            return 0
        self._console.print(
            Text(f"\n{len(self.missing)} of {self.checked} expected arrivals are missing:", style="bold red")
        )
        for what in self.missing:
            self._console.print(Text(f"  {what}", style="red"))
        return 1
