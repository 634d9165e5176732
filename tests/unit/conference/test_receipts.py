"""Receipts of private messages over real sockets: IMDN and REPORT on SIP, the room's words on the other side."""

import pytest
from msgspec.structs import replace

from contract.focus_contract import Recorder, said
from crossroom.bodies.imdn import Imdn, Kind
from crossroom.conference.receipts import REMEMBERED, ReceiptBook
from crossroom.focus.interface import Participation
from crossroom.room.address import MessageId, Nickname
from crossroom.room.content import Receipt
from crossroom.room.events import Acknowledged, Joined, Posted
from peers.chat_message import ChatMessage
from peers.cpim_text import Cpim
from peers.sip_participant import SipParticipant
from unit.conference.face_world import World, facing
from unit.conference.roster_world import occupant

IMDN = "message/imdn+xml"
BOTH = "positive-delivery, display"


def imdn(about: str, kind: Kind, status: str) -> bytes:
    return bytes(Imdn(about, "2026-11-28T12:00:00Z", kind, status))


async def send(  # noqa: PLR0913 -- what a message is made of
    peer: SipParticipant,
    to: str,
    content: bytes,
    *,
    content_type: str = "text/plain",
    message_id: str = "",
    asks: str = "",
    expect: int = 200,
) -> None:
    """A CPIM message with IMDN headers, to an occupant by name, or to the room."""
    uri = peer.seat.uri_of(to) if to else peer.seat.room
    headers = [("From", f"<{peer.aor}>"), ("To", f"<{uri}>"), ("NS", "imdn <urn:ietf:params:imdn>")]
    headers += [("imdn.Message-ID", message_id)] if message_id else []
    headers += [("imdn.Disposition-Notification", asks)] if asks else []
    inner = [("Content-Type", content_type)]
    inner += [("Content-Disposition", "notification")] if content_type == IMDN else []
    assert await peer.seat.session.send("message/cpim", bytes(Cpim(headers, inner, content))) == expect


async def notified(peer: SipParticipant) -> tuple[Imdn, ChatMessage]:
    """The next IMDN that comes."""
    message = await peer.expects_message()
    assert message.content_type == IMDN
    return Imdn.from_bytes(message.text.encode()), message


def header(message: ChatMessage, name: str) -> str:
    assert message.cpim is not None
    return message.cpim.get(name)


async def pair(world: World) -> tuple[SipParticipant, Participation, Recorder]:
    bob, seen = await world.xmpp("Bob")
    ana = await world.sip("Ana")
    await ana.expects_roster("Ana", "Bob")
    await seen.until(lambda recorder: len(recorder.of(Joined)) == 2)
    return ana, bob, seen


async def test_what_an_xmpp_user_asks_for_is_asked_of_sip_by_report_and_by_imdn() -> None:
    async with facing() as world:
        ana, bob, seen = await pair(world)
        asked = frozenset({Receipt.DELIVERED, Receipt.DISPLAYED})
        await bob.post(replace(said("psst", "p1", to="Ana"), receipts=asked))
        message = await ana.expects_message("psst", private=True)
        assert header(message, "imdn.Message-ID") == "p1"
        assert header(message, "imdn.Disposition-Notification") == BOTH
        # the REPORT is the delivery; the IMDN about it says nothing new, the one about the display does
        delivered = await seen.first(Acknowledged)
        assert (delivered.author.nickname, delivered.id, delivered.receipt) == (
            "Ana",
            "p1",
            Receipt.DELIVERED,
        )
        await send(ana, "Bob", imdn("p1", Kind.DELIVERY, "delivered"), content_type=IMDN)
        await send(ana, "Bob", imdn("p1", Kind.DISPLAY, "displayed"), content_type=IMDN)
        assert (await seen.first(Acknowledged, 2)).receipt is Receipt.DISPLAYED
        assert not [event for event in seen.of(Posted) if event.author.nickname == "Ana"]


