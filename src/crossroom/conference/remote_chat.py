"""The MSRP half of a seat in a conference elsewhere: what the focus sends becomes events, what we say is sent.

The other side of switch.py: there a room hears endpoints, here an endpoint hears a room.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from crossroom.bodies.cpim import CPIM, IMDN_NAMESPACE, STATUS_NAMESPACE, CpimAddress, CpimHeader, CpimMessage
from crossroom.bodies.imdn import IMDN, Imdn
from crossroom.bodies.iscomposing import IS_COMPOSING, IsComposing
from crossroom.bodies.media_type import essence
from crossroom.bodies.mime import MimePart
from crossroom.conference.addresses import NAMELESS, room_of
from crossroom.conference.callers import ANYWHERE
from crossroom.conference.reasons import reason_of_msrp, reason_of_nickname
from crossroom.conference.receipts import imdn_part, receipt_of, receipts_wanted
from crossroom.conference.remote_events import RemoteEvents, stranger
from crossroom.conference.switch import chosen_id, content_of, correlation
from crossroom.machine import ParseError
from crossroom.net.clock import Clock
from crossroom.net.msrp_face import EndReason, NicknameRequest, Outcome, ReceivedMessage, Report, Result
from crossroom.net.msrp_session import MsrpSession
from crossroom.room.address import Address, ArchiveId, EndpointId, MessageId, Nickname
from crossroom.room.commands import HistoryRequest
from crossroom.room.content import Composing, Content, Receipt
from crossroom.room.events import Acknowledged, ComposingChanged, Occupant, Posted
from crossroom.room.nickname import first_nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.sip.uri import SipUri, parse_uri

SKEW = 5.0
"""How far, in seconds, a clock elsewhere may be off: older than the join by more is history (docs/mapping.md §3.12)."""


@dataclass(frozen=True, slots=True)
class Self:
    """Who we are in that room: the endpoint, and the URI that our messages are From."""

    endpoint: EndpointId
    uri: SipUri


@dataclass
class RemoteChat:
    """One MSRP session with a focus (net.msrp_face.SessionFace). `on_lost` is told when it is over."""

    room: Address
    room_uri: SipUri
    me: Self
    events: RemoteEvents
    clock: Clock
    msrp: MsrpSession | None = None
    on_lost: Callable[[str], None] | None = None
    history: HistoryRequest = field(default_factory=HistoryRequest)
    skew: float = SKEW
    joined_at: float = field(init=False)
    bound: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.joined_at = self.clock.wall().timestamp()

    def move(self, msrp: MsrpSession) -> None:
        """Go on over another session: what the last one had not delivered is said again by whoever waits for it."""
        before, self.msrp = self.msrp, msrp
        if before is not None:
            before.close()

    def lose(self, why: str) -> None:
        """The chat is over."""
        self.bound.set()
        if self.on_lost is not None:
            self.on_lost(why)

    # -- what the focus sends ------------------------------------------------------------------------------

    def on_message(self, message: ReceivedMessage) -> int | None:
        """See net.msrp_face.SessionFace."""
        if not message.content_type:
            return 200
        if essence(message.content_type) != CPIM:
            return 415
        try:
            cpim = CpimMessage.from_bytes(message.body)
            self._receive(cpim, chosen_id(cpim) or MessageId(message.id))
        except ParseError:
            return 400
        return 200

    def on_nickname(self, request: NicknameRequest) -> None:
        """See net.msrp_face.SessionFace: a focus has no nickname to ask for."""
        request.respond(403)

    def on_report(self, report: Report) -> None:
        """See net.msrp_face.SessionFace: the response has told what there is to tell (RFC 7701 §6.3)."""

    def on_bound(self) -> None:
        """See net.msrp_face.SessionFace."""
        self.bound.set()

    def on_congested(self) -> None:
        """See net.msrp_face.SessionFace: a focus that reads too slowly is left when the queue is full."""

    def on_closed(self, reason: EndReason) -> None:
        """See net.msrp_face.SessionFace; whoever waits for the chat to begin looks whether it is open."""
        self.lose(str(reason))

    def _receive(self, cpim: CpimMessage, message_id: MessageId) -> None:
        part = cpim.part
        if cpim.extension(STATUS_NAMESPACE, "Message-Type") == "status":
            return  # what a notice says is in the roster, or in the subject
        entity = cpim.sender.uri if cpim.sender else ""
        name = cpim.sender.name if cpim.sender else ""
        author = stranger(first_nickname((name,), NAMELESS))
        to = None if self._is_for_all(cpim) else self.events.roster.own.nickname
        if part.media_type == IS_COMPOSING:
            is_active = IsComposing.from_bytes(part.body).is_active
            state = Composing.COMPOSING if is_active else Composing.ACTIVE
            self.events.say(ComposingChanged(author, state, to), lambda: self._author(entity))
            return
        if part.media_type == IMDN:
            self._told(Imdn.from_bytes(part.body), author, to, entity)
            return
        content = content_of(part)
        at = cpim.sent_at or self.clock.wall().timestamp()
        delayed = at < self.joined_at - self.skew
        if delayed and not self._wants(at):
            return
        archive_id = archived(self.room, author.nickname, message_id)
        receipts = receipts_wanted(cpim) if to is not None else frozenset()
        posted = Posted(author, message_id, archive_id, at, content, None, to, delayed, receipts)
        self.events.say(posted, lambda: self._author(entity))

    def _told(self, imdn: Imdn, author: Occupant, to: Nickname | None, entity: str) -> None:
        receipt = receipt_of(imdn)
        if receipt is not None and to is not None:
            event = Acknowledged(author, MessageId(imdn.message_id), receipt, to)
            self.events.say(event, lambda: self._author(entity))

    def _wants(self, at: float) -> bool:
        """Whether the joiner asked for history as old as this (XEP-0045 §7.2.13)."""
        history = self.history
        if history.max_posts == 0 or history.max_octets == 0:
            return False
        is_too_old = history.seconds is not None and at < self.joined_at - history.seconds
        return not is_too_old and (history.since is None or at >= history.since)

    def _is_for_all(self, cpim: CpimMessage) -> bool:
        try:
            to = parse_uri(cpim.to[0].uri) if cpim.to else self.room_uri
            is_room = room_of(to, ANYWHERE).is_same_person(self.room)
        except ParseError:
            return True
        return is_room and not (isinstance(to, SipUri) and to.gr)

    def _author(self, entity: str) -> Occupant | None:
        nickname = self.events.roster.nickname_of(entity)
        found = (one for one in self.events.roster.occupants if one.nickname == nickname)
        return next(found, None) if nickname is not None else None

    # -- what we say ---------------------------------------------------------------------------------------

    async def say(
        self,
        content: Content,
        message_id: MessageId,
        to: SipUri | None,
        receipts: frozenset[Receipt] = frozenset(),
    ) -> None:
        """Send a message to the room, or privately; raises Refused with what the focus answered."""
        part = MimePart.of(content.media_type, content.body, content.language)
        body = self._wrapped(part, to, correlation(message_id, receipts if to else frozenset()))
        session = self._session()
        result = await _sent(session, body)
        while result.outcome is Outcome.LOST and self.msrp is not session:  # it has moved
            session = self._session()
            result = await _sent(session, body, result.message_id)
        if result.outcome is Outcome.LOST:
            raise Refused(Reason.TIMED_OUT, "the connection to the conference is lost")
        if result.outcome is not Outcome.ACCEPTED:
            raise Refused(reason_of_msrp(result.status, result.comment), result.comment)

    def type(self, state: Composing, to: SipUri | None) -> None:
        """Tell that our user types, or stopped; nobody waits for an answer (docs/mapping.md §3.9)."""
        is_active = state is Composing.COMPOSING
        document = IsComposing(is_active, 90 if is_active else None, "text/plain" if is_active else "")
        part = MimePart((("Content-Type", IS_COMPOSING),), bytes(document))
        self._session().send(CPIM, self._wrapped(part, to), failure_report="no")

    def acknowledge(self, message_id: MessageId, receipt: Receipt, to: SipUri) -> None:
        """Tell the author of a private message what became of it, by IMDN (RFC 5438 §7.2.1)."""
        part = imdn_part(message_id, receipt, self.clock.wall())
        header = CpimHeader(IMDN_NAMESPACE, "Message-ID", f"{message_id}.{receipt}")
        self._session().send(CPIM, self._wrapped(part, to, (header,)), failure_report="no")

    async def take_nickname(self, nickname: Nickname) -> None:
        """NICKNAME (RFC 7701 §7.1); raises Refused."""
        status = await self._session().set_nickname(nickname)
        if status >= 300:
            raise Refused(reason_of_nickname(status))

    def _wrapped(self, part: MimePart, to: SipUri | None, headers: tuple[CpimHeader, ...] = ()) -> bytes:
        # RFC 7701 §6.3: From must be this session's own address, whatever the roster calls us
        sender = CpimAddress(str(self.me.uri), self.events.roster.own.nickname)
        recipient = CpimAddress(str(to or self.room_uri))
        return bytes(CpimMessage(sender, (recipient,), bytes(part), extensions=headers))

    def _session(self) -> MsrpSession:
        if self.msrp is None or self.msrp.closed is not None:
            raise Refused(Reason.NOT_IN_ROOM, "the connection to the conference is lost")
        return self.msrp


async def _sent(session: MsrpSession, body: bytes, message_id: str | None = None) -> Result:
    """Send it; how that ended. RFC 4975 §5.4: again under the same Message-ID, which is taken once."""
    answered: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def on_result(result: Result) -> None:
        if not answered.done():
            answered.set_result(result)

    session.send(CPIM, body, message_id=message_id, on_result=on_result)
    return await answered


def archived(room: Address, author: Nickname, message_id: MessageId) -> ArchiveId:
    """One id for everybody who is told of a post: no focus tells us its own."""
    text = f"{room.user}@{room.domain}\n{author}\n{message_id}"
    return ArchiveId(hashlib.sha256(text.encode()).hexdigest()[:20])
