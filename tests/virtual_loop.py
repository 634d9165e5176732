"""An event loop whose time passes at once, and whose sockets are wires in memory that break when told.

Everything that opens its sockets through the running loop runs on it unchanged: the whole server, and the test
peers. Streams have a bounded window, so a reader that stalls is felt by the writer, as with TCP.
"""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = 65536
"""Octets that are on their way or unread before a writer has to keep what it writes: the buffers of two kernels."""
END = b""
"""What arrives last."""
Address = tuple[str, int]
Factory = Callable[[], Any]


class _NoWait(selectors.SelectSelector):
    """Instead of waiting, tells how long one would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: Callable[[float], None] = lambda _seconds: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("everybody waits, and nothing will ever happen")
            self.passed(timeout)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. `network` has the wires; `timers` are the calls that are still due."""

    def __init__(self, seed: int = 0) -> None:
        selector = _NoWait()
        super().__init__(selector)
        self._virtual = 0.0
        selector.passed = self._pass
        self.network = VirtualNetwork(self, Random(seed))
        self.broken: list[dict[str, Any]] = []  # what nobody caught

    def time(self) -> float:
        return self._virtual

    @property
    def timers(self) -> int:
        """How many calls are due some time; those that were cancelled do not count."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # of BaseEventLoop
        return sum(1 for timer in scheduled if not timer.cancelled())

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.broken.append(context)
        super().call_exception_handler(context)

    def _pass(self, seconds: float) -> None:
        self._virtual += seconds

    async def create_server(  # type: ignore[override]  # only what is used here; the same below
        self, factory: Factory, host: str, port: int, *, ssl: object = None
    ) -> "VirtualServer":
        assert ssl is None, "wires are in clear"
        return self.network.listen(factory, host, port)

    async def create_connection(  # type: ignore[override]
        self, factory: Factory, host: str, port: int, *, ssl: object = None, **_: object
    ) -> tuple["Wire", Any]:
        assert ssl is None, "wires are in clear"
        return await self.network.connect(factory, (host, port))

    async def create_datagram_endpoint(  # type: ignore[override]
        self, factory: Factory, local_addr: Address
    ) -> tuple["Datagrams", Any]:
        return self.network.bind(factory, local_addr)


class LoopClock:
    """The time of the running loop, as net.clock.Clock."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.now())


class VirtualNetwork:
    """All addresses of one loop. `delay` gives the seconds that something takes to arrive."""

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self.loop = loop
        self.random = random
        self.fastest, self.slowest = 0.001, 0.1
        self.wires: set[Wire] = set()
        self._servers: dict[Address, VirtualServer] = {}
        self._datagrams: dict[Address, Datagrams] = {}
        self._ports = count(20000)

    def delay(self) -> float:
        return self.random.uniform(self.fastest, self.slowest)

    def listen(self, factory: Factory, host: str, port: int) -> "VirtualServer":
        address = self._free(host, port, self._servers)
        server = self._servers[address] = VirtualServer(factory, address, self._servers)
        return server

    async def connect(self, factory: Factory, to: Address) -> tuple["Wire", Any]:
        await asyncio.sleep(self.delay())
        server = self._servers.get(to)
        if server is None:
            raise ConnectionRefusedError(f"nobody listens on {to}")
        ours, theirs = Wire(self), Wire(self)
        ours.far, theirs.far = theirs, ours
        local = (to[0], next(self._ports))
        theirs.open(server.factory(), local=to, remote=local)
        protocol = factory()
        ours.open(protocol, local=local, remote=to)
        return ours, protocol

    def bind(self, factory: Factory, wanted: Address) -> tuple["Datagrams", Any]:
        address = self._free(*wanted, self._datagrams)
        protocol = factory()
        endpoint = self._datagrams[address] = Datagrams(self, protocol, address, self._datagrams)
        protocol.connection_made(endpoint)
        return endpoint, protocol

    def datagram(self, data: bytes, source: Address, to: Address) -> None:
        def arrive() -> None:
            if (there := self._datagrams.get(to)) is not None:
                there.protocol.datagram_received(data, source)

        self.loop.call_later(self.delay(), arrive)

    def _free(self, host: str, port: int, taken: dict[Address, Any]) -> Address:
        address = (host, port or next(self._ports))
        if address in taken:
            raise OSError(f"{address} is taken")
        return address


class VirtualServer:
    """What asyncio.Server is to the product."""

    def __init__(self, factory: Factory, address: Address, servers: dict[Address, "VirtualServer"]) -> None:
        self.factory = factory
        self.sockets = (SimpleNamespace(getsockname=lambda: address),)
        self._address = address
        self._servers = servers

    def close(self) -> None:
        self._servers.pop(self._address, None)

    async def wait_closed(self) -> None:
        assert self._address not in self._servers


