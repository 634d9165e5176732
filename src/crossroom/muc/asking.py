"""What only occupants may ask: find the occupant, wait for its turn, do it, answer (XEP-0045 §7.4).

Every route of this kind is a function of `Asked`, made a route by `inside`.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from crossroom.focus.interface import Features, Participation
from crossroom.muc.addresses import recipient
from crossroom.muc.context import MucContext
from crossroom.muc.occupants import Occupancy
from crossroom.room.reasons import Reason, Refused
from crossroom.xmpp.element import Element
from crossroom.xmpp.stanza import Stanza


@dataclass(frozen=True, slots=True)
class Asked:
    """What an occupant asks, when its turn has come: with the seat that it asks from."""

    context: MucContext
    stanza: Stanza
    occupancy: Occupancy
    participation: Participation

    def answer(self, *payload: Element) -> None:
        """Answer an iq with its result."""
        self.context.router.send(self.stanza.result(*payload))

    def needs(self, feature: Features) -> None:
        """What the focus cannot do is said before it is asked; raises Refused(UNSUPPORTED)."""
        if feature not in self.participation.features:
            raise Refused(Reason.UNSUPPORTED)

    def can(self, feature: Features) -> bool:
        """True where the focus can do this."""
        return feature in self.participation.features


Act = Callable[[Asked], Coroutine[Any, Any, None]]
Route = Callable[[MucContext, Stanza], None]


def inside(act: Act) -> Route:
    """Make a route of what an occupant may ask. Refused and ParseError become the stanza's error."""

    @wraps(act)
    def route(context: MucContext, stanza: Stanza) -> None:
        occupancy = context.occupancy_of(stanza)
        if occupancy is None:
            context.spawn(stanza, partial(_refuse_stranger, context, stanza))
            return
        context.ask(occupancy, stanza, lambda seat: act(Asked(context, stanza, occupancy, seat)))

    return route


async def _refuse_stranger(context: MucContext, stanza: Stanza) -> None:
    """Refuse somebody who has no seat (XEP-0045 §7.4: and who asks for a room that is not there)."""
    there = await context.exists(recipient(stanza).bare)
    raise Refused(Reason.NOT_IN_ROOM if there else Reason.NO_SUCH_ROOM)
