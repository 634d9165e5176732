"""What the whole product costs as an MSRP switch, against a C program that only copies and counts.

Run: python bench/msrp_switch.py [--json] [--quick]. CPU is the server process's own, user and system, over the
copies that its recipients (another process) received and answered with 200 OK. The path measured is the whole
one: SEND in, CPIM checked, room, fan-out, a copy to every seat, 200 OK back from each. The yardstick is built by
the system's compiler from bench/floor/; without one its columns are empty. The figures to watch are the ratios.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme

HERE = Path(__file__).parent
PEOPLE = 100
COPIES = 40_000  # per measurement
ROUNDS = 3  # the quickest counts: the rest is the machine's other work
IN_FLIGHT = (1, 64)


class Process:
    """A child that is told lines and answers lines."""

    def __init__(self, *command: str) -> None:
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.child.stdout
        found = self.child.stdout.readline()
        assert found, f"{self.child.args} ended"
        return found

    def ask(self, order: str, *numbers: float) -> dict[str, float]:
        assert self.child.stdin
        self.child.stdin.write(" ".join([order, *map(str, numbers)]) + "\n")
        self.child.stdin.flush()
        found: dict[str, float] = json.loads(self.line())
        return found

    @property
    def cpu_seconds(self) -> float:
        """User and system, of all threads, to the nanosecond."""
        tasks = Path(f"/proc/{self.child.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    @property
    def resident(self) -> int:
        """Octets of memory in use."""
        return int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1]) * 4096

    def end(self) -> None:
        assert self.child.stdin
        self.child.stdin.close()
        assert self.child.stdout
        self.child.stdout.close()
        self.child.wait()


@contextmanager
def running(*command: str) -> Iterator[Process]:
    process = Process(*command)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def product(files: list[str]) -> Iterator[tuple[Process, Process]]:
    with running(sys.executable, str(HERE / "msrp_server.py"), *files) as server:
        sip, msrp = server.line().split()
        with running(sys.executable, str(HERE / "msrp_load.py"), sip, msrp, str(int(bool(files)))) as load:
            yield server, load


@contextmanager
def yardstick(program: Path, files: list[str]) -> Iterator[tuple[Process, Process]]:
    with running(str(program), *files) as server:
        port = server.line().strip()
        with running(sys.executable, str(HERE / "msrp_load.py"), "0", port, str(int(bool(files)))) as load:
            yield server, load


def measured(server: Process, load: Process, in_flight: int, copies: int) -> tuple[float, float]:
    """CPU and wall-clock seconds for one copy."""
    rounds = max(3, copies // ((PEOPLE - 1) * in_flight))
    load.ask("burst", in_flight, max(1, rounds // 10))
    found = []
    for _ in range(ROUNDS):
        before = server.cpu_seconds
        run = load.ask("burst", in_flight, rounds)
        found.append(((server.cpu_seconds - before) / run["copies"], run["seconds"] / run["copies"]))
    return min(found)


def build(folder: Path, *, secure: bool) -> Path | None:
    """Build the yardstick; None, with a word about it, where that is not possible."""
    compiler = shutil.which("cc")
    program = folder / ("floor_tls" if secure else "floor")
    flags = ["-DWITH_TLS", "-lssl", "-lcrypto"] if secure else []
    source = str(HERE / "floor" / "msrp_floor.c")
    if compiler is None or subprocess.run([compiler, "-O2", "-o", program, source, *flags]).returncode:
        print("the C yardstick cannot be built here: no ratios", file=sys.stderr)
        return None
    return program


def speed(folder: Path, files: list[str], copies: int) -> list[dict[str, Any]]:
    rows = []
    program = build(folder, secure=bool(files))
    with product(files) as (server, load):
        load.ask("join", 1, PEOPLE)
        ours = {each: measured(server, load, each, copies) for each in IN_FLIGHT}
        delays = {}
        if not files:
            rate = 1 / (ours[1][1] * (PEOPLE - 1)) / 3
            delays = load.ask("pace", rate, 1000 / rate)
        load.ask("leave")
    floor: dict[int, tuple[float, float]] = {}
    if program:
        with yardstick(program, files) as (server, load):
            load.ask("bind", PEOPLE)
            floor = {each: measured(server, load, each, copies) for each in IN_FLIGHT}
    for each in IN_FLIGHT:
        row: dict[str, Any] = {"transport": "tls" if files else "tcp", "people": PEOPLE, "in_flight": each}
        row["cpu_us"] = round(ours[each][0] * 1e6, 2)
        if floor:
            row["floor_us"] = round(floor[each][0] * 1e6, 2)
            row["ratio"] = round(ours[each][0] / floor[each][0], 2)
        row["copies_per_second"] = round(1 / ours[each][1])
        if each == 1:
            row |= {name: round(value, 2) for name, value in delays.items()}
        rows.append(row)
    return rows


def memory(files: list[str], rooms: int) -> dict[str, Any]:
    """Octets of an idle participant, between one room and many, and what is left when all are gone."""
    with product(files) as (server, load):
        load.ask("join", 1, PEOPLE)
        before = collected(server)
        load.ask("join", rooms - 1, PEOPLE)
        after = collected(server)
        load.ask("leave")
        left = collected(server)
    each = (after - before) / ((rooms - 1) * PEOPLE)
    return {
        "transport": "tls" if files else "tcp",
        "people": rooms * PEOPLE,
        "kilobytes_each": round(each / 1000, 1),
        "left_over": round(left / before, 2),
    }


def collected(server: Process) -> int:
    server.child.send_signal(10)  # SIGUSR1: collect garbage
    time.sleep(1.0)
    return server.resident


def certificate(folder: Path) -> list[str]:
    issued = trustme.CA().issue_cert("127.0.0.1")
    files = [folder / "certificate.pem", folder / "key.pem"]
    files[0].write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    files[1].write_bytes(issued.private_key_pem.bytes())
    return [str(each) for each in files]


def main() -> None:
    is_quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        secure = certificate(folder)
        rows = [
            *speed(folder, [], COPIES // (4 if is_quick else 1)),
            *speed(folder, secure, COPIES // (4 if is_quick else 1)),
        ]
        if not is_quick:
            rows += [memory([], 20), memory(secure, 20)]
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            print("  ".join(f"{name}={value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
