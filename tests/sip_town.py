"""A town whose people call, refer and watch each other over a bad network, by the network's dice.

Every person is a caller and a callee. What each was told is kept in a ledger; `Town.settle` runs the town until
nothing is left to happen and checks the ledger: every call has one end, and both ends of it agree.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from crossroom.sip.answer import (
    NO_BODY,
    Body,
    OutgoingCall,
    OutgoingRefer,
    OutgoingRequest,
    OutgoingSubscription,
    Rejection,
)
from crossroom.sip.dialog import DialogId
from crossroom.sip.events import (
    Event,
    InviteAnswered,
    InviteCancelled,
    InviteFailed,
    InviteReceived,
    NotifierEnded,
    ReferEnded,
    ReferReceived,
    ReinviteAnswered,
    ReinviteReceived,
    RequestAnswered,
    RequestReceived,
    SessionEnded,
    SubscribeReceived,
    SubscriberEnded,
    SubscriptionRefreshed,
)
from crossroom.sip.hop import TCP, UDP
from crossroom.sip.invite import InviteUsage
from crossroom.sip.invite_uas import InviteUas
from crossroom.sip.notifier import Notifier
from crossroom.sip.refer import ReferReceiver
from crossroom.sip.settings import AgentSettings
from forking_proxy import ForkingProxy
from lossy_sip import End, Network, Place, Weather

STATE = Body(b"state", "text/plain")
SETTINGS = AgentSettings(session_expires=90)  # the shortest interval: long calls are refreshed every 45 s
PEOPLE = 4
FORK = "192.0.2.100"


@dataclass
class Ledger:
    """What one person did and was told. Sessions that ended, by usage; offers by what came of them."""

    placed: int = 0
    ended_calls: list[Event] = field(default_factory=list)
    incoming: Counter[InviteUas] = field(default_factory=Counter)
    sessions: list[InviteUsage] = field(default_factory=list)
    closed: Counter[InviteUsage] = field(default_factory=Counter)
    agreed: list[tuple[InviteUsage, bytes]] = field(default_factory=list)
    granted: set[tuple[DialogId, bytes]] = field(default_factory=set)
    offering: set[InviteUsage] = field(default_factory=set)
    asked: Counter[type[Event]] = field(default_factory=Counter)
    told: Counter[type[Event]] = field(default_factory=Counter)
    notifiers: list[Notifier] = field(default_factory=list)


class Person:
    """Plays the user of one end."""

    def __init__(self, town: "Town", end: End) -> None:
        self.town = town
        self.end = end
        self.ledger = Ledger()
        end.react = self.hears

    # What a person does

    def call(self, callee: Place) -> None:
        """Ring somebody up, and perhaps lose patience."""
        self.ledger.placed += 1
        dice = self.town.dice
        headers = (("Require", "100rel"),) if dice() < 0.15 else ()
        wanted = OutgoingCall(
            callee.uri,
            self.end.address,
            callee.address,
            self.end.address,
            b"" if dice() < 0.1 else self.town.offer(),
            headers=headers,
            timeout=5 + 40 * dice(),
        )
        uac = self.end.agent.invite(wanted, self.town.now)
        self.town.network.flush(self.end)
        if dice() < 0.3:
            self.later(8 * dice() ** 2, uac.cancel)

    def later(self, seconds: float, action: Callable[[float], object]) -> None:
        """Do something after a while."""

        def act() -> None:
            action(self.town.now)
            self.town.network.flush(self.end)

        self.town.network.at(self.town.now + seconds, act)

    def watch(self, other: Place) -> None:
        """Subscribe to somebody's state for a while."""
        self.ledger.asked[SubscriberEnded] += 1
        wanted = OutgoingSubscription(
            other.uri, self.end.address, other.address, self.end.address, "conference", expires=120
        )
        subscriber = self.end.agent.subscribe(wanted, self.town.now)
        self.town.network.flush(self.end)
        self.later(200 * self.town.dice(), subscriber.unsubscribe)

    def refer(self, other: Place, session: InviteUsage | None, now: float) -> None:
        """Ask somebody to call a third."""
        self.ledger.asked[ReferEnded] += 1
        headers = (("Refer-Sub", "false"),) if self.town.dice() < 0.2 else ()
        refer = OutgoingRefer(
            other.uri, self.end.address, other.address, self.end.address, other.address, headers=headers
        )
        self.end.agent.refer(refer, session, now)

    def ask(self, other: Place, session: InviteUsage | None, now: float) -> None:
        """Send a request that creates nothing."""
        self.ledger.asked[RequestAnswered] += 1
        method = "OPTIONS" if session is None or self.town.dice() < 0.5 else "MESSAGE"
        wanted = OutgoingRequest(method, other.uri, self.end.address)
        self.end.agent.request(wanted, session, now)

    def talk(self, session: InviteUsage) -> None:
        """Live through a call: some of its events, in any order, and its end."""
        self.ledger.sessions.append(session)
        dice = self.town.dice
        length = 300 * dice() if dice() < 0.1 else 20 * dice()
        for _ in range(int(2.4 * dice())):
            when, kind = length * dice(), dice()
            if kind < 0.6:
                self.later(when, lambda now: self.offer(session, now))
            elif kind < 0.8:
                self.later(when, lambda now: self.in_call(session, self.refer, now))
            else:
                self.later(when, lambda now: self.in_call(session, self.ask, now))
        # the other end may be quicker; one of the two always hangs up
        self.later(length if session.caller or dice() < 0.5 else length + 300, session.bye)

    def in_call(
        self, session: InviteUsage, act: Callable[[Place, InviteUsage, float], None], now: float
    ) -> None:
        if not self.ledger.closed[session] and session in session.dialog.usages:
            act(self.end, session, now)

    def offer(self, session: InviteUsage, now: float) -> None:
        """Send a re-INVITE, one at a time."""
        if session not in self.ledger.offering:
            self.ledger.offering.add(session)
            session.reinvite(Body(self.town.offer()), now)

    # What a person is told

    def hears(self, end: End, event: Event, now: float) -> None:
        """React to an event, and write it down."""
        end.events.clear()  # the ledger keeps what is needed
        self.ledger.told[type(event)] += 1
        match event:
            case InviteReceived(usage=uas):
                self.is_called(uas, now)
            case InviteCancelled(usage=uas):
                self.ledger.incoming[uas] += 1
            case InviteAnswered(usage=session):
                self.ledger.ended_calls.append(event)
                self.talk(session)
            case InviteFailed():
                self.ledger.ended_calls.append(event)
            case ReinviteReceived(usage=session, request=request):
                self.is_offered(session, request.body, now)
            case ReinviteAnswered(usage=session, response=response):
                assert not self.ledger.closed[session], "the end of a session is its last event"
                self.ledger.offering.discard(session)
                if response.is_success:
                    self.ledger.agreed.append((session, response.body))
            case SessionEnded(usage=session, closed=closed):
                self.ledger.closed[session] += closed
            case _:
                self.serves(event, now)

    def is_called(self, uas: InviteUas, now: float) -> None:
        """Ring, answer, refuse, or do nothing for long."""
        self.ledger.incoming[uas] += 0
        dice = self.town.dice
        kind = dice()
        if kind < 0.1:
            self.refuse(uas, 486, now)
            return
        if dice() < 0.6:
            uas.ring(180, self.end.address, (), now)
        if kind < 0.2:
            self.later(5 * dice(), lambda then: self.refuse(uas, 603, then))
        elif kind < 0.3:
            self.later(100, lambda then: self.refuse(uas, 480, then))
        else:
            self.later(8 * dice() ** 2, lambda then: self.accept(uas, then))

    def accept(self, uas: InviteUas, now: float) -> None:
        if not uas.answered:
            self.ledger.incoming[uas] += 1
            self.talk(uas.accept(self.end.address, Body(self.town.offer()), (), now))

    def refuse(self, uas: InviteUas, status: int, now: float) -> None:
        if not uas.answered:
            self.ledger.incoming[uas] += 1
            uas.reject(Rejection(status), now)

    def is_offered(self, session: InviteUsage, offer: bytes, now: float) -> None:
        """A re-INVITE or UPDATE: agree, mostly."""
        if self.town.dice() < 0.1:
            session.answer_reinvite(Rejection(488), now)
            return
        answer = b"answer to " + offer
        self.ledger.granted.add((session.dialog.id, answer))
        session.answer_reinvite(Body(answer), now)

    def serves(self, event: Event, now: float) -> None:
        """Be watched, referred and asked."""
        dice = self.town.dice
        match event:
            case SubscribeReceived(usage=notifier) if dice() < 0.1:
                notifier.reject(Rejection(403), now)
            case SubscribeReceived(usage=notifier):
                self.ledger.notifiers.append(notifier)
                notifier.accept(self.end.address, 60 + int(100 * dice()), STATE, (), now)
                for _ in range(int(4 * dice())):
                    self.later(60 * dice(), lambda then: notifier.notify(STATE, then))
                if dice() < 0.3:
                    self.later(200 * dice(), lambda then: notifier.terminate("noresource", NO_BODY, then))
            case SubscriptionRefreshed(usage=notifier):
                notifier.refreshed(STATE, now)
            case ReferReceived(usage=receiver):
                self.is_referred(receiver, now)
            case RequestReceived(usage=pending):
                pending.respond(200, "", (), Body(), self.end.address, now)
            case _:
                pass

    def is_referred(self, receiver: ReferReceiver, now: float) -> None:
        dice = self.town.dice
        if dice() < 0.2:
            receiver.reject(Rejection(603), now)
            return
        receiver.accept(self.end.address, (), now)
        receiver.progress(180, "Ringing", now)
        if dice() < 0.8:
            self.later(20 * dice(), lambda then: receiver.final(200, "OK", then))


