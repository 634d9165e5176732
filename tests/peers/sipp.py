"""SIPp for a test: runs one scenario file against a server and returns what it counted."""

import csv
from dataclasses import dataclass
from pathlib import Path

from peers.process import Program, free_port, need
from peers.transcript import Transcript

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class SippResult:
    """The final numbers of a run, and its conversation to show on failure."""

    exit_status: int
    successful: int
    failed: int
    retransmissions: int
    unexpected_messages: int
    transcript: Transcript

    def expects_success(self, calls: int) -> None:
        """PeerFailure unless exactly that many calls went as the scenario says, and none otherwise."""
        if (self.successful, self.failed, self.exit_status) != (calls, 0, 0):
            counted = f"{self.successful} calls went well, {self.failed} failed, exit {self.exit_status}"
            raise self.transcript.failure(f"{counted}, not {calls} and 0")


async def sipp(  # noqa: PLR0913 - keyword settings of a test
    scenario: Path,
    folder: Path,
    *,
    server: tuple[str, int],
    domain: str,
    room: str = "tea",
    transport: str = "udp",
    calls: int = 1,
    at_once: int = 1,
    within: float = 30.0,
) -> SippResult:
    """Run `scenario` `calls` times, `at_once` side by side, against the SIP address `server`.

    The room's user part is SIPp's [service], its domain is [field0]. Logs stay in `folder`.
    """
    binary = need("sipp")
    fields = folder / f"{scenario.stem}.csv"
    fields.write_text(f"SEQUENTIAL\n{domain};\n")
    statistics, errors, messages = (
        folder / f"{scenario.stem}.{kind}" for kind in ("stat", "errors", "messages")
    )
    command = [binary, f"{server[0]}:{server[1]}", "-sf", str(scenario), "-inf", str(fields), "-s", room]
    command += ["-i", HOST, "-p", str(free_port()), "-t", "u1" if transport == "udp" else "t1"]
    command += ["-m", str(calls), "-l", str(at_once), "-r", "50", "-nostdin", "-recv_timeout", "8000"]
    command += ["-timeout", f"{within:g}s", "-timeout_error", "-default_behaviors", "all"]
    command += ["-trace_stat", "-stf", str(statistics), "-fd", "1"]
    command += ["-trace_err", "-error_file", str(errors), "-trace_msg", "-message_file", str(messages)]
    async with Program("sipp", command, folder, {"TERM": "dumb"}) as program:
        status = await program.until_ended(within=within + 5)
    transcript = Transcript(f"sipp {scenario.stem}")
    for log in (errors, messages):
        if log.exists():
            transcript.received(log.suffix, log.read_text(errors="backslashreplace"))
    counts = last_row(statistics)
    return SippResult(
        exit_status=status,
        successful=int(counts["SuccessfulCall(C)"]),
        failed=int(counts["FailedCall(C)"]),
        retransmissions=int(counts["Retransmissions(C)"]),
        unexpected_messages=int(counts["FailedUnexpectedMessage(C)"]),
        transcript=transcript,
    )


def last_row(statistics: Path) -> dict[str, str]:
    """Return the last line of SIPp's statistics, by column name."""
    with statistics.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))[-1]
