"""The SIPp scenarios themselves, against a participant that plays a focus: they can pass, and they can fail."""

import asyncio
from pathlib import Path

import pytest

from peers.sip_call import IncomingInvite
from peers.sip_participant import SipParticipant
from peers.sipp import SippResult, sipp
from peers.transcript import PeerFailure

pytestmark = pytest.mark.interop


async def answer(focus: SipParticipant, invite: IncomingInvite) -> None:
    if "m=message" in invite.offer:
        session = focus.msrp.new_session()
        path = f"a=path:{session.path}\r\na=accept-types:message/cpim\r\na=chatroom:nickname\r\n"
        sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        await invite.accept(f"{sdp}m=message {focus.msrp.port} TCP/MSRP *\r\n{path}")
    else:
        await invite.reject(488)


async def run(scenario: Path, folder: Path, transport: str, *, calls: int, isfocus: str) -> SippResult:
    async with SipParticipant("tea", "conference.example", transport=transport) as focus:
        focus.ua.contact_parameters = isfocus
        async with asyncio.TaskGroup() as tasks:

            async def play() -> None:
                for _ in range(calls):
                    tasks.create_task(answer(focus, await focus.ua.invites.take(within=30)))

            playing = tasks.create_task(play())
            address = ("127.0.0.1", focus.ua.transport.port)
            result = await sipp(
                scenario,
                folder,
                server=address,
                domain="conference.example",
                transport=transport,
                calls=calls,
                at_once=calls,
            )
            playing.cancel()
    return result


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("name", ["join", "leave", "refused", "options"])
async def test_a_scenario_succeeds_against_a_focus(
    scenarios: Path, tmp_path: Path, name: str, transport: str
) -> None:
    result = await run(scenarios / f"{name}.xml", tmp_path, transport, calls=3, isfocus=";isfocus")
    result.expects_success(3)


async def test_a_scenario_fails_against_what_is_no_focus(scenarios: Path, tmp_path: Path) -> None:
    result = await run(scenarios / "join.xml", tmp_path, "udp", calls=1, isfocus="")
    assert result.failed == 1
    with pytest.raises(PeerFailure, match="0 calls went well, 1 failed"):
        result.expects_success(1)
