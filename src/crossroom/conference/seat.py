"""One SIP endpoint in one room: its SIP session, its MSRP session, its participation; each ends the others.

Told by three sides: the room (`deliver`), the MSRP session (`SessionFace`), the SIP session (`hang_up`). What
the endpoint asks of the room is done in the order it was asked. How a seat begins is in invite.py and dial.py.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from crossroom.bodies.msrp_media import MessageMedia
from crossroom.conference.addresses import aor_of
from crossroom.conference.conference import Conference
from crossroom.conference.departures import Cause, cause_of, departure_of_leaving, text_of
from crossroom.conference.reasons import msrp_status
from crossroom.conference.switch import Speaker, Typing, read
from crossroom.focus.interface import Focus, Participation
from crossroom.machine import ParseError
from crossroom.net.msrp_face import EndReason, NicknameRequest, ReceivedMessage, Report
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.sip_session import EndedSession, InviteSession
from crossroom.net.tasks import Log, Tasks, Turns
from crossroom.room.address import Address
from crossroom.room.commands import Draft, Joiner
from crossroom.room.configuration import Configuration
from crossroom.room.events import (
    Changed,
    ComposingChanged,
    Configured,
    Ended,
    Joined,
    Left,
    Occupant,
    Posted,
    Renamed,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.nickname import parse_nickname
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Role

WAITING = 1000
"""Requests of one endpoint that wait for their turn; further ones are answered 413 (RFC 4975 §10.5: slow down)."""


@dataclass(frozen=True, slots=True)
class SeatSettings:
    """`recovery_seconds`: how long a seat waits for a re-INVITE after its MSRP connection broke (RFC 4975 §5.4)."""

    recovery_seconds: float = 30.0


class Seat:
    """One endpoint's place. `on_gone` is called once, when nothing of it is left but the goodbyes."""

    def __init__(
        self, conference: Conference, person: Address, tasks: Tasks, log: Log, settings: SeatSettings
    ) -> None:
        self.conference = conference
        self.person = person
        self.participation: Participation | None = None
        self.session: InviteSession | None = None
        self.msrp: MsrpSession | None = None
        self.peer: MessageMedia | None = None
        self.own: Occupant | None = None
        self.on_gone: Callable[[Seat], None] | None = None
        self._configuration = Configuration()
        self._tasks = tasks
        self._log = log
        self._settings = settings
        self._turns = Turns(tasks, f"requests of {person}", WAITING)
        self._early: list[RoomEvent] | None = []
        self._unsent: list[Posted | ComposingChanged] = []
        self._recovery: asyncio.TimerHandle | None = None
        self._is_gone = False

    # -- beginning -----------------------------------------------------------------------------------------

    async def join(self, focus: Focus, joiner: Joiner) -> None:
        """Take the seat in the room; what the room says before that is kept in order. Raises Refused."""
        self.participation = await focus.join(self.conference.room, joiner, self.deliver)
        early, self._early = self._early or [], None
        self._find_own(early)
        for event in early:
            self._receive(event)

    def answered(self, session: InviteSession, peer: MessageMedia) -> None:
        """The SIP session stands, and this is the peer's chat stream."""
        self.session = session
        self.peer = peer
        session.on_ended = self.hang_up
        unsent, self._unsent = self._unsent, []
        for event in unsent:
            self._copy(event)
        if session.ended is not None:
            self.hang_up(session.ended)

    @property
    def sees_addresses(self) -> bool:
        """Which of the two views the room gives to this seat."""
        return not self._configuration.is_anonymous or (
            self.own is not None and self.own.role >= Role.MODERATOR
        )

    @property
    def is_gone(self) -> bool:
        """True when the seat has been given up or taken."""
        return self._is_gone

    # -- told by the room ----------------------------------------------------------------------------------

    def deliver(self, event: RoomEvent) -> None:
        """See focus.interface.Deliver."""
        if self._early is not None:
            self._early.append(event)
        else:
            self._receive(event)

    def _receive(self, event: RoomEvent) -> None:
        match event:
            case Posted() | ComposingChanged():
                self._copy(event)
            case Joined() | Left() | Renamed() | Changed() | Configured() | SubjectChanged():
                self._note_own(event)
                self.conference.report(event, sees_addresses=self.sees_addresses)
            case Ended(departure, text):
                self._close(cause_of(departure, text=text))
            case _:
                assert_never(event)

    def _find_own(self, early: list[RoomEvent]) -> None:
        """The view must be known before the roster is told of anybody."""
        endpoint = self.participation.endpoint if self.participation else None
        for event in early:
            if isinstance(event, Joined) and event.occupant.endpoint == endpoint:
                self.own, self._configuration = event.occupant, event.configuration

    def _note_own(self, event: RoomEvent) -> None:
        if isinstance(event, Configured):
            self._configuration = event.after
        elif isinstance(event, Renamed | Changed) and self._is_own(event.occupant):
            self.own = event.occupant

    def _is_own(self, occupant: Occupant) -> bool:
        return self.participation is not None and occupant.endpoint == self.participation.endpoint

    def _copy(self, event: Posted | ComposingChanged) -> None:
        """RFC 7701 §6.1: everybody but the session that sent it, and only what the endpoint takes."""
        if self._is_own(event.author):
            return
        if self.msrp is None or self.peer is None:
            self._unsent.append(event)  # said before the call was answered: nothing is lost (docs/focus.md)
            return
        copy = self.conference.copy_of(event, sees_addresses=self.sees_addresses)
        if not self.peer.direction.receives or not self.peer.takes_wrapped(copy.wrapped_type):
            return
        if isinstance(event, ComposingChanged) and self.msrp.is_congested:
            return
        if self.peer.max_size is not None and len(copy.shared.body) > self.peer.max_size:
            self._log.info("message too long for endpoint", person=str(self.person), limit=self.peer.max_size)
            return
        self.msrp.send_shared(copy.shared)

    # -- told by the MSRP session --------------------------------------------------------------------------

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
            self._log.info(
                "copy refused", person=str(self.person), status=report.status, comment=report.comment
            )

    def on_bound(self) -> None:
        """See net.msrp_face.SessionFace."""
        self._log.debug("chat connected", person=str(self.person), room=str(self.conference.room))

    def on_closed(self, reason: EndReason) -> None:
        """See net.msrp_face.SessionFace."""
        self._log.info("chat connection lost", person=str(self.person), reason=str(reason))
        if reason is EndReason.CONNECTION_LOST and not self._is_gone:
            # RFC 4975 §5.4: only a new offer and answer can repair it; give the endpoint time for that
            loop = asyncio.get_running_loop()
            self._recovery = loop.call_later(self._settings.recovery_seconds, self.lose, str(reason))
        else:
            self.lose(str(reason))

    def recovered(self, msrp: MsrpSession, peer: MessageMedia) -> None:
        """A re-INVITE brought a new MSRP session."""
        if self._recovery is not None:
            self._recovery.cancel()
            self._recovery = None
        if self.msrp is not None and self.msrp is not msrp:
            self.msrp.close()
        self.msrp, self.peer = msrp, peer

    async def _say(self, message: ReceivedMessage) -> None:
        try:
            said = read(message.content_type, message.body, message.id, self._speaker())
            participation = self._seated()
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
                await self._seated().rename(parse_nickname(request.nickname))
        except ParseError as error:
            request.respond(424, str(error))
        except Refused as refused:
            status = msrp_status(refused.reason)
            request.respond(status.code, status.comment)
        else:
            request.respond(200)

    def _seated(self) -> Participation:
        if self.participation is None or self._is_gone:
            raise Refused(Reason.NOT_IN_ROOM)
        return self.participation

    def _speaker(self) -> Speaker:
        find = partial(self.conference.nickname_of, sees_addresses=self.sees_addresses)
        own = self.own.nickname if self.own else None
        return Speaker(self.conference.room, aor_of(self.person), own, find)

    # -- ending --------------------------------------------------------------------------------------------

    def hang_up(self, ended: EndedSession) -> None:
        """The SIP session is over: BYE, a failed refresh, an ACK that never came."""
        cause = Cause.find(ended.reason_header)
        is_goodbye = ended.reason == "bye"
        self._leave(departure_of_leaving(cause) if is_goodbye else Departure.LINK_LOST, text_of(cause))

    def lose(self, why: str, departure: Departure = Departure.LINK_LOST) -> None:
        """The endpoint cannot be reached any more, or gave up before it was here."""
        self._leave(departure, why)

    def abandon(self) -> None:
        """The room refused: nothing but the MSRP session needs closing."""
        self._close(cause_of(Departure.LEFT))

    def _leave(self, departure: Departure, status: str) -> None:
        """Give the seat up for the endpoint; the room's `Ended` then closes everything."""
        participation = self.participation
        if self._is_gone:
            return
        if participation is None:
            self._close(cause_of(departure))
        else:
            self._tasks.start(self._give_up(participation, departure, status), f"leave of {self.person}")

    async def _give_up(self, participation: Participation, departure: Departure, status: str) -> None:
        try:
            await participation.leave(status, departure)
        except Refused:
            self._close(cause_of(departure))  # the room was quicker

    def _close(self, cause: Cause) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        self._turns.close()
        if self._recovery is not None:
            self._recovery.cancel()
        if self.msrp is not None:
            self.msrp.close()
        if self.session is not None and self.session.ended is None:
            self._tasks.start(self.session.bye(str(cause)), f"goodbye to {self.person}")
        if self.on_gone is not None:
            self.on_gone(self)
