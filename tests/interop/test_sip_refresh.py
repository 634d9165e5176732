"""Sessions that we refresh (RFC 4028), at half of the 90 s that are the least: on every transport, all at once.

The clock of the wall runs: 45 s, spent once for users behind Kamailio by UDP, TCP, TLS and WebSocket, who take
UPDATE, and for SIPp, which takes a re-INVITE or UPDATE. What a user refreshes is in test_sip_kamailio.py.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from interop.provider_world import ROOM, Provider, call_of, came_by_the_proxy, provider
from peers.msrp_ua import MsrpUA
from peers.sip_participant import SipParticipant
from peers.sipp import Run, sipp_run
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
