"""The XMPP links over real loopback sockets: a scripted server on one side, scripted clients on the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Self

import pytest
import structlog

from crossroom.net.clock import SystemClock
from crossroom.net.ids import SeededIds
from crossroom.net.xmpp import XmppRouter
from crossroom.net.xmpp_component import ComponentSettings
from crossroom.net.xmpp_connection import UNSENT_OCTETS
from crossroom.net.xmpp_entry import EntrySettings
from crossroom.xmpp.account import Site
from crossroom.xmpp.element import CLIENT, OWN, element
from crossroom.xmpp.errors import Condition, StanzaError, StreamCondition, stream_error
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza, serialise_tail
from crossroom.xmpp.stream import COMPONENT, STREAM_END, StreamOpened

ROOM = Jid("tea", "rooms.example")
NICK = ROOM.with_resource("Bob")
BOB = Jid("bob", "x.example", "ph")
SITE = Site("local.example", frozenset({"rooms.example"}))
CLIENT_HEADER = bytes(StreamOpened(CLIENT, to="local.example", version="1.0"))


class RecordingFace:
    """Writes down what it is told; `answer` may do more."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Stanza | tuple[str, str]] = asyncio.Queue()
        self.answer: Callable[[Stanza], None] = lambda _stanza: None

    def on_stanza(self, stanza: Stanza) -> None:
        self.told.put_nowait(stanza)
        self.answer(stanza)

    def on_link_lost(self, domain: str) -> None:
        self.told.put_nowait(("lost", domain))

    def on_link_up(self, domain: str) -> None:
        self.told.put_nowait(("up", domain))

    def on_user_gone(self, jid: Jid) -> None:
        self.told.put_nowait(("gone", str(jid.bare)))

    async def next(self) -> Stanza | tuple[str, str]:
        async with asyncio.timeout(10):
            return await self.told.get()


