"""A peer made of nothing but messages: puts requests into a pure user agent and reads what comes out."""

from dataclasses import dataclass, field
from typing import TypeVar

from crossroom.machine import Deliver, Send
from crossroom.net.ids import SeededIds
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Policy, admit_all
from crossroom.sip.agent import UserAgent
from crossroom.sip.events import Event
from crossroom.sip.hop import TCP, UDP, Flow, Hop, SentBy
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import AgentSettings
from crossroom.sip.stack import Output, Resolve
from crossroom.sip.transaction_layer import Transmission
from sip_messages import request

EventT = TypeVar("EventT")
CONTACT = NameAddr.parse("<sip:tea@192.0.2.2;transport=udp>;isfocus")
FROM_UDP = Flow(UDP, "192.0.2.1", 5060, "192.0.2.2", 5060)
FROM_TCP = Flow(TCP, "192.0.2.1", 40000, "192.0.2.2", 5060, 7)


@dataclass
class Peer:
    """The other side of one user agent, with the time in its hand."""

    settings: AgentSettings = field(default_factory=AgentSettings)
    policy: Policy = admit_all
    flow: Flow = FROM_UDP
    now: float = 0.0

    def __post_init__(self) -> None:
        self.agent = UserAgent(self.settings, SeededIds(1), self.policy)
        self.agent.stack.hosts[UDP] = SentBy("192.0.2.2", 5060)
        self.agent.stack.hosts[TCP] = SentBy("192.0.2.2", 5060)
        self.sent: list[Transmission] = []
        self.events: list[Event] = []
        self.asked: list[Resolve] = []
        self._branch = 0

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(message=transmission):
                    self.sent.append(transmission)
                case Deliver(event=event):
                    self.events.append(event)
                case Resolve():
                    self.asked.append(output)

    def put(self, message: Request | Response) -> None:
        """Deliver a message to the agent."""
        self.take(self.agent.receive(message, self.flow, self.now))

    def drain(self) -> None:
        """Take what a direct call into a usage wants done."""
        self.take(self.agent.drain())

    def ask(self, message: Request) -> Response:
        """Deliver a request and take its answer."""
        self.put(message)
        return self.response()

    def pass_time(self, until: float) -> None:
        """Let timers fire up to this moment."""
        while (due := self.agent.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.take(self.agent.tick(self.now))
        self.now = until

    def resolve(self, *hops: Hop) -> None:
        """Answer the oldest question for addresses."""
        question = self.asked.pop(0)
        self.take(self.agent.resolved(question.asker, list(hops), self.now))

    def fail(self, transmission: Transmission) -> None:
        """Say that this could not be sent."""
        self.take(self.agent.send_failed(transmission.sender, self.now))

    def response(self) -> Response:
        """The next thing sent is a response."""
        message = self.sent.pop(0).message
        assert isinstance(message, Response), message
        return message

    def request(self) -> Request:
        """The next thing sent is a request."""
        message = self.sent.pop(0).message
        assert isinstance(message, Request), message
        return message

    def event(self, kind: type[EventT]) -> EventT:
        """The next event is of this kind."""
        event = self.events.pop(0)
        assert isinstance(event, kind), event
        return event

    def silent(self) -> None:
        """Nothing was sent and nothing happened."""
        assert not self.sent
        assert not self.events

    def next_branch(self) -> str:
        self._branch += 1
        return f"z9hG4bKb{self._branch}"

    def is_clean(self) -> bool:
        """Whether nothing is left once all timers have run out."""
        self.pass_time(self.now + 100_000)
        stack = self.agent.stack
        return not (
            stack.dialogs or stack.waiting or stack.calls or len(stack.transactions) or len(stack.agenda)
        )

    def inside(self, method: str, answer: Response, cseq: int, *lines: str, body: bytes = b"") -> Request:
        """A request of the peer in the dialog that this answer to its own request made."""
        to = answer.headers.get("To")
        head = f"""{method} sip:tea@192.0.2.2 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch={self.next_branch()}
            Max-Forwards: 70
            From: <sip:a@a.example>;tag=a1
            To: {to}
            Call-ID: {answer.call_id}
            CSeq: {cseq} {method}"""
        return request("\n".join((head, *lines)), body)

    def back(
        self, method: str, ours: Request, cseq: int, *lines: str, body: bytes = b"", tag: str = "p1"
    ) -> Request:
        """A request of the peer in the dialog that the agent's own request made."""
        head = f"""{method} sip:tea@192.0.2.2 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch={self.next_branch()}
            Max-Forwards: 70
            From: {ours.to.without_tag()};tag={tag}
            To: {ours.headers.get("From")}
            Call-ID: {ours.call_id}
            CSeq: {cseq} {method}
            Contact: <sip:peer@192.0.2.1:5060>"""
        return request("\n".join((head, *lines)), body)


class LostPeer(Peer):
    """A peer whose names lead nowhere: each question for addresses is answered at once, with none."""

    def take(self, outputs: list[Output]) -> None:
        super().take(outputs)
        while self.asked:
            self.resolve()
