"""Every setting as a commented TOML file: what `crossroom config` prints, and docs/configuration.md shows."""

import enum
import json
from collections.abc import Iterator
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec

from crossroom.config.schema import Configuration, Domain
from crossroom.config.section import Section


def listing() -> str:
    """Give the whole configuration with defaults and meanings; reading it back gives the defaults."""
    return "\n".join(_tables()) + "\n"


def _tables() -> Iterator[str]:
    for field in msgspec.structs.fields(Configuration):
        default = _default(field)
        if isinstance(default, Section):
            yield from _table(field.name, default)
        elif field.name == "domains":
            yield from _array("domains", Configuration().domains)
        elif field.name == "networks":
            yield from (
                "[networks]",
                "# user domain -> network: sip, xmpp, or dns to ask",
                '# "example.com" = "sip"',
                "",
            )


def _table(name: str, section: Section) -> Iterator[str]:
    yield f"# {_summary(type(section))}"
    yield f"[{name}]"
    nested = []
    hints = get_type_hints(type(section), include_extras=True)
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        element = _element(hints[field.name])
        if isinstance(value, Section) or element:
            nested.append((field.name, value, element))
            continue
        yield f"{field.name} = {_toml(value)}  # {_meaning(hints[field.name])}"
    yield ""
    for key, value, element in nested:
        if element:
            yield from _example(f"{name}.{key}", element)
        elif isinstance(value, Section):
            yield from _table(f"{name}.{key}", value)


def _array(name: str, sections: list[Domain]) -> Iterator[str]:
    for section in sections:
        yield from (line.replace(f"[{name}]", f"[[{name}]]") for line in _table(name, section))


def _example(name: str, element: type[Section]) -> Iterator[str]:
    """A repeatable table that is empty by default is shown commented out."""
    yield f"# {_summary(element)}"
    yield f"# [[{name}]]"
    hints = get_type_hints(element, include_extras=True)
    for field in msgspec.structs.fields(element):
        value = "" if field.default is msgspec.NODEFAULT else field.default
        yield f"# {field.name} = {_toml(value)}  # {_meaning(hints[field.name])}"
    yield ""


def _summary(section: type[Section]) -> str:
    return (section.__doc__ or "").splitlines()[0].partition(": ")[2].strip()


def _meaning(hint: object) -> str:
    for part in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
        if isinstance(part, msgspec.Meta) and part.description:
            return part.description
    raise LookupError(f"a setting without a meaning: {hint}")


def _element(hint: object) -> type[Section] | None:
    inner = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    arguments = get_args(inner)
    if get_origin(inner) is list and isinstance(arguments[0], type) and issubclass(arguments[0], Section):
        return arguments[0]
    return None


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default is not msgspec.NODEFAULT else None


def _toml(value: object) -> str:
    if isinstance(value, enum.StrEnum):
        return json.dumps(value.value)
    return json.dumps(value)
