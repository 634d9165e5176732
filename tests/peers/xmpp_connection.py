"""The stream of an XMPP user: log in, send, keep what arrives; slixmpp carries it."""

import asyncio
import secrets
import xml.etree.ElementTree as ET
from typing import Self

import slixmpp
from slixmpp.xmlstream.stanzabase import StanzaBase

from peers.transcript import DEFAULT_TIMEOUT, Inbox, Transcript, happens
from peers.xmpp_stanza import CLIENT, RoomMessage, RoomPresence, quoted


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


class XmppConnection:
    """One logged-in XMPP client and what it has received; `room` and `nick` are those joined last."""

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
        await happens(self._ready, self.transcript, within=DEFAULT_TIMEOUT, otherwise="not logged in")
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
        await happens(self._gone, self.transcript, within=within, otherwise="still connected")

    async def iq(self, kind: str, to: str, payload: str) -> ET.Element:
        """Send an iq of type "get" or "set"; return the answer, which may be an error."""
        ident = secrets.token_hex(6)
        self.send_raw(f'<iq type="{kind}" id="{ident}" to="{quoted(to)}">{payload}</iq>')
        return await self.answers.take(lambda a: a.get("id") == ident, wanted=f"to {payload}")

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


async def stop_sending(client: slixmpp.ClientXMPP) -> None:
    """End the task in which slixmpp writes its queue: a test leaves no task behind."""
    task = client._run_out_filters
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
