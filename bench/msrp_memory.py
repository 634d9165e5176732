"""What an idle participant costs in memory: dialog, subscription and MSRP session; and what is left of all.

Run: python bench/msrp_memory.py [--json] [--quick]. Octets of resident memory between 100 participants (one room)
and 2000 (twenty rooms), per participant, with garbage collected before each look; then everybody leaves, and the
memory is compared with that before the 1900 came: what the allocator keeps is in it. The yardstick is a server that
only sends back what it reads, with as many connections: no participant over uvloop and OpenSSL can cost less.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from msrp_switch import HERE, PEOPLE, product, yardstick
from processes import Process, certificate

ROOMS = 20


def collected(server: Process) -> int:
    server.child.send_signal(10)  # SIGUSR1: collect garbage
    time.sleep(0.5)
    return server.resident


def grown(
    start: AbstractContextManager[tuple[Process, Process]], come: Callable[[Process, int], object], rooms: int
) -> dict[str, float]:
    """Memory for each, and what is left when all are gone, as a part of what one room took."""
    with start as (server, load):
        come(load, 1)
        before = collected(server)
        come(load, rooms - 1)
        after = collected(server)
        load.ask("leave")
        left = collected(server)
    return {"each": (after - before) / ((rooms - 1) * PEOPLE), "left": left / before, "before": before}


def rows(folder: Path, rooms: int) -> Iterator[dict[str, Any]]:
    echo = HERE / "floor" / "echo.py"
    for files in ([], certificate(folder)):
        floor = grown(
            yardstick([sys.executable, str(echo)], files),
            lambda load, count: load.ask("bind", count * PEOPLE),
            rooms,
        )
        ours = grown(product(files), lambda load, count: load.ask("join", count, PEOPLE), rooms)
        yield {
            "transport": "tls" if files else "tcp",
            "people": rooms * PEOPLE,
            "kilobytes_each": round(ours["each"] / 1000, 1),
            "floor_kilobytes": round(floor["each"] / 1000, 1),
            "first_megabytes": round(ours["before"] / 1e6, 1),
            "left_over": round(ours["left"], 2),
        }


def main() -> None:
    is_json = "--json" in sys.argv
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    found, begun = [], time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        for row in rows(Path(name), ROOMS // 4 if "--quick" in sys.argv else ROOMS):
            found.append(row)
            text = "  ".join(f"{name}={value}" for name, value in row.items())
            out = sys.stderr if is_json else sys.stdout
            print(f"{time.monotonic() - begun:5.1f} s  {text}", file=out, flush=True)
    if is_json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
