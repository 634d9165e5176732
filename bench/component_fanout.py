"""What one groupchat message costs per XMPP occupant when all are behind one component stream, against a bare socket.

Run: python bench/component_fanout.py [--json]. The XMPP server with its users is a process of its own, so that only
this side's CPU is counted. The bare socket writes the same octets to the same process; watch the ratio.
"""

import asyncio
import hashlib
import json
import multiprocessing
import socket
import sys
import time
from multiprocessing.connection import Connection

import structlog
import uvloop

from crossroom.config.schema import Component, Configuration, Domain, Limits, Msrp, Sip, Xmpp
from crossroom.server import Crossroom

DOMAIN, SECRET = "conference.example", "bench"
SIZES = (10, 100, 1000)
DELIVERIES = 50_000  # per measurement
END = b"</message>"
Cost = tuple[float, float]
"""CPU seconds, and seconds on the clock."""
BODY = "Is the kettle on? I would like a cup of tea."


class Server:
    """The far end of the stream: accepts the component, has N users, asks for posts and counts their copies."""

    def __init__(self, stream: socket.socket, occupants: int) -> None:
        self.stream = stream
        self.occupants = occupants
        self.pending = b""

    def until(self, mark: bytes, times: int = 1) -> None:
        """Read until the mark came so many times."""
        while True:
            found = self.pending.count(mark)
            if found >= times:
                self.pending = self.pending[self.pending.rindex(mark) + len(mark) :]
                return
            times -= found
            tail = len(mark) - 1
            self.pending = (
                self.pending[-tail:] if found == 0 else self.pending[self.pending.rindex(mark) + len(mark) :]
            )
            data = self.stream.recv(1 << 20)
            if not data:
                raise ConnectionError("the component hung up")
            self.pending += data

    def accept_component(self) -> None:
        """XEP-0114, believing the digest."""
        self.until(b">")
        header = (
            "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'"
        )
        self.stream.sendall(f"<?xml version='1.0'?>{header} from='{DOMAIN}' id='bench'>".encode())
        self.until(hashlib.sha1(f"bench{SECRET}".encode()).hexdigest().encode())
        self.stream.sendall(b"<handshake/>")

    def let_everybody_in(self) -> None:
        """Each one is in the room when the own presence has come."""
        x = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>"
        form = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>"
        for number in range(self.occupants):
            user, to = f"u{number}@users.example/bench", f"bench@{DOMAIN}"
            self.stream.sendall(f"<presence from='{user}' to='{to}/u{number}'>{x}</presence>".encode())
            self.until(b"<subject/>" if number else b"</message>")
            if not number:
                self.stream.sendall(f"<iq type='set' id='f' from='{user}' to='{to}'>{form}</iq>".encode())
                self.until(b"id='f'")

    def post(self, number: int) -> None:
        """Say something, and wait for every copy."""
        stanza = f"<message type='groupchat' id='m{number}' from='u0@users.example/bench' to='bench@{DOMAIN}'><body>{BODY}</body></message>"
        self.stream.sendall(stanza.encode())
        self.until(END, self.occupants)


def play_server(
    listener: socket.socket, occupants: int, rounds: int, pipe: Connection, *, bare: bool
) -> None:
    """The other process."""
    stream, _ = listener.accept()
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = Server(stream, occupants)
    if not bare:
        server.accept_component()
        server.let_everybody_in()
    pipe.send("ready")
    pipe.recv()
    for number in range(rounds):
        server.post(number)
    pipe.send("done")
    pipe.recv()
    stream.close()


async def through_crossroom(port: int, pipe: Connection) -> Cost:
    """What the whole product spends on the posts."""
    configuration = Configuration(
        domains=[Domain(DOMAIN)],
        sip=Sip(listen=["udp://127.0.0.1:0"]),
        msrp=Msrp(listen=["tcp://127.0.0.1:0"]),
        xmpp=Xmpp(component=[Component(f"tcp://127.0.0.1:{port}", DOMAIN, secret=SECRET)]),
        limits=Limits(occupant_rate=1e9, occupant_burst=10**9),
    )
    log = structlog.wrap_logger(
        structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50)
    )
    server = Crossroom(configuration, log)
    await server.start()
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, pipe.recv)
    began, started = time.monotonic(), time.process_time()
    pipe.send("go")
    await loop.run_in_executor(None, pipe.recv)
    spent = time.process_time() - started, time.monotonic() - began
    pipe.send("end")
    await server.stop()
    return spent


async def through_bare_socket(port: int, pipe: Connection, rounds: int, occupants: int) -> Cost:
    """What it takes to read a stanza and write its copies, ready-made, one write for each."""
    copy = (
        f"<message from='bench@{DOMAIN}/u0' to='u000@users.example/bench' type='groupchat' id='m0000'>"
        f"<body>{BODY}</body><stanza-id xmlns='urn:xmpp:sid:0' by='bench@{DOMAIN}' id='00000000000000000000'/>"
        f"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{'0' * 43}'/></message>"
    ).encode()
    stream = socket.create_connection(("127.0.0.1", port))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pipe.recv()
    began, started = time.monotonic(), time.process_time()
    pipe.send("go")
    for _ in range(rounds):
        data = b""
        while END not in data:
            data += stream.recv(65536)
        for _ in range(occupants):
            stream.sendall(copy)
    pipe.recv()
    spent = time.process_time() - started, time.monotonic() - began
    pipe.send("end")
    stream.close()
    return spent


def measure(occupants: int, *, bare: bool) -> tuple[float, float]:
    """(CPU microseconds per delivery, deliveries per second)."""
    rounds = max(DELIVERIES // occupants, 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(
            target=play_server, args=(listener, occupants, rounds, theirs), kwargs={"bare": bare}
        )
        child.start()
        if bare:
            cost = asyncio.run(through_bare_socket(port, ours, rounds, occupants))
        else:
            cost = uvloop.run(through_crossroom(port, ours))
        child.join()
    spent, took = cost
    return spent / (rounds * occupants) * 1e6, rounds * occupants / took


def main() -> None:
    """Print a table, or JSON."""
    rows = []
    for occupants in SIZES:
        (ours, rate), (floor, _) = measure(occupants, bare=False), measure(occupants, bare=True)
        rows.append(
            {"occupants": occupants, "us": ours, "floor_us": floor, "ratio": ours / floor, "per_second": rate}
        )
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=2))
        return
    print("occupants   CPU µs/delivery   bare socket   ratio   deliveries/s")
    for row in rows:
        print(
            "{occupants:9}   {us:15.2f}   {floor_us:11.2f}   {ratio:5.1f}   {per_second:12.0f}".format(**row)
        )


if __name__ == "__main__":
    main()
