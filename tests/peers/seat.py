"""A SIP test participant's place in one room: its call, its MSRP session, its roster."""

from collections.abc import Callable
from datetime import UTC, datetime

from peers.chat_message import COMPOSING_TYPE, ChatMessage, same_user
from peers.cpim_text import Cpim
from peers.msrp_ua import MsrpSession
from peers.quirks import Quirks
from peers.sip_call import Call
from peers.sip_message import SipMessage
from peers.sip_subscription import Subscription, subscribe
from peers.sip_ua import SipUA
from peers.transcript import DEFAULT_TIMEOUT, Transcript

Fits = Callable[[ChatMessage], bool]


class Seat:
    """What the participant does and sees in `room` (a SIP URI, or the other user's in a one-to-one chat)."""

    def __init__(self, ua: SipUA, session: MsrpSession, room: str, nickname: str, quirks: Quirks) -> None:
        self.ua = ua
        self.session = session
        self.room = room
        self.nickname = nickname
        self.quirks = quirks
        self.features: set[str] | None = None  # tokens of the answer's a=chatroom
        self.call: Call | None = None
        self.subscription: Subscription | None = None

    @property
    def transcript(self) -> Transcript:
        return self.ua.transcript

    # ---- doing ---------------------------------------------------------------------------------------

    async def connect(self, path: str, fingerprint: str = "", right_behind: str | None = None) -> None:
        """Connect MSRP and bind; `right_behind` is a text sent in the same segment."""
        self.session.remote_path = path
        behind = []
        if right_behind is not None:
            behind = self.session.send_frames("message/cpim", self.wrapped(right_behind))
        await self.session.connect(path, behind=tuple(behind), fingerprint=fingerprint)
        for frame in behind:
            await self.session.expects_response(frame, 200)

    async def subscribe(self) -> None:
        """Subscribe to the roster and wait for the first NOTIFY."""
        response, self.subscription = await subscribe(self.ua, self.room)
        if response.status != 200:
            raise self.transcript.failure(f"SUBSCRIBE was answered {response.start!r}")
        await self.subscription.notifies.take(wanted="after SUBSCRIBE")

    async def rename(self, nickname: str, *, expect: int = 200) -> None:
        """Ask for a nickname; PeerFailure unless `expect` answers."""
        status = await self.session.nickname(nickname, quoted=not self.quirks.unquoted_nickname)
        if status != expect:
            raise self.transcript.failure(f"NICKNAME {nickname!r} was answered {status}, not {expect}")
        if status == 200:
            self.nickname = nickname

    def wrapped(
        self, text: str, *, to: str | None = None, content_type: str = "text/plain", sender: str | None = None
    ) -> bytes:
        """Return a CPIM body from us (or from the URI `sender`) to a URI (the room unless told)."""
        charset = 'charset="utf8"' if self.quirks.utf8_charset_name else "charset=utf-8"
        content = [("Content-Type", f"{content_type}; {charset}")]
        if self.quirks.mime_version_first:
            content = [("MIME-Version", "1.0"), *content, ("Content-Transfer-Encoding", "")]
        name = self.nickname or self.ua.name
        quoted = name if self.quirks.unquoted_display_name else f'"{name}"'
        headers = [
            ("From", f"{quoted} <{sender or self.ua.aor}>"),
            ("To", f"<{to or self.room}>"),
            ("DateTime", datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")),
        ]
        cpim = Cpim(headers, content, text.encode())
        return cpim.written("\n" if self.quirks.bare_lf_mime else "\r\n")

    def uri_of(self, name: str) -> str:
        """Return the URI of the occupant with that name in the roster."""
        users = self.subscription.roster.users.values() if self.subscription else ()
        for user in users:
            if user.name == name:
                return user.entity
        raise self.transcript.failure(f"nobody called {name!r} is in the roster")

    async def say(
        self,
        text: str,
        *,
        to: str | None = None,
        expect: int = 200,
        chunk: int | None = None,
        content_type: str = "text/plain",
    ) -> None:
        """Send a text to the room or to one occupant; PeerFailure unless `expect` answers."""
        body = self.wrapped(text, to=None if to is None else self.uri_of(to), content_type=content_type)
        status = await self.session.send(
            "message/cpim",
            body,
            chunk=chunk,
            success_report=self.quirks.asks_success_reports,
            failure_report="yes" if self.quirks.asks_success_reports else None,
            total=len(body.decode()) if self.quirks.total_counts_characters else None,
        )
        if status != expect:
            raise self.transcript.failure(f"SEND of {text[:80]!r} was answered {status}, not {expect}")

    async def type(self, state: str = "active", *, refresh: int = 60) -> None:
        """Send an is-composing document (RFC 3994)."""
        document = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">'
            f"<state>{state}</state><contenttype>text/plain</contenttype><refresh>{refresh}</refresh>"
            "</isComposing>"
        )
        await self.say(document, content_type=COMPOSING_TYPE)

    async def leave(self) -> None:
        """Unsubscribe, hang up, close MSRP."""
        if self.subscription and self.subscription.dialog and not self.subscription.is_over:
            await self.subscription.refresh(expires=0)
        if self.call and not self.call.over:
            response = await self.call.bye()
            if response.status != 200:
                raise self.transcript.failure(f"BYE was answered {response.start!r}")
        self.session.close()

    # ---- expecting -----------------------------------------------------------------------------------

    def is_from(self, message: ChatMessage, sender: str) -> bool:
        """Whether the message shows that name, or comes from the URI the roster gives for it."""
        users = self.subscription.roster.users.values() if self.subscription else ()
        known = any(user.name == sender and same_user(user.entity, message.from_uri) for user in users)
        return known or sender in {message.sender, message.from_uri}

    async def expects_message(
        self,
        text: str | None = None,
        sender: str | None = None,
        *,
        private: bool | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> ChatMessage:
        """Wait for a text (not a notice, not typing) that fits."""

        def fits(message: ChatMessage) -> bool:
            return (
                not message.is_notice
                and not message.is_composing
                and text in {None, message.text}
                and (sender is None or self.is_from(message, sender))
                and (private is None or private is not same_user(message.to_uri, self.room))
            )

        return await self._take(fits, within, f"text={text!r} sender={sender!r} private={private}")

    async def expects_notice(self, containing: str, *, within: float = DEFAULT_TIMEOUT) -> ChatMessage:
        """Wait for a status text of the room that contains this."""
        return await self._take(
            lambda m: m.is_notice and containing in m.text, within, f"notice {containing!r}"
        )

    async def expects_typing(
        self, sender: str, state: str = "active", *, within: float = DEFAULT_TIMEOUT
    ) -> ChatMessage:
        """Wait for an is-composing state of that sender."""
        return await self._take(
            lambda m: m.is_composing and m.composing_state == state and self.is_from(m, sender),
            within,
            f"{state} typing of {sender!r}",
        )

    async def _take(self, fits: Fits, within: float, wanted: str) -> ChatMessage:
        message = await self.session.received.take(
            lambda m: fits(ChatMessage.of(m)), within=within, wanted=wanted
        )
        return ChatMessage.of(message)

    async def expects_roster(self, *names: str, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until exactly these names are in the roster."""
        if self.subscription is None:
            raise self.transcript.failure("has no roster subscription")
        roster = self.subscription.roster
        wanted = set(names)
        if roster.names != wanted:
            await self.subscription.until(
                lambda: roster.names == wanted,
                within=within,
                otherwise=lambda: f"roster is {sorted(roster.names)}, not {sorted(wanted)}",
            )

    async def expects_removed(self, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait until the room hangs up; return the BYE."""
        if self.call is None:
            raise self.transcript.failure("is in no call")
        return await self.call.expects_bye(within=within)
