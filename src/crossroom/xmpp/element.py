"""XML elements as values, and the only place in the whole server that writes XML.

The empty namespace means "the stanza's own": jabber:client, jabber:server or jabber:component:accept, whichever
stream it is on. It is written without a declaration, so that the same octets are right on every stream.
Whatever is put in, what comes out is well-formed XML 1.0 (§2.2 forbidden characters become U+FFFD).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from crossroom.machine import LocalProtocolError

OWN = ""
"""The namespace of stanzas and of their `body`, `subject`, `error`..., on whatever stream they are."""

CLIENT = "jabber:client"
SHORT_NAME = 128  # longer names are rare

# XML 1.0 §2.2 Char: all else is forbidden, also as a character reference
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SPECIAL = re.compile("[&<>'\"\t\n\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SPECIAL_IN_TEXT = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"}
# XML 1.0 §2.11 and §3.3.3: without a reference these would be read back as other characters
ENTITIES |= {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}

# XML Namespaces §3: an NCName; `xml:` is the only prefix that needs no declaration
NAME = re.compile(
    "(?:xml:)?[A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff]"
    "[-.0-9A-Z_a-z\xb7\xc0-\xd6\xd8-\xf6\xf8-\u037d\u037f-\u1fff\u200c\u200d\u203f\u2040\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff]*"
)


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its local name, namespace URI, attributes, and its text and elements in order.

    An attribute with a namespace is named `{uri}name`; `xml:lang` is named so.
    """

    name: str
    namespace: str = OWN
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple["Element | str", ...] = ()

    @property
    def text(self) -> str:
        """The character data directly inside this element."""
        return "".join(child for child in self.children if isinstance(child, str))

    @property
    def elements(self) -> tuple["Element", ...]:
        """The child elements, without the text between them."""
        return tuple(child for child in self.children if isinstance(child, Element))

    def find(self, name: str, namespace: str | None = None) -> "Element | None":
        """The first child so named; `namespace` None means this element's own namespace."""
        return first(self.elements, name, self.namespace if namespace is None else namespace)

    def find_all(self, name: str, namespace: str | None = None) -> tuple["Element", ...]:
        """All children so named; `namespace` None means this element's own namespace."""
        wanted = self.namespace if namespace is None else namespace
        return tuple(child for child in self.elements if child.name == name and child.namespace == wanted)

    def child_text(self, name: str, namespace: str | None = None) -> str:
        """The text of the first child so named, empty when there is none."""
        child = self.find(name, namespace)
        return child.text if child else ""

    def get(self, attribute: str, default: str = "") -> str:
        """An attribute's value."""
        return self.attributes.get(attribute, default)

    def __str__(self) -> str:
        return "".join(_write(self, OWN))

    def __bytes__(self) -> bytes:
        return str(self).encode()


def element(
    name: str, namespace: str = OWN, /, *children: Element | str | None, **attributes: str | None
) -> Element:
    """An element written down shortly: `None` children and attributes are left out, `from_` means `from`."""
    return Element(
        name,
        namespace,
        {key.rstrip("_"): value for key, value in attributes.items() if value is not None},
        tuple(child for child in children if child is not None and child != ""),
    )


def first(elements: Iterable[Element], name: str, namespace: str = OWN) -> Element | None:
    """The first of these elements that is so named."""
    return next((child for child in elements if child.name == name and child.namespace == namespace), None)


def serialise(elements: Iterable[Element]) -> bytes:
    """Elements one after the other, as they stand inside a stanza on any stream."""
    return "".join(part for child in elements for part in _write(child, OWN)).encode()


def escape(text: str) -> str:
    """Text as it stands in an attribute value or in content."""
    return SPECIAL.sub(_escaped, text) if SPECIAL.search(text) else text


def permitted(text: str) -> str:
    """Text with every character that XML forbids replaced by U+FFFD (not escaped)."""
    return FORBIDDEN.sub("\ufffd", text)


def _escape_text(text: str) -> str:
    return SPECIAL_IN_TEXT.sub(_escaped, text) if SPECIAL_IN_TEXT.search(text) else text


def _escaped(found: re.Match[str]) -> str:
    return ENTITIES.get(found[0], "\ufffd")


def _write(node: Element, inherited: str) -> Iterator[str]:
    name = checked_name(node.name)
    # an own-namespace element inside a foreign one is a forwarded stanza's (XEP-0297 §3: jabber:client)
    namespace = node.namespace or (CLIENT if inherited else OWN)
    yield f"<{name}"
    if namespace != inherited:
        yield f" xmlns='{escape(namespace)}'"
    for number, (attribute, value) in enumerate(node.attributes.items()):
        yield _attribute(attribute, value, number)
    if not node.children:
        yield "/>"
        return
    yield ">"
    for child in node.children:
        if isinstance(child, str):
            yield _escape_text(child)
        else:
            yield from _write(child, namespace)
    yield f"</{name}>"


def _attribute(name: str, value: str, number: int) -> str:
    if not name.startswith("{"):
        return f" {checked_name(name)}='{escape(value)}'"
    uri, _, local = name[1:].rpartition("}")
    return f" xmlns:n{number}='{escape(uri)}' n{number}:{checked_name(local)}='{escape(value)}'"


def checked_name(name: str) -> str:
    """The same name. Raises LocalProtocolError when no XML name is written so: readers never make one."""
    # what is remembered must be small, as others choose it
    return _checked_short(name) if len(name) <= SHORT_NAME else _checked_anew(name)


def _checked_anew(name: str) -> str:
    if not NAME.fullmatch(name):
        raise LocalProtocolError(f"not an XML name: {name!r}")
    return name


_checked_short = lru_cache(1024)(_checked_anew)
