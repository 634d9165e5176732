"""Stanzas in and out of every XMPP link: which link a stanza takes, and what the MUC face is told.

What a stanza means is the face's; how streams work is in xmpp_component.py, xmpp_entry.py and xmpp_connection.py.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from crossroom.net.clock import Clock
from crossroom.net.ids import Ids
from crossroom.net.tasks import Log, Tasks
from crossroom.net.xmpp_component import ComponentSettings, LinkCalls, XmppComponent
from crossroom.net.xmpp_entry import EntryCalls, EntrySettings, XmppEntry
from crossroom.xmpp.errors import Condition, error_reply
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza, head


class XmppFace(Protocol):
    """Who makes rooms of stanzas. Every call is quick and never awaits."""

    def on_stanza(self, stanza: Stanza) -> None:
        """A stanza with both addresses, `to` in one of our domains; an iq is well-formed (RFC 6120 §8.2.3)."""

    def on_link_lost(self, domain: str) -> None:
        """The component of this domain lost its server: who is behind it can neither speak nor be told."""

    def on_link_up(self, domain: str) -> None:
        """The component of this domain is accepted (again)."""

    def on_user_gone(self, jid: Jid) -> None:
        """The embedded entry's user disconnected: it is in no room any more."""


class XmppRouter:
    """Owns the links. `start(face)` before anything else; `stop()` closes every stream politely.

    Raises ParseError for a component's domain that is none.
    """

    def __init__(
        self,
        components: Sequence[ComponentSettings],
        entry: EntrySettings | None,
        ids: Ids,
        clock: Clock,
        log: Log,
    ) -> None:
        self._face: XmppFace | None = None
        self._log = log
        self._tasks = Tasks(log)
        calls = LinkCalls(self._receive, self._link_up, self._link_lost)
        links = [XmppComponent(settings, calls, clock, log) for settings in components]
        self._components = {link.domain: link for link in links}
        self._entry = (
            XmppEntry(entry, EntryCalls(self._receive, self._user_gone), ids, clock, log) if entry else None
        )
        self.dropped = 0

    @property
    def entry_port(self) -> int:
        """Where the embedded entry listens; 0 when there is none."""
        return self._entry.port if self._entry else 0

    def is_up(self, domain: str) -> bool:
        """True while the component of this domain is accepted."""
        return domain in self._components and self._components[domain].is_up

    async def start(self, face: XmppFace) -> None:
        """Listen for clients and begin to connect. Raises OSError when the entry's port is taken."""
        self._face = face
        if self._entry:
            await self._entry.start()
        for domain, component in self._components.items():
            self._tasks.start(component.run(), f"component {domain}")

    async def stop(self) -> None:
        """Close every stream politely; the face is told nothing any more."""
        self._face = None
        for component in self._components.values():
            await component.stop()
        if self._entry:
            await self._entry.stop()
        await self._tasks.stop()

    def send(self, stanza: Stanza) -> None:
        """Send one stanza; where it cannot go, the face receives the error that a server would have answered."""
        if stanza.to is None or stanza.from_ is None:
            raise ValueError(f"a {stanza.kind} without from or to")
        condition = self._send(stanza.to, stanza.from_.domain, bytes(stanza))
        if condition:
            self.dropped += 1
            reply = error_reply(stanza, condition)
            if reply:
                # not from inside the face's own call
                asyncio.get_running_loop().call_soon(self._receive, reply)

    def send_tail(self, kind: Kind, to: Jid, tail: bytes, from_domain: str) -> None:
        """Send one copy of a stanza whose tail is shared (`serialise_tail`); one that cannot go is counted in `dropped`."""
        if self._send(to, from_domain, head(kind, to) + tail):
            self.dropped += 1

    def _send(self, to: Jid, from_domain: str, data: bytes) -> Condition | None:
        if self._entry and to.domain == self._entry.domain:
            return None if self._entry.send(to, data) else Condition.SERVICE_UNAVAILABLE  # RFC 6121 §8.5.1
        component = self._components.get(from_domain)
        if component is None:
            return Condition.REMOTE_SERVER_NOT_FOUND
        if not component.fits(data):
            self._log.warning("stanza too large for the server", to=str(to), octets=len(data))
            return Condition.POLICY_VIOLATION
        return None if component.send(data) else Condition.REMOTE_SERVER_TIMEOUT

    def _receive(self, stanza: Stanza) -> None:
        face = self._face
        if face and not self._tell(lambda: face.on_stanza(stanza), f"{stanza.kind} to {stanza.to}"):
            reply = error_reply(stanza, Condition.INTERNAL_SERVER_ERROR)
            if reply and reply.to and reply.from_:
                self.dropped += bool(self._send(reply.to, reply.from_.domain, bytes(reply)))

    def _link_up(self, domain: str) -> None:
        if face := self._face:
            self._tell(lambda: face.on_link_up(domain), f"link up: {domain}")

    def _link_lost(self, domain: str) -> None:
        if face := self._face:
            self._tell(lambda: face.on_link_lost(domain), f"link lost: {domain}")

    def _user_gone(self, jid: Jid) -> None:
        if face := self._face:
            self._tell(lambda: face.on_user_gone(jid), f"user gone: {jid}")

    def _tell(self, call: Callable[[], None], what: str) -> bool:
        try:
            call()
        except Exception:  # noqa: BLE001 -- logged whole; a defect in one room must not end the link all rooms share
            self._log.exception("the face failed", what=what)
            return False
        return True
