"""An XMPP user in a chat room, to be scripted; slixmpp carries the stream, the stanzas are written here.

    async with XmppUser("bob", "xmpp.example", server=("127.0.0.1", 5222), password="secret") as bob:
        await bob.join("tea@conference.example", "Bob")
        await bob.say("hi Ana")
        await bob.expects_message(text="hello", sender="Ana")

Without a password the user logs in by SASL ANONYMOUS. Every wait ends within `within` seconds in a PeerFailure
that shows the transcript.
"""

import asyncio
import secrets
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from typing import Self

import slixmpp
from slixmpp.xmlstream.stanzabase import StanzaBase

from peers.transcript import DEFAULT_TIMEOUT, Inbox, PeerFailure, Transcript
from peers.xmpp_stanza import (
    CLIENT,
    MUC_USER,
    RoomMessage,
    RoomPresence,
    message,
    presence,
    quoted,
    split_jid,
)

MUC_NS = "http://jabber.org/protocol/muc"
MUC_USER_NS = f"{MUC_NS}#user"


class RecordedClient(slixmpp.ClientXMPP):
    """A slixmpp client that writes what passes into a transcript."""

    def __init__(self, jid: str, password: str, transcript: Transcript, mechanism: str | None) -> None:
        super().__init__(jid, password, sasl_mech=mechanism)
        self.transcript = transcript

    def data_received(self, data: bytes | str) -> None:
        self.transcript.received("xmpp", data)
        super().data_received(data)

    def send_raw(self, data: str | bytes) -> None:
        self.transcript.sent("xmpp", data)
        super().send_raw(data)


