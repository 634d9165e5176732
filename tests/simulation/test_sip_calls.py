"""Hundreds of calls, subscriptions and REFERs over a bad network: both ends agree, and nothing is left."""

from collections import Counter
from collections.abc import Callable

import pytest

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import (
    Body,
    OutgoingCall,
    OutgoingRefer,
    OutgoingRequest,
    OutgoingSubscription,
    Rejection,
)
from crossroom.sip.events import (
    Event,
    InviteAnswered,
    InviteFailed,
    InviteReceived,
    NotifierEnded,
    ReferEnded,
    ReferReceived,
    ReinviteReceived,
    RequestAnswered,
    RequestReceived,
    SessionEnded,
    SubscribeReceived,
    SubscriberEnded,
    SubscriptionRefreshed,
)
from crossroom.sip.invite import InviteUsage
from crossroom.sip.notifier import Notifier
from crossroom.sip.refer import ReferReceiver
from crossroom.sip.uri import SipUri
from lossy_sip import End, Network, Weather

OFFER = Body(b"v=0")
STATE = Body(b"state", "text/plain")


class Callee:
    """Answers, refuses, rings for long, or hangs up first, by what the network's dice say."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.sessions: list[InviteUsage] = []

    def __call__(self, end: End, event: Event, now: float) -> None:
        dice = self.network.random
        match event:
            case InviteReceived(usage=uas):
                if dice.random() < 0.2:
                    uas.reject(Rejection(486), now)
                    return
                if dice.random() < 0.5:
                    uas.ring(180, end.address, (), now)

                def accept() -> None:
                    if not uas.answered:
                        session = uas.accept(end.address, OFFER, (), self.network.now)
                        self.sessions.append(session)
                        if dice.random() < 0.3:
                            self.network.at(
                                self.network.now + dice.random() * 40, lambda: self._bye(end, session)
                            )
                        self.network.flush(end)

                self.network.at(now + dice.random() * 5, accept)
            case ReinviteReceived(usage=usage):
                usage.answer_reinvite(OFFER if dice.random() < 0.8 else Rejection(488), now)
            case _:
                pass

    def _bye(self, end: End, session: InviteUsage) -> None:
        session.bye(self.network.now)
        self.network.flush(end)


class Caller:
    """Cancels, hangs up, or sends re-INVITEs, by what the dice say."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def __call__(self, end: End, event: Event, now: float) -> None:
        dice = self.network.random
        match event:
            case InviteAnswered(usage=session):
                if dice.random() < 0.4:
                    self.network.at(
                        now + dice.random() * 5, lambda: self._do(end, lambda t: session.reinvite(OFFER, t))
                    )
                self.network.at(now + 5 + dice.random() * 60, lambda: self._do(end, session.bye))
            case ReinviteReceived(usage=usage):
                usage.answer_reinvite(OFFER, now)
            case _:
                pass

    def _do(self, end: End, action: Callable[[float], None]) -> None:
        action(self.network.now)
        self.network.flush(end)


@pytest.mark.parametrize("seed", range(4))
def test_every_call_ends_in_one_agreed_state_and_leaves_nothing(seed: int) -> None:
    network = Network(seed, Weather(loss=0.2, repeat=0.1, spread=0.7))
    caller, callee = network.add("192.0.2.1"), network.add("192.0.2.2")
    answering = Callee(network)
    caller.react, callee.react = Caller(network), answering
    calls = 75

    def place() -> None:
        wanted = OutgoingCall(callee.uri, caller.address, callee.address, caller.address, b"v=0", timeout=20)
        uac = caller.agent.invite(wanted, network.now)
        network.flush(caller)
        if network.random.random() < 0.2:

            def give_up() -> None:
                uac.cancel(network.now)
                network.flush(caller)

            network.at(network.now + network.random.random() * 4, give_up)

    for number in range(calls):
        network.at(network.now + number * 0.3, place)
    network.run_out()

    outcomes = Counter(type(event) for event in caller.events)
    assert outcomes[InviteAnswered] + outcomes[InviteFailed] == calls
    assert outcomes[InviteAnswered] > calls / 3
    ended = Counter(
        event.usage for event in caller.events if isinstance(event, SessionEnded) and event.closed
    )
    assert set(ended.values()) <= {1}
    assert {e.usage for e in caller.events if isinstance(e, InviteAnswered)} <= set(ended)
    closed = Counter(
        event.usage for event in callee.events if isinstance(event, SessionEnded) and event.closed
    )
    assert closed == Counter(answering.sessions)
    assert caller.is_clean()
    assert callee.is_clean()


class Focus:
    """Accepts every subscription and REFER, notifies a few times, and tells how the REFER went."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def __call__(self, end: End, event: Event, now: float) -> None:
        match event:
            case SubscribeReceived(usage=notifier):
                notifier.accept(end.address, 600, STATE, (), now)
                for step in range(5):
                    self.network.at(now + step * 7, lambda: self._notify(end, notifier))
            case SubscriptionRefreshed(usage=notifier):
                notifier.refreshed(STATE, now)
            case ReferReceived(usage=receiver):
                receiver.accept(end.address, (), now)
                receiver.progress(180, "Ringing", now)
                self.network.at(now + 3, lambda: self._finish(end, receiver))
            case RequestReceived(usage=pending):
                pending.respond(200, "", (), Body(), end.address, now)
            case _:
                pass

    def _notify(self, end: End, notifier: Notifier) -> None:
        notifier.notify(STATE, self.network.now)
        self.network.flush(end)

    def _finish(self, end: End, receiver: ReferReceiver) -> None:
        receiver.final(200, "OK", self.network.now)
        self.network.flush(end)


def subscribe_refer_and_ask(network: Network, caller: End, focus: End) -> None:
    """One of each, the subscription left after a random while."""
    wanted = OutgoingSubscription(focus.uri, caller.address, focus.address, caller.address, "conference")
    subscriber = caller.agent.subscribe(wanted, network.now)
    bob = NameAddr(SipUri("sip.example", user="bob"))
    refer = OutgoingRefer(focus.uri, caller.address, focus.address, caller.address, bob)
    caller.agent.refer(refer, None, network.now)
    caller.agent.request(OutgoingRequest("OPTIONS", focus.uri, caller.address), None, network.now)
    network.flush(caller)

    def leave() -> None:
        subscriber.unsubscribe(network.now)
        network.flush(caller)

    network.at(network.now + 1 + network.random.random() * 1500, leave)


@pytest.mark.parametrize("seed", range(2))
def test_subscriptions_and_refers_over_a_bad_network_end_and_leave_nothing(seed: int) -> None:
    network = Network(seed, Weather(loss=0.2, repeat=0.1, spread=0.5))
    caller, focus = network.add("192.0.2.1"), network.add("192.0.2.2")
    focus.react = Focus(network)
    for number in range(40):
        network.at(network.now + number * 0.5, lambda: subscribe_refer_and_ask(network, caller, focus))
    network.run_out()

    kinds = Counter(type(event) for event in caller.events)
    assert kinds[SubscriberEnded] == 40
    assert kinds[ReferEnded] == 40
    assert kinds[RequestAnswered] == 40
    accepted = Counter(e.usage for e in focus.events if isinstance(e, SubscribeReceived))
    assert Counter(e.usage for e in focus.events if isinstance(e, NotifierEnded)) == accepted
    finals = Counter(e.status.status for e in caller.events if isinstance(e, ReferEnded))
    assert finals[200] > 30
    assert caller.is_clean()
    assert focus.is_clean()
