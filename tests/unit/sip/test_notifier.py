"""Subscriptions to us. RFC 6665 §4.2."""

import pytest

from crossroom.machine import LocalProtocolError
from crossroom.sip.answer import Body, Rejection
from crossroom.sip.event import SubscriptionState
from crossroom.sip.events import NotifierEnded, NotifierReady, SubscribeReceived, SubscriptionRefreshed
from crossroom.sip.message import Request, Response
from crossroom.sip.notifier import Notifier
from sip_messages import response_to, simple
from sip_peer import CONTACT, Peer

FULL, PART = (
    Body(b"full", "application/conference-info+xml"),
    Body(b"part", "application/conference-info+xml"),
)


class Watched:
    """A subscription that the agent accepted; `first` is the NOTIFY that followed."""

    def __init__(self, *lines: str, limit: int = 3600) -> None:
        self.peer = Peer()
        self.peer.put(simple("SUBSCRIBE", "Event: conference", *lines))
        self.notifier: Notifier = self.peer.event(SubscribeReceived).usage
        self.notifier.accept(CONTACT, limit, FULL, (), self.peer.now)
        self.peer.drain()
        self.answer: Response = self.peer.response()
        self.first: Request = self.peer.request()

    def reply(self, notify: Request, status: int = 200) -> None:
        self.peer.put(response_to(notify, status, tag="a1"))

    def notify(self, body: Body = PART) -> None:
        self.notifier.notify(body, self.peer.now)
        self.peer.drain()


def state_of(notify: Request) -> SubscriptionState:
    return SubscriptionState.parse(notify.headers.get("Subscription-State") or "")


def test_a_subscription_is_accepted_and_notified_at_once() -> None:
    watched = Watched("Expires: 600")
    assert watched.answer.status == 200
    assert watched.answer.expires == 600
    assert watched.answer.contact == CONTACT
    assert watched.first.method == "NOTIFY"
    assert watched.first.body == b"full"
    assert str(watched.first.event) == "conference"
    assert watched.first.contact == CONTACT
    assert (state_of(watched.first).state, state_of(watched.first).expires) == ("active", 600)
    assert watched.notifier.flow.remote_host == "192.0.2.1"
    assert watched.notifier.identity == "sip:a@a.example"
    watched.notifier.accept(CONTACT, 3600, FULL, (), 0.0)
    watched.peer.drain()
    watched.peer.silent()


def test_the_request_is_there_until_it_is_accepted_and_is_not_kept_for_the_hours_after() -> None:
    peer = Peer()
    peer.put(simple("SUBSCRIBE", "Event: conference", "Expires: 600"))
    notifier = peer.event(SubscribeReceived).usage
    assert notifier.request.method == "SUBSCRIBE"
    notifier.accept(CONTACT, 600, FULL, (), 0.0)
    with pytest.raises(LocalProtocolError):
        _ = notifier.request


def test_nobody_gets_longer_than_we_grant() -> None:
    assert Watched("Expires: 99999").answer.expires == 3600
    assert Watched(limit=1800).answer.expires == 1800


def test_one_notify_at_a_time_and_the_newest_body_next() -> None:
    watched = Watched()
    watched.notify(Body(b"old", "text/plain"))
    watched.notify(PART)
    assert not watched.peer.sent
    watched.peer.put(response_to(watched.first, 100))
    watched.reply(watched.first)
    assert watched.peer.request().body == b"part"
    assert not watched.peer.events


def test_the_user_hears_when_the_next_may_go() -> None:
    watched = Watched()
    watched.reply(watched.first)
    watched.peer.event(NotifierReady)
    watched.notify()
    second = watched.peer.request()
    assert second.cseq.number == watched.first.cseq.number + 1


@pytest.mark.parametrize("status", [404, 408, 481, 489, 503, 604])
def test_a_notify_that_fails_removes_the_subscription(status: int) -> None:
    watched = Watched()
    watched.reply(watched.first, status)
    assert watched.peer.event(NotifierEnded).reason == "failed"
    watched.notify()
    assert watched.peer.is_clean()


def test_another_failure_of_a_notify_does_not() -> None:
    watched = Watched()
    watched.reply(watched.first, 500)
    watched.peer.event(NotifierReady)


def test_a_notify_that_nobody_answers_removes_the_subscription() -> None:
    watched = Watched()
    watched.peer.pass_time(32)
    assert watched.peer.event(NotifierEnded).reason == "failed"
    assert watched.peer.is_clean()


