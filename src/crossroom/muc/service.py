"""The MUC face: stanzas of XMPP users in, the rooms behind the door, stanzas out (XEP-0045).

It translates and decides nothing: what a stanza does is in routes.py, what an event looks like in view.py.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from crossroom.focus.interface import Directory, Invitation, Outcome
from crossroom.muc.context import MucContext, MucLimits
from crossroom.muc.entering import abandon, lose
from crossroom.muc.invitations import reach
from crossroom.muc.occupants import Occupancy, Occupants
from crossroom.muc.pending import PendingInvitations
from crossroom.muc.presence import left_tail, not_there_tail
from crossroom.muc.relay import IqRelay
from crossroom.muc.router import Router
from crossroom.muc.routes import find_route
from crossroom.net.clock import Clock
from crossroom.net.ids import Ids
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log, Tasks
from crossroom.room.events import Left
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza

GOING_DOWN = (110, 332)


class MucService:
    """The rooms of some domains, as XMPP users find them; also how rooms reach XMPP users (Reach)."""

    def __init__(  # noqa: PLR0913, PLR0917 -- everything it needs from outside, by argument
        self,
        domains: Iterable[str],
        directory: Directory,
        router: Router,
        clock: Clock,
        ids: Ids,
        log: Log,
        limits: MucLimits | None = None,
        embedded: str = "",
    ) -> None:
        """`embedded` is the domain of the users whose clients connect to us: no link of a component carries them."""
        limits = limits or MucLimits()
        self._embedded = embedded.lower()
        self._context = MucContext(
            frozenset(domain.lower() for domain in domains),
            router,
            directory,
            clock,
            ids,
            log,
            SparseLog(log, clock.now),
            limits,
            Tasks(log),
            Occupants(),
            PendingInvitations(limits.waiting_invitations),
            IqRelay(limits.relayed_iqs),
        )
        self._lost: dict[str, asyncio.Task[None]] = {}
        self._is_closing = False

    def on_stanza(self, stanza: Stanza) -> None:
        """A stanza for one of our domains, with validated addresses."""
        if stanza.to is None or stanza.from_ is None:
            return
        if self._is_closing:
            self._context.refuse(stanza, Refused(Reason.SHUTTING_DOWN))
        elif stanza.to.domain not in self._context.domains:
            self._context.refuse(stanza, Refused(Reason.NO_SUCH_ROOM))
        else:
            find_route(stanza)(self._context, stanza)

    async def invite(self, invitation: Invitation) -> Outcome:
        """Ask one of our users into a room (focus.interface.Reach)."""
        return await reach(self._context, invitation)

    def on_user_gone(self, jid: Jid) -> None:
        """An embedded client's connection ended: every seat it had is lost."""
        for occupancy in self._context.occupants.of_user(jid):
            lose(self._context, occupancy)

    def on_link_lost(self, domain: str) -> None:
        """The link of a domain is down: its occupants are kept for a grace time (docs/mapping.md §3.18)."""
        if domain not in self._lost and not self._is_closing:
            self._lost[domain] = self._context.tasks.start(self._after_grace(domain), f"muc link {domain}")

    def on_link_up(self, domain: str) -> None:
        """The link is back: clients that lost their state find out by XEP-0410 and join again."""
        waiting = self._lost.pop(domain, None)
        if waiting is not None:
            waiting.cancel()

    async def shutdown(self) -> None:
        """Tell every occupant that the service goes down (XEP-0045 §11: 332), and give the seats up."""
        self._is_closing = True
        leaving = [self._dismissed(occupancy) for occupancy in tuple(self._context.occupants)]
        if leaving:
            await asyncio.wait(leaving, timeout=self._context.limits.leave_seconds)

    async def stop(self) -> None:
        """Shut down, then end all work; nothing is left running."""
        await self.shutdown()
        await self._context.tasks.stop()

    def tables(self) -> dict[str, int]:
        """Count what this face holds, for metrics and for tests that nothing leaks."""
        context = self._context
        return {
            "occupants": len(context.occupants),
            "invitations": len(context.invitations),
            "relayed_iqs": len(context.relay),
            "tasks": len(context.tasks),
        }

    async def _after_grace(self, domain: str) -> None:
        await asyncio.sleep(self._context.limits.link_grace_seconds)
        self._lost.pop(domain, None)
        for occupancy in tuple(self._context.occupants):
            if occupancy.room.domain == domain and occupancy.user.domain != self._embedded:
                lose(self._context, occupancy)

    def _dismissed(self, occupancy: Occupancy) -> asyncio.Task[None]:
        """Say goodbye now; give the seat up in a task of its own, which may take as long as a BYE."""
        own = occupancy.view.occupant if occupancy.view else None
        if own is None:
            tail = not_there_tail(occupancy.occupant_jid, GOING_DOWN)
        else:
            tail = left_tail(occupancy.room, Left(own, Departure.SHUTDOWN), to_self=True)
        occupancy.write(((Kind.PRESENCE, tail),))
        occupancy.turns.close()
        abandon(self._context, occupancy)
        return self._context.tasks.start(_leave(occupancy), f"muc shutdown {occupancy.room} {occupancy.user}")


async def _leave(occupancy: Occupancy) -> None:
    if occupancy.participation is not None:
        with suppress(Refused):  # ended by itself meanwhile
            await occupancy.participation.leave("", Departure.SHUTDOWN)
