"""How the figures of a bench are shown: a line for each measured size, or JSON for whoever compares runs."""

import json
import sys
from collections.abc import Mapping, Sequence


def report(rows: Sequence[Mapping[str, float]]) -> None:
    """Print the rows, as JSON with --json."""
    if "--json" in sys.argv:
        print(json.dumps(rows))
        return
    for row in rows:
        print("  ".join(f"{name}={value:g}" for name, value in row.items()))
