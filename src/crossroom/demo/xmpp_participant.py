"""An XMPP participant of the demo: slixmpp, which shares no code with Crossroom, over the embedded entry."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

import slixmpp

from crossroom.demo.stage import Stage

MUC = "http://jabber.org/protocol/muc"
MUC_USER = "http://jabber.org/protocol/muc#user"
CHAT_STATES = "http://jabber.org/protocol/chatstates"


@dataclass
class XmppParticipant:
    """Somebody with an XMPP client. `name` is the nickname; `address` is known once logged in."""

    name: str
    stage: Stage
    room: str
    address: str = ""
    _roster: set[str] = field(default_factory=set)
    _in_room: bool = False
    _client: slixmpp.ClientXMPP = field(init=False)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def log_in(self, domain: str, host: str, port: int) -> None:
        """Connect to the embedded entry as an anonymous user; raises TimeoutError."""
        self.stage.enter(self.name, "XMPP")
        self._client = slixmpp.ClientXMPP(domain, "", sasl_mech="ANONYMOUS")
        self._client.enable_starttls = False
        self._client.enable_direct_tls = False
        self._client.enable_plaintext = True
        self._client.add_event_handler("session_start", lambda _: self._ready.set())
        self._client.add_event_handler("presence", self._on_presence)
        self._client.add_event_handler("message", self._on_message)
        self._client.connect(host, port)
        async with asyncio.timeout(10):
            await self._ready.wait()
        self.address = self._client.boundjid.full

    @property
    def bare(self) -> str:
        """The address without the resource."""
        return self._client.boundjid.bare

    def join(self) -> None:
        """Enter the room (XEP-0045 §7.2)."""
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
        self._client.send_presence(pto=f"{self.room}/{self.name}", ptype="unavailable")

    async def log_out(self) -> None:
        """Close the stream and wait for its end."""
        await self._client.disconnect()

    def _presence(self, nickname: str, *extensions: ET.Element) -> None:
        presence = self._client.make_presence(pto=f"{self.room}/{nickname}")
        for extension in extensions:
            presence.xml.append(extension)
        presence.send()

    def _on_presence(self, presence: Any) -> None:
        if presence["from"].bare != self.room:
            return
        nickname = presence["from"].resource
        codes = {status.get("code") for status in presence.xml.iter(f"{{{MUC_USER}}}status")}
        if presence["type"] == "error":
            condition = presence["error"]["condition"]
            self.stage.saw(self.name, f"error: {condition}")
        elif presence["type"] == "unavailable":
            self._on_unavailable(presence, nickname, codes)
        elif nickname not in self._roster:
            self._roster.add(nickname)
            if "110" in codes:
                self._in_room = True
                self.stage.saw(self.name, f"the room: {', '.join(sorted(self._roster))}")
            elif self._in_room:
                self.stage.saw(self.name, f"{nickname} joined")

    def _on_unavailable(self, presence: Any, nickname: str, codes: set[str | None]) -> None:
        self._roster.discard(nickname)
        item = presence.xml.find(f".//{{{MUC_USER}}}item")
        if "303" in codes and item is not None:
            new = item.get("nick", "")
            self._roster.add(new)
            self.stage.saw(self.name, f"{nickname} is now {new}")
        else:
            self.stage.saw(self.name, f"{nickname} left")

    def _on_message(self, message: Any) -> None:
        invite = message.xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite")
        if invite is not None:
            inviter = (invite.get("from") or "").partition("/")[0]
            self.stage.saw(self.name, f"an invitation to {message['from'].bare} by {inviter}")
            return
        author = message["from"].resource
        if message["type"] == "error":
            self.stage.saw(self.name, f"error: {message['error']['condition']}")
        elif message["body"]:
            self.stage.saw(self.name, f"{author}: {message['body']}")
        elif message.xml.find(f"{{{CHAT_STATES}}}composing") is not None:
            self.stage.saw(self.name, f"{author} is typing")
