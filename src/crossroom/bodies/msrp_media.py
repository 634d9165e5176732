"""The m-line of a chat: `m=message` with its path, accepted types and room features, as one value.

Lives here: reading it from a description and writing it into one. Offer and answer: sdp_answer.py. MSRP URIs
are texts here (whoever connects parses them). Sections: RFC 4975 §8, RFC 6135 §4, RFC 6714 §4, RFC 7701 §8,
RFC 8122 §5, RFC 5547 §6.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from crossroom.bodies.cpim import CPIM
from crossroom.bodies.media_type import accepts
from crossroom.bodies.sdp import Attribute, Connection, MediaSection, SessionDescription
from crossroom.machine import ParseError

NICKNAME = "nickname"
PRIVATE_MESSAGES = "private-messages"
PROTOCOLS = {"TCP/MSRP": False, "TCP/TLS/MSRP": True}  # is it over TLS?
WEBSOCKET = "ws"
"""The transport of a browser's URI (RFC 7977 §5.2.1)."""
DISCARD_PORT = 9  # RFC 6135 §4.2: what an endpoint that will only connect writes as its port

_MSRP_URI = re.compile(r"msrps?://[^\s/;]+(?:/[^\s;]+)?;[^\s;]+(?:;\S*)?", re.IGNORECASE)
_OWN_PORT = re.compile(r"msrps?://(?:[^@/]*@)?(\[[^\]]*\]|[^:/;\[\]]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_SIZE = re.compile(r"[0-9]{1,18}")


class Setup(StrEnum):
    """Who connects (RFC 4145 §4, RFC 6135 §4.2)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"


class Direction(StrEnum):
    """Which way content flows, as the writer of the description sees it (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """True if the writer sends content."""
        return self in {Direction.SENDRECV, Direction.SENDONLY}

    @property
    def receives(self) -> bool:
        """True if the writer takes content."""
        return self in {Direction.SENDRECV, Direction.RECVONLY}

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        """The direction of somebody who does just this."""
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of a certificate (RFC 8122 §5): `algorithm` in lower case, `octets` in upper-case hex with colons."""

    algorithm: str
    octets: str

    @classmethod
    def parse(cls, text: str) -> "Fingerprint":
        """Read `sha-256 AA:BB`; raises ParseError."""
        algorithm, _, octets = text.partition(" ")
        if not re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*", octets.strip()):
            raise ParseError("a fingerprint is no colon-separated hash")
        return cls(algorithm.lower(), octets.strip().upper())

    def __str__(self) -> str:
        return f"{self.algorithm} {self.octets}"


@dataclass(frozen=True, slots=True)
class MessageMedia:
    """One MSRP chat stream of one side.

    `path` are MSRP URIs, the writer's own last; `max_size` is octets of a whole message, None for no limit;
    `chatroom` is None where the attribute is absent (no room), else its tokens; `host` is the c= address
    without brackets; `has_cema` says that `a=msrp-cema` is there.
    """

    port: int
    is_secure: bool
    path: tuple[str, ...]
    host: str
    accept_types: tuple[str, ...] = (CPIM,)
    accept_wrapped_types: tuple[str, ...] = ()
    max_size: int | None = None
    setup: Setup | None = None
    chatroom: frozenset[str] | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    direction: Direction = Direction.SENDRECV
    has_cema: bool = False
    is_file_transfer: bool = False
    others: tuple[Attribute, ...] = field(default=())  # RFC 3264 §5: unknown attributes, kept for the log

    @classmethod
    def read(cls, description: SessionDescription, section: MediaSection) -> "MessageMedia":
        """Read an m-line of a description; raises ParseError for one that is no usable MSRP stream."""
        if section.media.lower() != "message" or section.protocol.upper() not in PROTOCOLS:
            raise ParseError(f"{section.media} over {section.protocol} is no MSRP stream")
        attributes = _Reading(description, section)
        return cls(
            port=section.port,
            is_secure=PROTOCOLS[section.protocol.upper()],
            path=_path(attributes.text("path")),
            host=description.host_of(section),
            accept_types=_words(attributes.text("accept-types")),
            accept_wrapped_types=_words(attributes.text("accept-wrapped-types")),
            max_size=_max_size(attributes.text("max-size")),
            setup=_setup(attributes.text("setup")),
            chatroom=_chatroom(section),
            fingerprints=attributes.fingerprints(),
            direction=attributes.direction(),
            has_cema=attributes.has("msrp-cema"),
            is_file_transfer=section.first("file-selector") is not None,
            others=tuple(item for item in section.attributes if item.name not in _READ),
        )

    def section(self) -> MediaSection:
        """The m-line to write; `others` are never sent (RFC 6135 §4.4: `a=connection` least of all)."""
        protocol = "TCP/TLS/MSRP" if self.is_secure else "TCP/MSRP"
        connection = Connection.of(self.host) if self.host else None
        return MediaSection(
            "message", self.port, protocol, connection=connection, attributes=tuple(self._attributes())
        )

    def _attributes(self) -> list[Attribute]:
        optional = (
            ("accept-wrapped-types", " ".join(self.accept_wrapped_types)),
            ("max-size", "" if self.max_size is None else str(self.max_size)),
            ("setup", self.setup or ""),
            ("chatroom", "" if self.chatroom is None else " ".join(sorted(self.chatroom))),
        )
        found = [
            Attribute("accept-types", " ".join(self.accept_types)),
            Attribute("path", " ".join(self.path)),
            *(Attribute(name, value) for name, value in optional if value),
        ]
        if self.chatroom is not None and not self.chatroom:
            found.append(Attribute("chatroom"))
        found += [Attribute("fingerprint", str(item)) for item in self.fingerprints]
        if self.has_cema:
            found.append(Attribute("msrp-cema"))
        return [*found, Attribute(self.direction)]

    @property
    def transport(self) -> str:
        """What the first hop towards the writer is reached by, lower case: `tcp`, or `ws` (RFC 7977 §5.2.1)."""
        return self.path[0].split(";")[1].lower()

    @property
    def has_relay(self) -> bool:
        """True if the writer is reached by way of an MSRP relay (RFC 4976)."""
        return len(self.path) > 1

    @property
    def is_path_at_address(self) -> bool:
        """True if c= and m= do not contradict the path (RFC 6714 §4.4); a host name contradicts no address."""
        if self.port == DISCARD_PORT:
            return True  # it is no address, and nobody will connect to it
        return any(_is_at(uri, self.host, self.port) for uri in (self.path[0], self.path[-1]))

    def takes(self, media_type: str) -> bool:
        """True if the writer accepts a message of this type as it is (RFC 4975 §8.6)."""
        return accepts(media_type, self.accept_types)

    def takes_wrapped(self, media_type: str) -> bool:
        """True if the writer accepts this type inside a container (accept-types count there too)."""
        return accepts(media_type, (*self.accept_types, *self.accept_wrapped_types))

    def has_feature(self, token: str) -> bool:
        """True if a=chatroom declares it; the prose form `nicknames` counts as `nickname`."""
        return self.chatroom is not None and token in self.chatroom


_READ = frozenset(
    {"path", "accept-types", "accept-wrapped-types", "max-size", "setup", "chatroom", "fingerprint"}
    | {"msrp-cema", "connection"}
    | set(Direction)
)


@dataclass(frozen=True, slots=True)
class _Reading:
    description: SessionDescription
    section: MediaSection

    def text(self, name: str) -> str:
        found = self.description.first(name, self.section)
        return (found.value or "") if found else ""

    def has(self, name: str) -> bool:
        return self.description.first(name, self.section) is not None

    def direction(self) -> Direction:
        for attributes in (self.section.attributes, self.description.attributes):
            for item in attributes:
                if item.name in set(Direction):
                    return Direction(item.name)
        return Direction.SENDRECV

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        # RFC 8122 §5: those of the media section take the place of those of the session
        for attributes in (self.section.attributes, self.description.attributes):
            found = [item.value or "" for item in attributes if item.name == "fingerprint"]
            if found:
                return tuple(Fingerprint.parse(value) for value in found)
        return ()


def _path(text: str) -> tuple[str, ...]:
    uris = tuple(text.split())
    if not uris or not all(_MSRP_URI.fullmatch(uri) for uri in uris):
        raise ParseError("a=path holds no list of MSRP URIs")
    return uris


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    """One value for all who say the same, which everybody does who has the same user agent.

    What a hostile description can leave here is bounded by its own Limits.octets, and soon pushed out by others.
    """
    return tuple(text.lower().split())


@lru_cache(maxsize=64)
def _tokens(text: str) -> frozenset[str]:
    # RFC 7701 §8 names the token `nickname` in its grammar and "nicknames" in its prose
    return frozenset(NICKNAME if word == "nicknames" else word for word in _words(text))


def _max_size(text: str) -> int | None:
    return int(text) if _SIZE.fullmatch(text) else None


def _setup(text: str) -> Setup | None:
    # RFC 6135 §4.2: holdconn has no meaning for MSRP, an unknown role none for anybody
    lowered = text.lower()
    return Setup(lowered) if lowered in set(Setup) else None


def _chatroom(section: MediaSection) -> frozenset[str] | None:
    found = section.first("chatroom")  # RFC 7701 §8: a media-level attribute
    return None if found is None else _tokens(found.value or "")


def _is_at(uri: str, host: str, port: int) -> bool:
    match = _OWN_PORT.match(uri)
    if match is None:
        return False
    own, stated = _number(match[1]), _number(host)
    is_same_host = own is None or stated is None or own == stated
    return is_same_host and int(match[2] or 2855) == port


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a literal stands for, however it is written; None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
