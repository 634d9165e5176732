"""What the SIP face does not do, and how it says so: the rows of docs/conformance.md that end in a refusal."""

import pytest

from crossroom.config.schema import Sip
from peers.sdp_text import ChatMedia
from peers.sip_call import start_invite
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from peers.sip_subscription import refer, subscribe
from unit.conference.face_world import TEA, facing


async def test_a_stranger_may_not_subscribe_to_the_roster() -> None:
    async with facing() as world:
        ana, stranger = await world.sip("Ana"), await world.endpoint("Eve")
        response, _ = await subscribe(stranger.ua, TEA)
        assert response.status == 403
        await ana.expects_roster("Ana")


async def test_a_room_takes_no_message_outside_a_session() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        response = await ana.ua.message(TEA, "by post")
        assert response.status == 405
        assert "INVITE" in response.get("Allow")


async def test_a_list_of_people_to_call_is_an_extension_that_is_not_there() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        response = await ana.expects_refused_join(TEA, 420, headers=[("Require", "recipient-list-invite")])
        assert response.get("Unsupported") == "recipient-list-invite"


async def test_a_list_of_people_to_refer_to_is_an_extension_that_is_not_there() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        response = await _referred(ana, "<cid:list@example>", ("Require", "multiple-refer"))
        assert (response.status, response.get("Unsupported")) == (420, "multiple-refer")


@pytest.mark.parametrize("target", ["<http://www.example/>", "<tel:+15551234>", "<sips:bob@xmpp.example>"])
async def test_a_room_invites_nobody_by_a_scheme_it_does_not_speak(target: str) -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        assert (await _referred(ana, target)).status == 416
        assert not world.xmpp_network.asked


@pytest.mark.parametrize(
    ("uri", "status"), [("sips:tea@conference.example", 416), ("sip:tea@else.example", 404)]
)
async def test_what_is_no_room_of_ours_cannot_be_called(uri: str, status: int) -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        await ana.expects_refused_join(uri, status)


async def test_a_copy_asks_its_recipients_for_no_receipts() -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        imdn = "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\n"
        head = f"From: <{ana.aor}>\r\nTo: <{TEA}>\r\n{imdn}imdn.Disposition-Notification: display\r\n\r\n"
        content = "Content-Type: text/plain\r\n\r\nread me"
        assert await ana.seat.session.send("message/cpim", (head + content).encode()) == 200
        body = (await cy.expects_message("read me")).message.body
        assert b"imdn.Message-ID: m1" in body
        assert b"Disposition" not in body


async def test_nobody_who_is_not_let_in_makes_us_connect_to_anything() -> None:
    """RFC 4975 section 14.5: an INVITE names an address of its author's choice."""
    async with facing(sip=Sip(listen=["udp://127.0.0.1:0"], trusted=["192.0.2.0/24"])) as world:
        eve = await world.endpoint("Eve")
        path = f"msrp://{eve.msrp.host}:{eve.msrp.port}/victim;tcp"
        offer = str(ChatMedia(path, eve.msrp.host, eve.msrp.port, setup="passive"))
        response = await (await start_invite(eve.ua, TEA, offer)).final()
        assert response.status == 403
        assert not eve.msrp.connections
        assert not world.server.msrp.sessions


async def _referred(ana: SipParticipant, target: str, *headers: tuple[str, str]) -> SipMessage:
    response, _ = await refer(ana.ua, TEA, target, headers=headers)
    return response
