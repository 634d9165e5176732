"""The participants of msrp_switch.py, in a process of their own: SIP only to get in, then MSRP by bare sockets.

Reads orders from standard input, a line each, and answers each with a line of JSON:
    join ROOMS EACH     that many rooms with that many participants each: INVITE, MSRP, SUBSCRIBE
    bind COUNT          MSRP only (for the yardstick, which has no SIP)
    burst SIZE ROUNDS   somebody of the first room says SIZE things at once, waits for all copies; ROUNDS times
    pace RATE SECONDS   one at a time, RATE messages a second: the delays of the copies
    leave               BYE, everybody
"""

import json
import re
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable

FRAME = re.compile(
    rb"MSRP (\S+) (?:SEND\r\nTo-Path: ([^\r]+)\r\nFrom-Path: ([^\r]+)\r\n|200).*?-------\1\$\r\n", re.DOTALL
)
LENGTH = re.compile(rb"\r\n(?:Content-Length|l) *: *(\d+)", re.IGNORECASE)
COPIED = (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
CONTENT = (
    "From: <sip:{user}@sip.example>\r\nTo: <sip:r0@conference.example>\r\n\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nKettle on"
)


class Sip:
    """One stream for everybody's signalling; a thread answers the server's requests."""

    def __init__(self, port: int) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port))
        # without it a request that follows an ACK waits 40 ms for the server's TCP
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = "{}:{}".format(*self.stream.getsockname())
        self.answers: dict[bytes, bytes] = {}
        self.news = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        rest = b""
        while data := self.stream.recv(1 << 20):
            rest += data
            while (end := rest.find(b"\r\n\r\n")) >= 0:
                found = LENGTH.search(rest, 0, end + 4)
                size = end + 4 + (int(found[1]) if found else 0)
                if len(rest) < size:
                    break
                self.take(rest[:size])
                rest = rest[size:]

    def take(self, message: bytes) -> None:
        head = message.partition(b"\r\n\r\n")[0]
        lines = head.split(b"\r\n")
        if lines[0].startswith(b"SIP/2.0 "):
            if not lines[0].startswith(b"SIP/2.0 1"):
                with self.news:
                    self.answers[header(head, b"Call-ID") + header(head, b"CSeq")] = message
                    self.news.notify()
            return
        if not lines[0].startswith(b"ACK"):
            copied = [line for line in lines if line.partition(b":")[0] in COPIED]
            self.stream.sendall(b"\r\n".join([b"SIP/2.0 200 OK", *copied, b"Content-Length: 0", b"", b""]))

    def ask(self, lines: list[str], body: str = "") -> bytes:
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        self.stream.sendall(text.encode())
        values = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        key = (values["Call-ID"] + values["CSeq"]).encode()
        with self.news:
            assert self.news.wait_for(lambda: key in self.answers, 60), f"no answer to {text}"
            return self.answers.pop(key)


def header(head: bytes, name: bytes) -> bytes:
    found = re.search(rb"\r\n" + name + rb": ([^\r\n]*)", head, re.IGNORECASE)
    return found[1] if found else b""


