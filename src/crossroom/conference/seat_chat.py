"""The MSRP half of a seat: what the endpoint asks of the room, in the order it was asked; what it is sent.

Everything said before the call was answered is kept and sent then, and so is what is said between the loss of
the connection and its repair: nothing is lost in the moment of joining, or of moving.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from crossroom.bodies.msrp_media import MessageMedia
from crossroom.conference.addresses import aor_of
from crossroom.conference.conference import Conference, Copy
from crossroom.conference.notices import NoticeSettings, about_the_room, text_of, too_long, welcome
from crossroom.conference.reasons import msrp_status
from crossroom.conference.switch import Speaker, Typing, read
from crossroom.focus.interface import Participation
from crossroom.machine import ParseError
from crossroom.net.msrp_face import EndReason, NicknameRequest, ReceivedMessage, Report
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.tasks import Log, Turns
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import Draft
from crossroom.room.events import ComposingChanged, Occupant, Posted, RoomEvent
from crossroom.room.nickname import comparison_key, first_nickname, free_nickname_near, parse_nickname
from crossroom.room.reasons import Reason, Refused

NAMELESS = Nickname("Guest")


@dataclass(frozen=True, slots=True)
class SeatSettings:
    """How patient a seat is, and what it tells.

    `recovery_seconds`: how long it waits for a re-INVITE after its MSRP connection broke (RFC 4975 §5.4).
    `kept_messages`: how many it keeps for an endpoint that cannot be sent to yet; with more it is given up.
    """

    recovery_seconds: float = 30.0
    kept_messages: int = 1000
    notices: NoticeSettings = field(default_factory=NoticeSettings)


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
        self._unsent: list[Posted | ComposingChanged | Copy] = []
        self._recovery: asyncio.TimerHandle | None = None

    # -- what the room says --------------------------------------------------------------------------------

    def send(self, said: Posted | ComposingChanged | Copy) -> None:
        """Send the endpoint its copy, if it takes this type (RFC 7701 §6.1)."""
        msrp, peer = self.msrp, self.peer
        if msrp is None or peer is None or msrp.closed is not None:
            self._keep(said)
            return
        copy = said if isinstance(said, Copy) else self._copy_of(said)
        if not peer.direction.receives or not peer.takes_wrapped(copy.wrapped_type):
            return
        if isinstance(said, ComposingChanged) and msrp.is_congested:
            return
        if _is_too_long(copy, peer):
            self._say_it_was_too_long(said, peer)
        else:
            msrp.send_shared(copy.shared)

    def announce(self, event: RoomEvent) -> None:
        """Send a notice about an event, if there is one to send."""
        text = text_of(event, self._settings.notices)
        if text:
            self.send(self._seat.conference.notice(text))

    def welcome(self) -> None:
        """Send what a newcomer is told; the rest follows when it is known what the user agent can do."""
        if self._settings.notices.welcome:
            self.send(self._seat.conference.notice(welcome(self._seat.conference.room)))

    def answered(self, peer: MessageMedia) -> None:
        """The endpoint's side is known: send what has waited for it."""
        self.peer = peer
        if peer.chatroom is None:
            names = self._seat.conference.nicknames(sees_addresses=self._seat.sees_addresses)
            self.send(self._seat.conference.notice(about_the_room(names)))
        self._send_kept()

    def recovered(self, msrp: MsrpSession, peer: MessageMedia) -> None:
        """A re-INVITE brought a new MSRP session: what the old one may not have delivered is sent again."""
        self._stop_waiting()
        lost, self.msrp, self.peer = self.msrp, msrp, peer
        if lost is not None:
            lost.close()
            for message in lost.undelivered:
                # RFC 4975 §5.4: under the same Message-ID, so that nobody is shown it twice
                msrp.send(
                    message.content_type,
                    message.body,
                    failure_report=message.failure_report,
                    message_id=message.id,
                )
        self._send_kept()

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
            await self._seat.seated().rename(self._wanted(request.nickname))
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

    def _wanted(self, text: str) -> Nickname:
        """Raises ParseError, and Refused for what would pass for the room or for another's address."""
        if not text:
            # RFC 7701 §7.3: an empty one gives it up; a participant always has one, so it is the first again
            return self._first_nickname()
        nickname = parse_nickname(text)
        if self._seat.conference.is_reserved(nickname, self._seat.person):
            raise Refused(Reason.NICKNAME_TAKEN)
        return nickname

    def _first_nickname(self) -> Nickname:
        own, conference = self._seat.own, self._seat.conference
        name = own.display_name if own else ""
        wanted = first_nickname((name, self._seat.person.user), NAMELESS)
        others = conference.nicknames(sees_addresses=self._seat.sees_addresses)
        taken = {comparison_key(nickname) for nickname in others if own is None or nickname != own.nickname}
        return free_nickname_near(wanted, lambda nickname: comparison_key(nickname) not in taken)

    def _copy_of(self, said: Posted | ComposingChanged) -> Copy:
        return self._seat.conference.copy_of(said, sees_addresses=self._seat.sees_addresses)

    def _keep(self, said: Posted | ComposingChanged | Copy) -> None:
        if isinstance(said, ComposingChanged):
            return  # over by the time that it could be sent
        self._unsent.append(said)
        if len(self._unsent) > self._settings.kept_messages:
            self._unsent.clear()
            self._lose("too much was said while it could not be sent to")

    def _send_kept(self) -> None:
        unsent, self._unsent = self._unsent, []
        for said in unsent:
            self.send(said)

    def _say_it_was_too_long(self, said: Posted | ComposingChanged | Copy, peer: MessageMedia) -> None:
        # RFC 4975 §8.6: more than a=max-size is not sent; but nobody should miss it unknowingly
        limit = peer.max_size or 0
        self._log.info("message too long for endpoint", person=str(self._seat.person), limit=limit)
        if isinstance(said, Posted):
            notice = self._seat.conference.notice(too_long(said, limit))
            if not _is_too_long(notice, peer):
                self.send(notice)

    def _lose(self, why: str) -> None:
        if self.on_lost is not None:
            self.on_lost(why)

    def _stop_waiting(self) -> None:
        if self._recovery is not None:
            self._recovery.cancel()
            self._recovery = None


def _is_too_long(copy: Copy, peer: MessageMedia) -> bool:
    return peer.max_size is not None and len(copy.shared.body) > peer.max_size
