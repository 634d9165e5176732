"""What occupants and rooms say in presence and messages (XEP-0045: muc and muc#user).

Administration is in muc_admin.py, the owner's part in muc_owner.py.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from crossroom.machine import ParseError
from crossroom.xmpp.delay import format_stamp, parse_stamp
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Stanza

MUC = "http://jabber.org/protocol/muc"
MUC_USER = "http://jabber.org/protocol/muc#user"

MAX_COUNT = 2**31  # a larger number in a history request means no limit to anybody

ValueT = TypeVar("ValueT", bound=StrEnum)


class Affiliation(StrEnum):
    """Standing with the room (XEP-0045 §5.2)."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    NONE = "none"
    OUTCAST = "outcast"


class Role(StrEnum):
    """Role in the room now (XEP-0045 §5.1)."""

    MODERATOR = "moderator"
    PARTICIPANT = "participant"
    VISITOR = "visitor"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """How much history a joiner wants (XEP-0045 §7.2.14); None where nothing was asked. `since` is in seconds since 1970."""

    maxchars: int | None = None
    maxstanzas: int | None = None
    seconds: int | None = None
    since: float | None = None

    @classmethod
    def parse(cls, source: Element) -> "HistoryRequest":
        """Read a `<history/>`. Raises ParseError."""
        since = source.attributes.get("since")
        return cls(
            _count(source, "maxchars"),
            _count(source, "maxstanzas"),
            _count(source, "seconds"),
            None if since is None else parse_stamp(since),
        )

    def as_element(self) -> Element:
        """The `<history/>` element."""
        return element(
            "history",
            MUC,
            maxchars=_written(self.maxchars),
            maxstanzas=_written(self.maxstanzas),
            seconds=_written(self.seconds),
            since=None if self.since is None else format_stamp(self.since),
        )


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """The `<x/>` that makes a presence a wish to enter (XEP-0045 §7.2.1)."""

    password: str | None = None
    history: HistoryRequest | None = None

    @classmethod
    def parse(cls, source: Element) -> "JoinRequest":
        """Read an `<x xmlns='…/muc'/>`; a history that cannot be read is as none. Raises ParseError for another element."""
        if (source.name, source.namespace) != ("x", MUC):
            raise ParseError("no muc element")
        password, history = source.find("password"), source.find("history")
        return cls(
            None if password is None else password.text, None if history is None else _lenient(history)
        )

    @classmethod
    def of(cls, presence: Stanza) -> "JoinRequest | None":
        """The wish to enter that a presence carries, None when it carries none."""
        found = presence.find("x", MUC)
        return None if found is None else cls.parse(found)

    def as_element(self) -> Element:
        """The `<x/>` element; empty it is what errors echo (XEP-0045 §7.2.5)."""
        password = None if self.password is None else element("password", MUC, self.password)
        return element("x", MUC, password, self.history.as_element() if self.history else None)


@dataclass(frozen=True, slots=True)
class MucItem:
    """One `<item/>` of muc#user or muc#admin (XEP-0045 §17.3, §17.4); what is absent is None or empty.

    `actor` and `actor_nick` are who did it, `reason` why.
    """

    affiliation: Affiliation | None = None
    role: Role | None = None
    jid: Jid | None = None
    nick: str = ""
    reason: str = ""
    actor: Jid | None = None
    actor_nick: str = ""

    @classmethod
    def parse(cls, source: Element) -> "MucItem":
        """Read an `<item/>`. Raises ParseError for values that are none."""
        actor = source.find("actor")
        return cls(
            read_value(Affiliation, source, "affiliation"),
            read_value(Role, source, "role"),
            read_jid(source, "jid"),
            source.get("nick"),
            source.child_text("reason"),
            read_jid(actor, "jid") if actor else None,
            actor.get("nick") if actor else "",
        )

    def as_element(self, namespace: str = MUC_USER) -> Element:
        """The `<item/>` element in the namespace of its query or x."""
        actor = None
        if self.actor or self.actor_nick:
            actor = element("actor", namespace, jid=write_jid(self.actor), nick=self.actor_nick or None)
        return element(
            "item",
            namespace,
            actor,
            element("reason", namespace, self.reason) if self.reason else None,
            affiliation=self.affiliation,
            jid=write_jid(self.jid),
            nick=self.nick or None,
            role=self.role,
        )


