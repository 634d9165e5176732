"""Our own subscriptions. RFC 6665 §4.1."""

from collections.abc import Callable

import pytest

from crossroom.machine import ParseError
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Account, OutgoingSubscription
from crossroom.sip.auth import DigestChallenge
from crossroom.sip.events import NotifyReceived, SubscriberActive, SubscriberEnded
from crossroom.sip.message import Request
from crossroom.sip.subscriber import Subscriber
from crossroom.sip.uri import SipUri
from sip_messages import response_to
from sip_peer import FROM_TCP, Peer

TARGET = SipUri.parse("sip:tea@192.0.2.1")
ANA = NameAddr.parse("<sip:ana@sip.example>")
HERE = NameAddr.parse("<sip:ana@192.0.2.2>")
PEER = ("Contact", "<sip:peer@192.0.2.1>")
ACTIVE = ("Event: conference", "Subscription-State: active;expires=600")


class Watching:
    """A SUBSCRIBE of ours that was sent."""

    def __init__(self, event: str = "conference", account: Account | None = None, expires: int = 600) -> None:
        self.peer = Peer()
        wanted = OutgoingSubscription(
            TARGET,
            ANA,
            NameAddr(TARGET),
            HERE,
            event,
            ("application/conference-info+xml",),
            expires,
            credentials=account,
        )
        self.subscriber: Subscriber = self.peer.agent.subscribe(wanted, 0.0)
        self.peer.drain()
        self.request: Request = self.peer.request()

    def accept(self, expires: int = 600) -> None:
        self.peer.put(response_to(self.request, 200, PEER, ("Expires", str(expires)), tag="p1"))

    def notify(self, cseq: int, *lines: str, tag: str = "p1") -> int:
        return self.peer.ask(
            self.peer.back("NOTIFY", self.request, cseq, *lines, body=b"state", tag=tag)
        ).status

    def active(self) -> "Watching":
        self.accept()
        self.peer.event(SubscriberActive)
        assert self.notify(1, *ACTIVE) == 200
        assert self.peer.event(NotifyReceived).state == "active"
        return self

    def do(self, action: Callable[[float], None]) -> None:
        action(self.peer.now)
        self.peer.drain()

    def ended(self) -> tuple[str, int]:
        event = self.peer.event(SubscriberEnded)
        return event.reason, event.status


def test_a_subscription_says_what_it_wants_and_takes() -> None:
    watching = Watching()
    assert watching.request.expires == 600
    assert str(watching.request.event) == "conference"
    assert watching.request.headers.get("Accept") == "application/conference-info+xml"
    assert watching.request.contact == HERE


def test_a_subscription_is_refreshed_before_it_ends() -> None:
    watching = Watching().active()
    watching.peer.pass_time(562)
    watching.peer.silent()
    watching.peer.pass_time(563)
    refresh = watching.peer.request()
    assert refresh.method == "SUBSCRIBE"
    assert (refresh.expires, refresh.to.tag, refresh.cseq.number) == (600, "p1", 2)
    assert refresh.headers.get("Accept") == "application/conference-info+xml"
    watching.peer.put(response_to(refresh, 200, PEER, ("Expires", "600")))
    watching.peer.event(SubscriberActive)
    watching.peer.pass_time(1125)
    watching.peer.silent()
    watching.peer.pass_time(1126)
    watching.peer.put(response_to(watching.peer.request(), 500))
    watching.peer.silent()


@pytest.mark.parametrize("status", [481, 503])
def test_a_refresh_that_finds_nothing_ends_the_subscription(status: int) -> None:
    watching = Watching().active()
    watching.do(watching.subscriber.refresh)
    watching.peer.put(response_to(watching.peer.request(), status, tag="p1"))
    assert watching.ended()[1] == status
    assert watching.peer.is_clean()


def test_a_notify_may_come_before_the_answer() -> None:
    watching = Watching()
    assert watching.notify(1, *ACTIVE) == 200
    watching.peer.event(NotifyReceived)
    assert watching.notify(1, *ACTIVE, tag="fork") == 481
    watching.accept()
    watching.peer.event(SubscriberActive)
    assert watching.notify(2, *ACTIVE) == 200
    assert watching.peer.agent.stack.dialogs


