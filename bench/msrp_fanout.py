"""What one copy of a room message costs the MSRP server, its 200 OK included, against bare sockets.

Run: python bench/msrp_fanout.py [--json]. The recipients are a process of their own, so that only the server's
CPU is counted. The figure to watch is the ratio: the bare sockets write the same octets to the same recipients.
With ten recipients and one message in flight, half of it is the bench itself, asking whether all is answered.
"""

import asyncio
import json
import logging
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from crossroom.msrp.message import SharedBody
from crossroom.msrp.uri import parse_path
from crossroom.net.clock import SystemClock
from crossroom.net.ids import RandomIds
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import (
    EndReason,
    MsrpListen,
    MsrpSettings,
    NicknameRequest,
    ReceivedMessage,
    Report,
)
from crossroom.net.msrp_session import MsrpSession

SIZES = (10, 100, 1000)
DELIVERIES = 60_000  # per measurement
ROUNDS = 3  # the quickest counts: the rest is the machine's other work
BURSTS = (1, 16)  # messages in flight at once
PEER = "msrp://recipient.example:2855/r;tcp"
BODY = (
    b"From: <sip:ana@sip.example>\r\nTo: <sip:tea@conference.example>\r\nDateTime: 2026-02-03T10:11:12.000Z\r\n\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nKettle on"
)
FRAME = re.compile(
    rb"MSRP (\S+) SEND\r\nTo-Path: ([^\r]+)\r\nFrom-Path: ([^\r]+)\r\n.*?-------\1\$\r\n", re.DOTALL
)


class Quiet:
    """A face that nobody talks to."""

    def on_message(self, message: ReceivedMessage) -> int | None:
        raise AssertionError(message.id)

    def on_nickname(self, request: NicknameRequest) -> None:
        raise AssertionError(request.nickname)

    def on_report(self, report: Report) -> None:
        raise AssertionError(report)

    def on_bound(self) -> None:
        return

    def on_congested(self) -> None:
        return

    def on_closed(self, reason: EndReason) -> None:
        assert reason is EndReason.STOPPED, reason


def recipients(port: int, paths: list[str]) -> None:
    """The other process: one socket for each path, every SEND is answered."""
    poll, sockets, rests = select.epoll(), {}, {}
    for number, path in enumerate(paths):
        each = socket.create_connection(("127.0.0.1", port))
        tid = f"bind{number}"
        each.sendall(f"MSRP {tid} SEND\r\nTo-Path: {path}\r\nFrom-Path: {PEER}\r\n-------{tid}$\r\n".encode())
        poll.register(each, select.EPOLLIN)
        sockets[each.fileno()], rests[each.fileno()] = each, b""
    while sockets:
        for number, _ in poll.poll():
            data = sockets[number].recv(1 << 18)
            if not data:
                poll.unregister(number)
                sockets.pop(number).close()
                continue
            data = rests[number] + data
            end, answers = 0, []
            for match in FRAME.finditer(data):
                mine, to, sender = match.groups()
                answers.append(
                    b"MSRP %b 200 OK\r\nTo-Path: %b\r\nFrom-Path: %b\r\n-------%b$\r\n"
                    % (mine, sender, to, mine)
                )
                end = match.end()
            rests[number] = data[end:]
            if answers:
                sockets[number].sendall(b"".join(answers))


