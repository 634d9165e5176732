"""An XMPP participant of the demo: slixmpp, which shares no code with Crossroom, over the embedded entry."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

from crossroom.demo import sights
from crossroom.demo.stage import OnHeard, Stage

MUC = "http://jabber.org/protocol/muc"
MUC_USER = "http://jabber.org/protocol/muc#user"
CHAT_STATES = "http://jabber.org/protocol/chatstates"
DELAY = "urn:xmpp:delay"
_PATIENCE = 10.0  # seconds to log in


@dataclass
class XmppParticipant:
    """Somebody with an XMPP client. `log_in`, act, `log_out`; `on_heard` is told what others say."""

    name: str
    stage: Stage
    room: str
    nickname: str = ""
    on_heard: OnHeard | None = None
    _wanted: str = ""
    _roster: set[str] = field(default_factory=set)
    _in_room: bool = False
    _client: slixmpp.ClientXMPP = field(init=False)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.nickname = self.name

    async def log_in(self, domain: str, host: str, port: int) -> None:
        """Connect to the embedded entry as an anonymous user; raises TimeoutError."""
        self.stage.enter(self.name, "XMPP")
        self._client = slixmpp.ClientXMPP(domain, "", sasl_mech="ANONYMOUS")
        self._client.enable_starttls = False
        self._client.enable_direct_tls = False
        self._client.enable_plaintext = True
        self._client.add_event_handler("session_start", lambda _: self._ready.set())
        self._client.add_event_handler("presence", self._on_presence)
        # slixmpp's own "message" event is only for what has a body
        self._client.register_handler(Callback("demo", StanzaPath("message"), self._on_message))
        self._client.connect(host, port)
        async with asyncio.timeout(_PATIENCE):
            await self._ready.wait()

    @property
    def bare(self) -> str:
        """The address without the resource, as others write it in an invitation."""
        return str(self._client.boundjid.bare)

    def join(self) -> None:
        """Enter the room (XEP-0045 §7.2)."""
        self.nickname = self._wanted = self.name
        self._presence(self.name, ET.Element(f"{{{MUC}}}x"))

    def say(self, text: str) -> None:
        """Send a message to the room."""
        self._client.send_message(mto=slixmpp.JID(self.room), mbody=text, mtype="groupchat")

    def type(self) -> None:
        """Let the room know that a message is being written (XEP-0085)."""
        message = self._client.make_message(mto=self.room, mtype="groupchat")
        message.xml.append(ET.Element(f"{{{CHAT_STATES}}}composing"))
        message.send()

    def rename(self, nickname: str) -> None:
        """Take another nickname (XEP-0045 §7.6)."""
        self._wanted = nickname
        self._presence(nickname)

    def invite(self, who: str, reason: str) -> None:
        """Ask the room to invite somebody (XEP-0045 §7.8.2)."""
        message = self._client.make_message(mto=self.room)
        extension = ET.SubElement(message.xml, f"{{{MUC_USER}}}x")
        invite = ET.SubElement(extension, f"{{{MUC_USER}}}invite", to=who)
        ET.SubElement(invite, f"{{{MUC_USER}}}reason").text = reason
        message.send()

    def leave(self) -> None:
        """Leave the room (XEP-0045 §7.14)."""
        self._client.send_presence(pto=f"{self.room}/{self.nickname}", ptype="unavailable")

    async def log_out(self) -> None:
        """Close the stream, wait for its end, and leave no task of slixmpp's behind."""
        await self._client.disconnect()
        self._client.cancel_connection_attempt()
        sending = self._client._run_out_filters  # noqa: SLF001 -- slixmpp has no other way to end it
        if sending is not None:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    # ------------------------------------------------------------------------------------------------------

    def _presence(self, nickname: str, *extensions: ET.Element) -> None:
        presence = self._client.make_presence(pto=f"{self.room}/{nickname}")
        for extension in extensions:
            presence.xml.append(extension)
        presence.send()

    def _saw(self, sight: str) -> None:
        self.stage.saw(self.name, sight)

    def _on_presence(self, presence: Any) -> None:
        if presence["from"].bare != self.room:
            return
        nickname = presence["from"].resource
        codes = {status.get("code") for status in presence.xml.iter(f"{{{MUC_USER}}}status")}
        if presence["type"] == "error":
            self._on_refusal(presence["error"]["condition"])
        elif presence["type"] == "unavailable":
            self._on_unavailable(presence, nickname, codes)
        elif nickname not in self._roster:
            self._roster.add(nickname)
            self._on_arrival(nickname, is_own="110" in codes)

    def _on_refusal(self, condition: str) -> None:
        self._saw(sights.taken(self._wanted) if condition == "conflict" else sights.fault(condition))

    def _on_arrival(self, nickname: str, *, is_own: bool) -> None:
        if is_own:
            self._in_room = True
            self._saw(sights.arrived(self._roster))
        elif self._in_room:
            self._saw(sights.joined(nickname))

    def _on_unavailable(self, presence: Any, nickname: str, codes: set[str | None]) -> None:
        self._roster.discard(nickname)
        item = presence.xml.find(f".//{{{MUC_USER}}}item")
        if "303" in codes and item is not None:
            new = item.get("nick", "")
            self._roster.add(new)
            if "110" in codes:
                self.nickname = new
            self._saw(sights.renamed(nickname, new))
            return
        if "110" in codes:
            self._in_room = False
            self._roster.clear()
        self._saw(sights.left(nickname))

    def _on_message(self, message: Any) -> None:
        invite = message.xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite")
        author, text = message["from"].resource, message["body"]
        if invite is not None:
            self._saw(sights.invited(message["from"].bare, _named(invite.get("from", ""), self.room)))
        elif message["type"] == "error":
            self._saw(sights.fault(message["error"]["condition"]))
        elif text and message.xml.find(f"{{{DELAY}}}delay") is not None:
            self._saw(sights.earlier(author, text))
        elif text:
            self._saw(sights.said(author, text))
            if author != self.nickname and self.on_heard is not None:
                self.on_heard(author, text)
        elif message.xml.find(f"{{{CHAT_STATES}}}composing") is not None and author != self.nickname:
            self._saw(sights.typing(author))


def _named(inviter: str, room: str) -> str:
    """An occupant by nickname, anybody else by address."""
    bare, _, nickname = inviter.partition("/")
    return nickname if bare == room else bare
