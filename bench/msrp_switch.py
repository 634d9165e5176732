"""What the whole product costs as an MSRP switch, against a C program that only copies and counts.

Run: python bench/msrp_switch.py [--json] [--quick]. CPU is the server process's own, user and system, over the
copies that its recipients (another process) received and answered with 200 OK. The path measured is the whole
one: SEND in, CPIM checked, room, fan-out, a copy to every seat, 200 OK back from each. The yardstick is built by
the system's compiler from bench/floor/; without one its columns are empty. The figures to watch are the ratios:
both are measured in many short turns, one after the other, and the cheapest turn of each counts, so that what else
the machine does touches them alike, and little. Memory is in msrp_memory.py.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from processes import Process, certificate, running

HERE = Path(__file__).parent
PEOPLE = 100
BURSTS = {1: 40, 64: 2}  # messages in flight, and how often in one turn: 3960 and 12672 copies
TURNS = 16  # the cheapest counts: the rest is the machine's other work
WINDOWS = 6  # of delays: the calmest counts, as above
WINDOW_SECONDS = 2.0


@contextmanager
def product(files: list[str]) -> Iterator[tuple[Process, Process]]:
    with running(sys.executable, str(HERE / "msrp_server.py"), *files) as server:
        sip, msrp = server.line().split()
        with running(sys.executable, str(HERE / "msrp_load.py"), sip, msrp, str(int(bool(files)))) as load:
            yield server, load


@contextmanager
def yardstick(program: list[str], files: list[str]) -> Iterator[tuple[Process, Process]]:
    with running(*program, *files) as server:
        port = server.line().strip()
        with running(sys.executable, str(HERE / "msrp_load.py"), "0", port, str(int(bool(files)))) as load:
            yield server, load


Pair = tuple[Process, Process]
"""The server, and those who load it."""


def measured(pairs: list[Pair], in_flight: int, turns: int) -> list[tuple[float, float]]:
    """CPU and wall-clock seconds for one copy, of each; measured in turns, so that all meet the same weather."""
    found: list[list[tuple[float, float]]] = [[] for _ in pairs]
    for turn in range(turns + 1):
        for (server, load), results in zip(pairs, found, strict=True):
            before = server.cpu_seconds
            run = load.ask("burst", in_flight, BURSTS[in_flight])
            spent = server.cpu_seconds - before
            if turn:  # the first one only warms up
                results.append((spent / run["copies"], run["seconds"] / run["copies"]))
    return [(min(cpu for cpu, _ in results), min(wall for _, wall in results)) for results in found]


def delays(pair: Pair, seconds_of_copy: float) -> dict[str, float]:
    """The delays of copies in the calmest window, at a third of the rate that could be reached."""
    rate = 1 / (seconds_of_copy * (PEOPLE - 1)) / 3
    windows = [pair[1].ask("pace", rate, WINDOW_SECONDS) for _ in range(WINDOWS)]
    return min(windows, key=lambda window: window["p99_ms"])


def build(folder: Path, *, secure: bool) -> Path | None:
    """Build the yardstick; None, with a word about it, where that is not possible."""
    compiler = shutil.which("cc")
    program = folder / ("floor_tls" if secure else "floor")
    flags = ["-DWITH_TLS", "-lssl", "-lcrypto"] if secure else []
    source = str(HERE / "floor" / "msrp_floor.c")
    if compiler is None or _fails(compiler, "-O2", "-o", str(program), source, *flags):
        print("the C yardstick cannot be built here: no ratios", file=sys.stderr)
        return None
    return program


def _fails(*command: str) -> bool:
    return subprocess.run(command, check=False).returncode != 0


def speed(folder: Path, files: list[str], turns: int) -> Iterator[dict[str, Any]]:
    program = build(folder, secure=bool(files))
    with ExitStack() as stack:
        pairs = [stack.enter_context(product(files))]
        pairs[0][1].ask("join", 1, PEOPLE)
        if program:
            pairs.append(stack.enter_context(yardstick([str(program)], files)))
            pairs[1][1].ask("bind", PEOPLE)
        for in_flight in BURSTS:
            found = measured(pairs, in_flight, turns)
            row = _row("tls" if files else "tcp", in_flight, found)
            yield row | (delays(pairs[0], found[0][1]) if in_flight == 1 else {})
        pairs[0][1].ask("leave")


def _row(transport: str, in_flight: int, found: list[tuple[float, float]]) -> dict[str, Any]:
    cpu, wall = found[0]
    row: dict[str, Any] = {"transport": transport, "people": PEOPLE, "in_flight": in_flight}
    row["cpu_us"] = round(cpu * 1e6, 2)
    if len(found) > 1:
        row["floor_us"] = round(found[1][0] * 1e6, 2)
        row["ratio"] = round(cpu / found[1][0], 2)
    return row | {"copies_per_second": round(1 / wall)}


def main() -> None:
    turns = TURNS // 4 if "--quick" in sys.argv else TURNS
    is_json = "--json" in sys.argv
    rows, begun = [], time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for files in ([], certificate(folder)):
            for row in speed(folder, files, turns):
                rows.append(row)
                text = "  ".join(f"{name}={value}" for name, value in row.items())
                out = sys.stderr if is_json else sys.stdout  # as it comes: it takes a minute
                print(f"{time.monotonic() - begun:5.1f} s  {text}", file=out, flush=True)
    if is_json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
