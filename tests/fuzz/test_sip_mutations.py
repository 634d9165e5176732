"""Changed messages through the readers, and through a whole user agent: nothing raises, nothing is left."""

from typing import assert_never

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossroom.machine import Malformed
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission, Admit, Challenge
from crossroom.sip.answer import Account, Body, OutgoingCall, OutgoingRefer, OutgoingSubscription, Rejection
from crossroom.sip.events import (
    Event,
    InviteAnswered,
    InviteReceived,
    ReferReceived,
    ReinviteReceived,
    RequestReceived,
    SubscribeReceived,
    SubscriptionRefreshed,
)
from crossroom.sip.hop import Flow
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import BadRequest, Ping, Request, Response, parse_datagram
from crossroom.sip.settings import AgentSettings
from crossroom.sip.stream import Item, Pong, StreamReader, read_frame
from crossroom.sip.uri import SipUri
from sip_messages import response_to
from sip_mutations import mutated
from sip_peer import CONTACT, FROM_TCP, FROM_UDP, LostPeer, Peer

THEM = SipUri("192.0.2.1", user="them", port=5060)
ACCOUNT = Account("user", "secret")
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)  # a sample may be a whole INVITE


def check(item: Item) -> None:
    """An item of a reader, and what it promises."""
    match item:
        case Request() | Response():
            item.read_all()
            assert parse_datagram(bytes(item)) == item
        case BadRequest(answer=answer):
            assert answer is None or isinstance(parse_datagram(bytes(answer)), Response | BadRequest)
        case Ping() | Pong() | Malformed():
            pass
        case _:
            assert_never(item)


@given(octets=mutated())
@settings(max_examples=120, deadline=None, suppress_health_check=SLOW)
def test_any_changed_message_is_a_message_or_refused(octets: bytes) -> None:
    check(parse_datagram(octets))
    check(read_frame(octets))


@given(
    messages=st.lists(mutated(most=2), min_size=1, max_size=3), cuts=st.lists(st.integers(1, 400), min_size=1)
)
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_any_split_of_changed_messages_gives_the_same_items(messages: list[bytes], cuts: list[int]) -> None:
    octets = b"".join(messages)
    whole = StreamReader().receive_data(octets)
    reader = StreamReader()
    items: list[Item] = []
    position = turn = 0
    while position < len(octets):
        step = cuts[turn % len(cuts)]
        items += reader.receive_data(octets[position : position + step])
        position, turn = position + step, turn + 1
    assert items == whole


def challenging(request: Request, flow: Flow, proven: str | None) -> Admission:
    """Digest for everybody."""
    del request, flow
    return Admit(proven) if proven else Challenge(("a.example",), lambda user, realm: f"{user}{realm}")


class User:
    """Answers whatever can be answered, and drives a peer that is given changed messages."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.sessions: list[InviteUsage] = []

    def receive(self, octets: bytes) -> None:
        """As the driver does: a message for the agent, an answer by itself, or nothing."""
        item = parse_datagram(octets)
        if isinstance(item, Request | Response):
            self.peer.put(item)
        self.react()

    def react(self) -> None:
        for _ in range(10):  # an answer may be followed by another event
            events, self.peer.events = self.peer.events, []
            for event in events:
                self.answer(event)
                self.peer.drain()
        for sent in self.peer.sent:
            assert isinstance(parse_datagram(bytes(sent.message)), Request | Response), sent.message

    def hang_up(self) -> None:
        """A call without a session timer stays until somebody ends it."""
        for session in self.sessions:
            session.bye(self.peer.now)
        self.peer.drain()

    def answer(self, event: Event) -> None:
        now = self.peer.now
        match event:
            case InviteReceived(usage=uas):
                uas.ring(180, CONTACT, (), now)
                self.sessions.append(uas.accept(CONTACT, Body(b"v=0"), (), now))
            case ReinviteReceived(usage=session):
                session.answer_reinvite(Body(b"v=0") if session.caller else Rejection(488), now)
            case InviteAnswered(usage=session):
                self.sessions.append(session)
                session.reinvite(Body(b"v=1"), now)
            case SubscribeReceived(usage=notifier):
                notifier.accept(CONTACT, 60, Body(b"state", "text/plain"), (), now)
            case SubscriptionRefreshed(usage=notifier):
                notifier.refreshed(Body(b"state", "text/plain"), now)
            case ReferReceived(usage=receiver):
                receiver.accept(CONTACT, (), now)
                receiver.final(200, "OK", now)
            case RequestReceived(usage=pending):
                pending.respond(200, "", (), Body(), CONTACT, now)
            case _:
                pass


@given(messages=st.lists(mutated(), min_size=1, max_size=6), is_open=st.booleans(), is_stream=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_no_changed_request_makes_the_agent_raise_or_keep_anything(
    messages: list[bytes], *, is_open: bool, is_stream: bool
) -> None:
    peer = LostPeer(AgentSettings(session_expires=90), flow=FROM_TCP if is_stream else FROM_UDP)
    if not is_open:
        peer = LostPeer(AgentSettings(session_expires=90), challenging, flow=peer.flow)
    user = User(peer)
    for octets in messages:
        user.receive(octets)
    user.hang_up()
    assert peer.is_clean(), peer.agent.tables()
    user.react()


@given(
    data=st.data(),
    status=st.sampled_from([100, 180, 183, 200, 202, 302, 401, 407, 422, 481, 487, 491, 503, 600]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
def test_no_changed_answer_to_our_own_requests_makes_the_agent_raise_or_keep_anything(
    data: st.DataObject, status: int
) -> None:
    peer = LostPeer(AgentSettings(session_expires=90))
    user = User(peer)
    to = NameAddr(THEM)
    peer.agent.invite(
        OutgoingCall(THEM, CONTACT, to, CONTACT, b"v=0", credentials=ACCOUNT, timeout=30), peer.now
    )
    peer.agent.subscribe(OutgoingSubscription(THEM, CONTACT, to, CONTACT, "conference", expires=60), peer.now)
    peer.agent.refer(OutgoingRefer(THEM, CONTACT, to, CONTACT, to), None, peer.now)
    peer.drain()
    lines = (
        ("Contact", f"<{THEM}>"), ("Expires", "60"), ("Min-SE", "120"), ("RSeq", "1"), ("Retry-After", "5"),
        ("WWW-Authenticate", 'Digest realm="a", nonce="b"'), ("Session-Expires", "120;refresher=uac"),
    )  # fmt: skip
    for _ in range(6):
        asked = [
            sent.message
            for sent in peer.sent
            if isinstance(sent.message, Request) and sent.message.method != "ACK"
        ]
        if not asked:
            break
        request = data.draw(st.sampled_from(asked))
        user.receive(data.draw(mutated(bytes(response_to(request, status, *lines, body=b"v=0")), most=2)))
    user.hang_up()
    assert peer.is_clean(), peer.agent.tables()
    user.react()
