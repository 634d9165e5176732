"""The targets of the guided fuzzer without the fuzzer: their seeds, and every input that once broke a promise."""

from pathlib import Path

import pytest

from fuzz.guided.targets import TARGETS

FOUND = Path(__file__).parent / "guided" / "found"
INPUTS = sorted(file for file in FOUND.glob("*/*") if file.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_keeps_the_promises(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@pytest.mark.parametrize("file", INPUTS, ids=lambda file: f"{file.parent.name}: {file.name}")
def test_what_the_fuzzer_found_stays_repaired(file: Path) -> None:
    TARGETS[file.parent.name].run(file.read_bytes())


def test_every_input_that_was_found_belongs_to_a_target() -> None:
    assert {file.parent.name for file in INPUTS} <= set(TARGETS)
