"""What one endpoint takes: by its SDP, and by what it has refused since (RFC 4975 §8.6, §10.6)."""

from math import inf

from crossroom.bodies.cpim import CpimMessage
from crossroom.bodies.msrp_media import MessageMedia
from crossroom.msrp.message import Message


class Taste(dict[str, float]):
    """How many octets of a message an endpoint takes that wraps this media type in CPIM; 0: none.

    Asked once for each type: a fan-out asks for every copy.
    """

    __slots__ = ("of",)

    def __init__(self, of: MessageMedia | None) -> None:
        super().__init__()
        self.of = of

    def __missing__(self, media_type: str) -> float:
        of = self.of
        is_taken = of is not None and of.direction.receives and of.takes_wrapped(media_type)
        longest = inf if of is None or of.max_size is None else of.max_size
        found = self[media_type] = longest if is_taken else 0
        return found

    def refuse(self, message: Message | None) -> None:
        """Note what was answered 415, if anything was: it is not sent again in this session."""
        if message is None:
            return
        wrapped_type = CpimMessage.from_bytes(message.body).part.media_type
        if wrapped_type != "text/plain":  # one text may be wrong, but without texts there is no chat
            self[wrapped_type] = 0


NOT_KNOWN = Taste(None)
