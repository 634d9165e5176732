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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import trustme

HERE = Path(__file__).parent
PEOPLE = 100
COPIES = 20_000  # per measurement
ROUNDS = 5  # the quickest counts: the rest is the machine's other work
IN_FLIGHT = (1, 64)


class Process:
    """A child that is told lines and answers lines."""

    def __init__(self, *command: str) -> None:
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.child.stdout
        found = self.child.stdout.readline()
        assert found, "the child ended"
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


Pair = tuple[Process, Process]
"""The server, and those who load it."""


def measured(pairs: list[Pair], in_flight: int, copies: int) -> list[tuple[float, float]]:
    """CPU and wall-clock seconds for one copy, of each; measured in turns, so that all meet the same weather."""
    rounds = max(3, copies // ((PEOPLE - 1) * in_flight))
    found: list[list[tuple[float, float]]] = [[] for _ in pairs]
    for _ in range(ROUNDS):
        for (server, load), results in zip(pairs, found, strict=True):
            load.ask("burst", in_flight, max(1, rounds // 10))
            before = server.cpu_seconds
            run = load.ask("burst", in_flight, rounds)
            results.append(((server.cpu_seconds - before) / run["copies"], run["seconds"] / run["copies"]))
    return [min(results) for results in found]


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


def speed(folder: Path, files: list[str], copies: int) -> list[dict[str, Any]]:
    program = build(folder, secure=bool(files))
    delays: dict[str, float] = {}
    with ExitStack() as stack:
        pairs = [stack.enter_context(product(files))]
        pairs[0][1].ask("join", 1, PEOPLE)
        if program:
            pairs.append(stack.enter_context(yardstick(program, files)))
            pairs[1][1].ask("bind", PEOPLE)
        found = {each: measured(pairs, each, copies) for each in IN_FLIGHT}
        if not files:
            rate = 1 / (found[1][0][1] * (PEOPLE - 1)) / 3
            delays = pairs[0][1].ask("pace", rate, 1000 / rate)
        pairs[0][1].ask("leave")
    return [
        _row("tls" if files else "tcp", each, found[each]) | (delays if each == 1 else {})
        for each in IN_FLIGHT
    ]


def _row(transport: str, in_flight: int, found: list[tuple[float, float]]) -> dict[str, Any]:
    cpu, wall = found[0]
    row: dict[str, Any] = {"transport": transport, "people": PEOPLE, "in_flight": in_flight}
    row["cpu_us"] = round(cpu * 1e6, 2)
    if len(found) > 1:
        row["floor_us"] = round(found[1][0] * 1e6, 2)
        row["ratio"] = round(cpu / found[1][0], 2)
    return row | {"copies_per_second": round(1 / wall)}


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
