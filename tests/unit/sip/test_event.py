import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.event import Event, SubscriptionState
from crossroom.sip.params import Params


def test_an_event_matches_by_package_and_id_alone() -> None:
    event = Event.parse(" refer ; id=93 ;x=y")
    assert (event.package, event.id) == ("refer", "93")
    assert event.matches(Event("refer", Params((("id", "93"),))))
    assert not event.matches(Event("refer"))
    assert not Event("Refer").matches(Event("refer"))
    assert str(event) == "refer;id=93;x=y"


def test_states_are_made_and_read_back() -> None:
    assert str(SubscriptionState.active(3600)) == "active;expires=3600"
    assert str(SubscriptionState.pending(60)) == "pending;expires=60"
    assert str(SubscriptionState.terminated("noresource")) == "terminated;reason=noresource"
    assert str(SubscriptionState.terminated("probation", 60)) == "terminated;reason=probation;retry-after=60"
    state = SubscriptionState.parse("Terminated;reason=NoResource;retry-after=5")
    assert state.is_terminated
    assert (state.reason, state.retry_after, state.expires) == ("noresource", 5, None)
    active = SubscriptionState.parse("active;expires=7")
    assert not active.is_terminated
    assert (active.reason, active.expires) == (None, 7)


def test_nonsense_is_refused() -> None:
    for text in ("", ";id=1", "a b", "x;;"):
        with pytest.raises(ParseError):
            Event.parse(text)
        with pytest.raises(ParseError):
            SubscriptionState.parse(text)
    with pytest.raises(ParseError):
        _ = SubscriptionState.parse("active;expires=x").expires
    with pytest.raises(LocalProtocolError):
        Event("a\r\n")
    with pytest.raises(LocalProtocolError):
        SubscriptionState("a b")
