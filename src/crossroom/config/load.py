"""From a TOML file and the environment to a checked Configuration; what is wrong is said with file and line."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from crossroom.config.explain import Tree, explain
from crossroom.config.schema import Configuration

ENVIRONMENT_PREFIX = "CROSSROOM_"
STANDALONE = """
[xmpp.entry]
listen = "tcp://127.0.0.1:5222"
"""
"""What holds without a file: everything on loopback, and a way in for an XMPP client with no server."""


@dataclass
class ConfigurationError(Exception):
    """The configuration cannot be used: `where` is a file with its line or a variable, `what` says what is accepted."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def load(file: Path | None, environment: Mapping[str, str]) -> Configuration:
    """Read the file (None: STANDALONE), apply `CROSSROOM_SECTION__KEY`, check.

    Raises:
        ConfigurationError: with the line of the file, or the variable, that is to blame.

    """
    text = _read(file) if file else STANDALONE
    try:
        tree: Tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_place(str(file), str(error)), f"not TOML: {error}") from None
    overridden = _override(tree, environment)
    try:
        return msgspec.convert(tree, Configuration)
    except msgspec.ValidationError as error:
        raise _explained(str(error), file, text, tree, overridden) from None


def _place(file: str, message: str) -> str:
    """File and line of a mistake that the TOML reader found; at the end of the file it gives none."""
    found = re.search(r"at line (\d+)", message)
    return f"{file}:{found[1]}" if found else file


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(str(file), "cannot be read: it is not UTF-8") from None
    except OSError as error:
        raise ConfigurationError(str(file), f"cannot be read: {error.strerror or error}") from None


def _override(tree: Tree, environment: Mapping[str, str]) -> dict[str, str]:
    """Write the environment's settings into the tree; answers path -> variable for the error texts."""
    written = {}
    for variable, value in sorted(environment.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        if "__" not in variable:
            _must_not_be_meant(variable)
            continue
        *tables, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        table = tree
        for name in tables:
            inner = table.setdefault(name, {})
            if not isinstance(inner, dict):
                raise ConfigurationError(
                    variable, f"[{'.'.join(tables)}] is no table that a variable can change"
                )
            table = inner
        table[key] = _toml_value(value)
        written[f"$.{'.'.join((*tables, key))}"] = variable
    return written


def _must_not_be_meant(variable: str) -> None:
    """Refuse CROSSROOM_SIP_LISTEN; a name that begins with no table, as CROSSROOM_HOME, is somebody else's."""
    table, _, rest = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
    if rest and table in {field.name for field in msgspec.structs.fields(Configuration)}:
        meant = f"{ENVIRONMENT_PREFIX}{table}__{rest}".upper()
        raise ConfigurationError(variable, f"two underscores part a table from its setting: {meant}")


def _toml_value(text: str) -> object:
    """A variable holds a TOML value; what does not read as one is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explained(
    message: str, file: Path | None, text: str, tree: Tree, overridden: Mapping[str, str]
) -> ConfigurationError:
    wrong = explain(message, tree)
    if wrong.path in overridden:
        return ConfigurationError(overridden[wrong.path], wrong.what)
    if file is None:
        # a value that is refused together with its table: only the variables can have set it
        inside = [variable for key, variable in overridden.items() if key.startswith(wrong.path)]
        return ConfigurationError(", ".join(inside) or "the built-in defaults", wrong.what)
    what = f"{wrong.setting}: {wrong.what}" if wrong.setting else wrong.what
    return ConfigurationError(f"{file}:{line_of(text, wrong.path)}", what)


_TABLE = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*(?P<key>\"[^\"]+\"|[\w.-]+)\s*=")


def line_of(text: str, path: str) -> int:
    """The line (from 1) where a path such as `$.sip.listen[0]` is set; that of the nearest table when it is not."""
    wanted = path.removeprefix("$").lstrip(".")
    counts: dict[str, int] = {}
    table, best, best_length = "", 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        here = ""
        if opened := _TABLE.match(line):
            table = here = _table_path(opened, counts)
        elif assigned := _KEY.match(line):
            key = assigned["key"].strip('"')
            here = f"{table}.{key}" if table else key
        if here and len(here) > best_length and re.match(rf"{re.escape(here)}($|[.\[])", wanted):
            best, best_length = number, len(here)
    return best


def _table_path(opened: re.Match[str], counts: dict[str, int]) -> str:
    name = opened["name"].replace(" ", "")
    if opened["open"] == "[":
        return name
    counts[name] = counts.get(name, -1) + 1
    return f"{name}[{counts[name]}]"
