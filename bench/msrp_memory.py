"""What an idle participant costs in memory: dialog, subscription and MSRP session; and what is left of all.

Run: python bench/msrp_memory.py [--json] [--full]. Octets of resident memory between 100 participants (one room)
and 1000 (ten rooms; 2000 with --full), per participant. Before each look the transactions of the last INVITEs have
ended (RFC 6026: 32 seconds), garbage is collected and the C library gives back what is free. Then everybody leaves,
and the memory is compared with that of the one room: resident, and in blocks that Python has in use; the difference
between the two is what the allocator keeps, in arenas that are not quite empty.
The yardstick is a server that only sends back what it reads, with as many connections: no participant over uvloop
and OpenSSL can cost less. All four run at once: memory, unlike time, can be measured on a busy machine.
"""

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from msrp_switch import HERE, PEOPLE, Pair, product, yardstick
from processes import Process, certificate

TRANSACTION_SECONDS = 33.0


def settled(server: Process, seconds: float) -> tuple[int, int]:
    """Resident octets, and blocks of memory that Python has in use."""
    time.sleep(seconds)
    server.child.send_signal(10)  # SIGUSR1: tidy up
    blocks = int(server.line())
    return server.resident, blocks


def grown(
    start: AbstractContextManager[Pair], come: Callable[[Process, int], object], rooms: int, patience: float
) -> dict[str, float]:
    """Octets for each, those of the process with one room, and what is left of them and of its blocks at the end."""
    with start as (server, load):
        come(load, 1)
        before, blocks = settled(server, patience)
        come(load, rooms - 1)
        after, _ = settled(server, patience)
        load.ask("leave")
        left, left_blocks = settled(server, 2.0)
    each = (after - before) / ((rooms - 1) * PEOPLE)
    return {"each": each, "before": before, "left": left / before, "blocks": left_blocks / blocks}


def bind(load: Process, rooms: int) -> None:
    load.ask("bind", rooms * PEOPLE)


def join(load: Process, rooms: int) -> None:
    load.ask("join", rooms, PEOPLE)


def rows(folder: Path, rooms: int) -> list[dict[str, Any]]:
    echo = [sys.executable, str(HERE / "floor" / "echo.py")]
    kinds: dict[str, list[str]] = {"tcp": [], "tls": certificate(folder)}
    with ThreadPoolExecutor() as pool:
        floors = [pool.submit(grown, yardstick(echo, files), bind, rooms, 0.0) for files in kinds.values()]
        ours = [
            pool.submit(grown, product(files), join, rooms, TRANSACTION_SECONDS) for files in kinds.values()
        ]
    return [
        {
            "transport": transport,
            "people": rooms * PEOPLE,
            "kilobytes_each": round(our.result()["each"] / 1000, 1),
            "floor_kilobytes": round(floor.result()["each"] / 1000, 1),
            "first_megabytes": round(our.result()["before"] / 1e6, 1),
            "left_over": round(our.result()["left"], 2),
            "left_in_use": round(our.result()["blocks"], 2),
        }
        for transport, floor, our in zip(kinds, floors, ours, strict=True)
    ]


def main() -> None:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "131072"  # as packaging/crossroom.service has it
    print("this takes about two minutes, most of it waiting", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as name:
        found = rows(Path(name), 20 if "--full" in sys.argv else 10)
    if "--json" in sys.argv:
        print(json.dumps(found, indent=1))
    else:
        for row in found:
            print("  ".join(f"{name}={value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
