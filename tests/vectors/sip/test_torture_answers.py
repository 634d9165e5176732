"""The torture messages sent to a whole server by UDP, one after the other, and its answers read off the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from crossroom.config.schema import Account, Sip
from peers.sip_message import SipMessage
from unit.conference.face_world import facing
from vectors.sip.torture_answers import RFC4475, RFC5118, SECTIONS, Case, invite, options

CASES = (*RFC4475, *RFC5118)
ANA = Account(user="ana@sip.example", password="tea")


class Wire(asyncio.DatagramProtocol):
    """A socket that asks, and keeps what comes back."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[SipMessage] = asyncio.Queue()
        self._known: set[str] = set()
        self._asked = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, _addr: object) -> None:
        self.came.put_nowait(SipMessage.parse(data))

    async def answers(self, case: Case) -> list[SipMessage]:
        """What comes back for it, but 100, before an OPTIONS that is sent behind it is answered."""
        self._asked += 1
        last = f"torture-end-{self._asked}"
        self.transport.sendto(case.octets.replace(b"{n}", str(self._asked).encode()))
        self.transport.sendto(
            options(uri="sip:conference.example").replace(b"{n}", f"end-{self._asked}".encode())
        )
        found: list[SipMessage] = []
        async with asyncio.timeout(10):
            while (answer := await self.came.get()).get("Call-ID") != last:
                if answer.status > 100 and answer.get("Call-ID") not in self._known:
                    found.append(answer)
        self._known |= {answer.get("Call-ID") for answer in found} - {""}
        return found


@asynccontextmanager
async def wire(
    *, stranger: bool = False, host: str = "127.0.0.1", advertise: str = ""
) -> AsyncIterator[Wire]:
    trusted = [] if stranger else ["127.0.0.0/8", "::1"]
    sip = Sip(listen=[f"udp://{host}:0"], advertise=advertise, trusted=trusted, account=[ANA])
    async with facing(sip=sip) as world:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_datagram_endpoint(Wire, remote_addr=world.sip_address)
        try:
            yield protocol
        finally:
            transport.close()


def differences(case: Case, answers: list[SipMessage]) -> list[str]:
    """What is not as it should be, in words."""
    statuses = [answer.status for answer in answers]
    if statuses != [case.status] * (case.status is not None):
        return [f"{case.section}: {statuses}, not {case.status}"]
    return [
        f"{case.section}: {name}: {answer.all(name)} without {piece!r}"
        for answer in answers
        for name, piece in case.headers.items()
        if not any(piece in value for value in answer.all(name))
    ]


async def test_every_torture_message_gets_its_answer_on_the_wire() -> None:
    wrong: list[str] = []
    for stranger in (False, True):
        async with wire(stranger=stranger) as peer:
            for case in CASES:
                if case.stranger is stranger:
                    wrong += differences(case, await peer.answers(case))
    assert not wrong, "\n".join(wrong)


def test_every_section_of_both_documents_has_a_case() -> None:
    assert {" ".join(case.section.split()[:2]) for case in CASES} == SECTIONS


@pytest.mark.parametrize(
    ("host", "advertise", "called"),
    [
        ("[::1]", "", "[::1]"),
        ("[::1]", "2001:DB8::7", "[2001:db8::7]"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7", "127.0.0.1"),
        ("127.0.0.1", "SIP.example.net", "sip.EXAMPLE.net"),
    ],
)
async def test_a_room_is_found_at_our_own_address(host: str, advertise: str, called: str) -> None:
    async with wire(host=host, advertise=advertise) as peer:
        # a room there, which has no audio; anywhere else there would be nobody: 404
        [answer] = await peer.answers(Case("", invite(uri=f"sip:tea@{called}"), 488))
        assert answer.status == 488
