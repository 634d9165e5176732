"""docs/conformance.md names a test for what it claims: here is the proof that each exists."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "conformance.md"
ROW = re.compile(r"^\| *((?:sip|msrp|xmpp|map|habit)-[\w.]+) *\|", re.MULTILINE)
REFERENCE = re.compile(r"(tests/[\w/.-]+\.py)::(\w+)(?:::(\w+))?")


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    )


def test_every_row_names_a_test_or_says_why_not() -> None:
    rows = [line for line in TABLE.read_text().splitlines() if ROW.match(line)]
    assert rows
    wanting = [row for row in rows if not REFERENCE.search(row) and "not supported:" not in row]
    assert not wanting, "\n".join(wanting)


def test_every_named_test_exists() -> None:
    missing = [
        f"{path}::{name}"
        for path, *names in REFERENCE.findall(TABLE.read_text())
        for name in names
        if name and (not (ROOT / path).exists() or name not in names_in(path))
    ]
    assert not missing, "\n".join(missing)