def test_a_refused_subscription_tells_its_status() -> None:
    watching = Watching()
    watching.peer.put(response_to(watching.request, 100))
    watching.peer.put(response_to(watching.request, 403))
    assert watching.ended() == ("Forbidden", 403)
    assert watching.notify(1, *ACTIVE) == 481
    assert watching.peer.is_clean()


def test_an_unanswered_subscription_is_408() -> None:
    watching = Watching()
    watching.peer.pass_time(33)
    assert watching.ended()[1] == 408
    assert watching.peer.is_clean()


def test_a_subscription_without_any_notify_is_given_up() -> None:
    watching = Watching()
    watching.accept()
    watching.peer.event(SubscriberActive)
    watching.peer.pass_time(32)
    assert watching.ended() == ("no NOTIFY", 408)
    assert watching.peer.is_clean()


def test_a_terminated_subscription_tells_the_reason() -> None:
    watching = Watching().active()
    last = ("Event: conference", "Subscription-State: terminated;reason=noresource")
    assert watching.notify(2, *last) == 200
    assert watching.peer.event(NotifyReceived).state == "terminated"
    assert watching.ended() == ("noresource", 0)
    assert watching.notify(3, *last) == 481
    assert watching.peer.is_clean()


def test_leaving_waits_for_the_last_notify() -> None:
    watching = Watching().active()
    watching.do(watching.subscriber.unsubscribe)
    leaving = watching.peer.request()
    assert leaving.expires == 0
    watching.peer.put(response_to(leaving, 200, PEER, ("Expires", "0")))
    watching.do(watching.subscriber.refresh)
    watching.do(watching.subscriber.unsubscribe)
    watching.peer.silent()
    assert watching.notify(2, "Event: conference", "Subscription-State: terminated") == 200
    watching.peer.event(NotifyReceived)
    assert watching.ended() == ("terminated", 0)


def test_leaving_ends_without_a_last_notify_too() -> None:
    watching = Watching().active()
    watching.do(watching.subscriber.unsubscribe)
    watching.peer.put(response_to(watching.peer.request(), 200, PEER))
    watching.peer.pass_time(40)
    assert watching.ended() == ("local", 0)


def test_leaving_before_the_answer_is_said_afterwards() -> None:
    watching = Watching()
    watching.do(watching.subscriber.unsubscribe)
    watching.peer.silent()
    watching.accept()
    assert watching.peer.request().expires == 0
    watching.peer.silent()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("Event: conference",), 400),
        (("Event: presence", "Subscription-State: active"), 481),
        (("Event: conference;id=9", "Subscription-State: active"), 200),
    ],
)
def test_a_notify_must_be_for_this_subscription(lines: tuple[str, ...], status: int) -> None:
    watching = Watching().active()
    assert watching.notify(2, *lines) == status


def test_a_challenge_is_answered_before_there_is_a_dialog() -> None:
    watching = Watching(account=Account("ana", "secret"))
    challenge = ("WWW-Authenticate", str(DigestChallenge("sip.example", "n", "SHA-256")))
    watching.peer.put(response_to(watching.request, 401, challenge))
    again = watching.peer.request()
    assert again.cseq.number == 2
    watching.peer.put(response_to(again, 200, PEER, tag="p1"))
    watching.peer.event(SubscriberActive)
    watching.notify(1, *ACTIVE)
    watching.peer.event(NotifyReceived)
    watching.do(watching.subscriber.refresh)
    refresh = watching.peer.request()
    assert refresh.cseq.number == 3
    watching.peer.put(response_to(refresh, 401, challenge))
    assert watching.peer.request().cseq.number == 4


def test_a_subscription_over_a_flow_stays_on_it() -> None:
    peer = Peer(flow=FROM_TCP)
    peer.agent.subscribe(OutgoingSubscription(TARGET, ANA, ANA, HERE, "conference", flow=FROM_TCP), 0.0)
    peer.drain()
    assert peer.sent[0].hop.flow == FROM_TCP


def test_an_event_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ParseError):
        Watching(event="no event;;")
