"""Questions from one occupant to another, with both real addresses hidden (XEP-0045 §17.4, §6.6)."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Stanza


@dataclass(frozen=True, slots=True)
class RelayedIq:
    """A question on its way, without what it asks: who asked under which id, and what it was sent to."""

    request: Stanza
    target: Jid


class IqRelay:
    """Questions that wait for an answer; the oldest is given up when there are too many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: OrderedDict[str, RelayedIq] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def forward(self, request: Stanza, asker: Jid, target: Jid, token: str) -> tuple[Stanza, Stanza | None]:
        """The question as its target gets it, from the occupant JID `asker`; and one that was given up for it."""
        given_up = None
        if len(self._waiting) >= self._limit:
            given_up = self._waiting.popitem(last=False)[1].request
        self._waiting[token] = RelayedIq(request.with_children(), target)
        return replace(request, to=target, from_=asker, id=token), given_up

    def answer(self, reply: Stanza) -> Stanza | None:
        """An answer as the asker gets it, None when nobody asked for it."""
        waiting = self._waiting.get(reply.id)
        # an answer counts only from the address that was asked
        if waiting is None or reply.from_ != waiting.target:
            return None
        del self._waiting[reply.id]
        request = waiting.request
        return replace(reply, to=request.from_, from_=request.to, id=request.id)
