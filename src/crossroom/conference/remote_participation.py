"""A seat in a conference that somebody else decides about, or that we reach through a proxy (RFC 7702 §5)."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from crossroom.bodies.msrp_media import NICKNAME, PRIVATE_MESSAGES, MessageMedia
from crossroom.conference.addresses import aor_of, occupant_uri
from crossroom.conference.departures import Cause, cause_of, departure_of_removal, text_of
from crossroom.conference.reasons import outcome_of_sip
from crossroom.conference.remote_chat import RemoteChat, archived
from crossroom.conference.remote_events import RemoteEvents
from crossroom.focus.interface import Answer, Elsewhere, Features, Outcome, Progress, untold
from crossroom.machine import ParseError
from crossroom.net.sip import SipAgent
from crossroom.net.sip_refer import ReferFailed
from crossroom.net.sip_session import EndedSession, InviteSession
from crossroom.net.tasks import Tasks
from crossroom.room.address import Address, EndpointId, MessageId, Nickname
from crossroom.room.commands import Draft, Order, SetRole
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Native, Receipt
from crossroom.room.events import Posted
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation, Role
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import OutgoingRefer
from crossroom.sip.uri import SipUri, parse_uri

ALWAYS = Features.COMPOSING | Features.INVITATIONS | Features.HISTORY


@dataclass(frozen=True, slots=True)
class Calls:
    """How this seat speaks SIP: its own From and Contact."""

    sip: SipAgent
    from_: NameAddr
    contact: NameAddr
    tasks: Tasks
    refer_seconds: float

    async def refer(self, room: SipUri, target: SipUri, reason: str, tell: Progress = untold) -> Outcome:
        """Ask a focus by out-of-dialog REFER; the outcome is what its last NOTIFY says. Raises Refused."""
        subject = grammar.clean_text(reason)
        headers = (("Referred-By", str(NameAddr(self.from_.uri))),)
        refer = OutgoingRefer(
            target=room,
            from_=self.from_,
            to=NameAddr(room),
            contact=self.contact,
            refer_to=NameAddr(target),
            headers=(*headers, *((("Subject", subject),) if subject else ())),
            timeout=self.refer_seconds,
        )
        try:
            progress = await self.sip.refer(refer)
        except ReferFailed as failed:
            refused = outcome_of_sip(failed.status, failed.reason)
            raise Refused(refused.reason or Reason.NOT_ALLOWED, failed.reason) from None
        async for status in progress:
            if 100 < status.status < 200:
                tell(f"{status.status} {status.reason}")
        final = await progress.final()
        return outcome_of_sip(final.status, final.reason)


class RemoteParticipation(Elsewhere):
    """See focus.interface.Participation for every call; `keep` gives it what it must undo at the end.

    `parting` is the Reason of the BYE that ends the session.
    """

    def __init__(
        self,
        endpoint: EndpointId,
        session: InviteSession,
        media: MessageMedia,
        chat: RemoteChat,
        calls: Calls,
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._media = media
        self._chat = chat
        self._calls = calls
        self._undo = AsyncExitStack()
        self.parting = ""

    @property
    def endpoint(self) -> EndpointId:
        """This seat's own id."""
        return self._endpoint

    @property
    def features(self) -> Features:
        """What the focus announced in its answer (RFC 7701 §8), and what needs no announcement."""
        found = ALWAYS
        if self._media.has_feature(NICKNAME):
            found |= Features.NICKNAMES
        if self._media.has_feature(PRIVATE_MESSAGES):
            found |= Features.PRIVATE_MESSAGES | Features.RECEIPTS
        return found

    def keep(self, undo: AsyncExitStack) -> None:
        """Own the session, the chat and the subscription from here on."""
        self._undo = undo
        self._chat.on_lost = self._on_chat_lost
        self._session.on_ended = self._on_session_ended
        if self._session.ended is not None:
            self._on_session_ended(self._session.ended)

    async def post(self, draft: Draft) -> MessageId:
        """Say something; a focus does not echo, so what it accepted is reflected here (docs/focus.md, point 3)."""
        events = self._seated()
        if draft.content is None:
            raise Refused(Reason.UNSUPPORTED_CONTENT, "nothing in it that SIP can carry")
        if draft.to is not None and Features.PRIVATE_MESSAGES not in self.features:
            raise Refused(Reason.PRIVATE_MESSAGES_OFF)
        to = None if draft.to is None else named_in(self._chat, draft.to)
        await self._chat.say(draft.content, draft.id, to, draft.receipts)
        if draft.to is None:
            own = events.roster.own
            now = self._chat.clock.wall().timestamp()
            archive_id = archived(self._chat.room, own.nickname, draft.id)
            events.put([Posted(own, draft.id, archive_id, now, draft.content, draft.native)])
        return draft.id

    async def acknowledge(
        self, message_id: MessageId, receipt: Receipt, to: Nickname, native: Native | None = None
    ) -> None:
        """Tell the author of a private message what became of it, by an IMDN."""
        self._seated()
        if Features.RECEIPTS not in self.features:
            raise Refused(Reason.PRIVATE_MESSAGES_OFF)
        self._chat.acknowledge(message_id, receipt, named_in(self._chat, to))

    async def compose(self, state: Composing, to: Nickname | None = None) -> None:
        """Tell that the user types, or stopped."""
        self._seated()
        self._chat.type(state, None if to is None else named_in(self._chat, to))

    async def rename(self, nickname: Nickname) -> None:
        """Take another nickname."""
        events = self._seated()
        await self._chat.take_nickname(nickname)
        events.roster_changed(events.roster.rename_own(nickname))

    async def set_subject(self, subject: str, message_id: MessageId) -> None:
        """No SIP or MSRP method sets a subject (docs/mapping.md §3.7)."""
        raise Refused(Reason.UNSUPPORTED)

    async def set_presence(self, presence: Native) -> None:
        """A conference shows no availability (docs/mapping.md §3.3)."""
        raise Refused(Reason.UNSUPPORTED)

    async def moderate(self, *orders: Order) -> None:
        """Remove participants, by REFER with method=BYE (RFC 4579 §5.11); nothing else can be asked of a focus."""
        self._seated()
        removals = [order for order in orders if isinstance(order, SetRole) and order.role is Role.NONE]
        if len(removals) < len(orders):
            raise Refused(Reason.UNSUPPORTED)
        for order in removals:
            target = occupant_uri(self._chat.room, order.nickname).with_param("method", "BYE")
            outcome = await self._calls.refer(self._chat.room_uri, target, order.text)
            if outcome.answer is not Answer.ACCEPTED:
                raise Refused(outcome.reason or Reason.NOT_ALLOWED, outcome.text)

    async def configure(self, configuration: Configuration) -> None:
        """A focus elsewhere is configured elsewhere."""
        raise Refused(Reason.UNSUPPORTED)

    async def destroy(self, text: str = "", alternative: Address | None = None) -> None:
        """A conference elsewhere is ended elsewhere."""
        raise Refused(Reason.UNSUPPORTED)

    async def invite(
        self,
        who: Address,
        reason: str = "",
        progress: Progress = untold,
        referral: str = "",
    ) -> Outcome:
        """Ask the focus to invite: an out-of-dialog REFER to the room (docs/mapping.md §3.15 B)."""
        self._seated()
        try:
            return await self._calls.refer(self._chat.room_uri, aor_of(who), reason, progress)
        except ParseError as error:
            raise Refused(Reason.MALFORMED, str(error)) from None

    async def affiliations(self) -> tuple[tuple[Address, Affiliation], ...]:
        """A conference knows no affiliations."""
        raise Refused(Reason.UNSUPPORTED)

    async def leave(self, status: str = "", departure: Departure = Departure.LEFT) -> None:
        """Give the seat up: BYE, unsubscribe, close the chat."""
        self._seated()
        self.parting = str(cause_of(departure, text=status))
        self._chat.events.end(departure, status)
        await self._undo.aclose()

    def _seated(self) -> RemoteEvents:
        if self._chat.events.is_over:
            raise Refused(Reason.NOT_IN_ROOM)
        return self._chat.events

    def _on_session_ended(self, ended: EndedSession) -> None:
        cause = Cause.find(ended.reason_header)
        departure = departure_of_removal(cause) if ended.reason == "bye" else Departure.LINK_LOST
        self._fall(departure, text_of(cause))

    def _on_chat_lost(self, why: str) -> None:
        self.parting = str(cause_of(Departure.LINK_LOST))
        self._fall(Departure.LINK_LOST, why)

    def _fall(self, departure: Departure, text: str) -> None:
        """The seat is gone without our asking: say so once, and undo the rest."""
        if not self._chat.events.is_over:
            self._chat.events.end(departure, text)
            self._calls.tasks.start(self._undo.aclose(), "end of a remote seat")


def named_in(chat: RemoteChat, nickname: Nickname) -> SipUri:
    """RFC 7701 §6.2: the URI of the roster, since no other focus knows what `gr` names in ours; raises Refused."""
    roster = chat.events.roster
    if not any(one.nickname == nickname for one in roster.occupants):
        raise Refused(Reason.NO_SUCH_PARTICIPANT)
    try:
        shown = parse_uri(roster.entity_of(nickname) or "")
    except ParseError:
        shown = None
    return shown if isinstance(shown, SipUri) else occupant_uri(chat.room, nickname)
