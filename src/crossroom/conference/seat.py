"""One SIP endpoint in one room: its SIP session, its chat, its participation; the end of one ends the others.

How a seat begins is in invite.py (it called) and dial.py (it was called).
"""

from dataclasses import replace
from typing import Protocol, assert_never

from crossroom.conference.conference import Conference
from crossroom.conference.departures import ENDINGS, Cause, cause_of, departure_of_leaving, text_of
from crossroom.conference.notices import notice_about, welcome
from crossroom.conference.seat_chat import SeatChat, SeatSettings
from crossroom.focus.interface import Focus, Participation
from crossroom.net.sip_session import EndedSession, InviteSession
from crossroom.net.tasks import Log, Tasks
from crossroom.room.address import Address, EndpointId, Nickname
from crossroom.room.commands import HistoryRequest, Joiner
from crossroom.room.configuration import Configuration
from crossroom.room.events import (
    Acknowledged,
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
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Role

_UNKNOWN = Configuration()  # until the room has said how it is set


class Keeper(Protocol):
    """Who counts the seats."""

    def leave(self, seat: "Seat") -> None:
        """Called once, when nothing of the seat is left but the goodbyes."""
        ...


class Seat:
    """One endpoint's place. `keeper` is told when it is gone."""

    __slots__ = (
        "_configuration",
        "_early",
        "_endpoint",
        "_is_welcome",
        "_removed_by",
        "_tasks",
        "chat",
        "conference",
        "is_gone",
        "keeper",
        "own",
        "participation",
        "person",
        "session",
    )

    def __init__(
        self, conference: Conference, person: Address, tasks: Tasks, log: Log, settings: SeatSettings
    ) -> None:
        self.conference = conference
        self.person = person
        self.participation: Participation | None = None
        self.session: InviteSession | None = None
        self.own: Occupant | None = None
        self.keeper: Keeper | None = None
        self.is_gone = False
        self.chat = SeatChat(self, tasks, log, settings)
        self._configuration = _UNKNOWN
        self._tasks = tasks
        self._early: list[RoomEvent] | None = []
        self._is_welcome = False
        self._removed_by: Nickname | None = None
        self._endpoint: EndpointId | None = None  # once it takes part

    async def join(self, focus: Focus, joiner: Joiner) -> None:
        """Take the seat in the room; what the room says before that is kept in order. Raises Refused."""
        joiner = replace(joiner, history=HistoryRequest(max_posts=self.chat.settings.history_posts))
        self.participation = await focus.join(self.conference.room, joiner, self.deliver)
        self._endpoint = self.participation.endpoint
        early, self._early = self._early or [], None
        self._find_own(early)
        self.conference.enter(self, sees_addresses=self.sees_addresses)
        for event in early:
            self._receive(event)

    def called(self, session: InviteSession) -> None:
        """The SIP session stands: it ends with the seat, and the seat with it."""
        self.session = session
        session.on_ended = self.hang_up
        if session.ended is not None:
            self.hang_up(session.ended)

    def seated(self) -> Participation:
        """The participation; raises Refused when there is none, or none any more."""
        if self.participation is None or self.is_gone:
            raise Refused(Reason.NOT_IN_ROOM)
        return self.participation

    @property
    def sees_addresses(self) -> bool:
        """Which of the two views the room gives to this seat."""
        is_moderator = self.own is not None and self.own.role >= Role.MODERATOR
        return is_moderator or not self._configuration.is_anonymous

    # -- told by the room ----------------------------------------------------------------------------------

    def deliver(self, event: RoomEvent) -> None:
        """See focus.interface.Deliver."""
        if self._early is not None:
            self._early.append(event)
        elif type(event) is Posted:  # hot: nearly all that there ever is
            if event.author.endpoint != self._endpoint:  # RFC 7701 §6.1: no copy for the session that sent it
                self.chat.send(event)
        else:
            self._receive(event)

    def _receive(self, event: RoomEvent) -> None:
        match event:
            case Posted() | ComposingChanged():
                if not self._is_own(event.author):
                    self.chat.send(event)
            case Acknowledged():
                self.chat.answer(event)
            case Joined() | Left() | Renamed() | Changed() | Configured() | SubjectChanged():
                self._note_own(event)
                self.conference.report(event, sees_addresses=self.sees_addresses)
                self._announce(event)
            case Ended(departure, text):
                if departure in ENDINGS:
                    self.conference.end(departure)  # whoever is told first: it is so for every subscriber
                self._close(cause_of(departure, self._removed_by, text))
            case _:
                assert_never(event)

    def _find_own(self, early: list[RoomEvent]) -> None:
        """The view must be known before the roster is told of anybody."""
        for event in early:
            if isinstance(event, Joined) and self._is_own(event.occupant):
                self.own, self._configuration = event.occupant, event.configuration

    def _note_own(self, event: RoomEvent) -> None:
        saw = self.sees_addresses
        if isinstance(event, Configured):
            self._configuration = event.after
        elif isinstance(event, Renamed | Changed) and self._is_own(event.occupant):
            self.own = event.occupant
        elif isinstance(event, Left) and self._is_own(event.occupant):
            self._removed_by = event.by  # the end that follows does not say it (docs/focus.md)
        if self.sees_addresses is not saw:
            self.conference.move(self, sees_addresses=self.sees_addresses)

    def _announce(self, event: RoomEvent) -> None:
        """Tell people what their user agent may not show (RFC 7701 §11; docs/mapping.md §3.7)."""
        notices = self.chat.settings.notices
        if isinstance(event, Joined) and self._is_own(event.occupant):
            self._is_welcome = True  # more follows when it is known what the user agent can do
            self.chat.announce(welcome(self.conference.room) if notices.welcome else "")
        elif self._is_welcome and not (isinstance(event, Renamed) and self._is_own(event.occupant)):
            self.chat.announce(
                notice_about(event, notices)
            )  # before the welcome come the lines of the roster

    def _is_own(self, occupant: Occupant) -> bool:
        return occupant.endpoint == self._endpoint

    # -- ending --------------------------------------------------------------------------------------------

    def hang_up(self, ended: EndedSession) -> None:
        """The SIP session is over: BYE, a failed refresh, an ACK that never came."""
        cause = Cause.find(ended.reason_header)
        departure = departure_of_leaving(cause) if ended.reason == "bye" else Departure.LINK_LOST
        self.lose(text_of(cause), departure)

    def lose(self, why: str, departure: Departure = Departure.LINK_LOST) -> None:
        """Give the seat up for the endpoint; the room's `Ended` then closes everything."""
        if self.is_gone:
            return
        if self.participation is None:
            self._close(cause_of(departure))
        else:
            self._tasks.start(self._give_up(self.participation, departure, why), f"leave of {self.person}")

    def abandon(self) -> None:
        """Nobody came in: nothing but the MSRP session needs closing."""
        self._close(cause_of(Departure.LEFT))

    async def _give_up(self, participation: Participation, departure: Departure, status: str) -> None:
        try:
            await participation.leave(status, departure)
        except Refused:
            self._close(cause_of(departure))  # the room was quicker

    def _close(self, cause: Cause) -> None:
        if self.is_gone:
            return
        self.is_gone = True
        self.chat.close()
        if self.session is not None and self.session.ended is None:
            self._tasks.start(self.session.bye(str(cause)), f"goodbye to {self.person}")
        if self.keeper is not None:
            self.keeper.leave(self)
