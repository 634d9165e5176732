"""The chat stream that the focus offers and answers with (RFC 4975 §8, RFC 7701 §5.2 and §8)."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossroom.bodies.msrp_media import CPIM, NICKNAME, PRIVATE_MESSAGES, MessageMedia, Setup
from crossroom.bodies.sdp import Connection, Origin, SessionDescription
from crossroom.bodies.sdp_answer import Answer, Refusal, answer_offer, make_offer
from crossroom.machine import ParseError
from crossroom.msrp.uri import Path, format_path, parse_path
from crossroom.net.ids import Ids
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import SessionFace
from crossroom.net.msrp_session import MsrpSession

TOKENS = frozenset({NICKNAME, PRIVATE_MESSAGES})
UNREADABLE = Refusal(399, "The session description cannot be read")


@dataclass(frozen=True, slots=True)
class Agreed:
    """An answered offer, and the MSRP session that belongs to the stream that was chosen."""

    answer: Answer
    msrp: MsrpSession


class ChatMedia:
    """Makes MSRP sessions and their descriptions. `message_octets` is what a message may have (a=max-size)."""

    def __init__(self, endpoint: MsrpEndpoint, ids: Ids, message_octets: int) -> None:
        self._endpoint = endpoint
        self._ids = ids
        self._message_octets = message_octets

    def offer(self, face: SessionFace) -> tuple[SessionDescription, MsrpSession]:
        """Offer a chat, reachable from this moment on."""
        msrp = self._endpoint.open(face)
        stream = self._stream(msrp, is_secure=False)
        return make_offer(stream, self._origin(stream.host)), msrp

    def answer(self, body: bytes, face: SessionFace) -> Agreed | Refusal:
        """Answer an offer on the first transport that both sides have; never raises."""
        try:
            offer = SessionDescription.from_bytes(body)
        except ParseError:
            return UNREADABLE
        sessions = self._open_all(face)
        streams = [self._stream(msrp, is_secure=is_secure) for is_secure, msrp in sessions]
        # a path rewritten on the way is found by its session id all the same, so CEMA need not be strict
        answer = answer_offer(offer, streams, self._origin(streams[0].host), is_cema_strict=False)
        chosen = None if isinstance(answer, Refusal) else answer.ours.is_secure
        for is_secure, msrp in sessions:
            if is_secure is not chosen:
                msrp.close()
        if isinstance(answer, Refusal):
            return answer
        return Agreed(answer, next(msrp for is_secure, msrp in sessions if is_secure is chosen))

    def _open_all(self, face: SessionFace) -> Sequence[tuple[bool, MsrpSession]]:
        transports = sorted({address.is_secure for address in self._endpoint.listening})
        return [(is_secure, self._endpoint.open(face, secure=is_secure)) for is_secure in transports]

    def _stream(self, msrp: MsrpSession, *, is_secure: bool) -> MessageMedia:
        uri = msrp.local_path[0]
        return MessageMedia(
            port=uri.port or 0,
            is_secure=is_secure,
            path=(format_path(msrp.local_path),),
            host=uri.host.strip("[]"),
            accept_types=(CPIM,),  # RFC 7701 §5.2: exactly this one value
            accept_wrapped_types=("*",),
            max_size=self._message_octets,
            chatroom=TOKENS,
        )

    def _origin(self, host: str) -> Origin:
        # RFC 8866 §5.2 asks for a number that is unique, not for one that means anything
        return Origin(int(self._ids.token()[1:9], 16), 1, Connection.of(host))


def path_of(media: MessageMedia) -> Path:
    """Where the other side's messages go; raises ParseError."""
    return parse_path(" ".join(media.path))


def connects_first(media: MessageMedia) -> bool:
    """True if the other side said that it only connects, and must not be connected to (RFC 6135 §4.2)."""
    return media.setup is Setup.ACTIVE
