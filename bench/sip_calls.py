"""What a call costs the whole product, INVITE to BYE, over UDP and TCP.

Run: python bench/sip_calls.py [--json]. CPU is the server process's own, user and system, per call (INVITE, 200, ACK,
BYE, 200; the caller joins a room and leaves it), with twenty callers at once who are another process. Two references
of the same run: the least loop that answers SIP (floor/sip_echo.py), given the same calls, and OPTIONS to the product.
"""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from processes import Process, running

HERE = Path(__file__).parent
CALLS, AT_ONCE, TURNS = 300, 20, 5  # the quickest turn counts: the rest is the machine's other work


def spent(server: Process, load: Process, order: str) -> float:
    """Seconds of CPU for one call, or one request."""
    before = server.cpu_seconds
    load.ask(order, CALLS, AT_ONCE)
    return (server.cpu_seconds - before) / CALLS


def speed() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running(sys.executable, str(HERE / name)))
            for name in ("sip_server.py", "floor/sip_echo.py")
        ]
        ports = [server.line().split() for server in servers]
        for place, transport in enumerate(("udp", "tcp")):
            loads = [
                stack.enter_context(
                    running(sys.executable, str(HERE / "sip_load.py"), transport, found[place])
                )
                for found in ports
            ]
            found: list[tuple[float, ...]] = []
            for _ in range(1 + TURNS):  # the first one warms up
                call = [spent(server, load, "calls") for server, load in zip(servers, loads, strict=True)]
                found.append((*call, spent(servers[0], loads[0], "options")))
            ours, floor, options = (min(costs) for costs in zip(*found[1:], strict=True))
            rows.append(_row(transport, ours, floor, options))
    return rows


def _row(transport: str, ours: float, floor: float, options: float) -> dict[str, Any]:
    return {
        "transport": transport,
        "call_us": round(ours * 1e6),
        "calls_per_second_and_core": round(1 / ours),
        "echo_us": round(floor * 1e6),
        "ratio": round(ours / floor, 1),
        "options_us": round(options * 1e6),
        "ratio_to_options": round(ours / options, 1),
    }


def main() -> None:
    rows = speed()
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("  ".join(f"{name}={value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
