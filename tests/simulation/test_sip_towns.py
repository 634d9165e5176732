"""Thousands of calls over bad networks: both ends agree on each, and nothing is left of any.

CROSSROOM_SIMULATION=100 lets a hundred times as many towns live; the number in a failure's name repeats it.
"""

import gc
import os
from collections import Counter

import pytest

from crossroom.sip.client_request import ClientRequest
from crossroom.sip.dialog import Dialog
from crossroom.sip.hop import TCP, UDP
from crossroom.sip.invite import InviteUsage
from crossroom.sip.invite_uac import InviteUac
from crossroom.sip.invite_uas import InviteUas
from crossroom.sip.notifier import Notifier
from crossroom.sip.pending import PendingRequest
from crossroom.sip.subscriber import Subscriber
from crossroom.sip.transaction import Transaction
from crossroom.sip.transaction_layer import LiveTransaction
from lossy_sip import Weather
from sip_town import Town

TIMES = int(os.environ.get("CROSSROOM_SIMULATION", "1"))
LOSSY = Weather(loss=0.2, repeat=0.1, spread=0.7)
REFUSING = Weather(loss=0.05, repeat=0.05, spread=0.2, refusal=0.02)
BREAKING = Weather(spread=0.3, refusal=0.005)
KEPT = (
    ClientRequest, Dialog, InviteUac, InviteUas, InviteUsage, LiveTransaction, Notifier, PendingRequest,
    Subscriber, Transaction,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12 * TIMES))
def test_calls_over_lossy_datagrams_end_in_agreement_and_leave_nothing(seed: int) -> None:
    town = Town(seed, LOSSY)
    town.live(calls=100, seconds=200)
    town.settle()


@pytest.mark.parametrize("seed", range(4 * TIMES))
def test_calls_whose_messages_are_refused_end_in_agreement_and_leave_nothing(seed: int) -> None:
    town = Town(seed, REFUSING, UDP)
    town.live(calls=100, seconds=200)
    town.settle()


@pytest.mark.parametrize("seed", range(4 * TIMES))
def test_calls_over_connections_that_break_end_in_agreement_and_leave_nothing(seed: int) -> None:
    town = Town(seed, BREAKING, TCP)
    town.live(calls=100, seconds=200)
    town.settle()


def test_no_object_of_a_call_outlives_it() -> None:
    before = living()
    town = Town(4711, LOSSY)
    town.live(calls=40, seconds=20)
    town.network.run(town.now + 20)
    assert living() - before, "calls are under way"
    town.settle()
    town.forget()
    assert living() == before


def living() -> Counter[str]:
    """How many objects of a call there are in this process, by class."""
    gc.collect()
    return Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, KEPT))
