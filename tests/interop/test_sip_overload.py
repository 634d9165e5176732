"""A flood of calls from one address against a server in its normal work: all are answered, nobody notices.

Three floods of a thousand INVITEs, a thousand a second: what a refused call left behind would show between them.
"""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from interop.crossroom_server import crossroom_server
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant

pytestmark = pytest.mark.interop

ROOM = "sip:tea@conference.example"
FLOODER = "127.0.0.2"  # another source than everybody else's
A_SECOND, FLOODS = 1000, 3
# Octets that a further INVITE may cost: the admitted ones wait 32 s for an ACK with some 5 kB each, the refused ones cost nothing.
KEPT = 2500
ADMITTED = 750  # transactions at once: 50 at first and 20 a second for 32 s (timer H), and those of the room's people
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
    answered: dict[str, int] = field(default_factory=dict)
    without_retry_after: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    begun: float = 0.0
    ended: float = 0.0
    sent: int = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what asyncio gives
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def start(self, first: int, count: int) -> None:
        """Send so many at an even pace: A_SECOND."""
        loop = asyncio.get_running_loop()
        self.begun = begin = loop.time()
        batch = A_SECOND // 50
        for place in range(0, count, batch):
            loop.call_at(
                begin + place / A_SECOND, self._send, range(first + place, first + min(place + batch, count))
            )

    def _send(self, numbers: Sequence[int]) -> None:
        self.sent = max([self.sent, *(number + 1 for number in numbers)])
        self.ended = asyncio.get_running_loop().time()
        body = AUDIO.replace("\n", "\r\n")
        for number in numbers:
            text = INVITE.format(host=FLOODER, port=self.port, number=number, length=len(body))
            self.transport.sendto(text.replace("\n", "\r\n").encode() + body.encode(), self.server)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        answer = SipMessage.parse(data)
        if answer.status < 200 or answer.get("Call-ID") in self.answered:
            return  # a refusal is said again until its ACK comes, which it never does
        self.answered[answer.get("Call-ID")] = answer.status
        self.without_retry_after += answer.status == 503 and not answer.get("Retry-After")
        self.heard.set()

    async def reaches(self, answered: int) -> None:
        """Wait until so many were answered; what a full socket lost is sent again after T1, as any caller does."""
        async with asyncio.timeout(60):
            while len(self.answered) < answered:
                self.heard.clear()
                try:
                    async with asyncio.timeout(0.5):
                        await self.heard.wait()
                except TimeoutError:
                    self._send(
                        [number for number in range(self.sent) if self._call_id(number) not in self.answered][
                            :50
                        ]
                    )

    def _call_id(self, number: int) -> str:
        return f"flood-{number}@{FLOODER}"


async def test_a_flood_is_answered_while_a_room_keeps_talking_and_nothing_is_kept_of_it(
    tmp_path: Path, figures: Callable[[object], None]
) -> None:
    async with (
        crossroom_server(tmp_path, extra=LIMITS) as running,
        SipParticipant("ana", "sip.example", server=running.sip_address) as ana,
        SipParticipant("carl", "sip.example", server=running.sip_address, transport="tcp") as carl,
    ):
        await ana.join(ROOM, "Ana")
        await carl.join(ROOM, "Carl")
        loop = asyncio.get_running_loop()
        transport, flood = await loop.create_datagram_endpoint(
            lambda: Flood(running.sip_address), local_addr=(FLOODER, 0)
        )
        core = running.server.sip.core
        memory: list[int] = []
        for number in range(FLOODS):
            sent = number * A_SECOND
            flood.start(sent, A_SECOND)
            for part in range(1, 6):
                await flood.reaches(sent + part * A_SECOND // 5)
                await ana.say(f"message {number}.{part}")
                await carl.expects_message(text=f"message {number}.{part}")
            figures(f"{A_SECOND} INVITEs in {flood.ended - flood.begun:.2f} s, the repeated ones included")
            assert core.tables()["transactions"] < ADMITTED, core.tables()
            assert core.tables()["sources"] < 20, core.tables()
            memory.append(resident())
        transport.close()
        statuses = Counter(flood.answered.values())
        assert set(statuses) == {488, 503}
        assert statuses[503] > 2500
        assert flood.without_retry_after == 0
        assert core.turned_away[0] >= statuses[503]
        growth = (memory[-1] - memory[0]) / ((FLOODS - 1) * A_SECOND)
        figures(f"resident memory grew by {growth:.0f} octets for each further INVITE")
        assert growth < KEPT
        await carl.leave()
        await ana.leave()


def resident() -> int:
    """Octets of memory in use by this process, the server in it, without garbage."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
