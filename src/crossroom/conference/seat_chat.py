"""The MSRP half of a seat: what the endpoint asks of the room, in the order it was asked; what it is sent.

Everything said before the call was answered is kept and sent then: nothing is lost in the moment of joining.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from crossroom.bodies.msrp_media import MessageMedia
from crossroom.conference.addresses import aor_of
from crossroom.conference.conference import Conference
from crossroom.conference.reasons import msrp_status
from crossroom.conference.switch import Speaker, Typing, read
from crossroom.focus.interface import Participation
from crossroom.machine import ParseError
from crossroom.net.msrp_face import EndReason, NicknameRequest, ReceivedMessage, Report
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.tasks import Log, Turns
from crossroom.room.address import Address
from crossroom.room.commands import Draft
from crossroom.room.events import ComposingChanged, Occupant, Posted
from crossroom.room.nickname import parse_nickname
from crossroom.room.reasons import Refused


@dataclass(frozen=True, slots=True)
class SeatSettings:
    """`recovery_seconds`: how long a seat waits for a re-INVITE after its MSRP connection broke (RFC 4975 §5.4)."""

    recovery_seconds: float = 30.0


class Sitter(Protocol):
    """The seat, as its chat needs it."""

    conference: Conference
    person: Address
    own: Occupant | None

    @property
    def sees_addresses(self) -> bool:
        """Which of the two views it is given."""
        ...

    def seated(self) -> Participation:
        """Its participation; raises Refused."""
        ...


class SeatChat:
    """Implements net.msrp_face.SessionFace. `on_lost` is told when the chat is over for good, and why."""

    def __init__(self, seat: Sitter, turns: Turns, log: Log, settings: SeatSettings) -> None:
        self.msrp: MsrpSession | None = None
        self.peer: MessageMedia | None = None
        self.on_lost: Callable[[str], None] | None = None
        self._seat = seat
        self._turns = turns
        self._log = log
        self._settings = settings
        self._unsent: list[Posted | ComposingChanged] = []
        self._recovery: asyncio.TimerHandle | None = None

    # -- what the room says --------------------------------------------------------------------------------

    def send(self, event: Posted | ComposingChanged) -> None:
        """Send the endpoint its copy, if it takes this type (RFC 7701 §6.1)."""
        msrp, peer = self.msrp, self.peer
        if msrp is None or peer is None:
            self._unsent.append(event)
            return
        copy = self._seat.conference.copy_of(event, sees_addresses=self._seat.sees_addresses)
        if not peer.direction.receives or not peer.takes_wrapped(copy.wrapped_type):
            return
        if isinstance(event, ComposingChanged) and msrp.is_congested:
            return
        if peer.max_size is not None and len(copy.shared.body) > peer.max_size:
            self._log.info(
                "message too long for endpoint", person=str(self._seat.person), limit=peer.max_size
            )
            return
        msrp.send_shared(copy.shared)

    def answered(self, peer: MessageMedia) -> None:
        """The endpoint's side is known: send what has waited for it."""
        self.peer = peer
        unsent, self._unsent = self._unsent, []
        for event in unsent:
            self.send(event)

    def recovered(self, msrp: MsrpSession, peer: MessageMedia) -> None:
        """A re-INVITE brought a new MSRP session."""
        self._stop_waiting()
        if self.msrp is not None and self.msrp is not msrp:
            self.msrp.close()
        self.msrp, self.peer = msrp, peer

    def close(self) -> None:
        """Nothing is sent or asked any more."""
        self._turns.close()
        self._stop_waiting()
        if self.msrp is not None:
            self.msrp.close()

    # -- what the endpoint says ----------------------------------------------------------------------------

    def on_message(self, message: ReceivedMessage) -> int | None:
        """See net.msrp_face.SessionFace."""
        if not message.content_type:
            return 200  # RFC 4975 §7.1: a SEND without body only binds or keeps alive
        return None if self._turns.ask(partial(self._say, message)) else 413

    def on_nickname(self, request: NicknameRequest) -> None:
        """See net.msrp_face.SessionFace."""
        if not self._turns.ask(partial(self._rename, request)):
            request.respond(413)

    def on_report(self, report: Report) -> None:
        """See net.msrp_face.SessionFace."""
        if report.status >= 300:
            person = str(self._seat.person)
            self._log.info("copy refused", person=person, status=report.status, comment=report.comment)

    def on_bound(self) -> None:
        """See net.msrp_face.SessionFace."""
        self._log.debug("chat connected", person=str(self._seat.person), room=str(self._seat.conference.room))

    def on_closed(self, reason: EndReason) -> None:
        """See net.msrp_face.SessionFace."""
        self._log.info("chat connection lost", person=str(self._seat.person), reason=str(reason))
        if reason is EndReason.CONNECTION_LOST:
            # RFC 4975 §5.4: only a new offer and answer can repair it; give the endpoint time for that
            loop = asyncio.get_running_loop()
            self._recovery = loop.call_later(self._settings.recovery_seconds, self._lose, str(reason))
        else:
            self._lose(str(reason))

    async def _say(self, message: ReceivedMessage) -> None:
        try:
            said = read(message.content_type, message.body, message.id, self._speaker())
            participation = self._seat.seated()
            if isinstance(said, Draft):
                await participation.post(said)
            elif isinstance(said, Typing):
                await participation.compose(said.state, said.to)
        except Refused as refused:
            status = msrp_status(refused.reason)
            message.respond(status.code, refused.text or status.comment)
        else:
            message.respond(200)

    async def _rename(self, request: NicknameRequest) -> None:
        try:
            # RFC 7701 §7.3: an empty nickname gives it up; a participant always has one, so it stays
            if request.nickname:
                await self._seat.seated().rename(parse_nickname(request.nickname))
        except ParseError as error:
            request.respond(424, str(error))
        except Refused as refused:
            status = msrp_status(refused.reason)
            request.respond(status.code, status.comment)
        else:
            request.respond(200)

    def _speaker(self) -> Speaker:
        seat = self._seat
        find = partial(seat.conference.nickname_of, sees_addresses=seat.sees_addresses)
        own = seat.own.nickname if seat.own else None
        return Speaker(seat.conference.room, aor_of(seat.person), own, find)

    def _lose(self, why: str) -> None:
        if self.on_lost is not None:
            self.on_lost(why)

    def _stop_waiting(self) -> None:
        if self._recovery is not None:
            self._recovery.cancel()
            self._recovery = None
