"""A SIP user of the chaos run: an endpoint that shares no code with us, on wires that break under it.

It does what RFC 4975 §5.4 asks after a lost connection: a re-INVITE with a new path, what was not acknowledged sent
again under the same Message-ID, and a Message-ID that comes twice acknowledged twice and shown once.
"""

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass, field

from peers.cpim_text import Cpim
from peers.msrp_frame import MsrpFrame, MsrpStream
from peers.msrp_ua import Assembly
from peers.sdp_text import ChatMedia, read_media
from peers.sip_call import Call, OutgoingInvite, start_invite
from peers.sip_message import SipMessage
from peers.sip_subscription import Subscription, subscribe
from peers.sip_ua import SipUA
from virtual_loop import Address, VirtualNetwork, Wire

HOST = "127.0.0.1"
CHUNK = 2048  # RFC 4975 §7.1.1: longer chunks must be interruptible
PATIENCE = 30.0  # RFC 4975 §7.1.1: without an answer the message has probably failed


@dataclass
class Outgoing:
    """A message on its way: `waiting` are the transactions of its chunks that have no answer yet."""

    word: str
    body: bytes
    waiting: set[str] = field(default_factory=set)
    sent_at: float | None = None


@dataclass
class Told:
    """What this user was told of what it said, by the first word of each text."""

    accepted: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)


