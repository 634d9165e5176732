"""What a post carries: something every network can show, and the author's own bytes for the author's own network."""

from enum import StrEnum

from msgspec import Struct

from crossroom.room.address import MessageId, Network


class Content(Struct, frozen=True, gc=False):
    """What was said, in a form that any face can show.

    `media_type` is lower case without parameters (`text/plain`); `body` is str for text/* and octets for the
    rest; `language` is a BCP 47 tag or empty.
    """

    media_type: str
    body: str | bytes
    language: str = ""

    @property
    def size(self) -> int:
        """Octets, as limits count them."""
        return len(self.body if isinstance(self.body, bytes) else self.body.encode())


class Native(Struct, frozen=True, gc=False):
    """The author's own form for the author's own network, opaque to the room and never changed by it.

    On SIP the octets are the CPIM content (MIME headers, empty line, content); on XMPP the serialised child
    elements of the stanza or presence, without what only the room may say.
    """

    network: Network
    octets: bytes


def octets_of(message_id: MessageId, content: Content | None, native: Native | None) -> int:
    """What a post weighs, as limits count it: also its id, which a client chooses as long as it likes."""
    said = content.size if content else 0
    return len(message_id.encode()) + said + (len(native.octets) if native else 0)


class Composing(StrEnum):
    """Typing notifications: the XEP-0085 states, onto which RFC 3994's two are translated."""

    ACTIVE = "active"
    COMPOSING = "composing"
    PAUSED = "paused"
    INACTIVE = "inactive"
    GONE = "gone"


class Receipt(StrEnum):
    """What became of a private message, as its recipient tells the author (XEP-0184, XEP-0333, RFC 5438)."""

    DELIVERED = "delivered"
    DISPLAYED = "displayed"
    FAILED = "failed"
