"""What the user agent keeps for an idle caller: a call, and a subscription in a dialog of its own.

Run: python bench/sip_memory.py [--json]. The agent alone, in virtual time: a caller comes every fifth of a second, and
before each look all transactions have ended, so that only what stays is counted. Resident memory between 100 and 2000
callers, per caller; then everybody leaves, and what is left is compared with that of the first hundred: what the
allocator keeps is in it. The yardstick is the wire text of the two requests that made the dialogs. What the room and
the chat of a caller add is measured by msrp_memory.py.
"""

import gc
import json
import sys
from pathlib import Path

from crossroom.machine import Deliver, Send
from crossroom.net.ids import SeededIds
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import admit_all
from crossroom.sip.agent import UserAgent
from crossroom.sip.answer import Body
from crossroom.sip.events import Event, InviteReceived, SubscribeReceived
from crossroom.sip.hop import TCP, Flow, SentBy
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request, Response, parse_datagram
from crossroom.sip.overload import Rates
from crossroom.sip.settings import AgentSettings
from crossroom.sip.stack import Output

FIRST, ALL = 100, 2000
ROOM = "<sip:tea@conference.example>"
FOCUS = NameAddr.parse("<sip:tea@192.0.2.2;transport=tcp>;isfocus")
FLOW = Flow(TCP, "192.0.2.1", 40000, "192.0.2.2", 5060, 1)
SDP = (
    "v=0\no=- {0} 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=message 9 TCP/MSRP *\n"
    "a=accept-types:message/cpim\na=accept-wrapped-types:*\na=path:msrp://192.0.2.1:9/p{0};tcp\na=setup:active\n"
)
HEAD = """{method} sip:tea@conference.example SIP/2.0
Via: SIP/2.0/TCP 192.0.2.1:40000;branch=z9hG4bK{call}{number}{method}
Max-Forwards: 70
From: "User {number}" <sip:u{number}@sip.example>;tag=f{call}{number}
To: {to}
Call-ID: {call}{number}@192.0.2.1
CSeq: 1 {method}
Contact: <sip:u{number}@192.0.2.1:40000;transport=tcp>
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE
Supported: timer, replaces
User-Agent: Bench
"""


class Agent:
    """The user agent, its clock, and the wire that it sends to."""

    def __init__(self) -> None:
        free = Rates(requests=1e9, burst=10**9)
        self.agent = UserAgent(AgentSettings(rates=free), SeededIds(1), admit_all)
        self.agent.stack.hosts[TCP] = SentBy("192.0.2.2", 5060)
        self.now = 0.0
        self.sent: list[Request | Response] = []
        self.told: list[Event] = []
        self.octets = 0

    def take(self, outputs: list[Output]) -> None:
        self.sent += [output.message.message for output in outputs if isinstance(output, Send)]
        self.told += [output.event for output in outputs if isinstance(output, Deliver)]

    def ask(self, number: int, method: str, *, to: str = ROOM, call: str = "c", more: str = "") -> None:
        head = HEAD.format(method=method, number=number, to=to, call=call)
        octets = (head + more).replace("\n", "\r\n").encode()
        octets += b"" if b"\r\n\r\n" in octets else b"\r\n"
        self.octets += len(octets) if method in {"INVITE", "SUBSCRIBE"} else 0
        message = parse_datagram(octets)
        assert isinstance(message, Request), message
        self.take(self.agent.receive(message, FLOW, self.now))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        while (due := self.agent.deadline()) is not None and due <= self.now:
            self.take(self.agent.tick(due))
        self.sent.clear()
        self.told.clear()

    def join(self, number: int) -> InviteUsage:
        """A call and a subscription, both established."""
        self.ask(number, "INVITE", more="Content-Type: application/sdp\n\n" + SDP.format(number))
        (received,) = self.told
        assert isinstance(received, InviteReceived)
        session = received.usage.accept(FOCUS, Body(SDP.format(number).encode()), (), self.now)
        self.take(self.agent.drain())
        self.ask(number, "ACK", to=self.sent[-1].headers.get("To") or "")
        self.ask(number, "SUBSCRIBE", call="s", more="Event: conference\nExpires: 3600\n")
        subscribed = self.told[-1]
        assert isinstance(subscribed, SubscribeReceived)
        roster = Body(b"<conference-info/>" * 40, "application/conference-info+xml")
        subscribed.usage.accept(FOCUS, 3600, roster, (), self.now)
        self.take(self.agent.drain())
        notify = self.sent[-1]
        assert isinstance(notify, Request)
        self.take(self.agent.receive(Response.answering(notify, 200), FLOW, self.now))
        self.pass_time(0.2)
        return session


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> None:
    bench = Agent()
    sessions = [bench.join(number) for number in range(FIRST)]
    bench.pass_time(100)
    before, octets = resident(), bench.octets
    sessions += [bench.join(number) for number in range(FIRST, ALL)]
    bench.pass_time(100)
    after = resident()
    assert bench.agent.tables()["dialogs"] == 2 * ALL, bench.agent.tables()
    for session in sessions:
        session.bye(bench.now)
    sessions.clear()
    bench.pass_time(7200)  # nobody answers, nobody refreshes
    assert not any(bench.agent.tables()[name] for name in ("dialogs", "transactions", "calls", "waiting"))
    each = (after - before) / (ALL - FIRST)
    row = {
        "callers": ALL,
        "octets_each": round(each),
        "wire_octets_each": round((bench.octets - octets) / (ALL - FIRST)),
        "left_over": round(resident() / before, 2),
    }
    print(json.dumps([row], indent=1) if "--json" in sys.argv else row)


if __name__ == "__main__":
    main()
