"""The MSRP half of a seat: what the endpoint asks of the room, in the order it was asked; what it is sent.

Everything said before the call was answered is kept and sent then, and so is what is said between the loss of
the connection and its repair: nothing is lost in the moment of joining, or of moving.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from crossroom.bodies.msrp_media import MessageMedia
from crossroom.conference.conference import Said
from crossroom.conference.notices import SLOW, NoticeSettings, about_the_room, too_long
from crossroom.conference.receipts import is_from_sip
from crossroom.conference.seat_private import PrivateMessages
from crossroom.conference.seat_requests import SeatRequests, Sitter
from crossroom.conference.switch import Copy
from crossroom.conference.taste import NOT_KNOWN, Taste
from crossroom.net.msrp_face import EndReason, NicknameRequest, ReceivedMessage, Report
from crossroom.net.msrp_session import MsrpSession
from crossroom.net.tasks import Log, Tasks, Turns
from crossroom.room.events import Acknowledged, ComposingChanged, Posted

WAITING = 1000
"""Requests of one endpoint that wait for their turn; further ones are answered 413 (RFC 4975 §10.5: slow down).

No setting: the room's own rate (limits.occupant_burst) refuses long before, unless the room itself is stuck.
"""


@dataclass(frozen=True, slots=True)
class SeatSettings:
    """How patient a seat is, and what it tells.

    `recovery_seconds`: how long it waits for a re-INVITE after its MSRP connection broke (RFC 4975 §5.4).
    `kept_messages`: how many it keeps for an endpoint that cannot be sent to yet; with more it is given up.
    `history_posts`: how many of the messages before it a newcomer is sent at most; None as the room has it.
    """

    recovery_seconds: float = 30.0
    kept_messages: int = 1000
    history_posts: int | None = None
    notices: NoticeSettings = field(default_factory=NoticeSettings)


class SeatChat:
    """Implements net.msrp_face.SessionFace. The seat is told when the chat is over for good, and why.

    `requests` is None until the endpoint asks for something, or is told something in private: many only read.
    """

    __slots__ = (
        "_conference",
        "_log",
        "_private",
        "_recovery",
        "_seat",
        "_takes",
        "_tasks",
        "_unsent",
        "msrp",
        "offered",
        "peer",
        "requests",
        "settings",
    )

    def __init__(self, seat: Sitter, tasks: Tasks, log: Log, settings: SeatSettings) -> None:
        self.settings = settings
        self.msrp: MsrpSession | None = None
        self.offered: MsrpSession | None = None  # in place of `msrp`, until it is answered
        self.peer: MessageMedia | None = None
        self.requests: SeatRequests | None = None
        self._private: PrivateMessages | None = None
        self._takes = NOT_KNOWN
        self._seat = seat
        self._conference = seat.conference
        self._tasks = tasks
        self._log = log
        self._unsent: list[Said | Copy] | None = None
        self._recovery: asyncio.TimerHandle | None = None

    # -- what the room says --------------------------------------------------------------------------------

    def send(self, said: Said | Copy) -> None:
        """Send the endpoint its copy, if there is something to show and it takes this type (RFC 7701 §6.1)."""
        last = self._conference.last
        if last is not None and last[0] is said:  # hot: made for another seat of the same fan-out
            copy = last[1]
        else:
            copy = self._conference.copy_of(said, sees_addresses=self._seat.sees_addresses)
        if copy is None:
            return
        msrp, peer = self.msrp, self.peer
        if msrp is None or peer is None or msrp.closed is not None:
            self._keep(said)
            return
        takes = self._takes
        if takes.of is not peer:
            takes = self._takes = Taste(peer)
        if copy.private is not None:
            self._send_private(msrp, copy.private, copy)
        elif copy.shared.size > takes[copy.wrapped_type]:
            self._say_it_was_too_long(said, copy)
        elif not copy.is_fleeting or not msrp.is_congested:
            msrp.send_shared(copy.shared)

    def answer(self, event: Acknowledged) -> None:
        """Send the endpoint an IMDN, if it asked for one; one of another SIP endpoint in any case."""
        asked = self.requests is not None and self.requests.have_asked(event)
        if asked or is_from_sip(event):
            self.send(event)

    def announce(self, text: str) -> None:
        """Send a notice of the room's own, if it has anything to say."""
        if text:
            self.send(self._conference.notice(text))

    def answered(self, peer: MessageMedia) -> None:
        """The endpoint's side is known: send what has waited for it."""
        self.peer = peer
        if peer.chatroom is None:
            names = self._conference.nicknames(sees_addresses=self._seat.sees_addresses)
            self.announce(about_the_room(names))
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
                    success_report=message.success_report,
                    message_id=message.id,
                )
        self._send_kept()

    def await_repair(self) -> None:
        """The connection broke: only a new offer and answer can repair that (RFC 4975 §5.4); give it time."""
        self._stop_waiting()
        why, loop = str(EndReason.CONNECTION_LOST), asyncio.get_running_loop()
        self._recovery = loop.call_later(self.settings.recovery_seconds, self._seat.lose, why)

    def close(self) -> None:
        """Nothing is sent or asked any more."""
        if self.requests is not None:
            self.requests.close()
        self._stop_waiting()
        for msrp in (self.msrp, self.offered):
            if msrp is not None:
                msrp.close()

    # -- what the endpoint says ----------------------------------------------------------------------------

    def on_message(self, message: ReceivedMessage) -> int | None:
        """See net.msrp_face.SessionFace."""
        if not message.content_type:
            return 200  # RFC 4975 §7.1: a SEND without body only binds or keeps alive
        return None if self._asking().hear(message) else 413

    def on_nickname(self, request: NicknameRequest) -> None:
        """See net.msrp_face.SessionFace."""
        requests = self._asking()
        if not requests.turns.ask(partial(requests.rename, request)):
            request.respond(413)

    def on_report(self, report: Report) -> None:
        """See net.msrp_face.SessionFace."""
        if self._private is not None:
            self._private.reported(report)
        self._takes.refuse(report.refused)
        if report.status >= 300:
            person = str(self._seat.person)
            self._log.info("copy refused", person=person, status=report.status, comment=report.comment)

    def on_bound(self) -> None:
        """See net.msrp_face.SessionFace."""
        self._log.debug("chat connected", person=str(self._seat.person), room=str(self._conference.room))

    def on_congested(self) -> None:
        """RFC 7701 §6.4: tell who falls behind; it is read when the endpoint reads again, if it is in time."""
        self._log.info("endpoint reads too slowly", person=str(self._seat.person))
        self.announce(SLOW)

    def on_closed(self, reason: EndReason) -> None:
        """See net.msrp_face.SessionFace."""
        self._log.info("chat connection lost", person=str(self._seat.person), reason=str(reason))
        if self.msrp is not None and self.msrp.closed is None:
            return  # another one, which was only offered
        if reason in {EndReason.CONNECTION_LOST, EndReason.NO_SUCH_SESSION}:  # 481: it may have moved already
            self.await_repair()
        else:
            self._seat.lose(_WHY.get(reason, str(reason)))

    def _asking(self) -> SeatRequests:
        """Its requests, from the first one on."""
        if self.requests is None:
            turns = Turns(self._tasks, f"requests of {self._seat.person}", WAITING)
            self.requests = SeatRequests(self._seat, turns, self._log)
        return self.requests

    def _send_private(self, msrp: MsrpSession, posted: Posted, copy: Copy) -> None:
        if self._private is None:
            requests = self._asking()
            self._private = PrivateMessages(self._seat, requests.receipts, requests.turns, self._log)
        if copy.shared.size > self._takes[copy.wrapped_type]:
            self._say_it_was_too_long(posted, copy)
            self._private.refuse(posted)
        else:
            self._private.send(msrp, self._takes, posted, copy)

    def _keep(self, said: Said | Copy) -> None:
        if isinstance(said, ComposingChanged):
            return  # over by the time that it could be sent
        if self._unsent is None:
            self._unsent = []
        self._unsent.append(said)
        if len(self._unsent) > self.settings.kept_messages:
            self._unsent = None
            self._seat.lose("too much was said while it could not be sent to")

    def _send_kept(self) -> None:
        unsent, self._unsent = self._unsent, None
        for said in unsent or ():
            self.send(said)

    def _say_it_was_too_long(self, said: Said | Copy, copy: Copy) -> None:
        """RFC 4975 §8.6: more than a=max-size is not sent; but nobody should miss it unknowingly."""
        limit = int(self._takes[copy.wrapped_type])
        if not limit:
            return  # RFC 7701 §6.1: what it did not say that it takes
        self._log.info("message too long for endpoint", person=str(self._seat.person), limit=limit)
        if isinstance(said, Posted):
            notice = self._conference.notice(too_long(said, limit))
            if notice.shared.size <= limit:
                self.send(notice)

    def _stop_waiting(self) -> None:
        if self._recovery is not None:
            self._recovery.cancel()
            self._recovery = None


_WHY = {
    EndReason.CONGESTED: "Messages were not read fast enough",
    EndReason.UNTRUSTED: "The certificate is not the announced one",
    EndReason.NEVER_BOUND: "Nobody connected to the chat",
    EndReason.MALFORMED: "The chat stream could not be followed",
}
"""For people, in the Reason of a BYE and the status of a leave; of the others the word itself says enough."""
