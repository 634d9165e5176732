"""Runs the coverage-guided fuzzer for a bounded time. Needs atheris, which has wheels for Linux on x86-64 only.

    python tests/fuzz/guided/run.py                     every target for 30 seconds
    python tests/fuzz/guided/run.py sip_stream sdp --seconds 600
    python tests/fuzz/guided/run.py sdp --replay build/fuzz/sdp/crash-…   the broken promise, with its traceback

What it learns stays in build/fuzz/TARGET, where the next run goes on. It ends with 1 when a target broke a promise;
the input is then beside what was learned, under a name that begins with `crash-`, `timeout-` or `oom-`. Copy it to
tests/fuzz/guided/found/TARGET/ under a name that says what it is: from then on `make deep` replays it.
"""

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
LEARNED = TESTS.parent / "build" / "fuzz"
LONGEST_INPUT = 4096  # octets: longer than every vector, short enough for thousands of runs a second
LONGEST_RUN = 10  # seconds for one input: no reader may take so long
MEMORY = 1024  # megabytes for the whole process


def fuzz(name: str, seconds: int, learned: Path) -> None:
    """Fuzz one target in this process, and end the process: the fuzzer itself does."""
    import atheris

    with atheris.instrument_imports(include=["crossroom"], enable_loader_override=False):
        from fuzz.guided.targets import TARGETS

    learned.mkdir(parents=True, exist_ok=True)
    for seed in TARGETS[name].seeds():
        (learned / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    options = {
        "max_total_time": seconds, "max_len": LONGEST_INPUT, "timeout": LONGEST_RUN, "rss_limit_mb": MEMORY,
        "artifact_prefix": f"{learned}/", "print_final_stats": 1, "verbosity": 1,
    }  # fmt: skip
    arguments = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(learned)], TARGETS[name].run)
    atheris.Fuzz()


def replay(name: str, file: Path) -> None:
    """Run one input without the fuzzer: raises what it raises."""
    from fuzz.guided.targets import TARGETS

    octets = file.read_bytes()
    print(f"{name}: {octets!r}")  # noqa: T201 - a command's output
    TARGETS[name].run(octets)


def each(names: list[str], seconds: int, learned: Path) -> int:
    """Fuzz the targets one after another, each in a process of its own; 1 if one of them failed."""
    command = [sys.executable, __file__, "--inside", "--seconds", str(seconds), "--learned", str(learned)]
    failed = [name for name in names if subprocess.run([*command, name], check=False).returncode]
    for name in failed:
        print(f"{name} broke a promise: see {learned / name}")  # noqa: T201 - as above
    return int(bool(failed))


def main() -> int:
    sys.path.insert(0, str(TESTS))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=30, help="for each target")
    parser.add_argument(
        "--learned", type=Path, default=LEARNED, help="folder for what the fuzzer learns and finds"
    )
    parser.add_argument("--replay", type=Path, help="run this input once")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.inside:
        fuzz(wanted.targets[0], wanted.seconds, wanted.learned / wanted.targets[0])
    if wanted.replay:
        replay(wanted.targets[0], wanted.replay)
        return 0
    from fuzz.guided.targets import TARGETS

    return each(wanted.targets or list(TARGETS), wanted.seconds, wanted.learned)


if __name__ == "__main__":
    sys.exit(main())
