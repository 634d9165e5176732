"""Who is calling, end to end: a server that trusts no address, accounts from its file, and clients with passwords."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from interop.crossroom_server import RunningServer, crossroom_server
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from peers.tls import Authority, Tls

pytestmark = pytest.mark.interop

ROOM = "sip:tea@conference.example"
ACCOUNTS = """
[[sip.account]]
user = "ana@sip.example"
password = "ana-secret"
[[sip.account]]
user = "carl@sip.example"
password = "carl-secret"
[[sip.account]]
user = "dora@other.example"
password = "dora-secret"
"""


@asynccontextmanager
async def distrustful(folder: Path, *, extra: str = "", **how: Any) -> AsyncIterator[RunningServer]:
    async with crossroom_server(
        folder,
        sip="trusted = []\n" + ACCOUNTS,
        extra=extra,
        **how,
    ) as running:
        yield running


def participant(
    running: RunningServer, name: str, password: str | None, domain: str = "sip.example"
) -> SipParticipant:
    return SipParticipant(name, domain, server=running.sip_address, password=password)


async def joined_as(running: RunningServer, person: str) -> None:
    line = await running.log.expects("joined by SIP")
    assert line["person"].startswith(f"{person}/")


async def test_who_knows_the_password_joins_talks_and_invites(tmp_path: Path) -> None:
    async with (
        distrustful(tmp_path) as running,
        participant(running, "ana", "ana-secret") as ana,
        participant(running, "carl", "carl-secret") as carl,
    ):
        await carl.ua.register()
        await ana.join(ROOM, "Ana")
        await ana.refer("sip:carl@sip.example")
        await (await carl.expects_invite()).accept("Carl")
        await ana.expects_roster("Ana", "Carl")
        await carl.say("thank you")
        await ana.expects_message(text="thank you", sender="Carl")
        await carl.leave()
        await ana.leave()


@pytest.mark.parametrize(
    ("name", "password", "domain", "status"),
    [
        ("ana", "guess", "sip.example", 401),
        ("eve", "ana-secret", "sip.example", 401),
        ("ana", "ana-secret", "elsewhere.example", 403),
    ],
)
async def test_nobody_else_gets_in(
    tmp_path: Path, name: str, password: str, domain: str, status: int
) -> None:
    async with distrustful(tmp_path) as running, participant(running, name, password, domain) as stranger:
        await stranger.expects_refused_join(ROOM, status)
        register = stranger.ua.new_request(
            "REGISTER", f"sip:{domain}", [stranger.ua.contact()], to=stranger.aor
        )
        assert (await stranger.ua.request(register)).status == status
        for method, header in (("SUBSCRIBE", ("Event", "conference")), ("REFER", ("Refer-To", "<sip:x@y>"))):
            message = stranger.ua.new_request(method, ROOM, [stranger.ua.contact(), header])
            assert (await stranger.ua.request(message)).status == status


async def test_each_domain_is_a_realm_of_its_own(tmp_path: Path) -> None:
    async with (
        distrustful(tmp_path) as running,
        participant(running, "dora", "dora-secret", "other.example") as dora,
    ):
        challenged = await dora.ua.finish(await dora.ua.start(dora.ua.new_request("OPTIONS", ROOM)))
        assert challenged.status == 401
        offered = challenged.all("WWW-Authenticate")
        assert all('realm="other.example"' in each for each in offered)
        assert ["SHA-256" in offered[0], "MD5" in offered[1]] == [True, True]
        await dora.join(ROOM, "Dora")
        await dora.leave()


async def test_an_asserted_identity_of_a_stranger_is_worth_nothing(tmp_path: Path) -> None:
    claim = ("P-Asserted-Identity", "<sip:carl@sip.example>")
    async with distrustful(tmp_path) as running, participant(running, "ana", "ana-secret") as ana:
        async with participant(running, "eve", None) as eve:
            response = await eve.ua.request(eve.ua.new_request("OPTIONS", ROOM, [claim]))
            assert response.status == 401
        await ana.join(ROOM, "Ana", headers=[claim])
        await joined_as(running, "ana@sip.example")
        await ana.leave()


async def test_who_hides_is_known_to_us_and_to_nobody_else(tmp_path: Path) -> None:
    async with (
        distrustful(tmp_path) as running,
        participant(running, "carl", "carl-secret") as carl,
        participant(running, "ana", "ana-secret") as ana,
    ):
        await carl.join(ROOM, "Carl")
        await ana.join(ROOM, "Guest", headers=[("Privacy", "id;user")], subscribe=False)
        await carl.expects_roster("Carl", "Guest")
        await ana.say("who am I?")
        await carl.expects_message(text="who am I?", sender="Guest")
        await ana.leave()
        await carl.expects_roster("Carl")
        assert "ana@sip.example" not in str(carl.transcript)
        await carl.leave()


async def test_a_nonce_of_before_a_restart_is_renewed_without_asking_the_user(tmp_path: Path) -> None:
    async with distrustful(tmp_path) as running, participant(running, "ana", "ana-secret") as ana:
        message = ana.ua.new_request("OPTIONS", ROOM)
        old = SipMessage("SIP/2.0 401 Unauthorized")
        old.put("WWW-Authenticate", 'Digest realm="sip.example", nonce="old", qop="auth", algorithm=SHA-256')
        stale = await ana.ua.finish(await ana.ua.start(ana.ua.with_credentials(message, old)))
        assert stale.status == 401
        assert "stale=true" in stale.get("WWW-Authenticate")


async def test_who_guesses_passwords_is_shut_out_for_a_while(tmp_path: Path) -> None:
    async with (
        distrustful(tmp_path, extra="[limits]\nsip_wrong_passwords = 2") as running,
        participant(running, "ana", "guess") as eve,
    ):
        for _ in range(2):
            await eve.expects_refused_join(ROOM, 401)
        refused = await eve.expects_refused_join(ROOM, 403)
        assert int(refused.get("Retry-After")) >= 1


async def test_a_client_certificate_is_as_good_as_a_password(tmp_path: Path) -> None:
    authority = Authority()
    certificate, key = authority.files(tmp_path, "sip.crossroom.example")
    authorities = authority.root(tmp_path)
    extra = f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nclient_authorities = "{authorities}"'
    async with distrustful(tmp_path, extra=extra, sip_listen=["tls://127.0.0.1:0"]) as running:
        port = next(each.port for each in running.server.sip.listening if each.transport == "TLS")

        def caller(tls: Tls) -> SipParticipant:
            return SipParticipant("ana", "sip.example", server=("127.0.0.1", port), transport="tls", tls=tls)

        async with caller(authority.peer("sip.example", server_name="sip.crossroom.example")) as ana:
            await ana.join(ROOM, "Ana")
            await joined_as(running, "ana@sip.example")
            await ana.leave()
        async with caller(authority.peer("elsewhere.example", server_name="sip.crossroom.example")) as eve:
            message = eve.ua.new_request("OPTIONS", ROOM)
            assert (await eve.ua.request(message)).status == 401
