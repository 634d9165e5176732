"""What nobody should send: it is answered as documented and logged, and everybody else loses nothing."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening, evening
from peers.prosody import Prosody
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from peers.xmpp_stanza import message
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop

LIMITS = "[limits]\nmessage_octets = 20000\nsip_message_octets = 9000\nstanza_octets = 20000"


@pytest.fixture
async def limited(tmp_path: Path, xmpp_server: Prosody) -> AsyncIterator[Evening]:
    """A server with small limits."""
    async with evening(tmp_path, xmpp_server, extra=LIMITS) as made:
        yield made


class Others:
    """A SIP and an XMPP user in the room, who must not notice anything."""

    def __init__(self, cy: SipParticipant, bob: XmppUser) -> None:
        self.cy = cy
        self.bob = bob

    async def lost_nothing(self) -> None:
        """Prove that they still hear each other, and have heard nothing else."""
        token = secrets.token_hex(4)
        await self.cy.say(f"{token} from Cy")
        assert (await self.bob.expects_message(sender="Cy")).text == f"{token} from Cy"
        await self.bob.say(f"{token} from Bob")
        assert (await self.cy.expects_message(sender="Bob")).text == f"{token} from Bob"


async def others_in(hosted: Evening) -> Others:
    cy, bob = await hosted.sip("cy", transport="tcp"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await cy.join(SIP_ROOM, "Cy")
    await cy.expects_roster("Bob", "Cy")
    return Others(cy, bob)


def options(user: SipParticipant, *lines: str) -> bytes:
    """Return an OPTIONS whose last header lines are as given."""
    ident = secrets.token_hex(6)
    head = (
        f"OPTIONS {SIP_ROOM} SIP/2.0",
        f"Via: SIP/2.0/{user.ua.transport.name} {user.ua.transport.sent_by};branch=z9hG4bK{ident};rport",
        f"From: <{user.aor}>;tag={ident}",
        f"Call-ID: {ident}",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        *lines,
    )
    return "\r\n".join((*head, "", "")).encode()


async def answer_to(user: SipParticipant, data: bytes) -> SipMessage:
    """Send octets as they are and return the response that comes back for their Via."""
    sent = SipMessage.parse(data)
    pending = user.ua.expect_response(sent)
    await user.ua.send_raw(data)
    return await pending.responses.take(wanted="to the malformed request")


async def test_a_request_that_can_be_answered_is_answered_400(limited: Evening) -> None:
    others, ana = await others_in(limited), await limited.sip("ana")
    response = await answer_to(ana, options(ana, f"To: <{SIP_ROOM}", "Content-Length: 0"))
    assert response.status == 400
    await limited.running.log.expects("sip bad request", status=400)
    await others.lost_nothing()


@pytest.mark.parametrize(
    "octets", [b"hello\r\n\r\n", b"\x00\xff" * 40, b"SIP/2.0 abc\r\n\r\n", b"OPTIONS sip:a SIP/2.0\r\n\r\n"]
)
async def test_what_is_no_sip_is_dropped_with_a_line_in_the_log(limited: Evening, octets: bytes) -> None:
    others, ana = await others_in(limited), await limited.sip("ana")
    await ana.ua.send_raw(octets)
    line = await limited.running.log.take(
        lambda kept: kept["event"] in {"sip bad request", "sip datagram dropped"}
    )
    assert line["level"] == "warning"
    assert (await ana.ua.options(SIP_ROOM)).status == 200
    await others.lost_nothing()


async def test_a_sip_message_that_is_too_large_is_answered_413(limited: Evening) -> None:
    others, ana = await others_in(limited), await limited.sip("ana", transport="tcp")
    body = b"x" * 9500
    head = options(ana, f"To: <{SIP_ROOM}>", "Content-Type: text/plain", f"Content-Length: {len(body)}")
    response = await answer_to(ana, head + body)
    assert response.status == 413
    await limited.running.log.expects("sip bad request", status=413)
    await others.lost_nothing()


async def test_a_broken_msrp_frame_ends_one_seat_only(limited: Evening) -> None:
    others, ana = await others_in(limited), await limited.sip("ana")
    seat = await ana.join(SIP_ROOM, "Ana")
    await others.cy.expects_roster("Ana", "Bob", "Cy")
    seat.session.send_raw(b"MSRP this is not\r\n")
    await limited.running.log.expects("msrp stream malformed")
    await seat.session.expects_closed()
    assert (await ana.expects_removed()).get("Reason").startswith("SIP;cause=408")
    gone = await others.bob.expects_presence("Ana", type_="unavailable")
    assert 307 not in gone.codes  # nobody kicked her
    await others.cy.expects_roster("Bob", "Cy")
    await others.lost_nothing()


async def test_an_msrp_frame_without_message_id_is_answered_400(limited: Evening) -> None:
    others, ana = await others_in(limited), await limited.sip("ana")
    seat = await ana.join(SIP_ROOM, "Ana")
    frame = seat.session.frame("SEND", ("Byte-Range", "1-2/2"), ("Content-Type", "text/plain"), body=b"ab")
    seat.session.write(frame)
    await seat.session.expects_response(frame, 400)
    await others.lost_nothing()


async def test_a_chat_message_that_is_too_large_is_answered_413(limited: Evening) -> None:
    others, ana = await others_in(limited), await limited.sip("ana")
    seat = await ana.join(SIP_ROOM, "Ana")
    text = "too much " * 3000
    assert await seat.session.send("message/cpim", seat.wrapped(text)) == 413
    assert await seat.session.send("message/cpim", seat.wrapped(text), chunk=2048) == 413
    await ana.say("shorter")
    await others.bob.expects_message("shorter", "Ana")
    await others.cy.expects_message("shorter", "Ana")
    await others.lost_nothing()


FROM_ANA, TO_ROOM = "From: <sip:ana@sip.example>", f"To: <{SIP_ROOM}>"


def cpim(*headers: str, charset: str = "utf-8", content: bytes = b"hello") -> bytes:
    """Return a CPIM body with those headers."""
    outer = "".join(f"{header}\r\n" for header in headers)
    return f"{outer}\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode() + content


WRONG_MESSAGES = {
    "plain text outside CPIM": ("text/plain", b"hello", 415),
    "a CPIM without headers": ("message/cpim", b"hello", 400),
    "somebody else's From": ("message/cpim", cpim("From: <sip:cy@sip.example>", TO_ROOM), 403),
    "no From": ("message/cpim", cpim(TO_ROOM), 403),
    "two recipients": ("message/cpim", cpim(FROM_ANA, TO_ROOM, "To: <sip:cy@sip.example>"), 403),
    "somebody who is not here": ("message/cpim", cpim(FROM_ANA, "To: <sip:eve@sip.example>"), 404),
    "an unknown charset": ("message/cpim", cpim(FROM_ANA, TO_ROOM, charset="klingon"), 415),
}


@pytest.mark.parametrize(("kind", "body", "status"), WRONG_MESSAGES.values(), ids=WRONG_MESSAGES.keys())
async def test_a_wrong_chat_message_is_refused(limited: Evening, kind: str, body: bytes, status: int) -> None:
    others, ana = await others_in(limited), await limited.sip("ana")
    seat = await ana.join(SIP_ROOM, "Ana")
    assert await seat.session.send(kind, body) == status
    await others.lost_nothing()


async def test_octets_that_are_no_utf8_cost_a_letter_and_not_the_link(limited: Evening) -> None:
    others, ana = await others_in(limited), await limited.sip("ana")
    seat = await ana.join(SIP_ROOM, "Ana")
    assert await seat.session.send("message/cpim", cpim(FROM_ANA, TO_ROOM, content=b"caf\xe9")) == 200
    await others.bob.expects_message("caf\ufffd", "Ana")
    await others.lost_nothing()


@pytest.mark.parametrize(
    ("xml", "condition"),
    [
        ("<message></presence>", "not-well-formed"),
        ("<message>&#1;</message>", "not-well-formed"),
        ("<!-- nobody reads this -->", "restricted-xml"),
        (f"<message><body>{'x' * 21_000}</body></message>", "policy-violation"),
    ],
)
async def test_a_broken_stream_ends_one_client_only(limited: Evening, xml: str, condition: str) -> None:
    others, dora = await others_in(limited), await limited.embedded("dora")
    await dora.join(ROOM, "Dora")
    await others.cy.expects_roster("Bob", "Cy", "Dora")
    dora.send_raw(xml)
    await dora.expects_disconnected()
    assert condition in str(dora.transcript)
    line = await limited.running.log.expects("xmpp client gone")
    assert line["condition"] == condition
    await others.bob.expects_presence("Dora", type_="unavailable")
    await others.cy.expects_roster("Bob", "Cy")
    await others.lost_nothing()


async def test_stanzas_that_make_no_sense_are_answered(limited: Evening) -> None:
    others, dora = await others_in(limited), await limited.embedded("dora")
    await dora.join(ROOM, "Dora")
    answer = await dora.iq("set", ROOM, '<query xmlns="urn:nobody:knows"/>')
    assert answer.get("type") == "error"
    answer = await dora.iq("get", ROOM, "")
    assert answer.get("type") == "error"
    dora.send_raw(message(f"{ROOM}/Bob", "groupchat", "<body>x</body>", id_="odd"))
    await dora.expects_message_error("bad-request", id_="odd")
    await others.lost_nothing()


async def test_a_text_that_is_too_long_from_xmpp_is_refused_to_its_author(limited: Evening) -> None:
    others = await others_in(limited)
    ident = await others.bob.say("y" * 90_000)
    await others.bob.expects_message_error("policy-violation", id_=ident)
    await others.lost_nothing()
