"""The MSRP half of the demo's SIP participant: what the conference sends becomes sights (RFC 7701 §6).

The SIP half, and what the participant does by itself, are in sip_participant.py.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from crossroom.bodies.conference_info import ConferenceInfo
from crossroom.bodies.conference_reader import parse as read_document
from crossroom.bodies.conference_state import Applied, Gap, apply
from crossroom.bodies.cpim import CPIM, STATUS_NAMESPACE, CpimAddress, CpimMessage
from crossroom.bodies.iscomposing import IS_COMPOSING, IsComposing
from crossroom.bodies.mime import MimePart
from crossroom.conference.roster_diff import Own, RosterDiff
from crossroom.demo import sights
from crossroom.demo.stage import OnHeard
from crossroom.machine import ParseError
from crossroom.net.msrp_face import EndReason, NicknameRequest, Outcome, ReceivedMessage, Report, Result
from crossroom.net.msrp_session import MsrpSession
from crossroom.room.address import Address, EndpointId, Nickname
from crossroom.room.events import Joined, Left, Renamed, RoomEvent

OWN = EndpointId("own")
"""What the roster calls this seat."""


@dataclass
class SipChat:
    """One seat in the conference: its roster and its MSRP session (net.msrp_face.SessionFace).

    `since` is when it began, POSIX seconds: what was said before is history. `saw` is told every sight,
    `heard` every message of somebody else. `is_over`: the participant hangs up, so what ends now may end.
    """

    room: Address
    person: Address
    nickname: str
    since: float
    saw: Callable[[str], None]
    heard: OnHeard
    msrp: MsrpSession | None = None
    bound: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    _known: ConferenceInfo | None = None
    _roster: RosterDiff = field(init=False)

    def __post_init__(self) -> None:
        own = Own(OWN, self.person, Nickname(self.nickname))
        self._roster = RosterDiff(self.room, own)

    # -- what the conference sends -------------------------------------------------------------------------

    def on_notify(self, body: bytes, _content_type: str, _state: str) -> None:
        """See net.sip_subscription.OnNotify: the roster, as a document or as what changed in it."""
        if not body:
            return
        try:
            applied = apply(self._known, read_document(body))
        except ParseError as error:
            self.saw(sights.fault(f"a roster that cannot be read: {error}"))
            return
        if isinstance(applied, Gap):
            self.saw(sights.fault("a change of the roster was lost on the way"))
        if not isinstance(applied, Applied):
            return
        self._known = applied.document
        is_in = self._roster.is_complete
        for event in self._roster.receive(applied.document):
            if is_in or not isinstance(event, Joined) or event.occupant.endpoint == OWN:
                self._notice(event)  # who was there before is told by the whole roster

    def on_message(self, message: ReceivedMessage) -> int | None:
        """See net.msrp_face.SessionFace."""
        if not message.content_type:
            return 200
        try:
            cpim = CpimMessage.from_bytes(message.body)
            self._read(cpim, cpim.part)
        except ParseError as error:
            self.saw(sights.fault(f"a message that cannot be read: {error}"))
            return 400
        return 200

    def on_nickname(self, request: NicknameRequest) -> None:
        """See net.msrp_face.SessionFace: a participant gives nobody a nickname."""
        request.respond(403)

    def on_report(self, report: Report) -> None:
        """See net.msrp_face.SessionFace."""
        if report.status >= 300:
            self.saw(sights.fault(f"{report.status} {report.comment}".strip()))

    def on_bound(self) -> None:
        """See net.msrp_face.SessionFace."""
        self.bound.set()

    def on_congested(self) -> None:
        """See net.msrp_face.SessionFace: nobody says that much in the demonstration."""

    def on_closed(self, reason: EndReason) -> None:
        """See net.msrp_face.SessionFace."""
        if not self.is_over:
            self.saw(sights.fault(f"the MSRP session ended: {reason}"))

    # -- what the participant says -------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Send a message to the room; it is seen when the conference has accepted it."""

        def on_result(result: Result) -> None:
            if result.outcome is Outcome.ACCEPTED:
                self.saw(sights.said(self.nickname, text))
            else:
                self.saw(sights.fault(f"{result.status} {result.comment}".strip()))

        self._bound_session().send(CPIM, self._wrapped(MimePart.of("text/plain", text)), on_result=on_result)

    def type(self) -> None:
        """Tell the room that a message is being written (RFC 3994)."""
        document = IsComposing(is_active=True, refresh=60, content_type="text/plain")
        part = MimePart((("Content-Type", IS_COMPOSING),), bytes(document))
        self._bound_session().send(CPIM, self._wrapped(part), failure_report="no")

    async def take_nickname(self, nickname: str) -> None:
        """Ask for a nickname (RFC 7701 §7); the roster tells when it is ours."""
        status = await self._bound_session().set_nickname(nickname)
        if status == 425:
            self.saw(sights.taken(nickname))
        elif status >= 300:
            self.saw(sights.fault(f"NICKNAME was answered {status}"))
        else:
            self.nickname = nickname

    def close(self) -> None:
        """End the MSRP session."""
        if self.msrp is not None:
            self.msrp.close()

    # ------------------------------------------------------------------------------------------------------

    def _notice(self, event: RoomEvent) -> None:
        match event:
            case Joined(occupant) if occupant.endpoint == OWN:
                self.saw(sights.arrived(one.nickname for one in self._roster.occupants))
            case Joined(occupant):
                self.saw(sights.joined(occupant.nickname))
            case Left(occupant):
                self.saw(sights.left(occupant.nickname))
            case Renamed(occupant, old):
                self.saw(sights.renamed(old, occupant.nickname))
            case _:
                pass  # roles and settings: no part of this conversation

    def _read(self, cpim: CpimMessage, part: MimePart) -> None:
        if cpim.extension(STATUS_NAMESPACE, "Message-Type") == "status":
            return  # a notice of the room's own, for clients that show no roster
        author = (self._roster.nickname_of(cpim.sender.uri) or cpim.sender.name) if cpim.sender else ""
        if part.media_type == IS_COMPOSING:
            if IsComposing.from_bytes(part.body).is_active:
                self.saw(sights.typing(author))
        elif cpim.sent_at is not None and cpim.sent_at < self.since:
            self.saw(sights.earlier(author, part.text))
        else:
            self.saw(sights.said(author, part.text))
            self.heard(author, part.text)

    def _wrapped(self, part: MimePart) -> bytes:
        sender = CpimAddress(f"sip:{self.person.user}@{self.person.domain}", self.nickname)
        room = CpimAddress(f"sip:{self.room.user}@{self.room.domain}")
        return bytes(CpimMessage(sender, (room,), bytes(part)))

    def _bound_session(self) -> MsrpSession:
        assert self.msrp is not None  # noqa: S101 -- the participant makes it before anything is said
        return self.msrp
