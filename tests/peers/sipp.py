"""SIPp for a test: runs one scenario file against a server, or waits for its calls, and returns what it counted."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from peers.process import Program, free_port, need
from peers.transcript import Transcript

HOST = "127.0.0.1"
MEAN = "ResponseTime1(C)"
SPREAD = "ResponseTimeRepartition1_"


@dataclass(frozen=True, slots=True)
class SippResult:
    """The final numbers of a run, and its conversation to show on failure."""

    scenario: str
    exit_status: int
    counts: dict[str, str]  # the last line of SIPp's statistics, by column name
    transcript: Transcript

    @property
    def successful(self) -> int:
        return int(self.counts["SuccessfulCall(C)"])

    @property
    def failed(self) -> int:
        return int(self.counts["FailedCall(C)"])

    @property
    def retransmissions(self) -> int:
        return int(self.counts["Retransmissions(C)"])

    @property
    def unexpected_messages(self) -> int:
        return int(self.counts["FailedUnexpectedMessage(C)"])

    def expects_success(self, calls: int) -> None:
        """PeerFailure unless exactly that many calls went as the scenario says, and none otherwise."""
        if (self.successful, self.failed, self.exit_status) != (calls, 0, 0):
            counted = f"{self.successful} calls went well, {self.failed} failed, exit {self.exit_status}"
            raise self.transcript.failure(f"{counted}, not {calls} and 0")

    def __str__(self) -> str:
        """What an operator wants to know, in one line; times are there when the scenario takes them."""
        line = (
            f"{self.scenario}: {self.successful} calls successful, {self.failed} failed, "
            f"{self.retransmissions} retransmissions, {self.counts['CallRate(C)']} calls/s"
        )
        if MEAN not in self.counts:
            return line
        spread = [
            f"{name.removeprefix(SPREAD)} ms: {count}"
            for name, count in self.counts.items()
            if name.startswith(SPREAD)
        ]
        return f"{line}, mean response {milliseconds(self.counts[MEAN]):.1f} ms ({', '.join(spread)})"


def milliseconds(text: str) -> float:
    """Read SIPp's way to write a time: 00:00:01:234567 or 00:00:01.234567."""
    hours, minutes, seconds, micros = map(int, re.split("[:.]", text))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + micros / 1000


@dataclass(frozen=True, slots=True)
class Run:
    """How to run a scenario: what SIPp's command line says.

    The room's user part is SIPp's [service]; `rows` are what [field0], [field1] … hold, call after call.
    calls: how many; at_once: at most side by side; rate: a second. port: its own, a free one unless told.
    traced: keep every message for the transcript.
    """

    scenario: Path
    folder: Path
    rows: Sequence[Sequence[str]]
    transport: str = "udp"
    room: str = "tea"
    calls: int = 1
    at_once: int = 1
    rate: int = 50
    port: int = field(default_factory=free_port)
    within: float = 30.0
    traced: bool = True

    def file(self, kind: str) -> Path:
        """Return where this run keeps a log."""
        return self.folder / f"{self.scenario.stem}-{self.port}.{kind}"

    def command(self, server: tuple[str, int]) -> list[str]:
        """Return the command line; writes the file of the rows."""
        rows = self.file("csv")
        rows.write_text("SEQUENTIAL\n" + "".join(f"{';'.join(row)};\n" for row in self.rows))
        command = [need("sipp"), f"{server[0]}:{server[1]}", "-sf", str(self.scenario), "-inf", str(rows)]
        command += ["-s", self.room, "-i", HOST, "-p", str(self.port), "-nostdin"]
        command += ["-t", "u1" if self.transport == "udp" else "t1", "-m", str(self.calls)]
        command += ["-l", str(self.at_once), "-r", str(self.rate), "-recv_timeout", "8000"]
        command += ["-timeout", f"{self.within:g}s", "-timeout_error", "-default_behaviors", "all"]
        command += ["-auth_uri", f"{self.room}@{self.rows[0][0]}"]  # else the digest-uri is our address
        # to the output, not to a file: its first line tells that the sockets are open
        command += ["-trace_stat", "-stf", "/dev/stdout", "-fd", "1"]
        command += ["-trace_err", "-error_file", str(self.file("errors"))]
        if self.traced:
            command += ["-trace_msg", "-message_file", str(self.file("messages"))]
        return command

    async def result(self, program: Program) -> SippResult:
        """Wait for its end; return what it counted."""
        status = await program.until_ended(within=self.within + 5)
        transcript = Transcript(f"sipp {self.scenario.stem}")
        for log in (self.file("errors"), self.file("messages")):
            if log.exists():
                transcript.received(log.suffix, log.read_text(errors="backslashreplace"))
        rows = statistics(program.output)
        if not rows:
            raise program.transcript.failure("counted nothing")
        return SippResult(self.scenario.stem, status, rows[-1], transcript)


def statistics(output: str) -> list[dict[str, str]]:
    """Return the lines of the statistics in SIPp's output, by column name."""
    lines = [line for line in output.splitlines() if line.startswith("StartTime;") or line.count(";") > 20]
    return list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter=";"))


async def sipp(  # noqa: PLR0913 - keyword settings of a test
    scenario: Path,
    folder: Path,
    *,
    server: tuple[str, int],
    domain: str,
    fields: Sequence[str] = (),
    transport: str = "udp",
    calls: int = 1,
    at_once: int = 1,
) -> SippResult:
    """Run `scenario` `calls` times against the SIP address `server`; [field0] is the domain, `fields` follow."""
    run = Run(scenario, folder, [(domain, *fields)], transport, calls=calls, at_once=at_once)
    return await sipp_run(run, server)


async def sipp_run(run: Run, server: tuple[str, int]) -> SippResult:
    """Run a scenario that calls; its logs stay in the folder of the run."""
    async with Program("sipp", run.command(server), run.folder, {"TERM": "dumb"}) as program:
        return await run.result(program)


class WaitingSipp:
    """A SIPp that waits for calls: `port` is where."""

    def __init__(self, run: Run, program: Program) -> None:
        self.port = run.port
        self._run = run
        self._program = program

    async def result(self) -> SippResult:
        """Wait until all its calls are over; return what it counted."""
        return await self._run.result(self._program)


@asynccontextmanager
async def sipp_waiting(run: Run, server: tuple[str, int]) -> AsyncIterator[WaitingSipp]:
    """Run a scenario that begins with a request from the other side; its sockets are open."""
    async with Program("sipp", run.command(server), run.folder, {"TERM": "dumb"}) as program:
        await program.until_output(r"StartTime;.*\n.*;")
        yield WaitingSipp(run, program)
