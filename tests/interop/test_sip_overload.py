"""A flood of calls from one address against a server in its normal work: all are answered, nobody notices."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from interop.crossroom_server import crossroom_server
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant

pytestmark = pytest.mark.interop

ROOM = "sip:tea@conference.example"
FLOODER = "127.0.0.2"  # another source than everybody else's
A_SECOND, SECONDS = 1000, 3
LIMITS = "[limits]\nsip_trusted_rate = 20\nsip_trusted_burst = 50"
INVITE = """INVITE sip:tea@conference.example SIP/2.0
Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKflood{number};rport
Max-Forwards: 70
From: <sip:flood@sip.example>;tag=f{number}
To: <sip:tea@conference.example>
Call-ID: flood-{number}@{host}
CSeq: 1 INVITE
Contact: <sip:flood@{host}:{port}>
Content-Type: application/sdp
Content-Length: {length}

"""
AUDIO = "v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP4 127.0.0.2\nt=0 0\nm=audio 4000 RTP/AVP 0\n"


@dataclass
class Flood(asyncio.DatagramProtocol):
    """Sends so many INVITEs at an even pace; acknowledges nothing."""

    server: tuple[str, int]
    total: int
    answered: dict[str, int] = field(default_factory=dict)
    without_retry_after: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what asyncio gives
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def start(self, a_second: int) -> None:
        loop = asyncio.get_running_loop()
        begin, batch = loop.time(), a_second // 50
        for first in range(0, self.total, batch):
            loop.call_at(begin + first / a_second, self._send, range(first, min(first + batch, self.total)))

    def _send(self, numbers: range) -> None:
        body = AUDIO.replace("\n", "\r\n")
        for number in numbers:
            text = INVITE.format(host=FLOODER, port=self.port, number=number, length=len(body))
            self.transport.sendto(text.replace("\n", "\r\n").encode() + body.encode(), self.server)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        answer = SipMessage.parse(data)
        if answer.status < 200:
            return
        self.answered[answer.get("Call-ID")] = answer.status
        self.without_retry_after += answer.status == 503 and not answer.get("Retry-After")
        self.heard.set()

    async def reaches(self, answered: int) -> None:
        """Wait until so many were answered."""
        async with asyncio.timeout(30):
            while len(self.answered) < answered:
                self.heard.clear()
                await self.heard.wait()


async def test_a_flood_is_answered_while_a_room_keeps_talking(tmp_path: Path) -> None:
    async with (
        crossroom_server(tmp_path, extra=LIMITS) as running,
        SipParticipant("ana", "sip.example", server=running.sip_address) as ana,
        SipParticipant("carl", "sip.example", server=running.sip_address, transport="tcp") as carl,
    ):
        await ana.join(ROOM, "Ana")
        loop = asyncio.get_running_loop()
        transport, flood = await loop.create_datagram_endpoint(
            lambda: Flood(running.sip_address, A_SECOND * SECONDS), local_addr=(FLOODER, 0)
        )
        flood.start(A_SECOND)
        await carl.join(ROOM, "Carl")
        for number in range(1, 11):
            await flood.reaches(number * flood.total // 10)
            await ana.say(f"message {number}")
            await carl.expects_message(text=f"message {number}")
        transport.close()
        statuses = Counter(flood.answered.values())
        assert set(statuses) == {488, 503}
        assert statuses[503] > 2500
        assert flood.without_retry_after == 0
        tables = running.server.sip.core.tables()
        assert tables["transactions"] < 500, tables
        assert tables["sources"] < 20, tables
        assert running.server.sip.core.refused == statuses[503]
        await carl.leave()
        await ana.leave()
