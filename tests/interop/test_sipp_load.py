"""Two thousand calls of SIPp at a steady rate, by UDP and TCP at once: none fails, a room talks on, nothing stays."""

import asyncio
from pathlib import Path

import pytest

from interop.conftest import Tell
from interop.crossroom_server import RunningServer, crossroom_server
from peers.sip_participant import SipParticipant
from peers.sipp import Run, SippResult, sipp_run

pytestmark = pytest.mark.interop

DOMAIN = "conference.example"
CALLS = 1000  # of each transport
A_SECOND = 35  # of each transport: seventy in all, a quarter of what one small core takes
ROOMS = ["tea", *(f"room{number}" for number in range(1, 20))]
# the default is 500 a second of each kind: SIPp is one source, like a proxy with all its users
LIMITS = "[limits]\nsip_trusted_rate = 1000"


async def calls(running: RunningServer, scenario: Path, folder: Path, transport: str) -> SippResult:
    rows = [(DOMAIN, room) for room in ROOMS]
    run = Run(
        scenario,
        folder,
        rows,
        transport,
        calls=CALLS,
        at_once=CALLS,
        rate=A_SECOND,
        within=80,
        traced=False,
    )
    return await sipp_run(run, running.sip_address)


async def talk(ana: SipParticipant, carl: SipParticipant, said: list[str]) -> None:
    """Say something whenever the roster has changed: people come to this room, too, and go."""
    subscription = ana.seat.subscription
    assert subscription is not None
    while True:
        await subscription.notifies.take(within=30)
        text = f"message {len(said)}"
        await ana.say(text)
        await carl.expects_message(text=text, sender="Ana", within=30)
        said.append(text)


async def test_two_thousand_calls_come_and_go_and_none_fails(
    tmp_path: Path, scenarios: Path, figures: Tell
) -> None:
    asyncio.get_running_loop().set_debug(False)  # what debugging costs is not what is counted here
    async with (
        crossroom_server(tmp_path, extra=LIMITS) as running,
        SipParticipant("ana", "sip.example", server=running.sip_address) as ana,
        SipParticipant("carl", "sip.example", server=running.sip_address, transport="tcp") as carl,
    ):
        await ana.join(f"sip:tea@{DOMAIN}", "Ana")
        await carl.join(f"sip:tea@{DOMAIN}", "Carl")
        said: list[str] = []
        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(talk(ana, carl, said))
            results = {
                transport: tasks.create_task(calls(running, scenarios / "calls.xml", tmp_path, transport))
                for transport in ("udp", "tcp")
            }
            await asyncio.wait(results.values())
            talking.cancel()
        assert len(said) > 1
        for transport, task in results.items():
            result = task.result()
            figures(f"SIPp by {transport}: {result}")
            result.expects_success(CALLS)
            # a storm would be several for each call; a machine with other work may delay some
            assert result.retransmissions < CALLS // 4
        assert running.server.sip.core.turned_away == (0, 0)
        await ana.expects_roster("Ana", "Carl")
        await ana.leave()
        await carl.leave()
        await running.is_empty()