@dataclass(frozen=True, slots=True)
class Invite:
    """A mediated invitation (XEP-0045 §7.8.2): `to` on its way to the room, `from_` on its way to the invited.

    `continued` and `thread` say that a one-to-one conversation moves here (§7.8.2 example 63).
    """

    to: Jid | None = None
    from_: Jid | None = None
    reason: str = ""
    continued: bool = False
    thread: str = ""
    name: str = "invite"

    @classmethod
    def parse(cls, source: Element) -> "Invite":
        """Read an `<invite/>` or a `<decline/>`. Raises ParseError for addresses that are none."""
        proceed = source.find("continue")
        return cls(
            read_jid(source, "to"),
            read_jid(source, "from"),
            source.child_text("reason"),
            proceed is not None,
            proceed.get("thread") if proceed else "",
            source.name,
        )

    def as_element(self) -> Element:
        """The `<invite/>` or `<decline/>` element."""
        return element(
            self.name,
            MUC_USER,
            element("reason", MUC_USER, self.reason) if self.reason else None,
            element("continue", MUC_USER, thread=self.thread or None) if self.continued else None,
            to=write_jid(self.to),
            from_=write_jid(self.from_),
        )


def decline(*, to: Jid | None = None, from_: Jid | None = None, reason: str = "") -> Invite:
    """The answer no to an invitation: the same shape under another name (XEP-0045 §7.8.2)."""
    return Invite(to, from_, reason, name="decline")


@dataclass(frozen=True, slots=True)
class Destroy:
    """A room's end, and where to go instead (XEP-0045 §10.9)."""

    jid: Jid | None = None
    reason: str = ""
    password: str = ""

    @classmethod
    def parse(cls, source: Element) -> "Destroy":
        """Read a `<destroy/>`. Raises ParseError for an address that is none."""
        return cls(read_jid(source, "jid"), source.child_text("reason"), source.child_text("password"))

    def as_element(self, namespace: str = MUC_USER) -> Element:
        """The `<destroy/>` element in the namespace of its query or x."""
        return element(
            "destroy",
            namespace,
            element("password", namespace, self.password) if self.password else None,
            element("reason", namespace, self.reason) if self.reason else None,
            jid=write_jid(self.jid),
        )


@dataclass(frozen=True, slots=True)
class MucUser:
    """The `<x/>` of muc#user in presence and messages, with its status codes in order."""

    item: MucItem | None = None
    statuses: tuple[int, ...] = ()
    invites: tuple[Invite, ...] = ()
    decline: Invite | None = None
    destroy: Destroy | None = None
    password: str = ""

    @classmethod
    def parse(cls, source: Element) -> "MucUser":
        """Read an `<x xmlns='…/muc#user'/>`. Raises ParseError for another element or values that are none."""
        if (source.name, source.namespace) != ("x", MUC_USER):
            raise ParseError("no muc#user element")
        item, declined, destroyed = source.find("item"), source.find("decline"), source.find("destroy")
        codes = [child.get("code") for child in source.find_all("status")]
        return cls(
            MucItem.parse(item) if item else None,
            tuple(int(code) for code in codes if code.isascii() and code.isdigit() and len(code) == 3),
            tuple(Invite.parse(child) for child in source.find_all("invite")),
            Invite.parse(declined) if declined else None,
            Destroy.parse(destroyed) if destroyed else None,
            source.child_text("password"),
        )

    @classmethod
    def of(cls, stanza: Stanza) -> "MucUser | None":
        """What a stanza says in muc#user, None when nothing. Raises ParseError."""
        found = stanza.find("x", MUC_USER)
        return None if found is None else cls.parse(found)

    def as_element(self) -> Element:
        """The `<x/>` element."""
        return element(
            "x",
            MUC_USER,
            *(invite.as_element() for invite in self.invites),
            self.decline.as_element() if self.decline else None,
            self.destroy.as_element() if self.destroy else None,
            self.item.as_element() if self.item else None,
            element("password", MUC_USER, self.password) if self.password else None,
            *(element("status", MUC_USER, code=str(code)) for code in self.statuses),
        )


def read_value(values: type[ValueT], source: Element, attribute: str) -> ValueT | None:
    """An attribute that is one of these values, None when absent. Raises ParseError."""
    text = source.attributes.get(attribute)
    try:
        return None if text is None else values(text)
    except ValueError:
        raise ParseError(f"no {attribute}: {text!r}") from None


def read_jid(source: Element, attribute: str) -> Jid | None:
    """An attribute that is an address, None when absent. Raises ParseError."""
    text = source.attributes.get(attribute)
    return None if text is None else Jid.parse(text)


def write_jid(jid: Jid | None) -> str | None:
    """An optional address as an attribute's value."""
    return None if jid is None else str(jid)


def _lenient(history: Element) -> HistoryRequest | None:
    try:
        return HistoryRequest.parse(history)
    except ParseError:
        return None  # XEP-0045 §7.2.14 knows no error for it; a bad wish must not keep anybody out


def _count(source: Element, attribute: str) -> int | None:
    text = source.attributes.get(attribute)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_COUNT))):
        raise ParseError(f"no number: {text!r}")
    return min(int(text), MAX_COUNT)


def _written(count: int | None) -> str | None:
    return None if count is None else str(count)
