"""The whole server in the test's own process, configured by the same file as in production; its log is kept.

async with crossroom_server(tmp_path, xmpp=prosody) as running:   # running.sip_address, running.log, running.server
    ...
# on leaving: everything is given back, `tables()` as before the first guest, and nothing was logged as a fault
"""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from crossroom.config.load import load
from crossroom.server import Crossroom
from peers.crossroom import Domain, Ports, configuration
from peers.prosody import Prosody
from peers.transcript import DEFAULT_TIMEOUT, Inbox, Transcript

LogLine = dict[str, Any]
FAULTS = {"error", "critical", "exception"}


class KeptLog:
    """What the server logged, as dicts with `event`, `level` and the fields of the line."""

    def __init__(self) -> None:
        self.transcript = Transcript("server log")
        self.lines: list[LogLine] = []
        self._untaken: Inbox[LogLine] = Inbox(self.transcript, "log line")

    def __call__(self, _: object, level: str, line: MutableMapping[str, Any]) -> str:
        """Take a line: the last processor of structlog's chain."""
        kept = {**line, "level": level}
        self.lines.append(kept)
        self.transcript.note(str(kept))
        self._untaken.put(kept)
        raise structlog.DropEvent

    async def expects(self, event: str, *, within: float = DEFAULT_TIMEOUT, **fields: object) -> LogLine:
        """Wait for a line of that event with those fields."""
        return await self.take(
            lambda line: line["event"] == event and fields.items() <= line.items(),
            wanted=f"{event!r} {fields}",
            within=within,
        )

    async def take(
        self, fits: Callable[[LogLine], bool], *, wanted: str = "", within: float = DEFAULT_TIMEOUT
    ) -> LogLine:
        """Wait for a line that fits."""
        return await self._untaken.take(fits, within=within, wanted=wanted)

    @property
    def faults(self) -> list[LogLine]:
        """The lines that tell of a defect of the server itself."""
        return [line for line in self.lines if line["level"] in FAULTS]


@dataclass
class RunningServer:
    """A started server and where it is."""

    server: Crossroom
    ports: Ports
    log: KeptLog
    empty: dict[str, int] = field(default_factory=dict)  # tables() before the first guest

    @property
    def sip_address(self) -> tuple[str, int]:
        return self.ports.sip_address

    async def is_empty(self, *, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until the server holds nothing that it did not hold before the first guest."""
        await self.holds(self.empty, within=within)

    async def holds(self, wanted: dict[str, int], *, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until every table counts what it counted when `wanted` was taken."""
        try:
            async with asyncio.timeout(within):
                while self.server.tables() != wanted:  # noqa: ASYNC110 - a table tells nobody that it changed
                    await asyncio.sleep(0)
        except TimeoutError:
            left = {name: count for name, count in self.server.tables().items() if count != wanted[name]}
            raise self.log.transcript.failure(f"still holds {left}") from None


@asynccontextmanager
async def crossroom_server(  # noqa: PLR0913 - the parts of a configuration are its arguments
    folder: Path,
    *,
    xmpp: Prosody | None = None,
    domains: Sequence[Domain] = (Domain(),),
    outbound_proxy: str = "",
    extra: str = "",
    ports: Ports | None = None,
    sip_listen: Sequence[str] = (),
    msrp_listen: Sequence[str] = (),
    sip: str = "",
) -> AsyncIterator[RunningServer]:
    """Run a server from when its links are up; on leaving it must be empty, and stop without a fault.

    folder: where its configuration file goes; extra: further lines of the configuration file;
    ports: where it listens, free ones unless told; sip_listen, msrp_listen, sip: see `configuration`.
    """
    log, file = KeptLog(), folder / "crossroom.toml"

    async def started(at: Ports) -> tuple[Crossroom, Ports]:
        text = configuration(
            at,
            domains=domains,
            xmpp=xmpp,
            outbound_proxy=outbound_proxy,
            extra=extra,
            sip_listen=sip_listen,
            msrp_listen=msrp_listen,
            sip=sip,
        )
        file.write_text(text)
        made = Crossroom(load(file, {}), structlog.wrap_logger(None, processors=[log]))
        await made.start()
        return made, at

    try:
        server, at = await started(ports or Ports.free())
    except OSError:  # somebody was quicker to take one of the free ports
        server, at = await started(ports or Ports.free())
    try:
        if xmpp:
            await log.expects("component link up")
        running = RunningServer(server, at, log, server.tables())
        yield running
        await running.is_empty()
    finally:
        await server.stop()
    assert log.faults == []
