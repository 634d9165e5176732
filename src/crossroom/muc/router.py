"""The way out to XMPP, as this face needs it: net/xmpp.py has one."""

from typing import Protocol

from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza


class Router(Protocol):
    """Picks the link that leads to an address; both calls are quick and never raise."""

    def send(self, stanza: Stanza) -> None:
        """Send one stanza; `from_` and `to` are set."""

    def send_tail(self, kind: Kind, to: Jid, tail: bytes, from_domain: str) -> None:
        """Send one copy of a stanza that is written already (`serialise_tail`)."""
