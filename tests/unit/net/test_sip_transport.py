"""Raw bytes against a running agent: bad datagrams, broken streams, keepalives, limits."""

import asyncio

from crossroom.net.sip import SipAgent
from crossroom.net.sip_settings import ListenOn, SipSettings
from crossroom.sip.answer import OutgoingRequest
from crossroom.sip.hop import TCP, UDP, Hop
from crossroom.sip.uri import SipUri
from sip_faces import FixedNames, RecordingFace, addr, agent_on_loopback
from sip_messages import wire

OPTIONS = """OPTIONS sip:tea@127.0.0.1 SIP/2.0
    Via: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKraw;rport
    From: <sip:a@a.example>;tag=1
    To: <sip:tea@b.example>
    Call-ID: raw-1
    CSeq: 1 OPTIONS
    Content-Length: 0"""


class Answering(RecordingFace):
    def on_request(self, request: object) -> None:
        request.respond(200)  # type: ignore[attr-defined]  # an IncomingRequest


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        self.received.put_nowait(data)


def port_of(agent: SipAgent, transport: str) -> int:
    return next(entry.port for entry in agent.listening if entry.transport == transport)


async def test_a_bad_request_in_a_datagram_is_answered_and_garbage_is_not() -> None:
    async with agent_on_loopback(Answering()) as agent:
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_datagram_endpoint(
            Datagrams, remote_addr=("127.0.0.1", port_of(agent, UDP))
        )
        transport.sendto(b"\x00garbage")
        transport.sendto(b"\r\n\r\n")
        # RFC 5626 §4.4.2: a flow over UDP is kept alive by STUN on the same port
        transport.sendto(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"transaction!")
        assert (await peer.received.get())[:20] == b"\x01\x01\x00\x0c\x21\x12\xa4\x42" + b"transaction!"
        transport.sendto(wire(OPTIONS.replace("SIP/2.0\n", "SIP/9.0\n", 1)))
        assert (await peer.received.get()).startswith(b"SIP/2.0 505 ")
        transport.sendto(wire(OPTIONS.replace("TCP", "UDP")))
        assert (await peer.received.get()).startswith(b"SIP/2.0 200 ")
        transport.close()


async def test_a_stream_is_pinged_answered_and_closed_when_broken() -> None:
    async with agent_on_loopback(Answering()) as agent:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(agent, TCP))
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        data = wire(OPTIONS)
        for index in range(len(data)):
            writer.write(data[index : index + 1])
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 200 ")
        writer.write(wire(OPTIONS.replace("SIP/2.0\n", "SIP/9.0\n", 1)))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 505 ")
        writer.write(b"\x16\x03\x01 not SIP\r\n\r\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()


INVITE = """INVITE sip:tea@127.0.0.1 SIP/2.0
    Via: SIP/2.0/TCP behind-nat.invalid;branch=z9hG4bKcall;rport
    From: <sip:a@a.example>;tag=1
    To: <sip:tea@b.example>
    Call-ID: raw-2
    CSeq: 1 INVITE
    Contact: <sip:a@behind-nat.invalid;transport=tcp>
    Content-Length: 0"""


async def test_requests_in_a_dialog_go_over_the_connection_that_the_endpoint_opened() -> None:
    face = RecordingFace()
    async with agent_on_loopback(face) as agent:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(agent, TCP))
        writer.write(wire(INVITE))
        session = await (await face.calls.get()).accept(b"")
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert answer.startswith("SIP/2.0 200 ")
        to = next(line for line in answer.split("\r\n") if line.startswith("To: "))
        ack = INVITE.replace("INVITE", "ACK").replace("To: <sip:tea@b.example>", to).replace("Kcall", "Kack")
        writer.write(wire(ack))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(session.bye())
            bye = (await reader.readuntil(b"\r\n\r\n")).decode()
            # RFC 5626 §5.3: nobody could resolve that Contact, and nobody has to
            assert bye.startswith("BYE sip:a@behind-nat.invalid;transport=tcp SIP/2.0\r\n")
            head = [
                line
                for line in bye.split("\r\n")
                if line.startswith(("Via", "From", "To", "Call-ID", "CSeq"))
            ]
            writer.write(wire("\n".join(("SIP/2.0 200 OK", *head, "Content-Length: 0"))))
        assert session.ended is not None
        writer.close()


async def test_connections_beyond_the_limit_are_closed() -> None:
    settings = SipSettings(listen=(ListenOn(TCP, "127.0.0.1"),), max_connections=1)
    async with agent_on_loopback(Answering(), settings) as agent:
        first = await asyncio.open_connection("127.0.0.1", port_of(agent, TCP))
        first[1].write(wire(OPTIONS))
        await first[0].readuntil(b"\r\n\r\n")
        second = await asyncio.open_connection("127.0.0.1", port_of(agent, TCP))
        try:
            assert await second[0].read() == b""
        except ConnectionResetError:
            assert second[0].at_eof() or second[0].exception() is not None
        for _, writer in (first, second):
            writer.close()


async def test_an_answer_to_a_closed_stream_opens_a_new_one_to_sent_by() -> None:
    face = RecordingFace()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with agent_on_loopback(face) as agent:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(agent, TCP))
        writer.write(wire(OPTIONS.replace("127.0.0.1:1;", f"127.0.0.1:{port};")))
        incoming = await face.requests.get()
        writer.close()
        await writer.wait_closed()
        for connection in list(agent._transport._connections.values()):
            await connection.link.wait_closed()
        incoming.respond(200)
        assert (await arrived.get()).startswith(b"SIP/2.0 200 ")
    server.close()
    await server.wait_closed()


async def test_requests_share_one_connection_and_the_next_server_is_tried() -> None:
    names = FixedNames()
    async with (
        agent_on_loopback(RecordingFace(), None, names) as caller,
        agent_on_loopback(Answering()) as callee,
    ):
        dead = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        nobody = dead.sockets[0].getsockname()[1]
        dead.close()
        await dead.wait_closed()
        names.known = {
            "sip.example": [Hop(TCP, "127.0.0.1", nobody), Hop(TCP, "127.0.0.1", port_of(callee, TCP))]
        }
        wanted = OutgoingRequest("OPTIONS", SipUri("sip.example"), addr("<sip:ana@a.example>"))
        answers = await asyncio.gather(*(caller.request(wanted) for _ in range(10)))
        assert [answer.status for answer in answers] == [200] * 10
        assert callee._transport.connections == 1
        assert caller._transport.connections == 1


async def test_a_name_that_leads_nowhere_fails_the_request() -> None:
    async with agent_on_loopback(RecordingFace()) as caller:
        wanted = OutgoingRequest("OPTIONS", SipUri("nowhere.example"), addr("<sip:ana@a.example>"))
        assert (await caller.request(wanted)).status == 503
