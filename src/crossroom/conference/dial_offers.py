"""What a person is offered who is called: at each device what it can take (RFC 3264 §5, RFC 7977 §5)."""

from crossroom.bodies.sdp import SessionDescription
from crossroom.bodies.sdp_answer import NO_TRANSPORT, Refusal
from crossroom.conference.media import Agreed, ChatMedia
from crossroom.conference.seat_chat import SeatChat
from crossroom.net.msrp_session import MsrpSession
from crossroom.room.address import Address


class Offers:
    """What the devices of one person are offered: one MSRP session for browsers, one for all others.

    Whoever answers first takes the one that it was offered; `close` gives the other back.
    """

    def __init__(self, media: ChatMedia, room: Address, chat: SeatChat) -> None:
        self._media = media
        self._room = room
        self._chat = chat
        self._made: dict[bool, tuple[SessionDescription, MsrpSession]] = {}

    def usual(self) -> bytes:
        """The offer to who can be reached by TCP or TLS."""
        return self._body(to_browser=False)

    def for_browsers(self) -> bytes:
        """The offer over WebSocket."""
        return self._body(to_browser=True)

    def agree(self, body: bytes) -> Agreed | Refusal:
        """Read the answer to one of them; never raises."""
        agreed: Agreed | Refusal = NO_TRANSPORT
        for offer, msrp in self._made.values():
            agreed = self._media.agree(offer, msrp, body)
            if isinstance(agreed, Agreed):
                self._chat.msrp = agreed.msrp
                break
        return agreed

    def close(self) -> None:
        """Close what nobody took."""
        for _, msrp in self._made.values():
            if msrp is not self._chat.msrp:
                msrp.close()

    def _body(self, *, to_browser: bool) -> bytes:
        if to_browser not in self._made:
            self._made[to_browser] = self._media.offer(self._chat, self._room, to_browser=to_browser)
        return bytes(self._made[to_browser][0])