def test_a_refresh_is_answered_with_the_full_state() -> None:
    watched = Watched("Expires: 600")
    watched.reply(watched.first)
    watched.peer.event(NotifierReady)
    watched.peer.pass_time(500)
    refresh = watched.peer.inside("SUBSCRIBE", watched.answer, 2, "Event: conference", "Expires: 600")
    watched.peer.put(refresh)
    watched.peer.event(SubscriptionRefreshed)
    again = watched.peer.inside("SUBSCRIBE", watched.answer, 3, "Event: conference")
    assert watched.peer.ask(again).status == 500
    watched.notifier.refreshed(FULL, watched.peer.now)
    watched.notifier.refreshed(FULL, watched.peer.now)
    watched.peer.drain()
    assert watched.peer.response().expires == 600
    notify = watched.peer.request()
    assert state_of(notify).expires == 600
    watched.reply(notify)
    watched.peer.events.clear()
    watched.peer.pass_time(1099)
    watched.peer.silent()
    watched.peer.pass_time(1100)
    last = watched.peer.request()
    assert state_of(last).reason == "timeout"
    watched.reply(last)
    assert watched.peer.event(NotifierEnded).reason == "timeout"
    assert watched.peer.is_clean()


def test_a_refresh_that_comes_after_the_end_is_481() -> None:
    watched = Watched()
    watched.reply(watched.first)
    refresh = watched.peer.inside("SUBSCRIBE", watched.answer, 2, "Event: conference")
    watched.peer.put(refresh)
    watched.notifier.terminate("noresource", FULL, watched.peer.now)
    watched.notifier.refreshed(FULL, watched.peer.now)
    watched.peer.drain()
    assert state_of(watched.peer.request()).reason == "noresource"
    assert watched.peer.response().status == 481
    late = watched.peer.inside("SUBSCRIBE", watched.answer, 3, "Event: conference")
    assert watched.peer.ask(late).status == 481


def test_expires_zero_gives_one_full_notify() -> None:
    watched = Watched("Expires: 0")
    assert watched.answer.expires == 0
    assert watched.first.body == b"full"
    assert state_of(watched.first).reason == "timeout"
    watched.reply(watched.first)
    assert watched.peer.event(NotifierEnded).reason == "timeout"
    assert watched.peer.is_clean()


def test_leaving_gives_a_last_full_notify() -> None:
    watched = Watched()
    watched.reply(watched.first)
    watched.peer.event(NotifierReady)
    watched.peer.put(watched.peer.inside("SUBSCRIBE", watched.answer, 2, "Event: conference", "Expires: 0"))
    watched.peer.event(SubscriptionRefreshed)
    watched.notifier.refreshed(FULL, watched.peer.now)
    watched.peer.drain()
    assert watched.peer.response().status == 200
    assert state_of(watched.peer.request()).is_terminated


def test_the_last_notify_waits_for_the_one_on_its_way() -> None:
    watched = Watched()
    watched.notifier.terminate("noresource", FULL, watched.peer.now)
    watched.notifier.terminate("noresource", FULL, watched.peer.now)
    watched.peer.drain()
    assert not watched.peer.sent
    watched.reply(watched.first)
    last = watched.peer.request()
    assert state_of(last).reason == "noresource"
    watched.reply(last)
    assert watched.peer.event(NotifierEnded).reason == "noresource"
    watched.notifier.tick(99999.0)
    assert watched.peer.is_clean()


def test_an_answer_that_comes_after_the_end_changes_nothing() -> None:
    watched = Watched()
    watched.notify()
    watched.reply(watched.first, 481)
    watched.peer.event(NotifierEnded)
    watched.reply(watched.first)
    watched.peer.silent()


def test_a_refused_subscription_leaves_nothing() -> None:
    peer = Peer()
    peer.put(simple("SUBSCRIBE", "Event: conference"))
    notifier = peer.event(SubscribeReceived).usage
    notifier.reject(Rejection(404), peer.now)
    notifier.reject(Rejection(500), peer.now)
    notifier.accept(CONTACT, 60, FULL, (), peer.now)
    peer.drain()
    assert peer.response().status == 404
    peer.silent()
    assert peer.is_clean()


def test_another_event_in_the_same_dialog_is_another_subscription() -> None:
    watched = Watched()
    watched.peer.put(
        watched.peer.inside(
            "SUBSCRIBE", watched.answer, 2, "Event: conference;id=7", "Contact: <sip:a@192.0.2.1>"
        )
    )
    second = watched.peer.event(SubscribeReceived).usage
    second.accept(CONTACT, 60, FULL, (), watched.peer.now)
    watched.peer.drain()
    assert watched.peer.response().to.tag == watched.answer.to.tag
    assert str(watched.peer.request().event) == "conference;id=7"
    assert len(watched.peer.agent.stack.dialogs) == 1
    watched.notifier.terminate("noresource", FULL, watched.peer.now)
    watched.reply(watched.first)
    assert len(watched.peer.agent.stack.dialogs) == 1
