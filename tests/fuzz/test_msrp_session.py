"""A session fed with conversations that were broken on the way: it never raises, and answers nobody twice."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crossroom.machine import Deliver, Ended, Malformed, Send
from crossroom.msrp.chunk import MsrpRequest, MsrpResponse, Oversized
from crossroom.msrp.message import Message, SharedBody, Transfer
from crossroom.msrp.reassembly import InboxLimits
from crossroom.msrp.receiving import Output, SessionLimits
from crossroom.msrp.session import Session
from crossroom.msrp.session_events import MessageReceived, NicknameRequested, Result
from crossroom.msrp.stream import StreamLimits, StreamReader
from crossroom.msrp.uri import MsrpUri

US, THEM = "msrp://a:1/x;tcp", "msrp://relay:2/r;tcp msrp://b:2/y;tcp"
SEED = "abcdefghijklmnop"
LIMITS = SessionLimits(
    inbox=InboxLimits(max_message=60, max_partials=3, max_chunks=6, max_runs=3), max_undecided=4
)

TIDS = st.sampled_from(["t001", "t002", "t003", *(f"{SEED}{count:x}" for count in range(1, 12))])
IDS = st.sampled_from(["t001", "t002", "t003", f"{SEED}1", f"{SEED}2", f"{SEED}3"])
IDS = st.sampled_from(["m1", "m2", "m3", f"{SEED}.1", f"{SEED}.2"])
NUMBERS = st.integers(0, 70) | st.just(2**63)
ENDS = NUMBERS.map(str) | st.just("*")
SPANS = st.builds("{}-{}/{}".format, NUMBERS, ENDS, ENDS)
HEADERS = st.one_of(
    IDS.map(lambda it: ("Message-ID", it)),
    SPANS.map(lambda it: ("Byte-Range", it)),
    st.sampled_from(["yes", "no", "partial", "maybe"]).map(lambda it: ("Failure-Report", it)),
    st.sampled_from(["yes", "no"]).map(lambda it: ("Success-Report", it)),
    st.sampled_from(["000 200 OK", "000 413 x", "001 200", "x"]).map(lambda it: ("Status", it)),
    st.sampled_from(['"Ana"', "Ana", '""', '"\\x"', '"']).map(lambda it: ("Use-Nickname", it)),
)
METHODS = st.sampled_from(
    [
        "SEND",
        "SEND",
        "SEND",
        "REPORT",
        "NICKNAME",
        "AUTH",
        "200 OK",
        "200",
        "413",
        "415 no",
        "481",
        "506",
        "999",
    ]
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """One frame with everything in its place, whatever it may mean."""
    tid = draw(TIDS)
    lines = [f"MSRP {tid} {draw(METHODS)}", f"To-Path: {US}", f"From-Path: {THEM}"]
    lines += [f"Message-ID: {draw(IDS)}"] if draw(st.integers(0, 3)) else []
    lines += [f"{name}: {value}" for name, value in draw(st.lists(HEADERS, max_size=3))]
    body = draw(st.none() | st.binary(max_size=30))
    text = "\r\n".join(lines).encode()
    if body is not None:
        text += b"\r\nContent-Type: text/plain\r\n\r\n" + body
    return text + f"\r\n-------{tid}{draw(st.sampled_from('$$$+#'))}\r\n".encode()


@st.composite
def conversations(draw: st.DrawFn) -> bytes:
    """Several frames, with octets lost, doubled and changed here and there."""
    octets = bytearray(b"".join(draw(st.lists(frames(), min_size=1, max_size=12))))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(octets)))
        octets[at : at + draw(st.integers(0, 4))] = draw(
            st.binary(max_size=3) | st.just(octets[at : at + 40])
        )
    return bytes(octets)


class Driver:
    """Does what a driver and its user do, and counts who was answered."""

    def __init__(self, choices: list[int]) -> None:
        self.session = Session(MsrpUri.parse(US), SEED, LIMITS)
        self.session.sending.set_remote((MsrpUri.parse("msrp://b:2/y;tcp"),))
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.handles: list[int] = []
        self.results: Counter[str] = Counter()
        self.has_ended = False
        self._choices = choices

    def choose(self) -> int:
        return self._choices.pop() if self._choices else 0

    def say_something(self) -> None:
        sending = self.session.sending
        sending.bind(0.0)
        sending.set_nickname("Ana", 0.0)
        sending.send_shared(SharedBody("text/plain", b"copy"), 0.0)
        begun = sending.begin(Message(sending.fresh_id(), "text/plain", b"x" * 50, success_report=True))
        assert isinstance(begun, Transfer)
        while not begun.is_done and len(self.results) == 0:
            sending.send_chunk(begun, 20, 0.0)

    def carry_out(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(MsrpResponse() as response):
                    assert bytes(response).startswith(b"MSRP ")
                    self.answered[response.transaction_id] += 1
                case Send(MsrpRequest() as request):
                    assert bytes(request)
                    assert request.method == "REPORT"
                case Deliver(MessageReceived() | NicknameRequested() as event):
                    self.handles.append(event.handle)
                    if (choice := self.choose()) < 3:
                        self.carry_out(self.session.respond(event.handle, (200, 415, 403)[choice]))
                case Deliver(Result() as result):
                    self.results[result.message_id] += 1
                case Ended():
                    self.has_ended = True
                case _:
                    assert isinstance(output, Deliver)

    def receive(self, octets: bytes, cuts: list[int]) -> None:
        reader = StreamReader(StreamLimits(max_body=40))
        edges = [0, *sorted(cuts), len(octets)]
        for begin, end in pairwise(edges):
            for item in reader.receive_data(octets[begin:end]):
                if isinstance(item, Malformed) or self.has_ended:
                    return
                request = item.request if isinstance(item, Oversized) else item
                if not isinstance(request, MsrpResponse):
                    self.asked[request.transaction_id] += 1
                self.carry_out(self.session.receive(item, 1.0))


@given(conversations(), st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3000), max_size=4))
def test_a_broken_conversation_answers_nobody_twice(
    octets: bytes, choices: list[int], cuts: list[int]
) -> None:
    driver = Driver(choices)
    driver.say_something()
    driver.receive(octets, cuts)
    for late in (30.0, 1e6):
        driver.carry_out(driver.session.tick(late))
    for handle in driver.handles:  # too late: each has had its answer
        assert driver.session.respond(handle, 200) == []
    driver.carry_out(driver.session.lost())
    assert driver.answered <= driver.asked
    assert len(set(driver.handles)) == len(driver.handles)
    assert set(driver.results.values()) <= {1}
    assert driver.session.deadline() is None


@given(conversations())
def test_everything_that_was_answered_or_told_of_is_remembered_within_bounds(octets: bytes) -> None:
    driver = Driver([])
    for _ in range(20):
        driver.receive(octets, [])
    assert len(driver.session.seen) <= LIMITS.dedupe_window
    driver.carry_out(driver.session.tick(1e6))
    assert driver.session.deadline() is None
