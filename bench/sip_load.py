"""The callers of sip_calls.py, in a process of its own: text and sockets, nothing of the product.

Run: python bench/sip_load.py udp|tcp PORT. Reads orders from standard input, answers each with a line of JSON:
    calls COUNT AT_ONCE     INVITE, 200, ACK, BYE, 200; each caller of the AT_ONCE has a room of its own
    options COUNT AT_ONCE   OPTIONS, 200
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable

import uvloop

LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
FIELD = {
    name: re.compile(rb"\r\n" + name + rb": *([^\r]*)", re.IGNORECASE)
    for name in (b"To", b"Call-ID", b"CSeq")
}
COPIED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq):[^\r]*\r\n", re.MULTILINE | re.IGNORECASE)
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n"
    "a=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\na=path:msrp://127.0.0.1:9/p{0};tcp\r\na=setup:active\r\n"
)


class Wire:
    """One socket for everybody. Answers the server's requests; hands its final answers to who waits."""

    def __init__(self, transport: str, port: int) -> None:
        self.transport, self.port = transport, port
        self.waiting: dict[bytes, Callable[[bytes], None]] = {}
        self._rest = b""

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        if self.transport == "udp":
            opened, _ = await loop.create_datagram_endpoint(
                lambda: Datagrams(self), remote_addr=("127.0.0.1", self.port)
            )
            self.send: Callable[[bytes], None] = opened.sendto
            self.here = "{}:{}".format(*opened.get_extra_info("sockname"))
        else:
            stream, _ = await loop.create_connection(lambda: Stream(self), "127.0.0.1", self.port)
            self.send = stream.write
            self.here = "{}:{}".format(*stream.get_extra_info("sockname"))

    def stream(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self._rest, 0, end + 2)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self._rest) < size:
                return
            self.take(self._rest[:size])
            self._rest = self._rest[size:]

    def take(self, message: bytes) -> None:
        if message.startswith(b"SIP/2.0 1"):
            return
        if message.startswith(b"SIP/2.0 "):
            if waiter := self.waiting.pop(field(message, b"Call-ID") + field(message, b"CSeq"), None):
                waiter(message)
        elif not message.startswith(b"ACK"):
            copied = b"".join(COPIED.findall(message.partition(b"\r\n\r\n")[0] + b"\r\n"))
            self.send(b"SIP/2.0 200 OK\r\n" + copied + b"Content-Length: 0\r\n\r\n")


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        self.wire.take(data)


class Stream(asyncio.Protocol):
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def data_received(self, data: bytes) -> None:
        self.wire.stream(data)


def field(message: bytes, name: bytes) -> bytes:
    found = FIELD[name].search(message)
    return found[1] if found else b""


class Caller:
    """One user in one room."""

    serial = 0

    def __init__(self, wire: Wire, room: int) -> None:
        Caller.serial += 1
        self.wire, self.name, self.room = (
            wire,
            f"{wire.transport}{Caller.serial}",
            f"sip:r{room}@conference.example",
        )
        self.to, self.number = f"<{self.room}>", 0

    async def call(self) -> None:
        answer = await self.ask(
            "INVITE", self.to, "Content-Type: application/sdp\r\n", OFFER.format(self.name)
        )
        self.to = field(answer, b"To").decode()
        self.wire.send(self.text("ACK", self.to))

    async def bye(self) -> None:
        await self.ask("BYE", self.to)

    async def options(self) -> None:
        self.room = "sip:conference.example"
        await self.ask("OPTIONS", f"<{self.room}>", call="o")

    async def ask(self, method: str, to: str, lines: str = "", body: str = "", call: str = "c") -> bytes:
        self.number += 1
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.wire.waiting[f"{call}{self.name}{self.number} {method}".encode()] = answered.set_result
        self.wire.send(self.text(method, to, lines, body, call))
        answer = await asyncio.wait_for(answered, 30)
        assert answer.startswith(b"SIP/2.0 2"), answer.decode()
        return answer

    def text(self, method: str, to: str, lines: str = "", body: str = "", call: str = "c") -> bytes:
        transport = self.wire.transport
        return (
            f"{method} {self.room} SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport.upper()} {self.wire.here};branch=z9hG4bK{call}{self.name}{method}{self.number};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.name}@sip.example>;tag=f{call}{self.name}\r\nTo: {to}\r\n"
            f"Call-ID: {call}{self.name}\r\nCSeq: {self.number} {method}\r\n"
            f"Contact: <sip:{self.name}@{self.wire.here};transport={transport}>\r\n"
            f"{lines}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class Load:
    """Everybody, and the orders."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def calls(self, count: int, at_once: int) -> None:
        async def slot(room: int) -> None:
            for _ in range(count // at_once):
                caller = Caller(self.wire, room)
                await caller.call()
                await caller.bye()

        await asyncio.gather(*[slot(room) for room in range(at_once)])

    async def options(self, count: int, at_once: int) -> None:
        async def slot(room: int) -> None:
            caller = Caller(self.wire, room)
            for _ in range(count // at_once):
                await caller.options()

        await asyncio.gather(*[slot(room) for room in range(at_once)])


async def main() -> None:
    wire = Wire(sys.argv[1], int(sys.argv[2]))
    await wire.open()
    load, loop = Load(wire), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order, *numbers = line.split()
        begun = time.perf_counter()
        await getattr(load, order)(*map(int, numbers))
        print(json.dumps({"seconds": time.perf_counter() - begun}), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
