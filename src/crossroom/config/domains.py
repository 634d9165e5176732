"""The tables of domains: [[domains]], those of rooms, and [networks], those of users."""

import re
from enum import StrEnum
from typing import Annotated

from msgspec import field

from crossroom.config.checks import lower_domain
from crossroom.config.section import Section, SettingError, Text, means

_NAME = re.compile(r"[A-Za-z0-9._~-]+")
_PATTERN = re.compile(r"[^\s@/:]+@[^\s@/:]+")


class Kind(StrEnum):
    """Who decides in the rooms of a domain."""

    HOSTED = "hosted"
    LOOPED = "looped"
    REMOTE_SIP = "remote-sip"


class UserNetwork(StrEnum):
    """Where the users of a domain are."""

    SIP = "sip"
    XMPP = "xmpp"
    DNS = "dns"


class Domain(Section, frozen=True):
    """[[domains]]: a domain whose rooms are reached through this server."""

    name: Annotated[Text, means("the domain part of the rooms' addresses")]
    kind: Annotated[
        Kind, means("hosted: our own rooms; looped: our own, reached by SIP through the outbound proxy")
    ] = Kind.HOSTED
    creators: Annotated[
        list[str],
        means(
            "addresses of those who may begin rooms, * for any text: ana@example.com, *@example.com; the rest"
            " enters rooms that are there"
        ),
    ] = field(default_factory=lambda: ["*"])
    factory: Annotated[
        Text,
        means(
            "user part of the SIP address (FACTORY@domain) where every call makes a room with a new name; empty:"
            " none"
        ),
    ] = ""
    tls_only: Annotated[
        bool, means("chats of SIP users in these rooms are by TLS: others are answered 488 (RFC 7701 §11)")
    ] = False

    def __post_init__(self) -> None:
        """Refuse what is no domain, and patterns that fit no address."""
        lower_domain(self, "name")
        if not self.creators:
            raise SettingError("creators", "nobody could ever begin a room: at least one pattern is needed")
        for index, pattern in enumerate(self.creators):
            if pattern != "*" and not _PATTERN.fullmatch(pattern):
                why = f"{pattern!r} is no pattern of addresses, as ana@example.com, *@example.com or *"
                raise SettingError(f"creators[{index}]", why)
        if self.factory and not _NAME.fullmatch(self.factory):
            why = f"{self.factory!r} has more than letters, digits and . _ ~ -"
            raise SettingError("factory", why)
        if self.factory and self.kind is not Kind.HOSTED:
            # XMPP users come to a looped domain by SIP, and would call the factory as a room
            raise SettingError("factory", "only a hosted domain can have one")
