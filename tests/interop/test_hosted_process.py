"""The server as a process: it says goodbye on SIGTERM, and says what is wrong with its file."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM
from peers.crossroom import Ports, configuration, crossroom
from peers.process import Program
from peers.prosody import Prosody
from peers.sip_participant import SipParticipant
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody who is in the room when the server is told to stop."""

    program: Program
    ana: SipParticipant
    cy: SipParticipant
    bob: XmppUser
    dora: XmppUser


@pytest.fixture
async def company(tmp_path: Path, xmpp_server: Prosody) -> AsyncIterator[Company]:
    ports = Ports.free()
    async with AsyncExitStack() as undo:
        program = await undo.enter_async_context(crossroom(tmp_path, configuration(ports, xmpp=xmpp_server)))
        await xmpp_server.program.until_output("External component successfully authenticated")
        server = ports.sip_address
        ana = await undo.enter_async_context(SipParticipant("ana", "sip.example", server=server))
        tcp = SipParticipant("cy", "sip.example", server=server, transport="tcp")
        cy = await undo.enter_async_context(tcp)
        bob = await undo.enter_async_context(xmpp_server.user("bob"))
        embedded = XmppUser("dora", "anonymous.localhost", server=ports.entry_address)
        dora = await undo.enter_async_context(embedded)
        await ana.join(SIP_ROOM, "Ana")
        await cy.join(SIP_ROOM, "Cy")
        await bob.join(ROOM, "Bob")
        await dora.join(ROOM, "Dora")
        await ana.expects_roster("Ana", "Cy", "Bob", "Dora")
        yield Company(program, ana, cy, bob, dora)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_everybody_is_told_that_the_server_stops(company: Company, number: signal.Signals) -> None:
    os.kill(company.program.pid, number)
    for user in (company.ana, company.cy):
        bye = await user.expects_removed()
        assert bye.get("Reason").startswith("SIP;cause=503")
        subscription = user.seat.subscription
        assert subscription is not None
        end = await subscription.expects_end()
        assert end.get("Subscription-State") == "terminated;reason=probation;retry-after=60"
    for occupant in (company.bob, company.dora):
        await occupant.expects_presence(occupant.nick, codes={110, 332}, type_="unavailable")
    await company.dora.expects_disconnected()
    assert await company.program.until_ended() == 0
    assert "Traceback" not in company.program.output


async def test_a_stopped_server_has_closed_its_component_stream(
    company: Company, xmpp_server: Prosody
) -> None:
    os.kill(company.program.pid, signal.SIGTERM)
    assert await company.program.until_ended() == 0
    await xmpp_server.program.until_output("component disconnected: conference.example")


MISTAKES = {
    "unknown setting": ('[sip]\nlisen = ["udp://127.0.0.1:5060"]', 2, "lisen"),
    "wrong type": ('[limits]\n\nhistory = "many"', 3, "history"),
    "wrong address": ('[sip]\nlisten = [\n  "udp://127.0.0.1:99999",\n]', 2, "udp://127.0.0.1:99999"),
    "two of a name": ('[[domains]]\nname = "a.example"\n[[domains]]\nname = "a.example"', 4, "the same name"),
    "no TOML": ("[sip\n", 1, "TOML"),
}


@pytest.mark.parametrize(("text", "line", "what"), MISTAKES.values(), ids=MISTAKES.keys())
async def test_a_wrong_file_is_named_with_the_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    program = Program("crossroom", [sys.executable, "-m", "crossroom", "serve", "-c", str(file)], tmp_path)
    async with program:
        assert await program.until_ended() == 2
    assert f"{file}:{line}" in program.output
    assert what in program.output
    assert "Traceback" not in program.output


async def test_an_address_in_use_is_said_and_ends_with_1(tmp_path: Path) -> None:
    ports = Ports.free()
    async with crossroom(tmp_path, configuration(ports)):
        file = tmp_path / "second.toml"
        file.write_text(configuration(ports))
        command = [sys.executable, "-m", "crossroom", "serve", "-c", str(file)]
        async with Program("second crossroom", command, tmp_path) as second:
            assert await second.until_ended() == 1
        assert "crossroom cannot start" in second.output
        assert "Traceback" not in second.output
