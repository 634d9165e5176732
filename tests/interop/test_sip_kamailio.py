"""A hosted room behind a real Kamailio, every leg by UDP, TCP and TLS, and a user's by WebSocket.

Users register at Kamailio; the server sends everything through it, and is called through it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from interop.provider_world import ROOM, Provider, call_of, came_by_the_proxy, provider
from peers.sip_participant import SipParticipant
from peers.sip_subscription import sipfrag_status
from peers.tshark import capture

pytestmark = pytest.mark.interop

# the user's transport, the server's transport
LEGS = [("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp"), ("tls", "tls"), ("ws", "tcp"), ("ws", "tls")]
READABLE = {"udp", "tcp", "ws"}  # no dissector looks into TLS


@asynccontextmanager
async def watched(folder: Path, users: str, server: str) -> AsyncIterator[Provider]:
    """A provider whose SIP is captured, and must be well-formed for Wireshark."""
    async with provider(folder / "site", users, server) as site:
        ports = dict.fromkeys((site.proxy.port, site.running.ports.sip), "sip")
        if users == "ws":
            ports[site.proxy.websocket_port] = "http"
        async with capture(folder, ports) as wire:
            yield site
            seen = await wire.stop()
        assert await seen.malformed_frames(["sip", "websocket"]) == []
        for transport in {users, server} & READABLE:
            wanted = {"ws": "websocket && sip"}.get(transport, f"{transport} && sip")
            assert await seen.count(f"{wanted} && sip.CSeq.method == INVITE") > 0, wanted


async def refers_inside(caller: SipParticipant, target: str) -> None:
    """Ask the room by a REFER in the dialog of the call to invite somebody, until that somebody is in."""
    call = call_of(caller)
    response = await call.request("REFER", [caller.ua.contact(), ("Refer-To", f"<{target}>")])
    assert response.status in {200, 202}
    invited = await call.notifies.take(lambda n: sipfrag_status(n) == 100)
    came_by_the_proxy(invited)


@pytest.mark.parametrize(("users", "server"), LEGS)
async def test_a_provider_has_rooms(tmp_path: Path, users: str, server: str) -> None:
    async with watched(tmp_path, users, server) as site:
        ana, carl, dora = [await site.user(name) for name in ("ana", "carl", "dora")]
        # called by users, and calling one of them (REFER), all through the proxy
        await ana.join(ROOM, "Ana")
        await carl.join(ROOM, "Carl")
        await ana.refer("sip:dora@sip.example")
        invitation = await dora.expects_invite()
        assert invitation.invite.is_from_focus
        assert invitation.invite.referred_by == "sip:tea@conference.example;gr=Ana"
        await invitation.accept("Dora")
        await ana.expects_sipfrag(200)
        for each in (ana, carl, dora):
            await each.expects_roster("Ana", "Carl", "Dora")
        await dora.say("by way of the proxy")
        await ana.expects_message(text="by way of the proxy", sender="Dora")

        # REFER inside a dialog, and a roster that is asked for again
        eve = await site.user("eve")
        await refers_inside(ana, "sip:eve@sip.example")
        await (await eve.expects_invite()).accept("Eve")
        told = await call_of(ana).notifies.take(lambda n: sipfrag_status(n) == 200)
        came_by_the_proxy(told)
        await ana.expects_roster("Ana", "Carl", "Dora", "Eve")
        subscription = carl.seat.subscription
        assert subscription is not None
        subscription.notifies.items.clear()
        assert (await subscription.refresh()).status == 200
        came_by_the_proxy(await subscription.notifies.take())
        await eve.leave()

        # session timers: the caller refreshes by UPDATE, and again by an unchanged re-INVITE
        refreshed = await call_of(ana).request(
            "UPDATE", [ana.ua.contact(), ("Supported", "timer"), ("Session-Expires", "90;refresher=uac")]
        )
        assert refreshed.status == 200
        assert refreshed.get("Session-Expires") == "90;refresher=uac"
        again = await call_of(carl).reinvite(call_of(carl).local_sdp)
        assert again.status == 200

        # BYE from each end
        dora_is_called = call_of(dora)
        await ana.refer("sip:dora@sip.example", method="BYE")
        came_by_the_proxy(await dora_is_called.expects_bye())
        await ana.expects_roster("Ana", "Carl")
        await ana.leave()
        await carl.leave()

        # Record-Route was honoured: what belongs to a dialog has passed the proxy, from either side
        for person, methods in (
            (ana, ("ACK", "UPDATE", "REFER", "NOTIFY", "BYE")),
            (carl, ("ACK", "INVITE", "BYE")),
        ):
            for method in methods:
                await site.proxy.expects_request(method, call_of(person).dialog.call_id)
        await site.proxy.expects_request("BYE", dora_is_called.dialog.call_id)
        assert subscription.dialog is not None
        await site.proxy.expects_request("SUBSCRIBE", subscription.dialog.call_id)
        await site.proxy.expects_request("NOTIFY", subscription.dialog.call_id, times=2)


@pytest.mark.parametrize("users", ["udp", "ws"])
async def test_the_room_hangs_up_through_the_proxy(tmp_path: Path, users: str) -> None:
    async with provider(tmp_path, users, "tcp") as site:
        ana, carl = [await site.user(name) for name in ("ana", "carl")]
        await ana.join(ROOM, "Ana")  # the first is the owner
        await carl.join(ROOM, "Carl")
        call = call_of(carl)
        await ana.refer("sip:carl@sip.example", method="BYE")
        bye = await call.expects_bye()
        assert "SIP" in bye.get("Reason")
        await ana.expects_roster("Ana")
        await ana.leave()


async def test_an_invited_user_who_does_not_answer_is_cancelled_through_the_proxy(tmp_path: Path) -> None:
    async with provider(tmp_path, "tcp", "udp") as site:
        ana, carl = [await site.user(name) for name in ("ana", "carl")]
        await ana.join(ROOM, "Ana")
        await ana.refer("sip:carl@sip.example")
        invitation = await carl.expects_invite()
        invitation.ring()
        await ana.expects_sipfrag(180)
        await invitation.reject(486)
        await ana.expects_sipfrag(486)
        await ana.refer("sip:nobody@sip.example")
        await ana.expects_sipfrag(404)
        await ana.leave()
