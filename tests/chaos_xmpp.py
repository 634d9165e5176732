"""The XMPP users of the chaos run: an XMPP server with one component link, in memory, and the occupants behind it.

Reads with the standard library's parser, writes text: no code of ours. Its one wire does not break.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import cast
from xml.etree.ElementTree import Element, XMLPullParser
from xml.sax.saxutils import escape, quoteattr

from virtual_loop import Address, VirtualNetwork, Wire

DOMAIN = "conference.example"
COMPONENT = "{jabber:component:accept}"
MUC = "http://jabber.org/protocol/muc"
CODE = f".//{{{MUC}#user}}status"


class XmppServer(asyncio.Protocol):
    """The server's end of the link (XEP-0114): takes every handshake, and gives each stanza to whom it is for."""

    def __init__(self) -> None:
        self.people: dict[str, Callable[[Element], None]] = {}
        self.is_up = asyncio.Event()
        self._parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
        self._depth = 0

    async def listen(self, network: VirtualNetwork) -> Address:
        server = network.listen(lambda: self, "127.0.0.1", 0)
        address: Address = server.sockets[0].getsockname()
        return address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Wire)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        for event, element in cast("Iterator[tuple[str, Element]]", self._parser.read_events()):
            if event == "start":
                self._depth += 1
                if self._depth == 1:
                    self.write(
                        "<stream:stream xmlns='jabber:component:accept' id='s1'"
                        f" xmlns:stream='http://etherx.jabber.org/streams' from='{DOMAIN}'>"
                    )
            else:
                self._depth -= 1
                if self._depth == 1:
                    self._stanza(element)
                elif self._depth == 0:  # RFC 6120 §4.4: the other half is closed in answer
                    self.write("</stream:stream>")
                    self._transport.close()

    def write(self, text: str) -> None:
        self._transport.write(text.encode())

    def _stanza(self, element: Element) -> None:
        if element.tag == f"{COMPONENT}handshake":
            self.write("<handshake/>")
            self.is_up.set()
        else:
            self.people[element.get("to", "").partition("/")[0]](element)


class XmppPerson:
    """One occupant. What it says is acknowledged by its reflection (XEP-0045 §7.4)."""

    def __init__(self, name: str, server: XmppServer, *, room: str = "tea") -> None:
        self.name = self.nickname = name
        self.heard: list[str] = []
        self.refused: list[str] = []
        self.typings = 0
        self.is_gone = False
        self.ended_with: set[str] = set()  # the status codes of the presence that ended it
        self.is_in = asyncio.Event()
        self._room = f"{room}@{DOMAIN}"
        self._jid = f"{name}@xmpp.example/phone"
        self._server = server
        server.people[f"{name}@xmpp.example"] = self._receive

    async def join(self) -> None:
        self.enter()
        await self.is_in.wait()

    def enter(self) -> None:
        """Ask to be let in, and do not wait."""
        self._presence(f"<x xmlns='{MUC}'/>")

    def say(self, text: str, *, to: str = "") -> None:
        kind, where = ("chat", f"{self._room}/{to}") if to else ("groupchat", self._room)
        word = text.partition(" ")[0]
        self._send("message", where, f"type='{kind}' id='{word}'", f"<body>{escape(text)}</body>")

    def rename(self, nickname: str) -> None:
        self.nickname = nickname
        self._presence("")

    def leave(self) -> None:
        self.is_gone = True
        self._send("presence", f"{self._room}/{self.nickname}", "type='unavailable'", "")

    def _presence(self, inside: str) -> None:
        self._send("presence", f"{self._room}/{self.nickname}", "", inside)

    def _send(self, kind: str, to: str, attributes: str, inside: str) -> None:
        self._server.write(f"<{kind} from='{self._jid}' to={quoteattr(to)} {attributes}>{inside}</{kind}>")

    def _receive(self, stanza: Element) -> None:
        if stanza.get("type") == "error":
            self.refused.append(stanza.get("id", ""))
        elif stanza.tag == f"{COMPONENT}presence":
            codes = {status.get("code", "") for status in stanza.findall(CODE)}
            if "110" in codes and stanza.get("type") is None:
                self.is_in.set()
            elif "110" in codes and "303" not in codes:
                self.ended_with = codes
        elif (body := stanza.findtext(f"{COMPONENT}body")) is not None:
            self.heard.append(body.partition(" ")[0])
        elif stanza.find("{http://jabber.org/protocol/chatstates}composing") is not None:
            self.typings += 1
