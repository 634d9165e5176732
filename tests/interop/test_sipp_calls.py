"""SIPp against the whole server: calls it makes, calls it answers, and what either side does in the middle of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from interop.crossroom_server import RunningServer, crossroom_server
from peers.sip_participant import SipParticipant
from peers.sipp import Run, WaitingSipp, sipp, sipp_run, sipp_waiting
from peers.tshark import capture
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop

DOMAIN = "conference.example"
ROOM = f"sip:tea@{DOMAIN}"
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A server in which an invited person may think for a second."""
    async with crossroom_server(tmp_path, extra="[limits]\ninvitation_seconds = 1") as made:
        yield made


@asynccontextmanager
async def registered(
    running: RunningServer, scenario: Path, folder: Path, transport: str
) -> AsyncIterator[WaitingSipp]:
    """A SIPp that has registered as sipp@sip.example and now waits for a call on the same port."""
    answering = Run(scenario, folder, [(DOMAIN,)], transport)
    registering = Run(
        scenario.with_name("register.xml"), folder, [("sip.example",)], transport, port=answering.port
    )
    (await sipp_run(registering, running.sip_address)).expects_success(1)
    async with sipp_waiting(answering, running.sip_address) as waiting:
        yield waiting


@TRANSPORTS
async def test_a_registered_sipp_is_invited_answers_and_leaves(
    running: RunningServer, scenarios: Path, tmp_path: Path, transport: str
) -> None:
    async with SipParticipant("ana", "sip.example", server=running.sip_address) as ana:
        await ana.join(ROOM, "Ana")
        async with registered(running, scenarios / "answer.xml", tmp_path, transport) as waiting:
            await ana.refer("sip:sipp@sip.example")
            await ana.expects_sipfrag(180)
            await ana.expects_sipfrag(200)
            (await waiting.result()).expects_success(1)
        await ana.expects_roster("Ana")
        await ana.leave()


@TRANSPORTS
async def test_a_sipp_in_a_room_is_removed_by_its_owner(
    running: RunningServer, scenarios: Path, tmp_path: Path, transport: str
) -> None:
    async with SipParticipant("ana", "sip.example", server=running.sip_address) as ana:
        await ana.join(ROOM, "Ana")
        async with registered(running, scenarios / "removed.xml", tmp_path, transport) as waiting:
            await ana.refer("sip:sipp@sip.example")
            await ana.expects_roster("Ana", "sipp")
            await ana.refer("sip:sipp@sip.example", method="BYE")
            await ana.expects_sipfrag(200)
            (await waiting.result()).expects_success(1)
        await ana.expects_roster("Ana")
        await ana.leave()


@TRANSPORTS
async def test_a_sipp_that_only_rings_is_cancelled(
    running: RunningServer, scenarios: Path, tmp_path: Path, transport: str
) -> None:
    async with SipParticipant("ana", "sip.example", server=running.sip_address) as ana:
        await ana.join(ROOM, "Ana")
        async with registered(running, scenarios / "unanswered.xml", tmp_path, transport) as waiting:
            await ana.refer("sip:sipp@sip.example")
            await ana.expects_sipfrag(408)
            (await waiting.result()).expects_success(1)
        await ana.leave()


@TRANSPORTS
async def test_a_sipp_focus_withdraws_its_invitation(
    running: RunningServer, scenarios: Path, tmp_path: Path, transport: str
) -> None:
    async with XmppUser("", "anonymous.localhost", server=running.ports.entry_address) as guest:
        person = guest.jid.partition("/")[0]
        result = await sipp(
            scenarios / "cancel.xml",
            tmp_path,
            server=running.sip_address,
            domain="rooms.example",
            fields=[person],
            transport=transport,
            calls=3,
        )
        result.expects_success(3)
        for _ in range(3):
            invitation = await guest.expects_invitation()
            assert invitation.room.endswith("@rooms.example")
    await running.is_empty()


@TRANSPORTS
async def test_a_sipp_renews_its_session(
    running: RunningServer, scenarios: Path, tmp_path: Path, transport: str
) -> None:
    async with SipParticipant("ana", "sip.example", server=running.sip_address) as ana:
        await ana.join(ROOM, "Ana")
        result = await sipp(
            scenarios / "reinvite.xml",
            tmp_path,
            server=running.sip_address,
            domain=DOMAIN,
            transport=transport,
            calls=3,
            at_once=3,
        )
        result.expects_success(3)
        await ana.expects_roster("Ana")
        await ana.leave()


CALLING = ("options", "join", "leave", "refused", "reinvite")


@TRANSPORTS
async def test_what_we_say_to_sipp_is_well_formed_for_another_dissector(
    running: RunningServer, scenarios: Path, tmp_path: Path, transport: str
) -> None:
    ports = {running.ports.sip: "sip"}
    async with (
        SipParticipant("ana", "sip.example", server=running.sip_address) as ana,
        capture(tmp_path, ports) as wire,
    ):
        await ana.join(ROOM, "Ana")
        for name in CALLING:
            scenario = scenarios / f"{name}.xml"
            address = running.sip_address
            result = await sipp(scenario, tmp_path, server=address, domain=DOMAIN, transport=transport)
            result.expects_success(1)
        async with registered(running, scenarios / "answer.xml", tmp_path, transport) as waiting:
            await ana.refer("sip:sipp@sip.example")
            (await waiting.result()).expects_success(1)
        await ana.expects_roster("Ana")
        await ana.leave()
        seen = await wire.stop()
    assert await seen.malformed_frames(["sip"]) == []
    ours = f"{transport}.srcport == {running.ports.sip} && sip"
    for what in ("sip.Status-Code == 488", "sip.Status-Code == 481", "sip.CSeq.method == OPTIONS"):
        assert await seen.count(f"{ours} && {what}") > 0, what


# SIPp 3.6 knows MD5 only, and stops at a first challenge by another algorithm.
DISTRUSTFUL = """trusted = []
digest = ["MD5"]
[[sip.account]]
user = "sipp@sip.example"
password = "sipp-secret"
"""


@TRANSPORTS
async def test_a_sipp_with_a_password_joins(scenarios: Path, tmp_path: Path, transport: str) -> None:
    async with crossroom_server(tmp_path, sip=DISTRUSTFUL) as running:
        result = await sipp(
            scenarios / "authenticated.xml",
            tmp_path,
            server=running.sip_address,
            domain=DOMAIN,
            fields=["[authentication username=sipp password=sipp-secret]"],
            transport=transport,
            calls=3,
            at_once=3,
        )
        result.expects_success(3)