class Town:
    """Some people, a proxy that forks calls, and the network between them."""

    def __init__(self, seed: int, weather: Weather, transport: str = UDP) -> None:
        self.network = Network(seed, weather, transport)
        self.dice = self.network.random.random
        self.people = [
            Person(self, self.network.add(f"192.0.2.{number}", SETTINGS)) for number in range(1, PEOPLE + 1)
        ]
        ends = [person.end for person in self.people]
        self.proxy = ForkingProxy(FORK, tuple(end.uri for end in ends[1:]), self.network.ids())
        self.network.places[FORK] = Place(FORK, self.proxy, transport)
        self._offers = 0

    @property
    def now(self) -> float:
        return self.network.now

    def offer(self) -> bytes:
        """A session description that nobody else has."""
        self._offers += 1
        return b"v=0 %d" % self._offers

    def live(self, calls: int, seconds: float) -> None:
        """So many calls begin within that time, and fewer other things; the network gets worse now and then."""
        for _ in range(calls):
            self.network.at(self.now + seconds * self.dice(), self.something)
        if self.network.transport == TCP:
            for _ in range(calls // 5):
                self.network.at(self.now + seconds * self.dice(), self.break_a_connection)
        for _ in range(2):
            self.network.at(self.now + seconds * self.dice(), self.silence_somebody)

    def something(self) -> None:
        """A call, and sometimes something else beside it."""
        caller, callee = self.network.random.sample(self.people, 2)
        if caller is self.people[0] and self.dice() < 0.3:
            caller.call(self.network.places[FORK])
        else:
            caller.call(callee.end)
        kind = self.dice()
        if kind < 0.1:
            caller.watch(callee.end)
        elif kind < 0.2:
            caller.later(0, lambda now: caller.refer(callee.end, None, now))
        elif kind < 0.3:
            caller.later(0, lambda now: caller.ask(callee.end, None, now))

    def break_a_connection(self) -> None:
        one, other = self.network.random.sample(list(self.network.places), 2)
        self.network.cut(one, other)

    def silence_somebody(self) -> None:
        """Nothing reaches or leaves a place for a while: shorter or longer than a transaction lives."""
        host = self.network.random.choice(list(self.network.places))
        self.network.silent.add(host)
        self.network.at(self.now + 60 * self.dice(), lambda: self.network.silent.discard(host))

    def settle(self) -> None:
        """Run until nothing is left to happen; raises AssertionError where the ledgers do not agree."""
        self.network.run_out()
        for person in self.people:
            self._check(person)
        self._check_agreement()
        assert self.proxy.is_clean(), "the proxy kept something"

    def forget(self) -> None:
        """Let go of everything that only this town remembers."""
        self.network.sent.clear()
        for person in self.people:
            person.ledger = Ledger()

    def _check(self, person: Person) -> None:
        ledger = person.ledger
        assert len(ledger.ended_calls) == ledger.placed, "each call placed is answered or failed, once"
        assert set(ledger.incoming.values()) <= {1}, (
            "each call received is accepted, refused or cancelled, once"
        )
        # a late fork, or an answer after CANCEL, is ended without ever being a call of this person's
        assert set(ledger.closed.values()) <= {1}, "no session ends twice"
        assert set(ledger.sessions) <= set(ledger.closed), "each session ends"
        for kind, number in ledger.asked.items():
            assert ledger.told[kind] == number, kind
        assert ledger.told[NotifierEnded] == len(ledger.notifiers), "each subscription granted ends once"
        assert person.end.is_clean(), person.end.agent.tables()

    def _check_agreement(self) -> None:
        sessions = [session for person in self.people for session in person.ledger.sessions]
        granted = set().union(*(person.ledger.granted for person in self.people))
        known = {session.dialog.id for session in sessions}
        for session in sessions:
            assert not session.caller or _mirrored(session.dialog.id) in known, (
                "who was answered has a partner"
            )
        for person in self.people:
            for session, answer in person.ledger.agreed:
                assert (_mirrored(session.dialog.id), answer) in granted, "what was agreed was granted"


def _mirrored(dialog: DialogId) -> DialogId:
    return DialogId(dialog.call_id, dialog.remote_tag, dialog.local_tag)
