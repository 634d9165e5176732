"""The server alone, as `crossroom serve` starts it: SIPp, quirky clients, an anonymous XMPP user at the embedded entry."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from peers.crossroom import Ports, configuration, crossroom
from peers.quirks import BLINK_LIKE, PLAIN, Quirks
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from peers.sipp import sipp
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop

DOMAIN = "conference.example"
ROOM = f"sip:tea@{DOMAIN}"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Ports]:
    ports = Ports.free()
    async with crossroom(tmp_path, configuration(ports)):
        yield ports


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_scenarios_succeed(server: Ports, scenarios: Path, tmp_path: Path, transport: str) -> None:
    async with SipParticipant("ana", "sip.example", server=server.sip_address) as ana:
        await ana.join(ROOM, "Ana")  # the room exists as long as somebody is in it
        for name in ("join", "leave", "refused", "options"):
            result = await sipp(
                scenarios / f"{name}.xml",
                tmp_path,
                server=server.sip_address,
                domain=DOMAIN,
                transport=transport,
                calls=5,
                at_once=5,
            )
            result.expects_success(5)
        await ana.expects_roster("Ana")
        await ana.leave()


@pytest.mark.parametrize("quirks", [PLAIN, BLINK_LIKE], ids=["plain", "blink"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_client_with_habits_talks_to_everybody(server: Ports, quirks: Quirks, transport: str) -> None:
    async with (
        SipParticipant(
            "ana", "sip.example", server=server.sip_address, transport=transport, quirks=quirks
        ) as ana,
        SipParticipant("carl", "sip.example", server=server.sip_address) as carl,
        XmppUser("", "anonymous.localhost", server=server.entry_address) as guest,
    ):
        await ana.join(ROOM, "Ana M.")
        await carl.join(ROOM, "Carl", right_behind="me first")
        await ana.expects_message(text="me first")
        await guest.join(f"tea@{DOMAIN}", "Guest")
        await ana.expects_roster("Ana M.", "Carl", "Guest")
        await ana.say("grüße an alle", chunk=16)
        await carl.expects_message(text="grüße an alle", sender="Ana M.")
        await guest.expects_message(text="grüße an alle", sender="Ana M.")
        await guest.type()
        await ana.expects_typing("Guest")
        await carl.type()
        await guest.expects_typing("Carl")
        await ana.say("psst", to="Carl")
        await carl.expects_message(text="psst", private=True)
        await ana.rename("Carl", expect=425)
        await guest.rename("Gast")
        await ana.expects_roster("Ana M.", "Carl", "Gast")
        await ana.leave()
        await carl.leave()
        await guest.expects_roster("Gast")


async def test_answers_that_make_a_dialog_keep_the_proxies_in_it(server: Ports) -> None:
    # RFC 3261 section 12.1.1: all Record-Route values, in order
    route = "<sip:127.0.0.1:9;lr>"
    async with SipParticipant("ana", "sip.example", server=server.sip_address) as ana:
        await ana.join(ROOM, "Ana", subscribe=False)
        for method, headers in REQUESTS.items():
            message = ana.ua.new_request(method, ROOM, [ana.ua.contact(), ("Record-Route", route), *headers])
            response: SipMessage = await ana.ua.request(message)
            assert response.status in {200, 202}, method
            assert response.all("Record-Route") == [route], method
        await ana.leave()


REQUESTS = {
    "SUBSCRIBE": [("Event", "conference"), ("Accept", "application/conference-info+xml"), ("Expires", "600")],
    "REFER": [("Refer-To", "<sip:nobody@127.0.0.1:9>")],
}
