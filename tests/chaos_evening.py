"""An evening in one room of the whole server, on a network that breaks all the time: played, and what came of it.

The server is the product, from its sockets on; the people share no code with it.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import count

from chaos_sip import SipPerson
from chaos_xmpp import DOMAIN, XmppPerson
from crossroom.room.address import Address
from simulated import Simulated, running

SIZES = (0, 10, 300, 300, 300, 3000, 3000, 20000)
"""Octets of padding: in one chunk, in several, and longer than what the switch writes at once."""
DISTURBANCES = (
    "cut", "cut", "cut_and_move", "close_half", "move", "move_twice", "freeze", "guest", "", "", ""
)  # fmt: skip
CALM = 100.0
"""Seconds without disturbance: for everybody to come back, and for the last timers."""


@dataclass(frozen=True)
class Plan:
    """How many there are, and for how many seconds they talk."""

    sip: int = 90
    xmpp: int = 10
    seconds: float = 600.0
    pause: float = 2.0
    guests: int = 15  # of the SIP people: they leave in the middle, and others come in their place


class Evening:
    """One run. `said` maps the first word of every text to who said it, `private` to whom it was for."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.plan = plan
        self.world = Simulated(seed)
        self.loop = self.world.loop
        self.random = self.world.network.random
        self.sip: list[SipPerson] = []
        self.xmpp: list[XmppPerson] = []
        self.said: dict[str, SipPerson | XmppPerson] = {}
        self.private: dict[str, SipPerson | XmppPerson] = {}
        self.left: dict[str, int] = {}
        self.stayed: list[SipPerson] = []  # until the end, wherever they began
        self.stayed_xmpp: list[XmppPerson] = []
        self.nicknames: set[str] = set()  # of all who were there in the end
        self.rosters: list[set[str]] = []  # as subscribers saw it then
        self.disturbed: dict[str, int] = {}
        self._serial = count()

    async def play(self) -> None:
        """Come together, talk while everything breaks, calm down, go home, close."""
        await self.world.start(msrp_queue_messages=50)
        await self._arrive()
        end = self.loop.time() + self.plan.seconds
        while self.loop.time() < end:
            await asyncio.sleep(self.random.uniform(0.2, 1.8) * self.plan.pause)
            await self._happen()
        await self._tick_for(CALM)
        self.stayed = self.present()
        self.stayed_xmpp = self.occupants()
        self.nicknames = {
            one.nickname for one in await self.world.server.focus.occupants(Address("tea", DOMAIN))
        }
        self.rosters = [one.subscription.roster.names for one in self.stayed if one.subscription]
        await self._go_home()
        await self._tick_for(CALM)
        self.left = self.world.left()
        await self.world.server.stop()
        await asyncio.sleep(CALM)

    async def _arrive(self) -> None:
        await self._sip_arrives()
        for _ in range(self.plan.xmpp):
            await self._xmpp_arrives()
        while len(self.sip) < self.plan.sip:
            await self._sip_arrives()

    async def _sip_arrives(self) -> None:
        number = len(self.sip)
        person = self.world.sip_person(f"s{number}", listens=number % 5 == 4)
        await person.join(subscribes=number % 30 == 0)
        self.sip.append(person)

    async def _xmpp_arrives(self) -> None:
        person = self.world.xmpp_person(f"x{len(self.xmpp)}")
        await person.join()
        self.xmpp.append(person)

    # -- what happens --------------------------------------------------------------------------------------

    async def _happen(self) -> None:
        speakers: list[SipPerson | XmppPerson] = [*self.present(), *self.occupants()]
        speaker = self.random.choice(speakers)
        self._say(speaker, "m")
        await asyncio.sleep(self.random.uniform(0, 0.3))
        match self.random.randrange(10):
            case 0:
                to = self.random.choice([one for one in speakers if one is not speaker and one.nickname])
                self.private[self._say(speaker, "p", to.nickname)] = to
            case 1:
                one = self.random.choice(self.present())
                one.rename(f"{one.name}r{next(self._serial)}")
            case 2:
                self.random.choice(self.present()).type()
            case 3:
                other = self.random.choice(self.occupants())
                other.rename(f"{other.name}r{next(self._serial)}")
            case _:
                pass
        await self._disturb(speaker)
        for person in self.sip:
            person.tick()

    def _say(self, speaker: SipPerson | XmppPerson, kind: str, to: str = "") -> str:
        word = f"{kind}{next(self._serial)}"
        self.said[word] = speaker
        speaker.say(f"{word} {'x' * self.random.choice(SIZES)}", to=to)
        return word

    async def _disturb(self, speaker: SipPerson | XmppPerson) -> None:
        """Break something; rather often where somebody has just spoken."""
        victim = self.random.choice(self.present())
        if isinstance(speaker, SipPerson) and self.random.random() < 0.5:
            victim = speaker
        kind = self.random.choice(DISTURBANCES)
        self.disturbed[kind] = self.disturbed.get(kind, 0) + 1
        if kind == "guest":
            await self._guest_goes()
        elif kind == "cut_and_move":
            victim.cut()
            victim.move()
        elif kind == "move_twice":
            victim.move()
            victim.move()
        elif kind:
            getattr(victim, kind)()

    async def _guest_goes(self) -> None:
        """Somebody leaves, reads no more, or is lost for good; somebody else comes."""
        guests = [one for one in self.present() if self.sip.index(one) >= self.plan.sip - self.plan.guests]
        guest = self.random.choice(guests)
        match self.random.randrange(4):
            case 0:
                guest.stall()
            case 1:
                guest.stay_away()
            case _:
                await guest.leave()
        await self._sip_arrives()
        if len(self.xmpp) > self.plan.xmpp:
            self.xmpp[-1].leave()
        await self._xmpp_arrives()

    async def _tick_for(self, seconds: float) -> None:
        end = self.loop.time() + seconds
        while self.loop.time() < end:
            await asyncio.sleep(1.0)
            for person in self.sip:
                person.tick()

    async def _go_home(self) -> None:
        for person in self.sip:
            await person.close()
        for other in self.occupants():
            other.leave()

    # -- who is there --------------------------------------------------------------------------------------

    def present(self) -> list[SipPerson]:
        return [one for one in self.sip if not (one.is_gone or one.was_dropped or one.may_be_dropped)]

    def occupants(self) -> list[XmppPerson]:
        return [one for one in self.xmpp if not one.is_gone]


@dataclass
class Played:
    """What is left to look at when the loop is closed."""

    evening: Evening
    tasks: list[str] = field(default_factory=list)
    timers: int = 0


async def play(seed: int, plan: Plan) -> Played:
    evening = Evening(seed, plan)
    await evening.play()
    return Played(evening, running(), evening.loop.timers)
