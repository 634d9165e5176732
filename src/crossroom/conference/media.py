"""The chat stream that the focus offers and answers with (RFC 4975 §8, RFC 7701 §5.2 and §8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossroom.bodies.cpim import CPIM
from crossroom.bodies.msrp_media import (
    NICKNAME,
    PRIVATE_MESSAGES,
    WEBSOCKET,
    Fingerprint,
    MessageMedia,
    Setup,
)
from crossroom.bodies.sdp import Connection, Origin, SessionDescription
from crossroom.bodies.sdp_answer import (
    NO_CPIM,
    NO_TRANSPORT,
    Answer,
    Refusal,
    answer_offer,
    chat_line,
    make_offer,
    read_answer,
    we_connect,
)
from crossroom.machine import ParseError
from crossroom.msrp.uri import Path, format_path, parse_path
from crossroom.net.ids import Ids
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import Fingerprint as Announced
from crossroom.net.msrp_face import SessionFace
from crossroom.net.msrp_session import MsrpSession
from crossroom.room.address import Address

TOKENS = frozenset({NICKNAME, PRIVATE_MESSAGES})
UNREADABLE = Refusal(399, "The session description cannot be read")


@dataclass(frozen=True, slots=True)
class Agreed:
    """Both sides' streams, whoever offered, and the MSRP session that belongs to the chosen one.

    `answer.description` is ours, `answer.we_connect` says whether this side opens the connection.
    """

    answer: Answer
    msrp: MsrpSession

    @property
    def address(self) -> tuple[str, int] | None:
        """Where to connect to when it is not where the path says: at a border controller (RFC 6714 §4.3)."""
        theirs = self.answer.theirs
        is_elsewhere = self.answer.ours.has_cema and not theirs.has_relay
        return (theirs.host, theirs.port) if is_elsewhere else None

    async def connect(self) -> None:
        """Open the connection, or let it come. Raises MsrpUnreachable, and ParseError for their path."""
        theirs = self.answer.theirs
        path = path_of(theirs)
        if self.answer.we_connect:
            await self.msrp.connect(path, address=self.address, fingerprints=announced(theirs))
        else:
            self.msrp.expect(path, fingerprints=announced(theirs))


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """`message_octets` is what a message may have (a=max-size).

    `offers_tls` chooses the transport of our own offers, where both are listened on. In rooms of `tls_domains`
    chats are by TLS only (RFC 7701 §11).
    """

    message_octets: int = 65_536
    offers_tls: bool = False
    tls_domains: frozenset[str] = frozenset()


class ChatMedia:
    """Makes MSRP sessions and their descriptions. `fingerprints` are those of our TLS listeners' certificate."""

    def __init__(
        self,
        endpoint: MsrpEndpoint,
        ids: Ids,
        settings: MediaSettings | None = None,
        fingerprints: tuple[Fingerprint, ...] = (),
    ) -> None:
        self._endpoint = endpoint
        self._ids = ids
        self._settings = settings or MediaSettings()
        self.fingerprints = fingerprints

    def offer(
        self,
        face: SessionFace,
        room: Address | None = None,
        replaces: MsrpSession | None = None,
        *,
        to_browser: bool = False,
    ) -> tuple[SessionDescription, MsrpSession]:
        """Offer a chat in a room, reachable from this moment on; `replaces` as in `answer`.

        A browser is offered WebSocket, where that is listened for: it has nothing else.
        """
        transport, is_secure = self._road(room, to_browser=to_browser)
        msrp = self._endpoint.open(face, secure=is_secure, transport=transport, replaces=replaces)
        stream = self._stream(msrp)
        if transport == WEBSOCKET:
            stream = replace(stream, setup=Setup.PASSIVE)  # RFC 7977 §5.1: it is the browser that connects
        return make_offer(stream, self._origin(stream.host)), msrp

    @property
    def serves_browsers(self) -> bool:
        """Whether browsers can be offered anything."""
        return any(address.is_websocket for address in self._endpoint.listening)

    def _served(self, room: Address | None) -> set[tuple[str, bool]]:
        """Transport and TLS of what a chat in this room may go by."""
        is_plain_allowed = room is None or room.domain.lower() not in self._settings.tls_domains
        roads = {(address.transport, address.is_secure) for address in self._endpoint.listening}
        return {road for road in roads if is_plain_allowed or road[1]}

    def _road(self, room: Address | None, *, to_browser: bool) -> tuple[str, bool]:
        """Transport and TLS of an offer."""
        served = self._served(room)
        roads = [("tcp", self._settings.offers_tls), ("tcp", not self._settings.offers_tls)]
        if to_browser:
            roads = [(WEBSOCKET, True), (WEBSOCKET, False), *roads]
        return next(road for road in roads if road in served)

    def agree(self, offer: SessionDescription, msrp: MsrpSession, body: bytes) -> Agreed | Refusal:
        """Read the answer to an offer of ours; never raises."""
        try:
            theirs = read_answer(offer, SessionDescription.from_bytes(body))
        except ParseError:
            return UNREADABLE
        if isinstance(theirs, Refusal):
            return theirs
        if not theirs.takes(CPIM):
            return NO_CPIM
        index = chat_line(offer)
        ours = MessageMedia.read(offer, offer.media[index])
        if (theirs.transport, theirs.is_secure) != (ours.transport, ours.is_secure):
            return NO_TRANSPORT  # a path that nobody can be reached by
        role = Setup.ACTIVE if we_connect(ours, theirs, we_offered=True) else Setup.PASSIVE
        return Agreed(Answer(offer, replace(ours, setup=role), theirs, index), msrp)

    def answer(
        self,
        body: bytes,
        face: SessionFace,
        room: Address | None = None,
        replaces: MsrpSession | None = None,
    ) -> Agreed | Refusal:
        """Answer an offer of a chat in a room on the first transport that both sides have; never raises.

        `replaces` is the session before this one, whose messages are not taken twice (RFC 4975 §5.4).
        """
        try:
            offer = SessionDescription.from_bytes(body)
        except ParseError:
            return UNREADABLE
        sessions = self._open_all(face, room, replaces)
        streams = [self._stream(msrp) for msrp in sessions]
        # RFC 6714: taken where it is offered, never asked for
        streams = [replace(stream, has_cema=stream.transport != WEBSOCKET) for stream in streams]
        answer = answer_offer(offer, streams, self._origin(streams[0].host))
        chosen = None if isinstance(answer, Refusal) else answer.ours.path
        taken = [msrp for msrp in sessions if (format_path(msrp.local_path),) == chosen]
        for msrp in sessions:
            if msrp not in taken:
                msrp.close()
        return answer if isinstance(answer, Refusal) else Agreed(answer, taken[0])

    def _open_all(
        self, face: SessionFace, room: Address | None, replaces: MsrpSession | None
    ) -> Sequence[MsrpSession]:
        return [
            self._endpoint.open(face, secure=is_secure, transport=transport, replaces=replaces)
            for transport, is_secure in sorted(self._served(room))
        ]

    def _stream(self, msrp: MsrpSession) -> MessageMedia:
        uri = msrp.local_path[0]
        return MessageMedia(
            port=uri.port or 0,
            is_secure=uri.is_secure,
            path=(format_path(msrp.local_path),),
            host=uri.host.strip("[]"),
            accept_types=(CPIM,),  # RFC 7701 §5.2: exactly this one value
            accept_wrapped_types=("*",),
            max_size=self._settings.message_octets,
            chatroom=TOKENS,
            # RFC 4975 §14.4: the certificate that answers on our port is the one that is meant
            # and a browser checks the name only (RFC 6455 §4.1): its page never sees a certificate
            fingerprints=self.fingerprints if uri.is_secure and uri.transport != WEBSOCKET else (),
        )

    def _origin(self, host: str) -> Origin:
        # RFC 8866 §5.2 asks for a number that is unique, not for one that means anything
        return Origin(int(self._ids.token()[1:9], 16), 1, Connection.of(host))


def path_of(media: MessageMedia) -> Path:
    """Where the other side's messages go; raises ParseError."""
    return parse_path(" ".join(media.path))


def announced(media: MessageMedia) -> tuple[Announced, ...]:
    """The certificates that the other side may show; empty: any that an authority has signed for its name.

    In a session-level line they may be meant for another stream; they say nothing of one in the clear, nor of
    a browser, whose certificate is that of its audio and video, nor of a relay, which has a certificate and
    a name of its own (RFC 4976 §9.2).
    """
    if not media.is_secure or media.transport == WEBSOCKET or media.has_relay:
        return ()
    return tuple(Announced(each.algorithm, each.octets) for each in media.fingerprints)
