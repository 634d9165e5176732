"""Small XML documents that SIP and MSRP carry: a safe reader into elements, and a writer that cannot be injected into.

Lives here: elements, names, limits. Not here: what a document means. No DTD, entity or processing
instruction is ever followed (XML 1.0 §2.8, §4); characters that XML forbids (§2.2) are never written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from crossroom.machine import ParseError

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
    | {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
)
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may hold."""

    octets: int = 4_194_304  # the full roster of a room with ten thousand endpoints
    elements: int = 200_000  # some twenty elements a participant
    depth: int = 16  # conference-info itself needs eight


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Name:
    """A name in its namespace; an empty namespace is none."""

    local: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """An element: attributes by name, child elements in order, and its text without that of the children."""

    name: Name
    attributes: tuple[tuple[Name, str], ...] = ()
    children: tuple["Element", ...] = ()
    text: str = ""

    def attribute(self, name: Name) -> str | None:
        """The value of an attribute, None where it is absent."""
        return next((value for key, value in self.attributes if key == name), None)


def parse_document(document: bytes, limits: Limits = DEFAULT_LIMITS) -> Element:
    """Read a document, as UTF-8 whatever it declares.

    Raises:
        ParseError: it is not well-formed, too large, or has a document type or processing instruction.

    """
    if len(document) > limits.octets:
        raise ParseError(f"document is longer than {limits.octets} octets")
    if b"\x00" in document:
        raise ParseError("NUL in a document, or an encoding other than UTF-8")
    return _Reader(limits).read(document)


@dataclass(slots=True)
class _Open:
    name: Name
    attributes: tuple[tuple[Name, str], ...]
    children: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def close(self) -> Element:
        return Element(self.name, self.attributes, tuple(self.children), "".join(self.text).strip())


class _Reader:
    """One use of expat. What a handler raises comes out of `Parse`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._elements = 0
        # a document of one's own, so that the outermost element closes like any other
        self._open = [_Open(Name(""), ())]
        self._parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.ProcessingInstructionHandler = self._refuse

    def read(self, document: bytes) -> Element:
        try:
            self._parser.Parse(document, True)  # noqa: FBT003 -- expat takes it by position only
        except expat.ExpatError as error:
            raise ParseError(f"not well-formed: {error}") from error
        return self._open[0].children[0]

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > self._limits.elements:
            raise ParseError(f"more than {self._limits.elements} elements")
        if len(self._open) > self._limits.depth:
            raise ParseError(f"deeper than {self._limits.depth} elements")
        named = tuple((_split(key), value) for key, value in attributes.items())
        self._open.append(_Open(_split(name), named))

    def _end(self, _name: str) -> None:
        element = self._open.pop().close()
        self._open[-1].children.append(element)

    def _characters(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _refuse(self, *_: object) -> None:
        raise ParseError("document types and processing instructions are not followed")


def _split(name: str) -> Name:
    namespace, separator, local = name.rpartition(" ")
    return Name(local, namespace if separator else "")


def clean(text: str) -> str:
    """The text with every character that XML forbids replaced by U+FFFD."""
    return _FORBIDDEN.sub("�", text)


def escape_attribute(text: str) -> str:
    """The text as it may stand in a quoted attribute value."""
    return clean(text).translate(_ESCAPES)


def escape_text(text: str) -> str:
    """The text as it may stand between tags."""
    return clean(text).translate(_TEXT_ESCAPES)


def write_document(root: Element, prefixes: Mapping[str, str]) -> bytes:
    """Write a document. `prefixes` maps namespaces to prefixes, an empty one is the default namespace.

    Those prefixes are declared on the root; any other namespace is declared where it is used.
    """
    declared = "".join(
        f' xmlns{":" if prefix else ""}{prefix}="{escape_attribute(namespace)}"'
        for namespace, prefix in prefixes.items()
    )
    body = _write(root, {**prefixes, XML_NAMESPACE: "xml"}, declared)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


def _write(element: Element, prefixes: Mapping[str, str], declared: str = "") -> str:
    tag, own, inside = _scope(element.name, prefixes)
    head = f"{tag}{declared}{own}"
    for number, (name, value) in enumerate(element.attributes):
        head += _write_attribute(name, value, prefixes, number)
    inner = escape_text(element.text) if element.text else ""
    if element.children:
        inner += "".join([_write(child, inside) for child in element.children])
    return f"<{head}>{inner}</{tag}>" if inner else f"<{head}/>"


def _scope(name: Name, prefixes: Mapping[str, str]) -> tuple[str, str, Mapping[str, str]]:
    """Find the tag, the namespace declaration that it needs, and the prefixes that hold inside it."""
    prefix = prefixes.get(name.namespace)
    if prefix is not None:
        return (f"{prefix}:{name.local}" if prefix else name.local), "", prefixes
    if name.namespace:
        # a prefix of its own, so that the default namespace of the children stays what it is
        return f"x:{name.local}", f' xmlns:x="{escape_attribute(name.namespace)}"', prefixes
    inside = {namespace: kept for namespace, kept in prefixes.items() if kept}
    return name.local, ' xmlns=""', {**inside, "": ""}


def _write_attribute(name: Name, value: str, prefixes: Mapping[str, str], number: int) -> str:
    shown = escape_attribute(value)
    if not name.namespace:
        return f' {name.local}="{shown}"'
    prefix = prefixes.get(name.namespace)
    if prefix:
        return f' {prefix}:{name.local}="{shown}"'
    return f' xmlns:a{number}="{escape_attribute(name.namespace)}" a{number}:{name.local}="{shown}"'