class XmppUser:
    """One XMPP client. `room` and `nick` are those joined last; methods without a room act there."""

    def __init__(
        self,
        name: str,
        domain: str,
        *,
        server: tuple[str, int],
        password: str | None = None,
        resource: str = "peer",
    ) -> None:
        self.transcript = Transcript(f"{name}@{domain} (xmpp)")
        self.room = ""
        self.nick = ""
        self.rosters: dict[str, dict[str, RoomPresence]] = {}
        self.presences: Inbox[RoomPresence] = Inbox(self.transcript, "presence")
        self.messages: Inbox[RoomMessage] = Inbox(self.transcript, "message")
        self.answers: Inbox[ET.Element] = Inbox(self.transcript, "iq answer")
        self.pongs = True
        self._server = server
        self._changed = asyncio.Event()
        self._ready = asyncio.Event()
        self._gone = asyncio.Event()
        jid = f"{name}@{domain}/{resource}" if password is not None else domain
        mechanism = None if password is not None else "ANONYMOUS"
        self._client = RecordedClient(jid, password or "", self.transcript, mechanism)

    async def __aenter__(self) -> Self:
        client = self._client
        client.enable_direct_tls = client.enable_starttls = False
        client.enable_plaintext = True
        # the connection is loopback: SCRAM and PLAIN may go without TLS
        mechanisms = client.plugin["feature_mechanisms"]
        mechanisms.unencrypted_plain = True
        mechanisms.unencrypted_scram = True
        client.register_plugin("xep_0199")
        client.add_event_handler("session_start", lambda _: self._ready.set())
        client.add_event_handler("disconnected", lambda _: self._gone.set())
        client.add_filter("in", self._receive)
        client.connect(*self._server)
        await self._happens(self._ready, "not logged in")
        self.send_raw("<presence/>")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.disconnect(wait=2.0)
        self._client.cancel_connection_attempt()
        await stop_sending(self._client)

    @property
    def jid(self) -> str:
        """The full address."""
        return str(self._client.boundjid.full)

    @property
    def bare(self) -> str:
        return str(self._client.boundjid.bare)

    def send_raw(self, xml: str) -> None:
        """Send XML as it is."""
        self._client.send_raw(xml)

    def vanish(self) -> None:
        """Lose the connection without closing the stream."""
        self._client.abort()

    async def expects_disconnected(self, *, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until the stream is gone."""
        await self._happens(self._gone, "still connected", within)

    # ---- rooms ---------------------------------------------------------------------------------------

    async def join(
        self,
        room: str,
        nick: str,
        *,
        password: str | None = None,
        history: int | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> RoomPresence:
        """Enter a room; return our own presence (110). PeerFailure when refused."""
        self.send_join(room, nick, password=password, history=history)
        mine = await self.presences.take(
            lambda p: p.room == room and (110 in p.codes or p.type == "error"),
            within=within,
            wanted="of our own",
        )
        if mine.type == "error":
            raise self.transcript.failure(f"joining {room} was refused: {mine.error}")
        self.room, self.nick = room, mine.nick
        return mine

    def send_join(
        self, room: str, nick: str, *, password: str | None = None, history: int | None = None
    ) -> None:
        """Send the presence that enters a room, and do not wait (XEP-0045 section 7.2)."""
        secret = "" if password is None else f"<password>{quoted(password)}</password>"
        past = "" if history is None else f'<history maxstanzas="{history}"/>'
        self.send_raw(presence(f"{room}/{nick}", f'<x xmlns="{MUC_NS}">{past}{secret}</x>'))

    async def expects_refused_join(
        self, room: str, nick: str, condition: str, *, password: str | None = None
    ) -> RoomPresence:
        """Try to enter a room that must refuse with that condition."""
        self.send_join(room, nick, password=password)
        answer = await self.presences.take(
            lambda p: p.room == room and (110 in p.codes or p.type == "error"), wanted="answering the join"
        )
        if answer.error != condition:
            raise self.transcript.failure(f"join was answered {answer.error or 'yes'!r}, not {condition!r}")
        return answer

    async def leave(self, status: str = "") -> None:
        """Leave the room; wait for our own unavailable presence."""
        room = self.room
        text = f"<status>{quoted(status)}</status>" if status else ""
        self.send_raw(presence(f"{room}/{self.nick}", text, type_="unavailable"))
        await self.expects_presence(self.nick, codes={110}, type_="unavailable", room=room)

    async def rename(self, nick: str) -> None:
        """Take another nick; PeerFailure when refused."""
        self.send_raw(presence(f"{self.room}/{nick}"))
        mine = await self.presences.take(
            lambda p: p.type == "error" or (p.nick == nick and 110 in p.codes), wanted=f"of {nick!r}"
        )
        if mine.type == "error":
            raise self.transcript.failure(f"nick {nick!r} was refused: {mine.error}")
        self.nick = nick

    async def say(self, text: str, *, to: str | None = None) -> str:
        """Send a text to the room, or privately to the occupant `to`; return the stanza's id."""
        ident = secrets.token_hex(6)
        body = f"<body>{quoted(text)}</body>"
        if to is None:
            self.send_raw(message(self.room, "groupchat", body, id_=ident))
        else:
            body += f'<x xmlns="{MUC_USER_NS}"/>'  # XEP-0045 section 7.5: marks a private message
            self.send_raw(message(f"{self.room}/{to}", "chat", body, id_=ident))
        return ident

    async def set_subject(self, subject: str) -> None:
        """Change the subject of the room."""
        self.send_raw(message(self.room, "groupchat", f"<subject>{quoted(subject)}</subject>"))

    async def type(self, state: str = "composing") -> None:
        """Send a chat state to the room (XEP-0085)."""
        self.send_raw(
            message(self.room, "groupchat", f'<{state} xmlns="http://jabber.org/protocol/chatstates"/>')
        )

    async def invite(self, who: str, reason: str = "", *, room: str | None = None) -> None:
        """Ask the room to invite somebody (XEP-0045 section 7.8.2)."""
        why = f"<reason>{quoted(reason)}</reason>" if reason else ""
        invite = f'<x xmlns="{MUC_USER_NS}"><invite to="{quoted(who)}">{why}</invite></x>'
        self.send_raw(message(room or self.room, "normal", invite))

    async def iq(self, kind: str, to: str, payload: str) -> ET.Element:
        """Send an iq of type "get" or "set"; return the answer, which may be an error."""
        ident = secrets.token_hex(6)
        self.send_raw(f'<iq type="{kind}" id="{ident}" to="{quoted(to)}">{payload}</iq>')
        return await self.answers.take(lambda a: a.get("id") == ident, wanted=f"to {payload}")

    # ---- expecting -----------------------------------------------------------------------------------

    async def expects_message(
        self,
        text: str | None = None,
        sender: str | None = None,
        *,
        private: bool | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> RoomMessage:
        """Wait for a message with a body that fits; `private` tells chat from groupchat."""
        return await self._message(
            lambda m: (
                m.text is not None
                and not m.error
                and m.extension("invite") is None
                and text in {None, m.text}
                and sender in {None, m.sender}
                and private in {None, m.type == "chat"}
            ),
            f"text={text!r} sender={sender!r} private={private}",
            within,
        )

    async def expects_message_error(self, condition: str, *, id_: str | None = None) -> RoomMessage:
        """Wait until a message of ours comes back with that condition."""
        return await self._message(lambda m: m.error == condition and id_ in {None, m.id}, condition)

    async def expects_subject(self, subject: str, *, sender: str | None = None) -> RoomMessage:
        """Wait for that subject."""
        return await self._message(
            lambda m: m.is_subject and m.subject == subject and sender in {None, m.sender},
            f"subject {subject!r}",
        )

    async def expects_typing(self, sender: str, state: str = "composing") -> RoomMessage:
        """Wait for that chat state of an occupant."""
        return await self._message(
            lambda m: m.state == state and m.sender == sender, f"{state} of {sender!r}"
        )

    async def _message(
        self, fits: Callable[[RoomMessage], bool], wanted: str, within: float = DEFAULT_TIMEOUT
    ) -> RoomMessage:
        return await self.messages.take(fits, within=within, wanted=wanted)

    async def expects_presence(
        self,
        nick: str,
        *,
        codes: Iterable[int] = (),
        type_: str = "",
        room: str | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> RoomPresence:
        """Wait for a presence of that occupant with (at least) those status codes and exactly that type."""
        where, least = room or self.room, frozenset(codes)
        return await self.presences.take(
            lambda p: p.room == where and p.nick == nick and p.type == type_ and least <= p.codes,
            within=within,
            wanted=f"of {nick!r} type={type_!r} codes={sorted(least)}",
        )

    async def expects_roster(self, *nicks: str, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until exactly these occupants are in the room."""
        wanted = set(nicks)
        try:
            async with asyncio.timeout(within):
                while set(self.rosters.get(self.room, {})) != wanted:
                    await self._changed.wait()
        except TimeoutError:
            seen = sorted(self.rosters.get(self.room, {}))
            raise self.transcript.failure(
                f"roster is {seen}, not {sorted(wanted)} after {within:g} s"
            ) from None

    async def expects_invitation(self, *, within: float = DEFAULT_TIMEOUT) -> "XmppInvitation":
        """Wait for a mediated invitation."""
        found = await self._message(lambda m: m.extension("invite") is not None, "with an invite", within)
        return XmppInvitation(self, found)

    async def expects_decline(self, who: str, *, within: float = DEFAULT_TIMEOUT) -> str:
        """Wait until `who` (a bare JID) is said to have declined; return the reason."""

        def fits(found: RoomMessage) -> bool:
            decline = found.extension("decline")
            return decline is not None and split_jid(decline.get("from", ""))[0] == who

        found = await self._message(fits, f"declining for {who}", within)
        return found.element.findtext(f"{MUC_USER}x/{MUC_USER}decline/{MUC_USER}reason", "")

    async def _happens(self, event: asyncio.Event, otherwise: str, within: float = DEFAULT_TIMEOUT) -> None:
        try:
            async with asyncio.timeout(within):
                await event.wait()
        except TimeoutError:
            raise self.transcript.failure(f"{otherwise} after {within:g} s") from None

    # ---- reading -------------------------------------------------------------------------------------

    def _receive(self, stanza: StanzaBase) -> StanzaBase:
        element: ET.Element = stanza.xml
        if element.tag == f"{CLIENT}presence":
            self._receive_presence(RoomPresence.of(element))
        elif element.tag == f"{CLIENT}message":
            self.messages.put(RoomMessage.of(element))
        elif element.get("type") in {"result", "error"}:
            self.answers.put(element)
        return stanza

    def _receive_presence(self, seen: RoomPresence) -> None:
        roster = self.rosters.setdefault(seen.room, {})
        if seen.type == "":
            roster[seen.nick] = seen
        elif seen.type == "unavailable":
            roster.pop(seen.nick, None)
            if 110 in seen.codes and 303 not in seen.codes:
                roster.clear()
        self.presences.put(seen)
        self._changed.set()
        self._changed.clear()


class XmppInvitation:
    """A mediated invitation (XEP-0045 section 7.8.2), waiting for a decision."""

    def __init__(self, user: XmppUser, received: RoomMessage) -> None:
        invite = received.extension("invite")
        if invite is None:
            raise PeerFailure("not an invitation")
        self._user = user
        self.received = received
        self.room = received.room
        self.inviter = invite.get("from", "")
        self.reason = invite.findtext(f"{MUC_USER}reason", "")
        self.password = received.element.findtext(f"{MUC_USER}x/{MUC_USER}password")

    async def accept(self, nick: str) -> RoomPresence:
        """Join the room."""
        return await self._user.join(self.room, nick, password=self.password)

    async def decline(self, reason: str = "") -> None:
        """Refuse."""
        why = f"<reason>{quoted(reason)}</reason>" if reason else ""
        decline = f'<decline to="{quoted(self.inviter)}">{why}</decline>'
        self._user.send_raw(message(self.room, "normal", f'<x xmlns="{MUC_USER_NS}">{decline}</x>'))


async def stop_sending(client: slixmpp.ClientXMPP) -> None:
    """End the task in which slixmpp writes its queue: a test leaves no task behind."""
    task = client._run_out_filters
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
