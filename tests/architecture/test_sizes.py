"""The ends of what may be called small: style is enforced, not hoped for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "crossroom"
MODULES = sorted(SOURCE.rglob("*.py"))
LINES_OF_A_FILE = 600
LINES_OF_A_FUNCTION = 60
LINES_OF_A_CLASS = 300
METHODS_OF_A_CLASS = 20
BANNED_MODULE_NAMES = {"utils", "helpers", "common", "misc", "base", "manager"}
BANNED_CLASS_ENDINGS = ("Manager", "Handler", "Helper", "Processor", "Info", "Data")


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_there_is_source_to_measure() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_file_is_small_and_says_what_lives_in_it(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LINES_OF_A_FILE
    assert path.stem not in BANNED_MODULE_NAMES
    assert ast.get_docstring(ast.parse(text)), "a module begins with a docstring"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_and_classes_are_small(path: Path) -> None:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert length(node) <= LINES_OF_A_FUNCTION, f"{node.name} at line {node.lineno}"
        if isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
            assert length(node) <= LINES_OF_A_CLASS, node.name
            assert len(methods) <= METHODS_OF_A_CLASS, f"{node.name}: {len(methods)} methods"
            assert not node.name.endswith(BANNED_CLASS_ENDINGS) or node.name == "ConferenceInfo", node.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_exception_is_swallowed(path: Path) -> None:
    for node in nodes(path):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(part, ast.Pass) for part in node.body):
            kind = ast.unparse(node.type) if node.type else "everything"
            assert kind not in {"Exception", "BaseException", "everything"}, f"line {node.lineno}"
