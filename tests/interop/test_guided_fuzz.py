"""The guided fuzzer, a few seconds for each reader: it starts, it finds its way in, and it finds nothing."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fuzz.guided.targets import TARGETS

pytestmark = pytest.mark.interop
SECONDS = 2
RUN = Path(__file__).parents[1] / "fuzz" / "guided" / "run.py"


@pytest.mark.parametrize("name", TARGETS)
def test_a_few_seconds_of_guided_fuzzing_break_no_promise(
    name: str, tmp_path: Path, figures: Callable[[object], None]
) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this platform or Python")
    command = [sys.executable, str(RUN), name, "--seconds", str(SECONDS), "--learned", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    (runs,) = re.findall(r"stat::number_of_executed_units: ([0-9]+)", ended.stderr)
    assert int(runs) > len(tuple(TARGETS[name].seeds())), "more than the seeds was tried"
    figures(f"{runs} inputs in {SECONDS} s")
