"""Sessions that we refresh (RFC 4028), at half of the 90 s that are the least: on every transport, all at once.

The clock of the wall runs: 45 s, spent once for users behind Kamailio by UDP, TCP, TLS and WebSocket, who take
UPDATE, and for SIPp, which takes a re-INVITE or UPDATE, or is invited and knows no timers. What a user refreshes is in test_sip_kamailio.py.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from interop.crossroom_server import crossroom_server
from interop.provider_world import ROOM, Provider, call_of, came_by_the_proxy, provider
from peers.msrp_ua import MsrpUA
from peers.sip_participant import SipParticipant
from peers.sipp import Run, sipp_run, sipp_waiting
from peers.transcript import Transcript

pytestmark = pytest.mark.interop

LEGS = [("udp", "udp"), ("tcp", "tcp"), ("tls", "tls"), ("ws", "tcp")]
WITHIN = 60.0  # seconds: 45 and what a busy machine adds
BRIEF = [("Supported", "timer"), ("Session-Expires", "90;refresher=uas")]


async def refreshed_through_the_proxy(site: Provider, user: SipParticipant) -> None:
    await user.join(ROOM, user.name, headers=BRIEF)
    update = await call_of(user).offers.take(within=WITHIN)
    assert update.method == "UPDATE"
    assert update.get("Session-Expires") == "90;refresher=uac"
    came_by_the_proxy(update)
    await site.proxy.expects_request("UPDATE", call_of(user).dialog.call_id)
    await user.say("still here")  # nothing else has changed
    await user.leave()


async def refreshed_sipp(site: Provider, scenario: Path, folder: Path, transport: str) -> None:
    """SIPp has no MSRP: the chat of its call is a listener of ours."""
    chat = MsrpUA(Transcript(f"chat of {scenario.stem}"))
    await chat.open()
    try:
        row = ("conference.example", chat.new_session().path.removesuffix(";tcp"))
        run = Run(scenario, folder, [row], transport, within=WITHIN)
        (await sipp_run(run, site.running.sip_address)).expects_success(1)
    finally:
        await chat.close()


async def refreshed_without_timers(scenario: Path, folder: Path, transport: str) -> None:
    """SIPp is invited, and knows no timers: who dialled refreshes."""
    chat = MsrpUA(Transcript(f"chat of {scenario.stem}"))
    await chat.open()
    try:
        async with (
            crossroom_server(folder, extra="[limits]\nsip_session_seconds = 90") as running,
            SipParticipant("ana", "sip.example", server=running.sip_address) as ana,
        ):
            row = ("conference.example", chat.new_session().path.removesuffix(";tcp"))
            answering = Run(scenario, folder, [row], transport, within=WITHIN)
            register = scenario.with_name("register.xml")
            registering = Run(register, folder, [("sip.example",)], transport, port=answering.port)
            (await sipp_run(registering, running.sip_address)).expects_success(1)
            await ana.join(ROOM, "Ana")
            async with sipp_waiting(answering, running.sip_address) as waiting:
                await ana.refer("sip:sipp@sip.example")
                await ana.expects_sipfrag(200)
                (await waiting.result()).expects_success(1)
            await ana.expects_roster("Ana")
            await ana.leave()
    finally:
        await chat.close()


async def test_the_room_refreshes_sessions_on_every_transport(tmp_path: Path, scenarios: Path) -> None:
    async with AsyncExitStack() as undo:
        sites = [
            await undo.enter_async_context(provider(tmp_path / users, users, server))
            for users, server in LEGS
        ]
        async with asyncio.TaskGroup() as calls:
            for site in sites:
                user = await site.user("ana")
                calls.create_task(refreshed_through_the_proxy(site, user))
            for name in ("refreshed", "updated"):
                for transport in ("udp", "tcp"):
                    scenario = scenarios / f"{name}.xml"
                    calls.create_task(refreshed_sipp(sites[0], scenario, tmp_path, transport))
            for transport in ("udp", "tcp"):
                alone = tmp_path / f"alone-{transport}"
                alone.mkdir()
                calls.create_task(refreshed_without_timers(scenarios / "timerless.xml", alone, transport))