async def test_a_message_that_asks_for_nothing_is_asked_nothing_about() -> None:
    async with facing() as world:
        ana, bob, seen = await pair(world)
        await bob.post(said("psst", "p1", to="Ana"))
        message = await ana.expects_message("psst", private=True)
        assert header(message, "imdn.Disposition-Notification") == ""
        await send(ana, "Bob", b"thanks")
        await seen.first(Posted)
        assert not seen.of(Acknowledged)


async def test_what_a_sip_user_asks_for_is_asked_of_xmpp_and_answered_by_imdn_once() -> None:
    async with facing() as world:
        ana, bob, seen = await pair(world)
        await send(ana, "Bob", b"psst", message_id="abc", asks=BOTH)
        posted = await seen.first(Posted)
        assert posted.id == "abc"
        assert posted.receipts == {Receipt.DELIVERED, Receipt.DISPLAYED}
        for receipt in (Receipt.DELIVERED, Receipt.DELIVERED, Receipt.FAILED, Receipt.DISPLAYED):
            await bob.acknowledge(posted.id, receipt, Nickname("Ana"))
        first, message = await notified(ana)
        assert (first.message_id, first.kind, first.status) == ("abc", Kind.DELIVERY, "delivered")
        assert message.from_uri == ana.seat.uri_of("Bob")
        assert message.to_uri == ana.seat.uri_of("Ana")
        assert header(message, "Content-Disposition") == "notification"
        # RFC 5438 §7.2.1: an id of its own, and no question about itself
        assert header(message, "imdn.Message-ID") not in {"", "abc"}
        assert header(message, "imdn.Disposition-Notification") == ""
        second, _ = await notified(ana)
        assert (second.message_id, second.kind, second.status) == ("abc", Kind.DISPLAY, "displayed")
        await bob.post(said("over", "m2"))
        await ana.expects_message("over")
        assert not ana.seat.session.received.items


async def test_a_question_without_an_id_to_answer_to_is_none() -> None:
    async with facing() as world:
        ana, _, seen = await pair(world)
        await send(ana, "Bob", b"psst", asks=BOTH)
        assert (await seen.first(Posted)).receipts == frozenset()


async def test_an_imdn_between_sip_endpoints_is_carried_untouched() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        cy = await world.sip("Cy")
        await ana.expects_roster("Ana", "Cy")
        await send(ana, "Cy", b"psst", message_id="abc", asks=f"{BOTH}, processing")
        asked = await cy.expects_message("psst", private=True)
        assert header(asked, "imdn.Message-ID") == "abc"
        assert header(asked, "imdn.Disposition-Notification") == BOTH
        # both know IMDN, so the switch asks for no REPORT of its own
        assert not asked.message.frames[0].get("Success-Report")
        for kind, status in (
            (Kind.PROCESSING, "stored"),
            (Kind.DISPLAY, "displayed"),
            (Kind.DISPLAY, "error"),
        ):
            document = imdn("abc", kind, status) + b"<!-- mine -->"
            await send(cy, "Ana", document, content_type=IMDN, asks=BOTH, message_id="i1")
            _, message = await notified(ana)
            assert message.text.encode() == document
            assert header(message, "imdn.Disposition-Notification") == ""


async def test_an_imdn_that_names_an_address_is_said_again_without_it() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        cy = await world.sip("Cy")
        await ana.expects_roster("Ana", "Cy")
        await send(ana, "Cy", b"psst", message_id="abc", asks=BOTH)
        await cy.expects_message("psst")
        for kind, status in ((Kind.PROCESSING, "stored"), (Kind.DISPLAY, "displayed")):
            named = Imdn(
                "abc", "2026-11-28T12:00:00Z", kind, status, "sip:cy@sip.example", "sip:cy@home.example"
            )
            await send(cy, "Ana", bytes(named), content_type=IMDN)
        told, message = await notified(ana)
        assert (told.message_id, told.kind, told.status, told.recipient) == (
            "abc",
            Kind.DISPLAY,
            "displayed",
            "",
        )
        assert b"sip:cy@" not in message.message.body.partition(b"\r\n\r\n")[2]


