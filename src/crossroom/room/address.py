r"""Who and where: the neutral addresses that both networks' addresses are translated into at the faces.

The user part is plain text, unescaped: `a/b@c.org` for `a\2fb\40c.org@x.example` and for
`sip:a/b%40c.org@x.example` alike. Rules: specification of the mapping in docs/mapping.md §1.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

Nickname = NewType("Nickname", str)
"""A nickname already enforced with both PRECIS profiles (room/nickname.py); 1..1023 octets of UTF-8."""

EndpointId = NewType("EndpointId", str)
"""One endpoint's seat in one room: unguessable, unique for the life of the server."""

MessageId = NewType("MessageId", str)
"""The id that the author's own client chose; unique only together with its author."""

ArchiveId = NewType("ArchiveId", str)
"""The id that the room gave a post (XEP-0359 stanza-id); unique in the room."""


ANONYMOUS_DOMAIN = "anonymous.invalid"  # RFC 3323 §4.1.1.3: the address of everybody who hides


class Network(StrEnum):
    """The two networks that meet here."""

    SIP = "sip"
    XMPP = "xmpp"


@dataclass(frozen=True, slots=True)
class Address:
    """A person, a person's device, or a room.

    `network` is None where nobody has said yet (an address written in an invitation, a room).
    `device` is a GRUU's `gr` value or an XMPP resource, empty for the person.
    """

    user: str
    domain: str
    device: str = ""
    network: Network | None = None

    @property
    def bare(self) -> "Address":
        """The person, whatever the device."""
        return replace(self, device="") if self.device else self

    @property
    def key(self) -> tuple[str, str]:
        """What makes two addresses the same person on both sides: XMPP folds case, so do we."""
        return _lowered(self.user), _lowered(self.domain)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells one person from another: of those who hide behind one address, only the device does."""
        user, domain = self.key
        return user, domain, self.device if domain == ANONYMOUS_DOMAIN else ""

    def is_same_person(self, other: "Address") -> bool:
        """True for two devices of one person, however the case is written."""
        return self.identity == other.identity

    def __str__(self) -> str:
        scheme = f"{self.network}:" if self.network else ""
        user = f"{self.user}@" if self.user else ""
        device = f"/{self.device}" if self.device else ""
        return f"{scheme}{user}{self.domain}{device}"


def _lowered(text: str) -> str:
    lower = text.lower()
    return text if lower == text else lower  # itself where it can be: keys are kept, and would be kept twice
