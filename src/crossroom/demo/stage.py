"""Where the demo is seen and judged: prints what each participant sees, and remembers what should have come.

A sight is one line of text, in words that are the same for both networks (sights.py), so that one expectation
reads the same whoever it is about.
"""

import asyncio
import io
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from crossroom.demo.sights import FAULT

# mid-tones of the 256 colours, chosen to be read on black as well as on white
NETWORK_STYLES = {"SIP": "deep_sky_blue3", "XMPP": "magenta3"}
GOOD, BAD = "bold green4", "bold red3"
OnHeard = Callable[[str, str], None]
"""Told what somebody else says in the room: nickname and text."""

_KEPT = 1000  # sights of one participant that nobody asked for
_HURRIED = 1.0  # seconds of patience once something is missing: what builds on it will not come either


class Screen(Console):
    """Where it is printed. When whoever read it is gone (`| head`), the script goes on unseen."""

    def on_broken_pipe(self) -> None:
        """See rich: there it would end the process in the middle of a callback."""
        self.file = io.StringIO()
        self.quiet = True


@dataclass
class _Watcher:
    network: str
    unclaimed: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
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

    def note(self, text: str) -> None:
        """Say something that is neither a step nor a sight."""
        self._console.print(Text(text), soft_wrap=True)

    def saw(self, name: str, sight: str) -> None:
        """A participant sees this now."""
        watcher = self._watchers[name]
        label = f"  {name:>5} {watcher.network:<4}", NETWORK_STYLES[watcher.network]
        self._console.print(Text.assemble(label, f"  {sight}"), soft_wrap=True)
        watcher.unclaimed.append(sight)
        watcher.news.set()

    async def expect(self, names: str, *sights: str) -> None:
        """Wait until each of these participants (comma-separated) saw each of these; what does not come is missing."""
        for name in (part.strip() for part in names.split(",")):
            for sight in sights:
                await self._expect_one(name, sight)

    def check(self, what: str, *, holds: bool) -> None:
        """Count one thing that must hold, and print it."""
        self.checked += 1
        if holds:
            self._console.print(Text(f"  {what}"))
        else:
            self.fail(what)

    def fail(self, what: str) -> None:
        """Remember that something was missed, and say it at once."""
        self.missing.append(what)
        self._console.print(Text(f"  MISSING  {what}", style=BAD), soft_wrap=True)

    def verdict(self) -> int:
        """Print the sum; the exit status: 0 only when nothing is missing and nobody saw an error."""
        for name, watcher in self._watchers.items():
            for sight in watcher.unclaimed:
                if sight.startswith(FAULT):
                    self.missing.append(f"{name} saw {sight}")
        if not self.missing:
            text = f"\nAll {self.checked} expected arrivals were seen."
            self._console.print(Text(text, style=GOOD))
            return 0
        text = f"\nNot everything arrived ({self.checked} arrivals were expected). Missing:"
        self._console.print(Text(text, style=BAD))
        for what in self.missing:
            self._console.print(Text(f"  {what}", style=BAD), soft_wrap=True)
        return 1

    async def _expect_one(self, name: str, sight: str) -> None:
        watcher = self._watchers[name]
        self.checked += 1
        try:
            async with asyncio.timeout(min(self._patience, _HURRIED) if self.missing else self._patience):
                while sight not in watcher.unclaimed:
                    watcher.news.clear()
                    await watcher.news.wait()
            watcher.unclaimed.remove(sight)
        except TimeoutError:
            self.fail(f"{name} did not see: {sight}")
