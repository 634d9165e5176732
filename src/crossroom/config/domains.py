"""The tables of domains: [[domains]], those of rooms, and [networks], those of users."""

from enum import StrEnum
from typing import Annotated

from crossroom.config.checks import lower_domain
from crossroom.config.section import Section, Text, means


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
    tls_only: Annotated[
        bool, means("chats of SIP users in these rooms are by TLS: others are answered 488 (RFC 7701 §11)")
    ] = False

    def __post_init__(self) -> None:
        """Refuse what is no domain."""
        lower_domain(self, "name")