class AgentWire(asyncio.Protocol):
    """The connection of one MSRP session of the agent."""

    transport: Wire

    def __init__(self, agent: "SipPerson") -> None:
        self.agent = agent
        self.stream = MsrpStream()
        self.is_old = False  # of a session that the agent has forgotten

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Wire)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for frame in self.stream.receive_data(data):
            self.agent.receive(frame, self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.agent.lost(self)


class SipPerson:
    """See the module. `listens`: it lets the server connect (a=setup:passive) instead of connecting itself."""

    def __init__(
        self, name: str, network: VirtualNetwork, server: Address, *, listens: bool = False, room: str = "tea"
    ) -> None:
        self.name = self.nickname = name
        self.room = f"sip:{room}@conference.example"
        self.ua = SipUA(name, "sip.example", server=server)
        self.told = Told()
        self.begun: dict[str, str] = {}  # by Message-ID, in the order in which they began: the first word
        self.repeats = self.typings = self.moves = self.renames = 0
        self.refused_bindings = 0
        self.is_dead = False
        self.is_gone = False  # it left, or was made to
        self.may_be_dropped = False  # it stalled, or stayed away
        self.subscription: Subscription | None = None
        self._network = network
        self._random = network.random
        self._loop = network.loop
        self._listens = listens
        self._port = 0
        self._attempt: OutgoingInvite | None = None
        self._call: Call | None = None
        self._wire: AgentWire | None = None
        self._is_bound = False
        self._path = self._remote_path = self._binding = ""
        self._assembly = Assembly()
        self._whole: set[str] = set()
        self._outgoing: dict[str, Outgoing] = {}
        self._naming: dict[str, str] = {}
        self._moving = asyncio.Lock()
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what is to be proved ------------------------------------------------------------------------------

    @property
    def heard(self) -> list[str]:
        """What it was shown, in the order in which it began to come (RFC 4975 §7.1.1 lets the short overtake)."""
        return [word for message_id, word in self.begun.items() if message_id in self._whole]

    @property
    def was_dropped(self) -> bool:
        return self._call is not None and bool(self._call.byes.items)

    @property
    def reason(self) -> str:
        """Why it was dropped."""
        return self._call.byes.items[0].get("Reason") if self._call and self._call.byes.items else ""

    @property
    def answer(self) -> int:
        """What the call was answered, 0 when it was not."""
        final = self._attempt.transaction.final if self._attempt is not None else None
        return final.status if final is not None else 0

    @property
    def unanswered(self) -> set[str]:
        return {outgoing.word for outgoing in self._outgoing.values()}

    # -- what it does --------------------------------------------------------------------------------------

    async def join(self, *, subscribes: bool = False) -> None:
        """Call the room, bind, and take the nickname."""
        await self.ua.__aenter__()
        if self._listens:
            server = await self._loop.create_server(lambda: AgentWire(self), HOST, 0)
            self._port = server.sockets[0].getsockname()[1]
            self._listener = server
        self._attempt = await start_invite(self.ua, self.room, self._offer())
        self._call = await self._attempt.call()
        await self._connect(self._call.remote_sdp)
        if subscribes:
            _, self.subscription = await subscribe(self.ua, self.room)

    def say(self, text: str, *, to: str = "", content_type: str = "text/plain") -> None:
        """Say it to the room or to a nickname, now or when there is a connection again."""
        uri = f"{self.room};gr={to}" if to else self.room
        cpim = Cpim(
            [("From", f"<{self.ua.aor}>"), ("To", f"<{uri}>")],
            [("Content-Type", content_type)],
            text.encode(),
        )
        self._outgoing[self._fresh()] = Outgoing(text.partition(" ")[0], bytes(cpim))
        self._send_outgoing()

    def type(self) -> None:
        """Show that it types; nobody waits for an answer."""
        document = (
            '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>'
        )
        cpim = Cpim(
            [("From", f"<{self.ua.aor}>"), ("To", f"<{self.room}>")],
            [("Content-Type", "application/im-iscomposing+xml")],
            document.encode(),
        )
        headers = [("Message-ID", self._fresh()), ("Failure-Report", "no"), ("Content-Type", "message/cpim")]
        self._write("SEND", headers, bytes(cpim))

    def rename(self, nickname: str) -> None:
        """Ask for another nickname, if there is a connection to ask by; until it is answered nobody knows it."""
        if self._is_bound:
            self.nickname = ""
            self._naming[self._write("NICKNAME", [("Use-Nickname", f'"{nickname}"')])] = nickname

    def move(self) -> None:
        """Go over to a new connection, by a re-INVITE with a new path."""
        self._start(self._move())

    def cut(self) -> None:
        if self._wire is not None:
            self._wire.transport.cut()

    def freeze(self) -> None:
        """The network is silently gone; it notices after a while, perhaps after longer than anybody waits."""
        if self._wire is not None:
            self._wire.transport.freeze()
            wire, notices = self._wire, self._random.uniform(1.0, 50.0)
            self._loop.call_later(notices, lambda: self.lost(wire))

    def close_half(self) -> None:
        if self._wire is not None:
            self._wire.transport.write_eof()

    def stall(self) -> None:
        """Read no more, and stay connected."""
        if self._wire is not None:
            self.may_be_dropped = True
            self._wire.transport.pause_reading()

    def stay_away(self) -> None:
        """Lose the connection, and never repair it."""
        self.may_be_dropped = True
        self.cut()

    async def leave(self) -> None:
        """Hang up; the connection goes with it, a little earlier or later."""
        self.is_gone = True
        if self._random.random() < 0.5:
            self._drop_wire()
        if self._call is not None and not self._call.over:
            await self._call.bye()
        self._drop_wire()

    async def die(self) -> None:
        """Be gone without a word: nothing is answered any more, by SIP or by MSRP."""
        self.is_dead = self.is_gone = self.may_be_dropped = True
        await self.ua.transport.close()
        if self._wire is not None:
            self._wire.transport.freeze()

    async def close(self) -> None:
        """Leave nothing of the agent itself behind."""
        if self.is_dead:
            self._drop_wire()
        elif not self.is_gone:
            await self.leave()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._listens:
            self._listener.close()
        if not self.is_dead:
            await self.ua.__aexit__()

    # -- what happens to it --------------------------------------------------------------------------------

    def lost(self, wire: AgentWire) -> None:
        """Repair it after a while, as a person's user agent would."""
        if wire is not self._wire:
            return
        self._wire, self._is_bound = None, False
        wire.transport.abort()
        if not self.is_gone and not self.may_be_dropped:
            self._loop.call_later(self._random.uniform(0.1, 8.0), self._repair)

    def tick(self) -> None:
        """Suspect a connection on which an answer does not come."""
        now = self._loop.time()
        sent = [one.sent_at for one in self._outgoing.values() if one.sent_at is not None]
        if self._is_bound and not self.may_be_dropped and sent and min(sent) + PATIENCE < now:
            self.move()

    def receive(self, frame: MsrpFrame, wire: AgentWire) -> None:
        """Take one frame; what an old connection still brings is sent again on the new one."""
        fields = dict(frame.headers)
        if self._wire is None and self._listens and fields["To-Path"] == self._path:
            self._wire = wire
        if wire is not self._wire:
            if wire.is_old and frame.kind == "SEND" and fields.get("Failure-Report") != "no":
                wire.transport.write(bytes(_answer(frame, fields, 481)))  # a session that it knows no more
            return
        if frame.is_response:
            self._answered(frame)
        elif frame.kind == "SEND":
            self._received(frame, fields)
        else:
            raise AssertionError(frame)

    # ------------------------------------------------------------------------------------------------------

    def _repair(self) -> None:
        if self._wire is None and not self.is_gone:
            self.move()

    async def _move(self) -> None:
        async with self._moving:
            call = self._call
            if self.is_gone or call is None or call.over:
                return
            self.moves += 1
            self._drop_wire()
            asks = not self._listens and self._random.random() < 0.2
            response = await (self._ask_for_an_offer(call) if asks else call.reinvite(self._offer()))
            if response.status == 200:
                await self._connect(response.text)
            else:
                # RFC 3261 §14.1: the session is gone, or something is in the way for a moment
                assert response.status in {481, 487, 491, 500}, response.start
                self._loop.call_later(2.0, self._repair)

    async def _ask_for_an_offer(self, call: Call) -> SipMessage:
        """RFC 3261 §14.2: offered what stands, it answers with a new path all the same, and is offered a new session."""
        stood, answer = self._remote_path, self._offer()
        offered: asyncio.Future[str] = self._loop.create_future()

        def take(offer: str) -> str:
            if not offered.done():
                offered.set_result(offer)
            return answer

        call.answer_offer = take
        response = await call.reinvite_without_offer(answer)
        if response.status == 200 and f"a=path:{stood}" in response.text:
            async with asyncio.timeout(10):
                response.body = (await offered).encode()
        return response

    def _drop_wire(self) -> None:
        wire, self._wire, self._is_bound = self._wire, None, False
        if wire is None:
            return
        match self._random.randrange(3):
            case 0:
                wire.transport.abort()
            case 1:
                wire.transport.close()
            case _:  # other sessions may be on it: it stays for a while
                wire.is_old = True
                self._loop.call_later(self._random.uniform(0.5, 3.0), wire.transport.close)

    def _offer(self) -> str:
        port = self._port or 9  # RFC 6135 §4.2: who only connects
        self._path = f"msrp://{HOST}:{port}/{self.name}x{self._fresh()};tcp"
        self._assembly = Assembly()
        setup = "passive" if self._listens else "active"
        return str(ChatMedia(self._path, HOST, port, setup, version=self.moves + 1))

    async def _connect(self, sdp: str) -> None:
        [media] = read_media(sdp)
        self._remote_path = media.attributes["path"]
        found = re.match(r"msrp://([^:/]+):(\d+)/", self._remote_path)
        assert found is not None
        if self._listens:
            if self._wire is not None:
                self._bound()
            return
        _, wire = await self._loop.create_connection(lambda: AgentWire(self), found[1], int(found[2]))
        self._wire = wire
        self._binding = self._write("SEND", [("Message-ID", self._fresh())])

    def _bound(self) -> None:
        self._is_bound = True
        for outgoing in self._outgoing.values():
            outgoing.waiting.clear()
            outgoing.sent_at = None  # RFC 4975 §5.4: again, under the same Message-ID
        self._naming.clear()
        self._send_outgoing()

    def _send_outgoing(self) -> None:
        if not self._is_bound:
            return
        for message_id, outgoing in self._outgoing.items():
            if outgoing.sent_at is None:
                outgoing.sent_at = self._loop.time()
                self._send(message_id, outgoing)

    def _send(self, message_id: str, outgoing: Outgoing) -> None:
        body = outgoing.body
        for start in range(0, len(body), CHUNK):
            part = body[start : start + CHUNK]
            end = start + len(part)
            span = f"{start + 1}-{end}/{len(body)}"
            headers = [("Message-ID", message_id), ("Byte-Range", span), ("Content-Type", "message/cpim")]
            flag = "$" if end == len(body) else "+"
            outgoing.waiting.add(self._write("SEND", headers, part, flag))

    def _write(
        self, kind: str, headers: list[tuple[str, str]], body: bytes | None = None, flag: str = "$"
    ) -> str:
        paths = [("To-Path", self._remote_path), ("From-Path", self._path)]
        frame = MsrpFrame(kind, [*paths, *headers], body, flag, self._fresh())
        if self._wire is not None:
            self._wire.transport.write(bytes(frame))
        return frame.transaction

    def _answered(self, frame: MsrpFrame) -> None:
        status = int(frame.kind)
        if frame.transaction == self._binding:
            if status == 200:
                self._bound()
            else:
                self.refused_bindings += 1
        elif (nickname := self._naming.pop(frame.transaction, None)) is not None:
            if status == 200:
                self.renames += 1
                self.nickname = nickname
            return
        for message_id, outgoing in self._outgoing.items():
            if frame.transaction in outgoing.waiting:
                outgoing.waiting.remove(frame.transaction)
                self._concluded(message_id, outgoing, status, frame.comment)
                return

    def _concluded(self, message_id: str, outgoing: Outgoing, status: int, comment: str) -> None:
        if status != 200:
            self.told.refused[outgoing.word] = f"{status} {comment}"
        elif not outgoing.waiting:
            self.told.accepted.add(outgoing.word)
        else:
            return
        del self._outgoing[message_id]

    def _received(self, frame: MsrpFrame, fields: dict[str, str]) -> None:
        if fields.get("Failure-Report") != "no":
            assert self._wire is not None
            self._wire.transport.write(bytes(_answer(frame, fields, 200)))
        if frame.body is None:
            if self._listens and not self._is_bound:
                self._bound()
            return
        message_id = fields["Message-ID"]
        if message_id in self._whole:
            self.repeats += 1  # RFC 4975 §5.4: acknowledged again, not shown again
            return
        self.begun.setdefault(message_id, "")
        message = self._assembly.take(frame)
        if message is not None:
            self._show(message_id, message.body)

    def _show(self, message_id: str, body: bytes) -> None:
        _, content_type, text = body.split(b"\r\n\r\n", 2)
        if b"iscomposing" in content_type:
            self.typings += 1
            del self.begun[message_id]
            return
        self._whole.add(message_id)
        self.begun[message_id] = text.partition(b" ")[0].decode()

    def _fresh(self) -> str:
        self._count += 1
        return f"{self.name}n{self._count}t"

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _answer(frame: MsrpFrame, fields: dict[str, str], status: int) -> MsrpFrame:
    headers = [("To-Path", fields["From-Path"]), ("From-Path", fields["To-Path"])]
    return MsrpFrame(str(status), headers, transaction=frame.transaction)
