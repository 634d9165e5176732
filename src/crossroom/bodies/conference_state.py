"""What a subscriber knows of a conference, and how each notification changes it (RFC 4575 §4.6).

Lives here: the one function that applies a document to the local copy. Not here: subscribing and refreshing;
a Gap asks its caller for that. Nothing is mutated: the copy is a document like any other, always full.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from crossroom.bodies.conference_info import ConferenceInfo, Endpoint, Media, State, User, Users
from crossroom.bodies.xml import Element

KeyedT = TypeVar("KeyedT", User, Endpoint)


@dataclass(frozen=True, slots=True)
class Applied:
    """The new local copy. Its state is DELETED when the conference is over: unsubscribe."""

    document: ConferenceInfo

    @property
    def is_over(self) -> bool:
        """True if the conference has ended (RFC 4575 §5.2)."""
        return self.document.state is State.DELETED


@dataclass(frozen=True, slots=True)
class Gap:
    """Documents are missing before this one: refresh the subscription, for a full one. The copy stays."""

    version: int | None


@dataclass(frozen=True, slots=True)
class Stale:
    """An older document, or one seen already: discarded."""

    version: int


def apply(known: ConferenceInfo | None, document: ConferenceInfo) -> Applied | Gap | Stale:
    """Apply a document to the local copy, None before the first one of a subscription.

    Versions are those of one subscription: begin with None again after subscribing anew. A document without
    a version is taken as a full one.
    """
    if document.version is None:
        whole = document if document.state is State.DELETED else replace(document, state=State.FULL)
        return Applied(_normal(whole))
    if known is not None and known.version is not None and document.version <= known.version:
        return Stale(document.version)
    if document.state is not State.PARTIAL:
        return Applied(_normal(document))
    if known is None or known.version is None or document.version != known.version + 1:
        return Gap(document.version)
    return Applied(_merged(known, document))


def _normal(document: ConferenceInfo) -> ConferenceInfo:
    if document.state is State.DELETED:
        # RFC 4575 §4.4: what is deleted has no children
        return ConferenceInfo(document.entity, document.version, State.DELETED)
    return replace(document, users=_merged_users(None, document.users))


def _merged(known: ConferenceInfo, document: ConferenceInfo) -> ConferenceInfo:
    return replace(
        known,
        version=document.version,
        description=document.description or known.description,  # RFC 4575 §4.4: atomic elements
        host=document.host or known.host,
        conference_state=document.conference_state or known.conference_state,
        users=_merged_users(known.users, document.users),
        extensions=_extensions(known.extensions, document.extensions),
    )


def _merged_users(known: Users | None, update: Users | None) -> Users | None:
    if update is None:
        return known
    if update.state is State.DELETED:
        return None
    before = known.users if known and update.state is State.PARTIAL else ()
    return Users(_merged_by_key(before, update.users, _merged_user))


def _merged_by_key(
    known: Iterable[KeyedT], updates: Iterable[KeyedT], merge: Callable[[KeyedT | None, KeyedT], KeyedT]
) -> tuple[KeyedT, ...]:
    """Apply keyed elements (RFC 4575 §4.5), which keep their places.

    A focus that repeats one key within a document means the parts of one element.
    """
    table = {element.entity: element for element in known}
    seen: set[str] = set()
    for update in updates:
        if update.state is State.DELETED:
            table.pop(update.entity, None)
            continue
        is_part = update.state is State.PARTIAL or update.entity in seen
        table[update.entity] = merge(table.get(update.entity) if is_part else None, update)
        seen.add(update.entity)
    return tuple(table.values())


def _merged_user(known: User | None, update: User) -> User:
    """Put an update over what is known; None replaces the whole user."""
    before = known or User(update.entity)
    return User(
        entity=update.entity,
        nickname=_or(update.nickname, before.nickname),
        display_text=_or(update.display_text, before.display_text),
        associated_aors=before.associated_aors if update.associated_aors is None else update.associated_aors,
        roles=before.roles if update.roles is None else update.roles,
        languages=_or(update.languages, before.languages),
        cascaded_focus=_or(update.cascaded_focus, before.cascaded_focus),
        endpoints=_merged_by_key(before.endpoints, update.endpoints, _merged_endpoint),
        extensions=_extensions(before.extensions, update.extensions),
    )


def _merged_endpoint(known: Endpoint | None, update: Endpoint) -> Endpoint:
    before = known or Endpoint(update.entity)
    return Endpoint(
        entity=update.entity,
        display_text=_or(update.display_text, before.display_text),
        referred=update.referred or before.referred,
        status=_or(update.status, before.status),
        joining_method=_or(update.joining_method, before.joining_method),
        joining=update.joining or before.joining,
        disconnection_method=_or(update.disconnection_method, before.disconnection_method),
        disconnection=update.disconnection or before.disconnection,
        media=_merged_media(before.media, update.media),
        extensions=_extensions(before.extensions, update.extensions),
    )


def _merged_media(known: tuple[Media, ...], update: tuple[Media, ...]) -> tuple[Media, ...]:
    # RFC 4575 §5.8: keyed by id, and each one is sent whole
    return tuple({media.id: media for media in (*known, *update)}.values())


def _extensions(known: tuple[Element, ...], update: tuple[Element, ...]) -> tuple[Element, ...]:
    renewed = {element.name for element in update}
    return (*(element for element in known if element.name not in renewed), *update)


def _or(update: str | None, known: str | None) -> str | None:
    return known if update is None else update
