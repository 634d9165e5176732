"""The least that answers SIP: a loop that copies what an answer must copy. The yardstick of sip_calls.py.

Run: python bench/floor/sip_echo.py; prints its ports of UDP and TCP, ends with its standard input. It reads no header,
keeps no transaction, no dialog, no timer and no room, repeats nothing and refuses nothing.
"""

import asyncio
import os
import re

import uvloop

COPIED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq):[^\r]*\r\n", re.MULTILINE)
LENGTH = re.compile(rb"\r\nContent-Length: (\d+)")
BODY = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n"
    + 200 * b"x"
)


def answer(message: bytes) -> bytes:
    if message.startswith((b"ACK", b"SIP/2.0")):
        return b""
    body = BODY if message.startswith(b"INVITE") else b""
    lines = b"".join(COPIED.findall(message)).replace(b">\r\nCall-ID", b">;tag=echo\r\nCall-ID")
    contact = b"Contact: <sip:echo@127.0.0.1>\r\n"
    return b"SIP/2.0 200 OK\r\n%s%sContent-Length: %d\r\n\r\n%s" % (lines, contact, len(body), body)


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what asyncio gives
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if said := answer(data):
            self.transport.sendto(said, addr)


class Stream(asyncio.Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as above
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self.rest, 0, end + 2)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self.rest) < size:
                return
            if said := answer(self.rest[:size]):
                self.transport.write(said)
            self.rest = self.rest[size:]


async def main() -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    udp, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
    tcp = await loop.create_server(Stream, "127.0.0.1", 0)
    print(udp.get_extra_info("sockname")[1], tcp.sockets[0].getsockname()[1], flush=True)
    loop.add_reader(0, lambda: None if os.read(0, 1) else ended.set())
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(main())
