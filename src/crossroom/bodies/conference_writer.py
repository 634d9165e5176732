"""Writes conference-info documents, full and partial, with every element in the order of the schema (RFC 4575 §6)."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

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
from crossroom.bodies.xml import Element, Name, write_document

_PREFIXES = {NAMESPACE: "", XCON_NAMESPACE: "xcon"}
_NICKNAME = Name("nickname", XCON_NAMESPACE)

Children = Iterable[Element | None]


def write(document: ConferenceInfo) -> bytes:
    """The document as UTF-8 XML. Characters that XML forbids come out as U+FFFD."""
    version = None if document.version is None else str(document.version)
    children = () if document.state is State.DELETED else _parts(document)
    root = _element(
        "conference-info", children, entity=document.entity, state=document.state, version=version
    )
    return write_document(root, _PREFIXES)


def _parts(document: ConferenceInfo) -> Children:
    return (
        _description(document.description),
        _host(document.host),
        _conference_state(document.conference_state),
        _users(document.users),
        *document.extensions,  # sidebars come last in the schema, then what is not of it
    )


@cache
def _name(local: str, namespace: str = NAMESPACE) -> Name:
    """The same few names over and over: a roster of a hundred has two thousand elements."""
    return Name(local, namespace)


def _element(tag: str, children: Children = (), *, text: str = "", **attributes: str | None) -> Element:
    present = tuple((_name(key, ""), value) for key, value in attributes.items() if value is not None)
    return Element(_name(tag), present, tuple(child for child in children if child), text)


def _text(tag: str, text: str | None) -> Element | None:
    return None if text is None else _element(tag, text=text)


def _number(tag: str, number: int | None) -> Element | None:
    return None if number is None else _element(tag, text=str(number))


def _flag(tag: str, flag: bool | None) -> Element | None:  # noqa: FBT001 -- the value is the content
    return None if flag is None else _element(tag, text="true" if flag else "false")


def _uris(tag: str, uris: tuple[Uri, ...] | None) -> Element | None:
    return None if uris is None else _element(tag, (_uri(uri) for uri in uris))


def _uri(entry: Uri) -> Element:
    optional = (("display-text", entry.display_text), ("purpose", entry.purpose))
    return _element(
        "entry", (_element("uri", text=entry.uri), *(_text(tag, it) for tag, it in optional if it))
    )


def _execution(tag: str, execution: Execution | None) -> Element | None:
    if execution is None:
        return None
    fields = (("when", execution.when), ("reason", execution.reason), ("by", execution.by))
    return _element(tag, (_text(name, value) for name, value in fields if value))


def _description(value: Description | None) -> Element | None:
    if value is None:
        return None
    return _element(
        "conference-description",
        (
            _text("display-text", value.display_text),
            _text("subject", value.subject),
            _text("free-text", value.free_text),
            _text("keywords", value.keywords),
            _uris("conf-uris", value.conf_uris),
            _uris("service-uris", value.service_uris),
            _number("maximum-user-count", value.maximum_user_count),
            *value.extensions,
        ),
    )


def _host(value: Host | None) -> Element | None:
    if value is None:
        return None
    return _element(
        "host-info",
        (
            _text("display-text", value.display_text),
            _text("web-page", value.web_page),
            _uris("uris", value.uris),
            *value.extensions,
        ),
    )


def _conference_state(value: ConferenceState | None) -> Element | None:
    if value is None:
        return None
    return _element(
        "conference-state",
        (
            _number("user-count", value.user_count),
            _flag("active", value.active),
            _flag("locked", value.locked),
            *value.extensions,
        ),
    )


def _users(value: Users | None) -> Element | None:
    if value is None:
        return None
    children = () if value.state is State.DELETED else value.users
    return _element("users", (_user(user) for user in children), state=_state(value.state))


def _state(state: State) -> str | None:
    # RFC 4575 §4.4: the default is full, so anything else must be said
    return None if state is State.FULL else state


def _user(user: User) -> Element:
    if user.state is State.DELETED:  # RFC 4575 §4.4: what is deleted has no children
        return _element("user", entity=user.entity, state=user.state)
    children = (
        _text("display-text", user.display_text),
        _uris("associated-aors", user.associated_aors),
        _roles(user.roles),
        _text("languages", user.languages),
        _text("cascaded-focus", user.cascaded_focus),
        *(_endpoint(endpoint) for endpoint in user.endpoints),
        *user.extensions,
    )
    element = _element("user", children, entity=user.entity, state=_state(user.state))
    if user.nickname is None:
        return element
    return replace(element, attributes=(*element.attributes, (_NICKNAME, user.nickname)))


def _roles(roles: tuple[str, ...] | None) -> Element | None:
    return None if roles is None else _element("roles", (_text("entry", role) for role in roles))


def _endpoint(endpoint: Endpoint) -> Element:
    if endpoint.state is State.DELETED:
        return _element("endpoint", entity=endpoint.entity, state=endpoint.state)
    children = (
        _text("display-text", endpoint.display_text),
        _execution("referred", endpoint.referred),
        _text("status", endpoint.status),
        _text("joining-method", endpoint.joining_method),
        _execution("joining-info", endpoint.joining),
        _text("disconnection-method", endpoint.disconnection_method),
        _execution("disconnection-info", endpoint.disconnection),
        *(_media(media) for media in endpoint.media),
        *endpoint.extensions,  # call-info, where a document that we read had it, is last in the schema
    )
    return _element("endpoint", children, entity=endpoint.entity, state=_state(endpoint.state))


def _media(media: Media) -> Element:
    children = (
        _text("display-text", media.display_text),
        _text("type", media.type),
        _text("label", media.label),
        _text("src-id", media.src_id),
        _text("status", media.status),
        *media.extensions,
    )
    return _element("media", children, id=media.id)