def start_recipients(port: int, paths: list[str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, __file__, "--recipients", str(port)], stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write("\n".join(paths).encode())
    process.stdin.close()
    return process


async def measured(size: int, fan_out: Callable[[int], Awaitable[None]], burst: int) -> tuple[float, float]:
    """CPU seconds of this process, and wall-clock seconds, for one delivery."""
    bursts = min(600, max(3, DELIVERIES // (size * burst)))  # each ends with a wait
    await fan_out(burst)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(bursts):
        await fan_out(burst)
    count = bursts * burst * size
    return (time.process_time() - cpu) / count, (time.perf_counter() - wall) / count


async def ours(size: int) -> dict[int, tuple[float, float]]:
    settings = MsrpSettings(listen=(MsrpListen("127.0.0.1", 0),))
    endpoint = MsrpEndpoint(settings, SystemClock(), RandomIds(), structlog.stdlib.get_logger())
    await endpoint.start()
    sessions = [endpoint.open(Quiet()) for _ in range(size)]
    for session in sessions:
        session.expect(parse_path(PEER))
    process = start_recipients(endpoint.listening[0].port, [str(each.local_path[0]) for each in sessions])
    while not all(session.is_bound for session in sessions):  # noqa: ASYNC110 -- nothing to wait for but this
        await asyncio.sleep(0.01)

    async def fan_out(burst: int) -> None:
        for _ in range(burst):
            shared = SharedBody("message/cpim", BODY)
            for session in sessions:
                session.send_shared(shared)
        await answered(sessions)

    found = {burst: min([await measured(size, fan_out, burst) for _ in range(ROUNDS)]) for burst in BURSTS}
    await endpoint.stop()
    process.wait()
    return found


async def answered(sessions: list[MsrpSession]) -> None:
    for session in sessions:
        while len(session.machine.sending.outbox):  # noqa: ASYNC110 -- nobody is told of a success
            await asyncio.sleep(0.002)


async def bare(size: int) -> dict[int, tuple[float, float]]:
    """The same octets by sockets and epoll alone: nothing is read but how much came."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=size)
    path = "msrp://127.0.0.1:2855/c0123456789abcdef0123;tcp"
    process = start_recipients(listener.getsockname()[1], [path] * size)
    accepted = [listener.accept()[0] for _ in range(size)]
    for each in accepted:
        each.recv(4096)
    poll = select.epoll()
    by_number = {each.fileno(): each for each in accepted}
    for each in accepted:
        poll.register(each, select.EPOLLIN)
    shared = SharedBody("message/cpim", BODY)
    seed, end = b"c0123456789abcdef0123", shared.numbered_end
    head = f" SEND\r\nTo-Path: {PEER}\r\nFrom-Path: {path}\r\nMessage-ID: ".encode() + seed
    tid = seed + shared.number
    frame = b"MSRP %b%b%b\r\n-------%b%b" % (tid, head, shared.numbered_tail, seed, end)
    response = len(b"MSRP %b 200 OK\r\nTo-Path: %b\r\nFrom-Path: %b\r\n-------%b$\r\n" % (tid, path.encode(), PEER.encode(), tid))  # fmt: skip

    async def fan_out(burst: int) -> None:
        octets = frame * burst
        for each in accepted:
            each.send(octets)
        missing = response * burst * size
        while missing:
            for number, _ in poll.poll():
                missing -= len(by_number[number].recv(1 << 16))

    found = {burst: min([await measured(size, fan_out, burst) for _ in range(ROUNDS)]) for burst in BURSTS}
    for each in (*accepted, listener):
        each.close()
    process.wait()
    return found


def main() -> None:
    if "--recipients" in sys.argv:
        recipients(int(sys.argv[-1]), sys.stdin.read().split("\n"))
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    lines = []
    for size in SIZES:
        mine, floor = uvloop.run(ours(size)), uvloop.run(bare(size))
        for burst in BURSTS:
            (cpu, wall), (bare_cpu, _) = mine[burst], floor[burst]
            lines.append(
                {
                    "recipients": size,
                    "in_flight": burst,
                    "cpu_us": round(cpu * 1e6, 2),
                    "bare_us": round(bare_cpu * 1e6, 2),
                    "ratio": round(cpu / bare_cpu, 2),
                    "per_second": round(1 / wall),
                }
            )
    if "--json" in sys.argv:
        print(json.dumps(lines, indent=1))
        return
    print("recipients  in flight  CPU µs/delivery  bare sockets  ratio  deliveries/s")
    for line in lines:
        print(
            "{recipients:10} {in_flight:10} {cpu_us:16} {bare_us:13} {ratio:6} {per_second:13}".format(**line)
        )


if __name__ == "__main__":
    main()
