"""Reads conference-info documents (RFC 4575 §5), also those of careless focuses.

Tolerated: no namespace at all, no version, children in any order, words that the schema does not know. What
has no field of its own is kept as extension elements. Refused: what is no conference-info, or has no entity.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from crossroom.bodies.conference_info import (
    NAMESPACE,
    XCON_NAMESPACE,
    ConferenceInfo,
    ConferenceState,
    Description,
    Endpoint,
    Execution,
    Host,
    Media,
    State,
    Uri,
    User,
    Users,
)
from crossroom.bodies.xml import DEFAULT_LIMITS, Element, Limits, Name, parse_document
from crossroom.machine import ParseError

ReadT = TypeVar("ReadT")

_NUMBER = re.compile(r"[0-9]{1,10}")
_NICKNAME = Name("nickname", XCON_NAMESPACE)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parse(body: bytes, limits: Limits = DEFAULT_LIMITS) -> ConferenceInfo:
    """Read a document; raises ParseError."""
    root = parse_document(body, limits)
    if root.name.local != "conference-info" or root.name.namespace not in {NAMESPACE, ""}:
        raise ParseError(f"<{root.name.local}/> is no conference-info")
    parts = _Parts(root)
    return ConferenceInfo(
        entity=_key(root, "entity"),
        version=_number(root.attribute(Name("version"))),
        state=_state(root),
        description=parts.one("conference-description", _description),
        host=parts.one("host-info", _host),
        conference_state=parts.one("conference-state", _conference_state),
        users=parts.one("users", _users),
        extensions=parts.rest(),
    )


class _Parts:
    """The children of an element, taken away one field after the other."""

    def __init__(self, element: Element) -> None:
        self._known: dict[str, list[Element]] = {}
        self._children = element.children
        for child in element.children:
            if child.name.namespace in {NAMESPACE, ""}:
                self._known.setdefault(child.name.local, []).append(child)
        self._taken: set[str] = set()

    def _take(self, tag: str) -> list[Element]:
        self._taken.add(tag)
        return self._known.get(tag, [])

    def all(self, tag: str, read: Callable[[Element], ReadT]) -> tuple[ReadT, ...]:
        return tuple(read(element) for element in self._take(tag))

    def one(self, tag: str, read: Callable[[Element], ReadT]) -> ReadT | None:
        found = self._take(tag)
        return read(found[0]) if found else None

    def text(self, tag: str) -> str | None:
        return self.one(tag, _content)

    def rest(self) -> tuple[Element, ...]:
        def is_taken(name: Name) -> bool:
            return name.local in self._taken and name.namespace in {NAMESPACE, ""}

        return tuple(child for child in self._children if not is_taken(child.name))


def _content(element: Element) -> str:
    return element.text


def _key(element: Element, name: str) -> str:
    value = element.attribute(Name(name))
    if not value:
        raise ParseError(f"<{element.name.local}/> has no {name}")
    return value.strip()


def _state(element: Element) -> State:
    value = (element.attribute(Name("state")) or "").strip()
    return State(value) if value in set(State) else State.FULL  # RFC 4575 §4.4: the default


def _number(text: str | None) -> int | None:
    return int(text.strip()) if text is not None and _NUMBER.fullmatch(text.strip()) else None


def _flag(text: str | None) -> bool | None:
    return None if text is None else _FLAGS.get(text.lower())


def _uris(element: Element) -> tuple[Uri, ...]:
    return tuple(entry for entry in _Parts(element).all("entry", _uri) if entry.uri)


def _uri(element: Element) -> Uri:
    parts = _Parts(element)
    return Uri(parts.text("uri") or "", parts.text("display-text") or "", parts.text("purpose") or "")


def _roles(element: Element) -> tuple[str, ...]:
    return _Parts(element).all("entry", _content)


def _execution(element: Element) -> Execution:
    parts = _Parts(element)
    return Execution(parts.text("when") or "", parts.text("reason") or "", parts.text("by") or "")


def _description(element: Element) -> Description:
    parts = _Parts(element)
    return Description(
        display_text=parts.text("display-text"),
        subject=parts.text("subject"),
        free_text=parts.text("free-text"),
        keywords=parts.text("keywords"),
        conf_uris=parts.one("conf-uris", _uris),
        service_uris=parts.one("service-uris", _uris),
        maximum_user_count=_number(parts.text("maximum-user-count")),
        extensions=parts.rest(),
    )


def _host(element: Element) -> Host:
    parts = _Parts(element)
    return Host(parts.text("display-text"), parts.text("web-page"), parts.one("uris", _uris), parts.rest())


def _conference_state(element: Element) -> ConferenceState:
    parts = _Parts(element)
    return ConferenceState(
        _number(parts.text("user-count")),
        _flag(parts.text("active")),
        _flag(parts.text("locked")),
        parts.rest(),
    )


def _users(element: Element) -> Users:
    return Users(_Parts(element).all("user", _user), _state(element))


def _user(element: Element) -> User:
    parts = _Parts(element)
    return User(
        entity=_key(element, "entity"),
        state=_state(element),
        nickname=element.attribute(_NICKNAME),
        display_text=parts.text("display-text"),
        associated_aors=parts.one("associated-aors", _uris),
        roles=parts.one("roles", _roles),
        languages=parts.text("languages"),
        cascaded_focus=parts.text("cascaded-focus"),
        endpoints=parts.all("endpoint", _endpoint),
        extensions=parts.rest(),
    )


def _endpoint(element: Element) -> Endpoint:
    parts = _Parts(element)
    return Endpoint(
        # RFC 4575 §5.7 wants a key; an endpoint without one is the only one of its user
        entity=(element.attribute(Name("entity")) or "").strip(),
        state=_state(element),
        display_text=parts.text("display-text"),
        referred=parts.one("referred", _execution),
        status=parts.text("status"),
        joining_method=parts.text("joining-method"),
        joining=parts.one("joining-info", _execution),
        disconnection_method=parts.text("disconnection-method"),
        disconnection=parts.one("disconnection-info", _execution),
        media=parts.all("media", _media),
        extensions=parts.rest(),
    )


def _media(element: Element) -> Media:
    parts = _Parts(element)
    return Media(
        id=(element.attribute(Name("id")) or "").strip(),
        type=parts.text("type"),
        status=parts.text("status"),
        label=parts.text("label"),
        src_id=parts.text("src-id"),
        display_text=parts.text("display-text"),
        extensions=parts.rest(),
    )
