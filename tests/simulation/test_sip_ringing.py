"""Calls that ring reliably over a bad network: every 180 is acknowledged or the call is over, and nothing is left."""

from collections import Counter
from collections.abc import Callable

import pytest

from crossroom.sip.answer import Body, OutgoingCall, Rejection
from crossroom.sip.events import (
    Event,
    InviteAnswered,
    InviteCancelled,
    InviteFailed,
    InviteProgress,
    InviteReceived,
    SessionEnded,
)
from crossroom.sip.invite_uas import InviteUas
from crossroom.sip.message import Response
from lossy_sip import End, Network, Weather

ANSWER = Body(b"v=0")
CALLS = 60


class Ringer:
    """Rings once or more, then answers, refuses, or lets the caller lose patience."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, end: End, event: Event, now: float) -> None:
        dice = self._network.random
        match event:
            case InviteReceived(usage=uas):
                uas.ring(180, end.address, (), now)
                self._later(end, uas, dice.random() * 3, lambda then: uas.ring(183, end.address, (), then))
                if dice.random() < 0.7:
                    self._later(end, uas, dice.random() * 20, lambda then: self._decide(end, uas, then))
            case _:
                pass

    def _later(self, end: End, uas: InviteUas, after: float, act: Callable[[float], None]) -> None:
        def happen() -> None:
            if not uas.answered:
                act(self._network.now)
                self._network.flush(end)

        self._network.at(self._network.now + after, happen)

    def _decide(self, end: End, uas: InviteUas, now: float) -> None:
        if self._network.random.random() < 0.3:
            uas.reject(Rejection(486), now)
        else:
            uas.accept(end.address, ANSWER, (), now)


@pytest.mark.parametrize("seed", range(3))
def test_reliable_ringing_is_acknowledged_in_order_and_leaves_nothing(seed: int) -> None:
    network = Network(seed, Weather(loss=0.2, repeat=0.1, spread=0.7))
    caller, callee = network.add("192.0.2.1"), network.add("192.0.2.2")
    callee.react = Ringer(network)

    def hang_up(_end: End, event: Event, now: float) -> None:
        if isinstance(event, InviteAnswered):
            event.usage.bye(now)

    caller.react = hang_up

    def place() -> None:
        required = (("Require", "100rel"),)
        wanted = OutgoingCall(
            callee.uri, caller.address, callee.address, caller.address, b"v=0", headers=required, timeout=25
        )
        caller.agent.invite(wanted, network.now)
        network.flush(caller)

    for number in range(CALLS):
        network.at(network.now + number * 0.5, place)
    network.run_out()

    outcomes = Counter(type(event) for event in caller.events)
    assert outcomes[InviteAnswered] + outcomes[InviteFailed] == CALLS
    assert outcomes[InviteAnswered] > CALLS / 4
    # RFC 3262 §4: told once each, and 183 never before 180
    told: dict[str, list[int]] = {}
    for event in caller.events:
        if isinstance(event, InviteProgress):
            told.setdefault(event.response.call_id, []).append(event.response.status)
    assert set(map(tuple, told.values())) <= {(180,), (180, 183)}
    assert (180, 183) in set(map(tuple, told.values()))
    assert all(
        message.require == ("100rel",)
        for _, host, message in network.sent
        if isinstance(message, Response) and host == callee.host and 100 < message.status < 200
    )
    assert sum(isinstance(event, SessionEnded | InviteCancelled) for event in callee.events) > 0
    assert caller.is_clean()
    assert callee.is_clean()
