"""A room of a hundred on a network that breaks all the time: nothing is lost, doubled, or told in another order.

One order is the order in which messages begin to come: RFC 4975 §7.1.1 lets a short one overtake the rest of a
long one. Messages in flight when a connection broke come after its repair. Who was told 200 was heard by all who
were there all the time; who was told an error, or nothing, was heard at most once.
"""

import asyncio
import os

import pytest

from chaos_evening import Evening, Plan, Played, play
from chaos_sip import SipPerson
from chaos_xmpp import XmppPerson
from virtual_loop import VirtualLoop

SEEDS = int(os.environ.get("CHAOS_SEEDS", "1"))
"""How many evenings are played; CONTRIBUTING.md tells how to run more."""
PLAN = Plan()


@pytest.fixture(scope="module", params=range(1, SEEDS + 1))
def played(request: pytest.FixtureRequest) -> Played:
    seed: int = request.param
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(seed), debug=False) as runner:
        return runner.run(play(seed, PLAN))


@pytest.fixture
def evening(played: Played) -> Evening:
    return played.evening


def public(words: list[str]) -> list[str]:
    return [word for word in words if word.startswith("m")]


def everybody(evening: Evening) -> list[SipPerson | XmppPerson]:
    return [*evening.sip, *evening.xmpp]


def order_of(evening: Evening) -> list[str]:
    """What the first XMPP occupant heard, whose connection never breaks."""
    return public(evening.xmpp[0].heard)


def order_for(evening: Evening, person: SipPerson | XmppPerson) -> list[str]:
    """The same as this person should hear it: what one says by SIP is not sent back (RFC 7701 §6.1)."""
    order = order_of(evening)
    return order if isinstance(person, XmppPerson) else [w for w in order if evening.said[w] is not person]


def is_stretch(part: list[str], whole: list[str]) -> bool:
    """True where the part is in the whole without a gap."""
    if not part:
        return True
    start = whole.index(part[0]) if part[0] in whole else 0
    return whole[start : start + len(part)] == part


def test_much_happened(evening: Evening) -> None:
    order = order_of(evening)
    assert len(order) == len(set(order)) > PLAN.seconds / PLAN.pause / 2
    assert min(evening.disturbed.values()) > 5
    assert sum(person.moves for person in evening.sip) > 100
    assert all(sum(getattr(one, what) for one in evening.sip) for what in ("repeats", "renames", "typings"))
    assert len(evening.stayed) > PLAN.sip - PLAN.guests


def test_everybody_who_was_there_all_the_time_heard_everything_once_and_in_one_order(
    evening: Evening,
) -> None:
    first: list[SipPerson | XmppPerson] = [
        *(person for person in evening.sip[: PLAN.sip] if person in evening.stayed),
        *(other for other in evening.xmpp[: PLAN.xmpp] if other in evening.stayed_xmpp),
    ]
    assert len(first) > PLAN.sip - PLAN.guests + PLAN.xmpp / 2
    for person in first:
        assert public(person.heard) == order_for(evening, person), person.name


def test_everybody_else_heard_one_stretch_of_it(evening: Evening) -> None:
    for person in everybody(evening):
        heard, order = public(person.heard), order_for(evening, person)
        assert is_stretch(heard, order), person.name
        if person in evening.stayed or person in evening.stayed_xmpp:
            assert heard[-1:] == order[-1:], person.name  # from joining to the end


def test_what_was_acknowledged_was_heard_and_what_was_not_at_most_once(evening: Evening) -> None:
    order = order_of(evening)
    assert len(order) == len(set(order))
    for person in evening.sip:
        assert set(public([*person.told.accepted])) <= set(order), person.name
        assert not public([*person.told.refused]), person.told.refused
    for person in evening.stayed:
        said = {word for word, author in evening.said.items() if author is person}
        assert said == person.told.accepted | person.told.refused.keys(), person.name


def test_private_messages_reach_one_person_once(evening: Evening) -> None:
    heard: dict[str, list[str]] = {}
    for person in everybody(evening):
        for word in person.heard:
            if word.startswith("p"):
                heard.setdefault(word, []).append(person.name)
    assert len(heard) > 10
    for word, names in heard.items():
        assert names == [evening.private[word].name], word
    for word, to in evening.private.items():
        author = evening.said[word]
        was_accepted = isinstance(author, SipPerson) and word in author.told.accepted
        assert word in heard or not was_accepted or to not in evening.stayed, word


def test_only_who_stalled_or_stayed_away_was_dropped_and_was_told_why(evening: Evening) -> None:
    dropped = [person for person in evening.sip if person.was_dropped]
    assert dropped
    for person in dropped:
        assert person.may_be_dropped, (person.name, person.reason)
        assert person.reason.startswith('SIP;cause=408;text="Connection lost: ')


def test_every_roster_was_right_in_the_end(evening: Evening) -> None:
    assert evening.rosters
    assert all(names == evening.nicknames for names in evening.rosters)
    assert len(evening.nicknames) > PLAN.sip


def test_nothing_is_left(played: Played) -> None:
    assert played.evening.world.faults == []
    assert played.evening.loop.broken == []
    assert not any(person.refused_bindings for person in played.evening.sip)
    assert played.evening.left == {}
    assert played.evening.world.network.wires == set()
    assert (played.tasks, played.timers) == ([], 0)
