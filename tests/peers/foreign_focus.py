"""A conference focus run by somebody else: a whole small chat room server for tests, with the quirks of such servers.

It answers INVITEs as a room (RFC 4579, RFC 7701), switches MSRP messages, keeps nicknames, notifies the roster
(RFC 4575, full documents), obeys REFER by dialling. Every room of its domain exists.

    async with foreign_focus("other.example") as focus:   # focus.address, focus.room("tea")
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from peers.chat_message import ChatMessage, same_user
from peers.foreign_room import FocusQuirks, ForeignRoom, Member, room_name
from peers.foreign_rosters import ForeignRosters
from peers.msrp_ua import MsrpMessage, MsrpSession, MsrpUA
from peers.sdp_text import ChatMedia, read_media
from peers.sip_call import Call, IncomingInvite, start_invite
from peers.sip_client import Headers
from peers.sip_dialog import Dialog
from peers.sip_message import SipMessage, parameters, uri_in
from peers.sip_transport import Reply, Target
from peers.sip_ua import SipUA

CONFERENCE_TYPE = "application/conference-info+xml"


class ForeignFocus(ForeignRosters):
    """The server. `rooms` maps the user part of a room URI to the room; `quirks` may be set at any time."""

    def __init__(self, ua: SipUA, msrp: MsrpUA, quirks: FocusQuirks, tasks: asyncio.TaskGroup) -> None:
        super().__init__(ua, quirks, tasks)
        self.msrp = msrp
        ua.takes = {
            "SUBSCRIBE": self.take_subscribe,
            "REFER": self._take_refer,
            "OPTIONS": self._take_options,
        }

    @property
    def address(self) -> Target:
        """Where it takes SIP."""
        return self.msrp.host, self.ua.transport.port

    def start(self) -> None:
        """Answer calls from now on."""
        self.spawn(self._serve())

    # ---- joining and leaving -------------------------------------------------------------------------

    async def _serve(self) -> None:
        while True:
            invite = await self.ua.invites.take_or_none(within=3600)
            if invite:
                self.spawn(self._answer(invite))

    async def _answer(self, invite: IncomingInvite) -> None:
        if self.quirks.refuses_joins:
            await invite.reject(self.quirks.refuses_joins)
            return
        name = room_name(invite.request.uri)
        session = self.msrp.new_session()
        session.remote_path = read_media(invite.offer)[0].attributes["path"]
        self._listen(name, session)
        member = Member(invite.from_uri, session, nickname=invite.from_name)
        # MSRP may be quicker than the ACK: whoever is answered is in
        self.rooms.setdefault(name, ForeignRoom()).members.append(member)
        self._sit(name, member, await invite.accept(self._media(session, setup="passive")))

    def _listen(self, name: str, session: MsrpSession) -> None:
        session.on_message = lambda message: self._switch(name, session, message)
        session.on_nickname = lambda nickname: self._nickname(name, session, nickname)

    def _media(self, session: MsrpSession, *, setup: str) -> str:
        return str(
            ChatMedia(
                path=session.path,
                host=self.msrp.host,
                port=self.msrp.port,
                setup=setup,
                chatroom=self.quirks.chatroom,
                accept_types="message/cpim",
            )
        )

    def _sit(self, name: str, member: Member, call: Call) -> None:
        member.call = call
        self.spawn(self._until_gone(name, member, call))
        self.changed(name)

    async def _until_gone(self, name: str, member: Member, call: Call) -> None:
        await call.byes.take_or_none(within=3600)
        self._remove(name, member)

    def _remove(self, name: str, member: Member) -> None:
        if member in self.rooms[name].members:
            self.rooms[name].members.remove(member)
            self.changed(name)

    def member(self, name: str, uri: str) -> Member:
        """Return the participant with that URI; PeerFailure when there is none."""
        for member in self.rooms.get(name, ForeignRoom()).members:
            if same_user(member.uri, uri):
                return member
        raise self.ua.transcript.failure(f"{uri} is not in room {name!r}")

    async def remove(self, name: str, uri: str, headers: Headers = ()) -> None:
        """Hang up on a participant."""
        member = self.member(name, uri)
        self._remove(name, member)
        if member.call:
            await member.call.bye(headers)
        member.session.close()

    async def invite(self, name: str, target: str, headers: Headers = ()) -> int:
        """Dial somebody into a room; return the final status."""
        session = self.msrp.new_session()
        self._listen(name, session)
        attempt = await start_invite(
            self.ua, target, self._media(session, setup="actpass"), headers, sender=self.room(name)
        )
        response = await attempt.final(within=120)
        if response.status >= 300:
            return response.status
        call = await attempt.established(response)
        media = read_media(call.remote_sdp)[0]
        session.remote_path = media.attributes["path"]
        if media.attributes.get("setup") == "passive":
            await session.connect(session.remote_path)
        member = Member(target, session)
        self.rooms.setdefault(name, ForeignRoom()).members.append(member)
        self._sit(name, member, call)
        return response.status

    # ---- MSRP ----------------------------------------------------------------------------------------

    def _switch(self, name: str, session: MsrpSession, message: MsrpMessage) -> None:
        room = self.rooms.setdefault(name, ForeignRoom())
        chat = ChatMessage.of(message)
        room.messages.append(chat)
        public = same_user(chat.to_uri, self.room(name))
        for member in room.members:
            if member.session is not session and (public or same_user(member.uri, chat.to_uri)):
                member.session.write(*member.session.send_frames(message.content_type, message.body))

    def _nickname(self, name: str, session: MsrpSession, nickname: str) -> int:
        if self.quirks.refuses_nicknames:
            return self.quirks.refuses_nicknames
        members = self.rooms[name].members
        if any(m.nickname == nickname and m.session is not session for m in members):
            return 425
        for member in members:
            if member.session is session:
                member.nickname = nickname
        self.changed(name)
        return 200

    # ---- REFER and OPTIONS ---------------------------------------------------------------------------

    def _take_refer(self, request: SipMessage, reply: Reply) -> None:
        if self.quirks.refuses_refers:
            self.ua.respond(request, reply, self.quirks.refuses_refers)
            return
        tag = secrets.token_hex(6)
        self.ua.respond(request, reply, 202, [self.ua.contact()], tag=tag)
        self.spawn(self._obey(request, Dialog.of_callee(request, tag)))

    async def _obey(self, request: SipMessage, dialog: Dialog) -> None:
        name = room_name(request.uri)
        refer_to = uri_in(request.get("Refer-To"))
        inside = parameters(f"<>;{refer_to.partition(';')[2]}")
        method = {**inside, **parameters(request.get("Refer-To"))}.get("method", "INVITE")
        target = refer_to.partition(";")[0]
        self._sipfrag(dialog, 100)
        if method == "BYE":
            await self.remove(name, target)
            status = 200
        else:
            referred_by = [("Referred-By", value) for value in request.all("Referred-By")]
            status = await self.invite(name, target, referred_by)
        self._sipfrag(dialog, status)

    def _sipfrag(self, dialog: Dialog, status: int) -> None:
        state = "active;expires=180" if status < 200 else "terminated;reason=noresource"
        headers = [("Event", "refer"), ("Subscription-State", state)]
        headers.append(("Content-Type", "message/sipfrag;version=2.0"))
        self.send_notify(dialog, headers, f"SIP/2.0 {status} Whatever\r\n".encode())

    def _take_options(self, request: SipMessage, reply: Reply) -> None:
        headers = [
            self.ua.contact(),
            ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, SUBSCRIBE, NOTIFY, REFER"),
        ]
        self.ua.respond(request, reply, 200, headers)


@asynccontextmanager
async def foreign_focus(
    domain: str,
    *,
    server: Target | None = None,
    transport: str = "udp",
    quirks: FocusQuirks | None = None,
) -> AsyncIterator[ForeignFocus]:
    """Run a foreign focus for `domain`; `server` is its proxy when it dials."""
    quirks = quirks or FocusQuirks()
    failure: Exception | None = None
    async with SipUA("focus", domain, server=server, transport=transport) as ua:
        msrp = MsrpUA(ua.transcript)
        await msrp.open()
        ua.contact_parameters = ";isfocus" if quirks.isfocus else ""
        try:
            async with asyncio.TaskGroup() as tasks:
                focus = ForeignFocus(ua, msrp, quirks, tasks)
                focus.start()
                try:
                    yield focus
                except Exception as error:  # noqa: BLE001 - raised again below, outside the group that would wrap it
                    failure = error
                finally:
                    focus.stop()
        finally:
            await msrp.close()
    if failure:
        raise failure
