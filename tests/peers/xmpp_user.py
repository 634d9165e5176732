"""An XMPP user in a chat room, to be scripted; slixmpp carries the stream, the stanzas are written here.

    async with XmppUser("bob", "xmpp.example", server=("127.0.0.1", 5222), password="secret") as bob:
        await bob.join("tea@conference.example", "Bob")
        await bob.say("hi Ana")
        await bob.expects_message(text="hello", sender="Ana")

Without a password the user logs in by SASL ANONYMOUS. Every wait ends within `within` seconds in a PeerFailure
that shows the transcript.
"""

import secrets

from peers.transcript import DEFAULT_TIMEOUT, PeerFailure
from peers.xmpp_expectations import XmppExpectations
from peers.xmpp_stanza import MUC_USER, RoomMessage, RoomPresence, message, presence, quoted

MUC_NS = "http://jabber.org/protocol/muc"
MUC_USER_NS = f"{MUC_NS}#user"

# XEP-0045 section 10.1.2: accept the default configuration
INSTANT_ROOM = f'<query xmlns="{MUC_NS}#owner"><x xmlns="jabber:x:data" type="submit"/></query>'


class XmppUser(XmppExpectations):
    """One XMPP client in rooms; methods without a room act in the one joined last."""

    async def join(  # noqa: PLR0913 - keyword settings of a script
        self,
        room: str,
        nick: str,
        *,
        password: str | None = None,
        history: int | None = None,
        unlock: bool = True,
        within: float = DEFAULT_TIMEOUT,
    ) -> RoomPresence:
        """Enter a room; return our own presence (110). PeerFailure when refused.

        A room that this made (201) is opened for others at once, with its default configuration, unless told not to.
        """
        self.send_join(room, nick, password=password, history=history)
        mine = await self.presences.take(
            lambda p: p.room == room and (110 in p.codes or p.type == "error"),
            within=within,
            wanted="of our own",
        )
        if mine.type == "error":
            raise self.transcript.failure(f"joining {room} was refused: {mine.error}")
        self.room, self.nick = room, mine.nick
        if 201 in mine.codes and unlock:
            await self.iq("set", room, INSTANT_ROOM)
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

    async def expects_invitation(self, *, within: float = DEFAULT_TIMEOUT) -> "XmppInvitation":
        """Wait for a mediated invitation."""
        found = await self.message(lambda m: m.extension("invite") is not None, "with an invite", within)
        return XmppInvitation(self, found)


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