class Wire:
    """One end of a connection, as a script."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def says(self, data: bytes) -> Self:
        self.writer.write(data)
        return self

    async def hears(self, end: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(end)

    async def hears_the_end(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.read()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


class Server:
    """An XMPP server that hosts components: accepts connections and hands them to the script."""

    def __init__(self) -> None:
        self.accepted: asyncio.Queue[Wire] = asyncio.Queue()
        self.port = 0

    async def accept(self) -> Wire:
        async with asyncio.timeout(10):
            return await self.accepted.get()

    async def accept_component(self) -> Wire:
        wire = await self.accept()
        await wire.hears(b"to='rooms.example'>")
        wire.says(bytes(StreamOpened(COMPONENT, from_="rooms.example", id="s1")))
        await wire.hears(b"</handshake>")
        return wire.says(b"<handshake/>")


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    wires: list[Wire] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wires.append(Wire(reader, writer))
        server.accepted.put_nowait(wires[-1])

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for wire in wires:
            with suppress(ConnectionError):
                await wire.close()


@asynccontextmanager
async def routing(
    server: Server | None = None, most_clients: int = 10, queue_octets: int = 1000
) -> AsyncIterator[tuple[XmppRouter, RecordingFace]]:
    components = []
    if server:
        components = [
            ComponentSettings(
                "127.0.0.1",
                server.port,
                "Rooms.example",
                "secret",
                queue_octets=queue_octets,
                first_retry=0.01,
                longest_retry=0.02,
            )
        ]
    entry = EntrySettings(SITE, port=0, most_clients=most_clients)
    router = XmppRouter(components, entry, SeededIds(1), SystemClock(), structlog.get_logger())
    face = RecordingFace()
    await router.start(face)
    try:
        yield router, face
    finally:
        await router.stop()


@asynccontextmanager
async def client(router: XmppRouter, *, bound: bool = True) -> AsyncIterator[tuple[Wire, Jid]]:
    wire = Wire(*await asyncio.open_connection("127.0.0.1", router.entry_port))
    jid = Jid("", "local.example")
    try:
        if bound:
            wire.says(CLIENT_HEADER)
            await wire.hears(b"</stream:features>")
            wire.says(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
            await wire.hears(b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
            wire.says(CLIENT_HEADER)
            await wire.hears(b"</stream:features>")
            wire.says(b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            answer = await wire.hears(b"</iq>")
            jid = Jid.parse(answer.partition(b"<jid>")[2].partition(b"</jid>")[0].decode())
        yield wire, jid
    finally:
        await wire.close()


def message(to: Jid, from_: Jid, text: str = "hi") -> Stanza:
    return Stanza(Kind.MESSAGE, to, from_, "m1", "groupchat", children=(element("body", OWN, text),))


async def test_a_client_and_the_face_talk_to_each_other() -> None:
    async with routing() as (router, face), client(router) as (wire, jid):
        wire.says(b"<message to='tea@rooms.example' id='m1' type='groupchat'><body>hi</body></message>")
        assert await face.next() == message(ROOM, jid)
        router.send(message(jid, NICK, "one"))
        router.send_tail(Kind.MESSAGE, jid, serialise_tail(message(jid, NICK, "two")), "rooms.example")
        router.send(message(jid.bare, ROOM, "three"))
        heard = await wire.hears(b"three</body></message>")
        assert heard == b"".join(
            bytes(message(*copy))
            for copy in ((jid, NICK, "one"), (jid, NICK, "two"), (jid.bare, ROOM, "three"))
        )


async def test_a_client_that_disconnects_is_gone_and_what_is_sent_to_it_bounces() -> None:
    async with routing() as (router, face):
        async with client(router) as (_, jid):
            router.send(message(jid.bare.with_resource("other"), NICK))
            assert isinstance(await face.next(), Stanza)
        assert await face.next() == ("gone", str(jid.bare))
        router.send(message(jid, NICK))
        bounced = await face.next()
        assert isinstance(bounced, Stanza)
        assert (bounced.to, bounced.from_, bounced.type) == (NICK, jid, "error")
        router.send(Stanza(Kind.PRESENCE, jid, NICK, type="unavailable"))
        router.send_tail(Kind.MESSAGE, jid, serialise_tail(message(jid, NICK)), "rooms.example")
        assert router.dropped == 4
        assert face.told.empty()


async def test_clients_are_told_of_a_shutdown() -> None:
    async with routing() as (router, face), client(router) as (wire, _):
        stopping = asyncio.gather(router.stop(), wire.hears(STREAM_END))
        wire.says(STREAM_END)
        _, heard = await stopping
        assert heard == stream_error(StreamCondition.SYSTEM_SHUTDOWN) + STREAM_END
        assert await wire.hears_the_end() == b""
        assert face.told.empty()


async def test_a_client_too_many_is_turned_away() -> None:
    async with (
        routing(most_clients=1) as (router, _),
        client(router),
        client(router, bound=False) as (wire, _),
    ):
        assert await wire.hears_the_end() == b""


async def test_a_client_that_does_not_read_loses_its_connection_alone() -> None:
    async with routing() as (router, face), client(router) as (_, slow), client(router) as (wire, jid):
        text = "x" * 1_000_000
        for _ in range(UNSENT_OCTETS // len(text) + 10):
            router.send(message(slow, NICK, text))
        assert await face.next() == ("gone", str(slow.bare))
        router.send(message(jid, NICK))
        assert await wire.hears(b"</message>") == bytes(message(jid, NICK))


async def test_a_fault_of_the_face_costs_one_stanza() -> None:
    async with routing() as (router, face), client(router) as (wire, jid):

        def fail(_stanza: Stanza) -> None:
            raise LookupError("a defect")

        face.answer = fail
        ask = b"<iq to='tea@rooms.example' type='get' id='7'><q xmlns='urn:q'/></iq>"
        answer = await wire.says(ask).hears(b"</iq>")
        assert b"id='7' type='error'><q xmlns='urn:q'/>" in answer
        assert b"<internal-server-error " in answer
        wire.says(b"<message to='tea@rooms.example' type='error'/>")
        assert isinstance(await face.next(), Stanza)
        assert isinstance(await face.next(), Stanza)
        face.answer = lambda stanza: router.send(stanza.result())
        assert b"id='7' type='result'" in await wire.says(ask).hears(b"</iq>")
        assert str(jid).encode() in answer


async def test_a_component_and_the_face_talk_to_each_other() -> None:
    async with serving() as server, routing(server) as (router, face):
        wire = await server.accept_component()
        assert await face.next() == ("up", "rooms.example")
        assert router.is_up("rooms.example")
        wire.says(bytes(message(Jid("x", "other.example"), BOB)) + bytes(message(ROOM, BOB)))
        assert await face.next() == message(ROOM, BOB)
        router.send(message(BOB, NICK, "bad \x00\x1b\ud800 <&>"))
        assert await wire.hears(b"</message>") == bytes(message(BOB, NICK, "bad \ufffd\ufffd\ufffd <&>"))
        wire.says(STREAM_END)


async def test_a_link_that_is_lost_comes_back_and_what_was_said_meanwhile_goes_first() -> None:
    async with serving() as server, routing(server) as (router, face):
        wire = await server.accept_component()
        assert await face.next() == ("up", "rooms.example")
        wire.says(stream_error(StreamCondition.SYSTEM_SHUTDOWN) + STREAM_END)
        assert await face.next() == ("lost", "rooms.example")
        assert not router.is_up("rooms.example")
        assert await wire.hears_the_end() == STREAM_END
        router.send(message(BOB, NICK, "meanwhile"))
        again = await server.accept_component()
        assert await face.next() == ("up", "rooms.example")
        assert await again.hears(b"</message>") == bytes(message(BOB, NICK, "meanwhile"))
        again.says(STREAM_END)


async def test_a_conflict_or_a_refusal_is_tried_again() -> None:
    async with serving() as server, routing(server) as (router, face):
        for condition in (StreamCondition.CONFLICT, StreamCondition.NOT_AUTHORIZED):
            wire = await server.accept()
            await wire.hears(b"to='rooms.example'>")
            wire.says(bytes(StreamOpened(COMPONENT, id="s")) + stream_error(condition) + STREAM_END)
        wire = await server.accept_component()
        assert await face.next() == ("up", "rooms.example")
        assert router.is_up("rooms.example")
        wire.says(STREAM_END)


async def test_what_waits_for_a_link_is_bounded_and_the_rest_bounces() -> None:
    async with serving() as server, routing(server, queue_octets=100) as (router, face):
        await server.accept()
        router.send(message(BOB, NICK, "x" * 200))
        bounced = await face.next()
        assert isinstance(bounced, Stanza)
        error = StanzaError.of(bounced)
        assert error is not None
        assert error.condition is Condition.REMOTE_SERVER_TIMEOUT


async def test_a_stanza_that_would_cost_the_link_bounces_instead() -> None:
    async with serving() as server, routing(server) as (router, face):
        wire = await server.accept_component()
        assert await face.next() == ("up", "rooms.example")
        router.send(message(BOB, NICK, "x" * 500_000))
        bounced = await face.next()
        assert isinstance(bounced, Stanza)
        error = StanzaError.of(bounced)
        assert error is not None
        assert error.condition is Condition.POLICY_VIOLATION
        router.send(message(BOB, NICK))
        assert await wire.hears(b"</message>") == bytes(message(BOB, NICK))
        wire.says(STREAM_END)


async def test_a_domain_that_nothing_reaches_bounces() -> None:
    async with routing() as (router, face):
        router.send(message(BOB, NICK))
        bounced = await face.next()
        assert isinstance(bounced, Stanza)
        error = StanzaError.of(bounced)
        assert error is not None
        assert error.condition is Condition.REMOTE_SERVER_NOT_FOUND


async def test_a_stanza_without_addresses_is_our_defect() -> None:
    async with routing() as (router, _):
        with pytest.raises(ValueError, match="without from or to"):
            router.send(Stanza(Kind.PRESENCE, BOB))


async def test_a_component_closes_its_stream_and_waits_for_the_server() -> None:
    async with serving() as server, routing(server) as (router, face):
        wire = await server.accept_component()
        await face.next()
        stopping: Awaitable[tuple[None, bytes]] = asyncio.gather(router.stop(), wire.hears(STREAM_END))
        wire.says(STREAM_END)
        assert (await stopping)[1] == STREAM_END
        assert await wire.hears_the_end() == b""
        assert face.told.empty()


async def test_a_server_that_is_not_there_does_not_hinder_the_end() -> None:
    async with serving() as server:
        pass
    async with routing(server) as (router, face):
        assert not router.is_up("rooms.example")
        assert not router.is_up("other.example")
    assert face.told.empty()