class Participant:
    """One user in one room."""

    def __init__(self, number: int, room: int, sip: Sip | None) -> None:
        self.name, self.room, self.sip = f"u{number}", f"sip:r{room}@conference.example", sip
        self.path = f"msrp://127.0.0.1:9/p{number};tcp"
        self.remote = f"msrp://127.0.0.1:2855/all{number};tcp"
        self.serial = 0

    def lines(self, method: str, target: str, number: int, to: str) -> list[str]:
        assert self.sip
        where = f"<sip:{self.name}@{self.sip.host};transport=tcp>"
        return [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/TCP {self.sip.host};branch=z9hG4bK{self.name}{method}{number}",
            f"From: <sip:{self.name}@sip.example>;tag=f{self.name}",
            f"To: {to}",
            f"Call-ID: call-{self.name}",
            f"CSeq: {number} {method}",
            f"Contact: {where}",
            "Max-Forwards: 70",
        ]

    def call(self, *, secure: bool) -> None:
        assert self.sip
        scheme, transport = ("msrps", "TCP/TLS/MSRP") if secure else ("msrp", "TCP/MSRP")
        self.path = self.path.replace("msrp:", scheme + ":")
        body = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=message 9 {transport} *\r\na=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\n"
            f"a=path:{self.path}\r\na=setup:active\r\na=chatroom:nickname private-messages\r\n"
        )
        lines = [*self.lines("INVITE", self.room, 1, f"<{self.room}>"), "Content-Type: application/sdp"]
        answer = self.sip.ask(lines, body)
        head, _, sdp = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"SIP/2.0 200"), answer.decode()
        self.to = header(head, b"To").decode()
        self.target = header(head, b"Contact").decode().partition("<")[2].partition(">")[0]
        ack = "\r\n".join([*self.lines("ACK", self.target, 1, self.to), "Content-Length: 0", "", ""])
        self.sip.stream.sendall(ack.encode())
        found = re.search(rb"\r\na=path:([^\r]+)", sdp)
        assert found
        self.remote = found[1].decode()

    def subscribe(self, seconds: int) -> None:
        assert self.sip
        number = 2 if seconds else 3
        lines = self.lines("SUBSCRIBE", self.target, number, self.to)
        assert self.sip.ask([*lines, "Event: conference", f"Expires: {seconds}"]).startswith(b"SIP/2.0 20")

    def leave(self) -> None:
        assert self.sip
        assert self.sip.ask(self.lines("BYE", self.target, 4, self.to)).startswith(b"SIP/2.0 200")

    def connect(self, port: int, tls: ssl.SSLContext | None) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            connection = tls.wrap_socket(connection)
        tid = f"bind{self.name}"
        connection.sendall(
            f"MSRP {tid} SEND\r\nTo-Path: {self.remote}\r\nFrom-Path: {self.path}\r\n"
            f"Message-ID: b\r\n-------{tid}$\r\n".encode()
        )
        return connection

    def said(self, count: int) -> bytes:
        """Return that many messages, in a row."""
        content = CONTENT.format(user=self.name)
        size, frames = len(content), []
        for _ in range(count):
            self.serial += 1
            tid = f"{self.name}say{self.serial}"
            frames.append(
                f"MSRP {tid} SEND\r\nTo-Path: {self.remote}\r\nFrom-Path: {self.path}\r\n"
                f"Message-ID: m{tid}\r\nByte-Range: 1-{size}/{size}\r\nContent-Type: message/cpim\r\n\r\n"
                f"{content}\r\n-------{tid}$\r\n"
            )
        return "".join(frames).encode()


