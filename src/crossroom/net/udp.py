"""Datagrams: one socket per listening address. Bytes and addresses, no protocol."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

Address = tuple[str, int]
"""A numeric host without brackets or scope, and a port."""

OnDatagram = Callable[[bytes, Address, "UdpSocket"], None]
_RECEIVE_BUFFER = 4 * 1024 * 1024
"""Octets asked of the kernel: a burst of a thousand datagrams waits there, not on the wire."""


class UdpSocket(asyncio.DatagramProtocol):
    """One bound socket. `on_datagram` is called on the loop for each datagram."""

    def __init__(self, on_datagram: OnDatagram) -> None:
        self._on_datagram = on_datagram
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.get_running_loop().create_future()

    @classmethod
    async def bind(cls, host: str, port: int, on_datagram: OnDatagram) -> "UdpSocket":
        """Bind; port 0 takes a free one. Raises OSError, with nothing left open."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, asyncio.BaseEventLoop):
            made = await loop.create_datagram_endpoint(lambda: cls(on_datagram), local_addr=(host, port))
        else:  # uvloop leaves a socket open that it could not bind: it is given one that is bound
            sock = await _bound(host, port)
            made = await loop.create_datagram_endpoint(lambda: cls(on_datagram), sock=sock)
        return made[1]

    @property
    def address(self) -> Address:
        """The address that the socket is bound to."""
        if self._transport is None:
            return ("", 0)
        name = self._transport.get_extra_info("sockname")
        return (name[0], name[1])

    def send(self, data: bytes, address: Address) -> None:
        """Send a datagram; one that the system refuses is lost, as datagrams may be."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, address)

    async def close(self) -> None:
        """Close the socket and wait until it is closed."""
        if self._transport is not None:
            self._transport.close()
            await self._closed

    def connection_made(self, transport: Any) -> None:
        """See asyncio.DatagramProtocol."""
        self._transport = transport
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """See asyncio.DatagramProtocol."""
        self._on_datagram(data, (addr[0].partition("%")[0], addr[1]), self)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error for some datagram, nobody can say which: the machines' timers find out."""

    def connection_lost(self, _exc: Exception | None) -> None:
        """See asyncio.DatagramProtocol."""
        if not self._closed.done():
            self._closed.set_result(None)


async def _bound(host: str, port: int) -> socket.socket:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def shown(host: str) -> str:
    """The address of this machine that others see for a listening host: itself, or a guess for a wildcard.

    The guess is where the system would send from; nothing is sent. `advertise` in the settings is better.
    """
    if host not in {"0.0.0.0", "::"}:  # noqa: S104 - recognised here, bound to only where the settings say so
        return host
    family, far = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
        except OSError:
            return "::1" if ":" in host else "127.0.0.1"  # no route: only this machine can reach us
        return str(probe.getsockname()[0])
