"""A SIP user in a chat room, to be scripted: join, say, expect, invite, be invited, leave.

    async with SipParticipant("ana", "sip.example", server=("127.0.0.1", 5060)) as ana:
        await ana.join("sip:tea@conference.example", nickname="Ana")
        await ana.say("hello")
        await ana.expects_message(text="hi Ana", sender="Bob")

Every wait ends within `within` seconds (10 unless told) in a PeerFailure that shows the transcript.
"""

from typing import Self

from peers.msrp_ua import MsrpSession, MsrpUA
from peers.quirks import PLAIN, Quirks
from peers.sdp_text import ChatMedia, read_media, refusal
from peers.seat import Seat
from peers.seated import Seated
from peers.sip_call import Call, IncomingInvite, OutgoingInvite, start_invite
from peers.sip_client import Headers
from peers.sip_message import SipMessage
from peers.sip_subscription import Referral, refer
from peers.sip_transport import Target
from peers.sip_ua import SipUA
from peers.tls import Tls
from peers.transcript import DEFAULT_TIMEOUT, Transcript

EVERYTHING = "nickname private-messages"


class SipParticipant(Seated):
    """One SIP user agent with chat. `seat` is the room joined last; methods without a room act there."""

    def __init__(  # noqa: PLR0913 - keyword settings of a script
        self,
        name: str,
        domain: str,
        *,
        server: Target | None = None,
        transport: str = "udp",
        host: str = "127.0.0.1",
        password: str | None = None,
        register: bool = False,
        quirks: Quirks = PLAIN,
        tls: Tls | None = None,
        secure_msrp: bool = False,
    ) -> None:
        self.name = name
        self.quirks = quirks
        super().__init__()
        self.ua = SipUA(
            name,
            domain,
            server=server,
            transport=transport,
            host=host,
            password=password,
            user_agent=quirks.user_agent,
            tls=tls,
        )
        self.msrp = MsrpUA(self.transcript, host=host, tls=tls if secure_msrp else None)
        self.referral: Referral | None = None
        self._register = register

    async def __aenter__(self) -> Self:
        await self.ua.__aenter__()
        await self.msrp.open()
        if self._register:
            await self.ua.register()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.msrp.close()
        await self.ua.__aexit__()

    @property
    def aor(self) -> str:
        return self.ua.aor

    @property
    def transcript(self) -> Transcript:
        return self.ua.transcript

    # ---- joining and leaving -------------------------------------------------------------------------

    async def join(  # noqa: PLR0913 - keyword settings of a script
        self,
        room: str,
        nickname: str | None = None,
        *,
        subscribe: bool = True,
        chatroom: str | None = EVERYTHING,
        setup: str = "actpass",
        headers: Headers = (),
        right_behind: str | None = None,
        session: MsrpSession | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> Seat:
        """Call a room, bind MSRP, take the nickname, subscribe to the roster.

        chatroom: tokens of our a=chatroom line, None for a user agent that knows no chat rooms.
        setup: our a=setup, "" for none. right_behind: a text sent in the same segment as the bind.
        session: an MSRP session of `msrp`, such as one that has logged in to a relay; a new one unless told.
        """
        seat = Seat(self.ua, session or self.msrp.new_session(), room, nickname or "", self.quirks)
        media = self.media(seat, setup=setup, chatroom=chatroom)
        attempt = await start_invite(self.ua, room, str(media), headers)
        call = await attempt.call(within=within)
        await self._sit(seat, call, nickname, subscribe=subscribe, ours=setup, right_behind=right_behind)
        return seat

    async def start_join(self, room: str, headers: Headers = ()) -> OutgoingInvite:
        """Send the INVITE only: for cancelling it, or for watching its progress."""
        seat = Seat(self.ua, self.msrp.new_session(), room, "", self.quirks)
        return await start_invite(self.ua, room, str(self.media(seat)), headers)

    async def expects_refused_join(
        self, room: str, *statuses: int, headers: Headers = (), within: float = DEFAULT_TIMEOUT
    ) -> SipMessage:
        """Call a room that must refuse with one of `statuses` (any when none is given); return its response."""
        attempt = await self.start_join(room, headers)
        response = await attempt.final(within=within)
        if response.status < 300 or (statuses and response.status not in statuses):
            raise self.transcript.failure(
                f"INVITE was answered {response.start!r}, not {statuses or 'refused'}"
            )
        return response

    def media(self, seat: Seat, *, setup: str = "actpass", chatroom: str | None = EVERYTHING) -> ChatMedia:
        """Return our m=message section for a seat; a relay shows its own certificate, not ours."""
        tls = None if seat.session.relay_path else self.msrp.tls
        return ChatMedia(
            path=seat.session.path,
            host=self.msrp.host,
            port=self.msrp.port,
            setup=setup,
            chatroom=chatroom,
            fingerprint=tls.fingerprint if tls else "",
        )

    async def _sit(  # noqa: PLR0913 - as join
        self,
        seat: Seat,
        call: Call,
        nickname: str | None,
        *,
        subscribe: bool,
        ours: str,
        right_behind: str | None = None,
    ) -> None:
        """Connect MSRP as both a=setup lines say (RFC 6135 section 4.2), then name and roster."""
        self.sit(seat)
        seat.call = call
        media = next((m for m in read_media(call.remote_sdp) if m.kind == "message" and m.port), None)
        if media is None:
            raise self.transcript.failure("the other side took no m=message line")
        seat.features = media.chatroom
        if subscribe and self.quirks.subscribes_before_msrp:
            await seat.subscribe()
        theirs = media.attributes.get("setup", "")
        if ours == "passive" or theirs == "active":
            await seat.session.listen(media.attributes["path"])
        else:
            await seat.connect(
                media.attributes["path"], media.attributes.get("fingerprint", ""), right_behind
            )
        if nickname is not None:
            await seat.rename(nickname)
        if subscribe and not self.quirks.subscribes_before_msrp:
            await seat.subscribe()

    # ---- invitations ---------------------------------------------------------------------------------

    async def refer(
        self,
        target: str,
        *,
        room: str | None = None,
        method: str | None = None,
        headers: Headers = (),
        expect: int | None = None,
    ) -> SipMessage:
        """Ask the room to invite `target` (or with method="BYE" to remove it); return the answer to REFER."""
        suffix = f";method={method}" if method else ""
        inside = not self.quirks.refer_method_as_header_parameter
        value = f"<{target}{suffix}>" if inside else f"<{target}>{suffix or ';method=INVITE'}"
        standard = [("Referred-By", f"<{self.aor}>"), *headers]
        response, self.referral = await refer(self.ua, room or self.seat.room, value, headers=standard)
        accepted = response.status in {200, 202} if expect is None else response.status == expect
        if not accepted:
            raise self.transcript.failure(f"REFER was answered {response.start!r}")
        return response

    async def expects_sipfrag(self, status: int, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait for that status in the NOTIFYs of our last REFER."""
        if self.referral is None:
            raise self.transcript.failure("has sent no REFER")
        return await self.referral.expects_sipfrag(status, within=within)

    async def expects_invite(self, *, within: float = DEFAULT_TIMEOUT) -> "ReceivedInvitation":
        """Wait until somebody calls us."""
        return ReceivedInvitation(self, await self.ua.invites.take(within=within))

    async def take_seat(
        self, invite: IncomingInvite, nickname: str | None, *, setup: str, subscribe: bool
    ) -> Seat:
        """Accept an INVITE and sit down in the room that sent it."""
        seat = Seat(self.ua, self.msrp.new_session(), invite.from_uri, nickname or "", self.quirks)
        call = await invite.accept(str(self.media(seat, setup=setup)))
        await self._sit(seat, call, nickname, subscribe=subscribe, ours=setup)
        return seat


class ReceivedInvitation:
    """An INVITE to this participant, waiting for a decision; `invite` has its headers."""

    def __init__(self, participant: SipParticipant, invite: IncomingInvite) -> None:
        self.participant = participant
        self.invite = invite

    async def accept(
        self, nickname: str | None = None, *, setup: str = "active", subscribe: bool | None = None
    ) -> Seat:
        """Join; the roster is subscribed to when the caller is a focus. Returns the seat."""
        wants_roster = self.invite.is_from_focus if subscribe is None else subscribe
        return await self.participant.take_seat(self.invite, nickname, setup=setup, subscribe=wants_roster)

    def ring(self) -> None:
        """Say 180 and leave the caller waiting."""
        self.invite.ring()

    async def reject(self, status: int = 603) -> None:
        """Refuse."""
        await self.invite.reject(status)

    async def accept_without_chat(self) -> Call:
        """Answer 200 with every m-line refused."""
        return await self.invite.accept(refusal(self.invite.offer, self.participant.msrp.host))

    async def expects_cancel(self, *, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until the caller gives up."""
        await self.invite.expects_cancel(within=within)