class Load:
    """Everybody. `fresh` are the moments of arrival since they were last taken."""

    def __init__(self, sip_port: int, msrp_port: int, tls: ssl.SSLContext | None) -> None:
        self.sip = Sip(sip_port) if sip_port else None
        self.msrp_port, self.tls = msrp_port, tls
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.rests: dict[int, bytes] = {}
        self.everybody: list[Participant] = []
        self.size = 0
        self.copies = self.oks = 0

    def join(self, rooms: int, each: int) -> dict[str, float]:
        self.size = each
        begun = time.perf_counter()
        first = len(self.everybody) // each
        for room in range(first, first + rooms):
            newcomers = [Participant(room * each + number, room, self.sip) for number in range(each)]
            for somebody in newcomers:
                somebody.call(secure=self.tls is not None)
                self.everybody.append(somebody)
                self.open(somebody)
                self.until(lambda: self.oks >= 1)
                self.oks -= 1
            # Last, so that not everybody is told of everybody, one by one: this is no bench of rosters.
            for somebody in newcomers:
                somebody.subscribe(3600)
                self.until(lambda: not self.step(0))
        self.settle()
        return {"seconds": time.perf_counter() - begun}

    def bind(self, count: int) -> dict[str, float]:
        self.size = count
        for number in range(len(self.everybody), len(self.everybody) + count):
            somebody = Participant(number, 0, None)
            self.everybody.append(somebody)
            self.open(somebody)
            self.until(lambda: self.oks >= 1)
            self.oks -= 1
        return {}

    def open(self, somebody: Participant) -> None:
        connection = somebody.connect(self.msrp_port, self.tls)
        connection.settimeout(0)
        self.poll.register(connection, select.EPOLLIN)
        self.sockets[connection.fileno()], self.rests[connection.fileno()] = connection, b""

    def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            assert self.step(30.0), "nothing came for 30 seconds"

    def settle(self) -> None:
        while self.step(0.5):
            pass
        self.copies = self.oks = 0

    def step(self, patience: float) -> bool:
        """Take what is there; False when that was nothing."""
        ready = self.poll.poll(patience)
        for number, _ in ready:
            try:
                data = self.sockets[number].recv(1 << 18)
            except ssl.SSLWantReadError:
                continue
            if not data:
                self.poll.unregister(number)
                self.sockets.pop(number).close()
                continue
            self.take(number, self.rests[number] + data)
        return bool(ready)

    def take(self, number: int, data: bytes) -> None:
        end, answers = 0, []
        for match in FRAME.finditer(data):
            mine, to, sender = match.groups()
            end = match.end()
            if to is None:
                self.oks += 1
                continue
            self.copies += 1
            answers.append(
                b"MSRP %b 200 OK\r\nTo-Path: %b\r\nFrom-Path: %b\r\n-------%b$\r\n" % (mine, sender, to, mine)
            )
        self.rests[number] = data[end:]
        if answers:
            self.sockets[number].sendall(b"".join(answers))

    def burst(self, size: int, rounds: int) -> dict[str, float]:
        self.copies = self.oks = 0
        sockets = list(self.sockets.values())
        begun = time.perf_counter()
        for round_ in range(rounds):
            who = round_ % self.size
            sockets[who].sendall(self.everybody[who].said(size))
            wanted = size * (self.size - 1)
            self.until(lambda: self.copies >= wanted and self.oks >= size)  # noqa: B023 -- ends in this round
            self.copies -= wanted
            self.oks -= size
        return {"seconds": time.perf_counter() - begun, "copies": rounds * size * (self.size - 1)}

    def pace(self, rate: float, seconds: float) -> dict[str, float]:
        """Messages a second; the delay of a message's last copy, from before it was written."""
        sockets, delays = list(self.sockets.values()), []
        due = time.perf_counter()
        self.copies = self.oks = 0
        for number in range(int(rate * seconds)):
            while (left := due - time.perf_counter()) > 0:
                self.step(min(left, 0.001))
            due += 1 / rate
            begun, who = time.perf_counter(), number % self.size
            sockets[who].sendall(self.everybody[who].said(1))
            for copies in range(self.size - 1):
                self.until(lambda: self.copies > copies)  # noqa: B023 -- ends here
                delays.append(time.perf_counter() - begun)
            self.copies -= self.size - 1
        delays.sort()
        return {
            "p50_ms": round(delays[len(delays) // 2] * 1e3, 2),
            "p99_ms": round(delays[len(delays) * 99 // 100] * 1e3, 2),
        }

    def leave(self) -> dict[str, float]:
        if self.sip is None:
            for connection in self.sockets.values():
                connection.close()
            self.sockets.clear()
            return {}
        for somebody in self.everybody:
            somebody.subscribe(0)
        for somebody in self.everybody:
            somebody.leave()
            while self.step(0):
                pass
        self.everybody.clear()
        return {}


def main() -> None:
    sip_port, msrp_port, secure = (int(each) for each in sys.argv[1:])
    tls = None
    if secure:
        tls = ssl.create_default_context()
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    load = Load(sip_port, msrp_port, tls)
    for line in sys.stdin:
        order, *numbers = line.split()
        obey: dict[str, Callable[..., dict[str, float]]] = {
            "join": load.join,
            "bind": load.bind,
            "burst": load.burst,
            "leave": load.leave,
        }
        if order == "pace":
            found = load.pace(*(float(each) for each in numbers))
        else:
            found = obey[order](*(int(each) for each in numbers))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
