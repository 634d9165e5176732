"""The private messages for one endpoint: sent one by one, and their authors told how that went (docs/mapping.md §3.10)."""

from functools import partial

from crossroom.bodies.cpim import CPIM
from crossroom.bodies.imdn import IMDN
from crossroom.bodies.msrp_media import MessageMedia
from crossroom.conference.receipts import ReceiptBook, is_from_sip
from crossroom.conference.seat_requests import Sitter
from crossroom.conference.switch import Copy
from crossroom.conference.taste import Taste
from crossroom.focus.interface import Features
from crossroom.net.msrp_face import Outcome, Report, Result
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.tasks import Log, Turns
from crossroom.room.address import MessageId, Nickname
from crossroom.room.content import Receipt
from crossroom.room.events import Posted
from crossroom.room.reasons import Refused

Told = tuple[Nickname, MessageId]
"""Whose message it was, and which."""
AWAITED = 256
"""Messages whose REPORT is waited for; user agents send it at once, or never."""


class PrivateMessages:
    """See the module. `turns` are those in which the endpoint's own requests are carried out."""

    __slots__ = ("_awaited", "_book", "_log", "_seat", "_turns")

    def __init__(self, seat: Sitter, book: ReceiptBook, turns: Turns, log: Log) -> None:
        self._seat = seat
        self._book = book
        self._turns = turns
        self._log = log
        self._awaited: dict[str, Told] = {}  # by the Message-ID of the copy

    def send(self, msrp: MsrpSession, taste: Taste, posted: Posted, copy: Copy) -> None:
        """Send a copy; with a REPORT asked for where only that can tell that it arrived."""
        wants_report, about = _wants_report(posted, taste.of), (posted.author.nickname, posted.id)
        message_id = msrp.send(
            CPIM, copy.shared.body, success_report=wants_report, on_result=partial(self._sent, about, taste)
        )
        if wants_report:
            self._awaited[message_id] = about
            if len(self._awaited) > AWAITED:
                del self._awaited[next(iter(self._awaited))]

    def refuse(self, posted: Posted) -> None:
        """The endpoint cannot be sent this."""
        self._tell((posted.author.nickname, posted.id), Receipt.FAILED)

    def reported(self, report: Report) -> None:
        """A REPORT came: about a copy of ours, or about something else."""
        about = self._awaited.pop(report.message_id, None)
        if about is not None:
            self._tell(about, Receipt.DELIVERED if report.status == 200 else Receipt.FAILED)

    def _sent(self, about: Told, taste: Taste, result: Result) -> None:
        taste.refuse(result.refused)
        if result.outcome in {Outcome.REFUSED, Outcome.TIMED_OUT}:
            person = str(self._seat.person)
            self._log.info("copy refused", person=person, status=result.status, comment=result.comment)
            self._tell(about, Receipt.FAILED)

    def _tell(self, about: Told, receipt: Receipt) -> None:
        if self._book.is_news(*about, receipt):
            self._turns.ask(partial(self._acknowledge, *about, receipt))

    async def _acknowledge(self, author: Nickname, message_id: MessageId, receipt: Receipt) -> None:
        try:
            participation = self._seat.seated()
            if Features.RECEIPTS in participation.features:
                await participation.acknowledge(message_id, receipt, author)
        except Refused as refused:
            # the author has left, or the room takes no more of this endpoint: nobody waits for a receipt
            self._log.debug("receipt not passed on", person=str(self._seat.person), reason=str(refused))


def _wants_report(posted: Posted, peer: MessageMedia | None) -> bool:
    # where both are on SIP and know IMDN the recipient's own notification tells it, untouched
    tells_itself = peer is not None and is_from_sip(posted) and peer.takes_wrapped(IMDN)
    return Receipt.DELIVERED in posted.receipts and not tells_itself
