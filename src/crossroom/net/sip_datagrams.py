"""SIP messages in datagrams: the sockets that are listened on, and which of them sends what. RFC 3261 §18."""

from collections.abc import Callable

from crossroom.machine import Malformed
from crossroom.net.sparse_log import SparseLog
from crossroom.net.udp import Address, UdpSocket
from crossroom.sip.hop import UDP, Flow, Hop
from crossroom.sip.layout import Limits
from crossroom.sip.message import BadRequest, Ping, Request, Response, parse_datagram
from crossroom.sip.stun import answer_binding


class SipDatagrams:
    """All UDP sockets of one user agent. `receive` gets each message and its flow."""

    def __init__(
        self, limits: Limits, receive: Callable[[Request | Response, Flow], None], log: SparseLog
    ) -> None:
        self._limits = limits
        self._receive = receive
        self._log = log
        self._sockets: dict[Address, UdpSocket] = {}

    async def bind(self, host: str, port: int) -> Address:
        """Open one more socket; its address. Raises OSError."""
        socket = await UdpSocket.bind(host, port, self._datagram)
        self._sockets[socket.address] = socket
        return socket.address

    def send(self, data: bytes, hop: Hop) -> bool:
        """Send from the socket of the hop's flow, or one of its family; False when there is none."""
        socket = self._socket_for(hop)
        if socket is not None:
            socket.send(data, (hop.host, hop.port))
        return socket is not None

    async def close(self) -> None:
        """Close every socket."""
        for socket in self._sockets.values():
            await socket.close()
        self._sockets.clear()

    def _socket_for(self, hop: Hop) -> UdpSocket | None:
        if hop.flow is not None:
            socket = self._sockets.get((hop.flow.local_host, hop.flow.local_port))
            if socket is not None:
                return socket
        family = ":" in hop.host
        return next((sock for local, sock in self._sockets.items() if (":" in local[0]) == family), None)

    def _datagram(self, data: bytes, source: Address, socket: UdpSocket) -> None:
        if data[:1] == b"\0" and (answer := answer_binding(data, source)) is not None:
            socket.send(answer, source)  # RFC 5626 §8: keepalives share the port
            return
        flow = Flow(UDP, *source, *socket.address)
        match parse_datagram(data, self._limits):
            case Request() | Response() as message:
                self._receive(message, flow)
            case BadRequest() as bad:
                self._log.warning("sip bad request", source=str(flow), status=bad.status, why=bad.why)
                if bad.answer is not None:
                    # RFC 3261 §18.2.2 with the source seen: never to an address that the message itself names
                    socket.send(bytes(bad.answer), source)
            case Malformed(why=why):
                self._log.warning("sip datagram dropped", source=str(flow), why=why)
            case Ping():
                pass  # RFC 5626 §3.5.1: a datagram keepalive needs no answer
