"""What every route is given: the way out, the door to the rooms, and who is in them. Holds no rules of its own."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from crossroom.focus.interface import Directory, Participation
from crossroom.machine import ParseError
from crossroom.muc.addresses import recipient, room_of, sender
from crossroom.muc.fanout import Tails
from crossroom.muc.occupants import Occupancy, Occupants
from crossroom.muc.pending import PendingInvitations
from crossroom.muc.reasons import error_for
from crossroom.muc.relay import IqRelay
from crossroom.muc.router import Router
from crossroom.net.clock import Clock
from crossroom.net.ids import Ids
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log, Tasks, Turns
from crossroom.room.address import Nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.xmpp.element import Element
from crossroom.xmpp.errors import StanzaError, error_reply
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Stanza

Work = Callable[[Participation], Coroutine[Any, Any, None]]
Refuse = Callable[[Stanza, Refused], None]


@dataclass(frozen=True, slots=True)
class MucLimits:
    """What one user can make this face hold, and how long it waits (seconds).

    Those without a setting bound what waits while something else is stuck; an operator would mend that instead.
    """

    waiting_stanzas: int = 500  # behind a slow join or a slow remote room, per occupant
    join_seconds: float = 60.0  # over SIP a join may ring through proxies; timer B alone is 32 s
    invitation_seconds: float = 120.0  # the outer bound: focus/invitations.py gives up at 90
    leave_seconds: float = 5.0  # at shutdown: a BYE and its answer
    running: int = 5000  # pieces of work at once: questions to slow rooms elsewhere, from anybody
    waiting_invitations: int = 1000
    relayed_iqs: int = 1000  # past it the oldest is answered: nobody waits for a minute-old question
    link_grace_seconds: float = 30.0  # docs/mapping.md §3.18: a reconnecting server loses nobody


@dataclass(slots=True)
class MucContext:
    """Built once by MucService; routes use it and keep nothing."""

    domains: frozenset[str]
    router: Router
    directory: Directory
    clock: Clock
    ids: Ids
    log: Log
    refusals: SparseLog
    limits: MucLimits
    tasks: Tasks
    occupants: Occupants
    invitations: PendingInvitations
    relay: IqRelay
    tails: Tails = field(default_factory=Tails)

    def newcomer(self, asked: Jid, user: Jid, wanted: Nickname) -> Occupancy:
        """An occupancy for somebody at the door, in the table from now on."""
        turns = Turns(self.tasks, f"muc {asked} {user}", self.limits.waiting_stanzas)
        occupancy = Occupancy(asked, user, wanted, turns, self.router)
        self.occupants.add(occupancy)
        return occupancy

    def occupancy_of(self, stanza: Stanza) -> Occupancy | None:
        """The seat of a stanza's sender in the room that it was sent to."""
        return self.occupants.find(recipient(stanza).bare, sender(stanza))

    def ask(self, occupancy: Occupancy, stanza: Stanza, work: Work, refuse: Refuse | None = None) -> None:
        """Do this for an occupant behind everything it asked before; a refusal becomes the stanza's error."""

        async def turn() -> None:
            if occupancy.participation is None or occupancy.is_over:
                raise Refused(Reason.NOT_IN_ROOM)
            await work(occupancy.participation)

        if not occupancy.turns.ask(lambda: self.answered(stanza, turn, refuse)):
            self.refuse_crowd(stanza)

    def spawn(self, stanza: Stanza, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do this at once, beside everything else; a refusal becomes the stanza's error."""
        if len(self.tasks) >= self.limits.running:
            self.refuse_crowd(stanza)
            return
        self.tasks.start(self.answered(stanza, work), f"muc {stanza.kind} {stanza.to}")

    async def answered(
        self, stanza: Stanza, work: Callable[[], Coroutine[Any, Any, None]], refuse: Refuse | None = None
    ) -> None:
        """Run work for a stanza so that it is answered whatever happens."""
        refuse = refuse or self.refuse
        try:
            await work()
        except Refused as refusal:
            refuse(stanza, refusal)
        except ParseError as error:
            refuse(stanza, Refused(Reason.MALFORMED, str(error)))
        except Exception:
            # a defect of ours: this stanza is answered, everybody else goes on (style: faults stay in the room)
            self.log.exception("muc fault", room=str(stanza.to), user=str(stanza.from_))
            refuse(stanza, Refused(Reason.INTERNAL_FAULT))

    def refuse(self, stanza: Stanza, refusal: Refused) -> None:
        """Answer with the room's reason."""
        self.reply_error(stanza, error_for(refusal, recipient(stanza).bare))

    def refuse_crowd(self, stanza: Stanza) -> None:
        """Too much waits already."""
        about = {"person": str(sender(stanza)), "room": str(recipient(stanza).bare)}
        self.refusals.info("limit reached", reason=Reason.RATE_EXCEEDED, **about)
        self.refuse(stanza, Refused(Reason.RATE_EXCEEDED))

    def reply_error(
        self,
        stanza: Stanza,
        error: StanzaError,
        *,
        from_: Jid | None = None,
        echo: tuple[Element, ...] | None = None,
    ) -> None:
        """Answer with an error, where one may be sent."""
        reply = error_reply(stanza, error, from_=from_, echo=echo)
        if reply is not None:
            self.router.send(reply)

    async def exists(self, room: Jid) -> bool:
        """True when there is such a room, whoever owns it."""
        address = room_of(room)
        try:
            await self.directory.focus_for(address).describe(address)
        except Refused as refusal:
            return refusal.reason is not Reason.NO_SUCH_ROOM
        return True
