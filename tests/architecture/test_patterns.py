"""What every regular expression obeys."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import crossroom

PARSER: Any = re._parser  # type: ignore[attr-defined]  # typeshed does not show it
SINGLE = {"LITERAL", "NOT_LITERAL", "IN", "ANY", "CATEGORY"}


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for found in pkgutil.walk_packages(crossroom.__path__, "crossroom."):
        if not found.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{found.name}.{name}", value


def parts(parsed: Any) -> Iterator[tuple[str, Any]]:
    """Every operation of a parsed pattern, at any depth."""
    if isinstance(parsed, PARSER.SubPattern):
        for operation, argument in parsed:
            yield str(operation), argument
            yield from parts(argument)
    elif isinstance(parsed, tuple | list):
        for each in parsed:
            yield from parts(each)


@pytest.mark.parametrize(("name", "pattern"), [pytest.param(*each, id=each[0]) for each in patterns()])
def test_only_single_characters_are_possessive(name: str, pattern: re.Pattern[Any]) -> None:
    """CPython before 3.11.5 (Debian 12 has 3.11.2) matches possessive and atomic groups wrongly (gh-106052)."""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    parsed = PARSER.parse(pattern.pattern, flags)
    for operation, argument in parts(parsed):
        assert operation != "ATOMIC_GROUP", name
        if operation == "POSSESSIVE_REPEAT":
            assert [str(inner) for inner, _ in argument[2]][1:] == [], name
            assert str(argument[2][0][0]) in SINGLE, name
