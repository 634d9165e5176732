"""What is wrong with a configuration, in words for whoever wrote it: from the checker's message to a sentence."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec

from crossroom.config.schema import Configuration
from crossroom.config.section import Section

Tree = dict[str, object]

_PLACE = re.compile(r" - at `(?P<path>[^`]+)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]+)`")
_ABSENT = re.compile(r"Object missing required field `(?P<key>[^`]+)`")
_ENUM = re.compile(r"Invalid enum value (?P<value>.+)")
_OWN = re.compile(r"(?P<setting>[a-z_]+(?:\.[a-z_]+|\[\d+\])*): ")
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_WORDS = {
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "a text in quotes",
    "`bool`": "true or false",
    "`array`": "a list in [ ]",
    "`object`": "a table",
}
_SECRET = re.compile(r"secret|password")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A setting by its path (`$.sip.listen`), and what is wrong with it."""

    path: str
    what: str

    @property
    def setting(self) -> str:
        """The setting as people write it: `sip.listen`."""
        return self.path.removeprefix("$").lstrip(".")


def explain(message: str, tree: Tree) -> Wrong:
    """Say what a msgspec.ValidationError means for the file that was read to this tree."""
    found = _PLACE.search(message)
    path, what = found["path"] if found else "$", _PLACE.sub("", message)
    if unknown := _UNKNOWN.fullmatch(what):
        return Wrong(f"{path}.{unknown['key']}", _no_such_setting(path, unknown["key"]))
    if absent := _ABSENT.fullmatch(what):
        return Wrong(path, f"{absent['key']} is missing")
    if wrong := _ENUM.fullmatch(what):
        path = _key_of(path, tree, wrong["value"])
        return Wrong(path, f"{wrong['value']} is none of {', '.join(_choices(path))}")
    if own := _OWN.match(what):
        return Wrong(f"{path}.{own['setting']}", what[own.end() :])
    return Wrong(path, _plain(what) + _found(path, tree))


def _no_such_setting(path: str, key: str) -> str:
    section = _type_at(path)
    names = (
        [field.name for field in msgspec.structs.fields(section)]
        if isinstance(section, type) and issubclass(section, Section)
        else []
    )
    near = difflib.get_close_matches(key, names, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"there is no such setting{hint}; 'crossroom config' lists every one"


def _plain(what: str) -> str:
    """`Expected `int` >= 1`: expected a whole number >= 1."""
    for name, words in _WORDS.items():
        what = what.replace(name, words)
    return what[:1].lower() + what[1:] if what.startswith("Expected") else what


def _found(path: str, tree: Tree) -> str:
    """The value itself, where it is short and no secret."""
    value: object = tree
    for step in _steps(path):
        value = _inner(value, step)
    is_shown = isinstance(value, int | float | str) and not _SECRET.search(path)
    return f", found {value!r}" if is_shown and len(str(value)) <= 60 else ""


def _inner(value: object, step: str) -> object:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _key_of(path: str, tree: Tree, wrong: str) -> str:
    """A value in a table of free keys is at `[...]`: find the key that has it."""
    if not path.endswith("[...]"):
        return path
    table = path.removesuffix("[...]")
    values: object = tree
    for step in _steps(table):
        values = _inner(values, step)
    keys = [key for key, value in values.items() if repr(value) == wrong] if isinstance(values, dict) else []
    return f"{table}.{keys[0]}" if keys else table


def _choices(path: str) -> list[str]:
    hint = _type_at(path)
    return list(hint) if isinstance(hint, type) and issubclass(hint, StrEnum) else []


def _type_at(path: str) -> object:
    """The type that the schema has at a path."""
    hint: object = Configuration
    for step in _steps(path):
        while get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        if get_origin(hint) in {list, dict}:
            hint = get_args(hint)[-1]
        elif isinstance(hint, type) and issubclass(hint, Section):
            hint = get_type_hints(hint, include_extras=True).get(step)
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint


def _steps(path: str) -> Iterator[str]:
    for step in _STEP.finditer(path.removeprefix("$")):
        yield step["key"] or step["index"]
