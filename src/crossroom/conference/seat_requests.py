"""What an endpoint asks over MSRP, carried out in its room: SEND and NICKNAME, and their answers.

Called one after another, in the order of asking (seat_chat.py sees to that). Sections: RFC 7701 §6 and §7.
"""

from functools import partial
from typing import Protocol

from crossroom.conference.addresses import NAMELESS, aor_of
from crossroom.conference.conference import Conference
from crossroom.conference.reasons import msrp_status
from crossroom.conference.receipts import ReceiptBook
from crossroom.conference.switch import Told, Typing, read, wrapper_of
from crossroom.conference.typing import TypingWatch
from crossroom.focus.interface import Features, Participation
from crossroom.machine import ParseError
from crossroom.net.msrp_face import NicknameRequest, ReceivedMessage
from crossroom.net.tasks import Log, Turns
from crossroom.room.address import Address, Nickname
from crossroom.room.commands import Draft
from crossroom.room.content import Composing
from crossroom.room.events import Acknowledged, Occupant
from crossroom.room.nickname import comparison_key, first_nickname, free_nickname_near, parse_nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.sip.uri import Uri


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

    def lose(self, why: str) -> None:
        """The endpoint is gone for good."""
        ...


class SeatRequests:
    """The requests of one endpoint in their `turns`, and what is kept in mind about them.

    It is the `Speaker` of what it says (switch.py).
    """

    __slots__ = ("_receipts", "_seat", "room", "room_uri", "turns", "typing", "uri")

    def __init__(self, seat: Sitter, turns: Turns, log: Log) -> None:
        self.room = seat.conference.room
        self.room_uri = seat.conference.uri_text
        self.uri = str(aor_of(seat.person))
        self._seat = seat
        self.turns = turns
        self._receipts: ReceiptBook | None = None
        self.typing = TypingWatch(seat, turns, log)

    def close(self) -> None:
        """Nothing is asked any more."""
        self.turns.close()
        self.typing.close()

    @property
    def receipts(self) -> ReceiptBook:
        """What it asked and told about private messages; most have none."""
        if self._receipts is None:
            self._receipts = ReceiptBook()
        return self._receipts

    def have_asked(self, event: Acknowledged) -> bool:
        """Whether this is an answer to what was asked about a private message."""
        return self._receipts is not None and self._receipts.answers(event)

    @property
    def nickname(self) -> Nickname | None:
        """See switch.Speaker."""
        return self._seat.own.nickname if self._seat.own else None

    def nickname_of(self, uri: Uri) -> Nickname | None:
        """See switch.Speaker."""
        seat = self._seat
        return seat.conference.nickname_of(uri, sees_addresses=seat.sees_addresses)

    def hear(self, message: ReceivedMessage) -> bool:
        """A SEND, in its turn: at once, as nearly always, or when those before it are done; False: too many are."""
        try:
            if self.turns.is_idle and self._is_posted_at_once(message):
                return True
        except Refused as refused:
            _refuse(message, refused)
            return True
        return self.turns.ask(partial(self._say, message))

    def _is_posted_at_once(self, message: ReceivedMessage) -> bool:
        """False: it has to wait for its turn, and is read again then; meanwhile a name may be somebody else's."""
        said = read(message.content_type, message.body, message.id, self)
        if not (isinstance(said, Draft) and self._draft(said).post_at_once(said)):
            return False
        _accept(message, said)
        return True

    async def _say(self, message: ReceivedMessage) -> None:
        """A message for all or for one, typing, a receipt (RFC 7701 §6)."""
        try:
            said = read(message.content_type, message.body, message.id, self)
            if isinstance(said, Draft):
                await self._draft(said).post(said)
            elif isinstance(said, Told):
                await self._tell(self._seat.seated(), said)
            elif isinstance(said, Typing):
                await self._seat.seated().compose(said.state, said.to)
                self._watch(said)
        except Refused as refused:
            _refuse(message, refused)
        else:
            _accept(message, said)

    def _draft(self, said: Draft) -> Participation:
        """Where it is to be posted; who posts types no more, and may be told what became of it."""
        participation = self._seat.seated()
        self.typing.stop(said.to)
        if said.receipts:
            self.receipts.ask(said.id, said.receipts)
        return participation

    def _watch(self, typing: Typing) -> None:
        self._seat.seated()  # what was told may have ended the room: then nothing is watched (raises Refused)
        if typing.state is Composing.COMPOSING:
            self.typing.start(typing.to, typing.seconds)
        else:
            self.typing.stop(typing.to)

    async def _tell(self, participation: Participation, told: Told) -> None:
        """An IMDN: RFC 5438 §7.2.1 has one of each kind for a message, and a REPORT may have been first."""
        if Features.RECEIPTS in participation.features and self.receipts.is_news(
            told.to, told.id, told.receipt
        ):
            await participation.acknowledge(told.id, told.receipt, told.to, told.native)

    async def rename(self, request: NicknameRequest) -> None:
        """A NICKNAME (RFC 7701 §7)."""
        try:
            await self._seat.seated().rename(self._wanted(request.nickname))
        except ParseError as error:
            request.respond(424, str(error))
        except Refused as refused:
            status = msrp_status(refused.reason)
            request.respond(status.code, status.comment)
        else:
            request.respond(200)

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


def _accept(message: ReceivedMessage, said: Draft | Typing | Told | None) -> None:
    is_wrapped = message.wants_report and said is not None and said.to is not None
    message.respond(200, wrapper=wrapper_of(message.body) if is_wrapped else b"")


def _refuse(message: ReceivedMessage, refused: Refused) -> None:
    status = msrp_status(refused.reason)
    message.respond(status.code, refused.text or status.comment)