async def test_public_messages_ask_nobody_and_public_imdns_reach_nobody() -> None:
    async with facing() as world:
        ana, _, seen = await pair(world)
        cy = await world.sip("Cy")
        await send(ana, "", b"hello", message_id="m1", asks=BOTH)
        message = await cy.expects_message("hello")
        assert header(message, "imdn.Message-ID") == "m1"
        assert header(message, "imdn.Disposition-Notification") == ""
        assert (await seen.first(Posted)).receipts == frozenset()
        await send(cy, "", imdn("m1", Kind.DISPLAY, "displayed"), content_type=IMDN)
        await send(cy, "", b"over")
        await ana.expects_message("over")
        assert not ana.seat.session.received.items
        assert not seen.of(Acknowledged)


async def test_an_imdn_that_cannot_be_read_is_415() -> None:
    async with facing() as world:
        ana, _, seen = await pair(world)
        await send(ana, "Bob", b"<imdn/>", content_type=IMDN, expect=415)
        assert not seen.of(Acknowledged)


@pytest.mark.parametrize("way", ["refused by the endpoint", "reported as failed"])
async def test_a_private_message_that_its_endpoint_does_not_take_is_told_as_failed(way: str) -> None:
    async with facing() as world:
        ana, bob, seen = await pair(world)
        session = ana.seat.session
        if way == "refused by the endpoint":
            session.answer_with = 415
        else:
            session.sends_reports = False
        asked = frozenset({Receipt.DELIVERED, Receipt.FAILED})
        await bob.post(replace(said("psst", "p1", to="Ana"), receipts=asked))
        if way == "reported as failed":
            message = await ana.expects_message("psst")
            status = ("Status", "000 413 Stop Sending")
            session.write(session.frame("REPORT", ("Message-ID", message.message.message_id), status))
        told = await seen.first(Acknowledged)
        assert (told.author.nickname, told.id, told.receipt) == ("Ana", "p1", Receipt.FAILED)


async def test_a_private_message_that_was_refused_keeps_no_other_back() -> None:
    async with facing() as world:
        ana, bob, seen = await pair(world)
        ana.seat.session.answer_with = 415
        asked = frozenset({Receipt.FAILED})
        await bob.post(replace(said("a picture", to="Ana"), receipts=asked))
        assert (await seen.first(Acknowledged)).receipt is Receipt.FAILED
        ana.seat.session.answer_with = 200
        await bob.post(said("a text", to="Ana"))
        await ana.expects_message("a text", private=True)


async def test_who_asked_to_be_told_of_failure_is_told_by_imdn() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        cy = await world.sip("Cy")
        await ana.expects_roster("Ana", "Cy")
        cy.seat.session.answer_with = 415
        await send(ana, "Cy", b"unheard", message_id="m1")
        await send(ana, "Cy", b"psst", message_id="m2", asks="negative-delivery")
        failed, _ = await notified(ana)
        assert (failed.message_id, failed.kind, failed.status) == ("m2", Kind.DELIVERY, "failed")


def test_a_book_forgets_the_oldest_first() -> None:
    book = ReceiptBook()
    for number in range(REMEMBERED + 1):
        book.ask(MessageId(f"m{number}"), frozenset({Receipt.DELIVERED}))
        assert book.is_news(Nickname("Bob"), MessageId(f"m{number}"), Receipt.DELIVERED)
    told = Acknowledged(occupant("Bob"), MessageId("m0"), Receipt.DELIVERED, Nickname("Ana"))
    assert not book.answers(told)
    assert book.answers(replace(told, id=MessageId("m1")))
    assert not book.is_news(Nickname("Bob"), MessageId("m1"), Receipt.DELIVERED)
    assert book.is_news(Nickname("Bob"), MessageId("m0"), Receipt.DELIVERED)