class Datagrams(asyncio.DatagramTransport):
    """One bound datagram socket."""

    def __init__(
        self, network: VirtualNetwork, protocol: Any, address: Address, bound: dict[Address, "Datagrams"]
    ) -> None:
        super().__init__({"sockname": address})
        self.protocol = protocol
        self._network = network
        self._address = address
        self._bound = bound

    def sendto(self, data: bytes, addr: Address | None = None) -> None:  # type: ignore[override]
        assert addr is not None
        self._network.datagram(bytes(data), self._address, addr)

    def is_closing(self) -> bool:
        return self._address not in self._bound

    def close(self) -> None:
        if self._bound.pop(self._address, None) is not None:
            self._network.loop.call_soon(self.protocol.connection_lost, None)


class Wire(asyncio.Transport):
    """One end of a stream; `far` is the other. What is written arrives in order, in pieces, after a while."""

    def __init__(self, network: VirtualNetwork) -> None:
        super().__init__()
        self.far: Wire
        self.protocol: Any = None
        self.is_frozen = False  # nothing arrives here any more, and nobody is told
        self._network = network
        self._loop = network.loop
        self._unsent: deque[bytes] = deque()
        self._unsent_octets = 0
        self._in_flight = 0
        self._unread: deque[bytes] = deque()
        self._arrival = 0.0
        self._high = WINDOW
        self._is_paused = False  # the writer was asked to
        self._is_stalled = False  # the reader does not read
        self._is_finished = False  # no more is written
        self._has_sent_end = False
        self._is_closed = False
        self._is_lost = False

    def open(self, protocol: Any, *, local: Address, remote: Address) -> None:
        self._extra = {"sockname": local, "peername": remote}
        self.protocol = protocol
        self._network.wires.add(self)
        protocol.connection_made(self)

    # -- asyncio.Transport ---------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_finished or not data:
            return
        self._unsent.append(bytes(data))
        self._unsent_octets += len(data)
        self._send()
        if self._unsent_octets > self._high and not self._is_paused:
            self._is_paused = True
            self.protocol.pause_writing()

    def write_eof(self) -> None:
        """Close this half: what was written still arrives, and so does what the far end writes."""
        if not self._is_finished:
            self._is_finished = True
            self._send()

    def can_write_eof(self) -> bool:
        return True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del low
        self._high = WINDOW if high is None else high

    def get_write_buffer_size(self) -> int:
        return self._unsent_octets

    def is_closing(self) -> bool:
        return self._is_closed

    def pause_reading(self) -> None:
        self._is_stalled = True

    def resume_reading(self) -> None:
        self._is_stalled = False
        self._read()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            if self._is_finished:
                self._loop.call_soon(self._lose, None)
            else:
                self.write_eof()

    def abort(self) -> None:
        if not self._is_lost:
            self._is_finished = self._is_closed = True
            self._loop.call_soon(self._lose, None)
            if not self.is_frozen:
                self.far.reset(self._network.delay())

    # -- what happens to it --------------------------------------------------------------------------------

    def cut(self) -> None:
        """What is on its way is lost; both ends hear of it, at moments of their own."""
        self.freeze()
        for end in (self, self.far):
            end.reset(self._network.random.uniform(0.0, 2.0))

    def freeze(self) -> None:
        """Nothing arrives any more in either direction, and nobody is told."""
        self.is_frozen = self.far.is_frozen = True

    def reset(self, after: float) -> None:
        self._loop.call_later(after, self._lose, ConnectionResetError("reset by peer"))

    # ------------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        while self._unsent and self._in_flight < WINDOW:
            data = self._unsent.popleft()
            self._unsent_octets -= len(data)
            self._in_flight += len(data)
            self._later(self.far.arrive, data)
        if self._is_paused and self._unsent_octets <= self._high // 4:
            self._is_paused = False
            self.protocol.resume_writing()
        if self._is_finished and not self._unsent and not self._has_sent_end:
            self._has_sent_end = True
            self._later(self.far.arrive, END)
            if self._is_closed:
                self._loop.call_soon(self._lose, None)

    def _later(self, call: Callable[[bytes], None], data: bytes) -> None:
        # in order, however long each of them takes
        self._arrival = max(self._arrival + 1e-9, self._loop.time() + self._network.delay())
        self._loop.call_at(self._arrival, call, data)

    def arrive(self, data: bytes) -> None:
        if not self.is_frozen and not self._is_lost:
            self._unread.append(data)
            self._read()

    def _read(self) -> None:
        while self._unread and not self._is_stalled and not self._is_lost:
            data = self._unread.popleft()
            if data == END:
                if not self.protocol.eof_received():
                    self.close()
            elif not self._is_closed:
                self._feed(data)
            self.far.drained(len(data))

    def drained(self, octets: int) -> None:
        self._in_flight -= octets
        if not self._is_lost and self._unsent:
            self._send()

    def _feed(self, data: bytes) -> None:
        if isinstance(self.protocol, asyncio.BufferedProtocol):
            room = memoryview(self.protocol.get_buffer(len(data)))
            room[: len(data)] = data
            self.protocol.buffer_updated(len(data))
        else:
            self.protocol.data_received(data)

    def _lose(self, why: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = self._is_finished = self._is_closed = True
            self._unsent.clear()
            self._unread.clear()
            self._unsent_octets = 0
            self._network.wires.discard(self)
            self.protocol.connection_lost(why)
