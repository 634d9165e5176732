"""What a focus sends to a seat elsewhere, octet by octet, and what the seat is told of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from contract.focus_contract import Recorder
from crossroom.bodies.cpim import STATUS_NAMESPACE
from crossroom.bodies.imdn import Imdn, Kind
from crossroom.conference.remote_chat import RemoteChat, Self, archived
from crossroom.conference.remote_events import RemoteEvents
from crossroom.conference.roster_diff import Own, RosterDiff
from crossroom.net.clock import VirtualClock
from crossroom.net.msrp_face import EndReason, NicknameRequest, ReceivedMessage, Report
from crossroom.room.address import EndpointId, MessageId, Nickname
from crossroom.room.commands import HistoryRequest
from crossroom.room.content import Composing, Content, Receipt
from crossroom.room.events import Acknowledged, ComposingChanged, Posted
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.sip.uri import SipUri
from unit.conference.roster_world import BOB, ROOM, roster, user

TEA = "sip:tea@conf.example"
MINE = "sip:bob@xmpp.example"
NOW = datetime(2026, 2, 3, 10, tzinfo=UTC)


@dataclass
class Place:
    chat: RemoteChat
    seen: Recorder

    def hears(
        self, *lines: str, content: str = "Content-Type: text/plain\r\n\r\nhello", to: str = TEA
    ) -> int | None:
        head = [f'From: "Ana" <sip:ana@sip.example>\r\nTo: <{to}>', *lines]
        return self.receives(("\r\n".join([*head, "", content])).encode())

    def receives(self, body: bytes, content_type: str = "message/cpim") -> int | None:
        message = ReceivedMessage("m1", content_type, body, False, _ignore, _ignore)  # noqa: FBT003 -- as the net has it
        return self.chat.on_message(message)


def _ignore(*_: object) -> None:
    return


@pytest.fixture
async def place() -> Place:
    seen = Recorder()
    events = RemoteEvents(RosterDiff(ROOM, Own(EndpointId("own"), BOB, Nickname("Bob"))), seen)
    me = Self(EndpointId("own"), SipUri("xmpp.example", "bob"))
    chat = RemoteChat(ROOM, SipUri("conf.example", "tea"), me, events, VirtualClock(wall=NOW))
    people = roster(
        user("sip:ana@sip.example", "Ana", "sip:ana@sip.example;gr=a1"), user(MINE, "Bob", f"{MINE};gr=phone")
    )
    events.roster_changed(events.roster.receive(people))
    return Place(chat, seen)


async def test_a_message_is_told_with_its_author_from_the_roster(place: Place) -> None:
    assert place.hears() == 200
    post = place.seen.of(Posted)[0]
    assert (post.author.nickname, post.to, post.delayed, post.id) == ("Ana", None, False, "m1")
    assert post.archive_id == archived(ROOM, Nickname("Ana"), MessageId("m1"))
    assert post.author.address is not None


@pytest.mark.parametrize("to", [MINE, f"{TEA};gr=Bob"])
async def test_what_is_not_for_the_room_is_private(place: Place, to: str) -> None:
    place.hears(to=to)
    assert place.seen.of(Posted)[0].to == "Bob"


@pytest.mark.parametrize("to", ["tel:+1", f"{TEA};transport=tcp"])
async def test_what_names_nobody_is_for_the_room(place: Place, to: str) -> None:
    place.hears(to=to)
    assert place.seen.of(Posted)[0].to is None


@pytest.mark.parametrize(
    ("kind", "told"), [("alternative", "Grüße"), ("mixed", "[text/html, 12 octets]\nGrüße")]
)
async def test_what_has_several_parts_is_told_as_a_person_reads_it(
    place: Place, kind: str, told: str
) -> None:
    parts = ("text/html\r\n\r\n<p>Gr</p>!!!", "text/plain; charset=utf-8\r\n\r\nGrüße")
    body = "".join(f"--cut\r\nContent-Type: {part}\r\n" for part in parts)
    assert (
        place.hears(content=f"Content-Type: multipart/{kind}; boundary=cut\r\n\r\n{body}--cut--\r\n") == 200
    )
    assert place.seen.of(Posted)[0].content == Content("text/plain", told)


async def test_a_notice_of_the_focus_says_nothing_new(place: Place) -> None:
    assert place.hears(f"NS: x <{STATUS_NAMESPACE}>", "x.Message-Type: status") == 200
    assert not place.seen.of(Posted)


@pytest.mark.parametrize(("state", "told"), [("active", Composing.COMPOSING), ("idle", Composing.ACTIVE)])
async def test_typing_is_told(place: Place, state: str, told: Composing) -> None:
    document = (
        f'<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>{state}</state></isComposing>'
    )
    place.hears(content=f"Content-Type: application/im-iscomposing+xml\r\n\r\n{document}")
    assert place.seen.of(ComposingChanged)[0].state is told


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "", 200),
        (b"hello", "text/plain", 415),
        (b"no header at all", "message/cpim", 400),
        (b"From: <sip:ana@sip.example>\r\n\r\nContent-Type: text/plain; charset=nowhere-1\r\n\r\nx", "message/cpim", 400),
    ],
)  # fmt: skip
async def test_what_cannot_be_told_is_answered(
    place: Place, body: bytes, content_type: str, status: int
) -> None:
    assert place.receives(body, content_type) == status
    assert not place.seen.of(Posted)


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        (HistoryRequest(), True),
        (HistoryRequest(max_posts=0), False),
        (HistoryRequest(max_octets=0), False),
        (HistoryRequest(seconds=60), False),
        (HistoryRequest(seconds=7200), True),
        (HistoryRequest(since=NOW.timestamp() - 60), False),
        (HistoryRequest(since=NOW.timestamp() - 7200), True),
    ],
)
async def test_old_messages_are_history_and_told_to_whom_wants_them(
    place: Place, asked: HistoryRequest, *, is_told: bool
) -> None:
    place.chat.history = asked
    place.hears("DateTime: 2026-02-03T09:00:00Z")
    assert [post.delayed for post in place.seen.of(Posted)] == ([True] if is_told else [])


async def test_octets_stay_octets_and_an_author_without_a_name_is_a_guest(place: Place) -> None:
    place.receives(
        b"From: <sip:x@y.example>\r\nTo: <sip:tea@conf.example>\r\n\r\nContent-Type: image/png\r\n\r\n\x00"
    )
    place.chat.events.end(Departure.LEFT)
    post = place.seen.of(Posted)[0]
    assert post.content is not None
    assert (post.content.body, post.author.nickname) == (b"\x00", "Guest")


async def test_a_focus_has_no_nickname_to_ask_for(place: Place) -> None:
    answers: list[int] = []
    place.chat.on_nickname(NicknameRequest("Focus", lambda status, _comment, _report: answers.append(status)))
    place.chat.on_report(Report("m1", 200))
    assert answers == [403]


async def test_the_end_of_the_chat_is_told_and_nothing_can_be_said_any_more(place: Place) -> None:
    why: list[str] = []
    place.chat.on_closed(EndReason.CONNECTION_LOST)
    place.chat.on_lost = why.append
    place.chat.on_closed(EndReason.CONNECTION_LOST)
    assert why == ["connection-lost"]
    with pytest.raises(Refused) as refusal:
        await place.chat.take_nickname(Nickname("Bob"))
    assert refusal.value.reason is Reason.NOT_IN_ROOM


def notification(about: str, kind: Kind, status: str) -> str:
    return f"Content-Type: message/imdn+xml\r\n\r\n{bytes(Imdn(about, '', kind, status)).decode()}"


async def test_an_imdn_is_told_as_a_receipt_and_only_to_whom_it_is_for(place: Place) -> None:
    place.hears(content=notification("p1", Kind.DELIVERY, "delivered"), to=MINE)
    place.hears(content=notification("p1", Kind.PROCESSING, "stored"), to=MINE)
    place.hears(content=notification("p1", Kind.DISPLAY, "displayed"))
    [told] = place.seen.of(Acknowledged)
    assert (told.author.nickname, told.id, told.receipt, told.to) == ("Ana", "p1", Receipt.DELIVERED, "Bob")
    assert place.hears(content="Content-Type: message/imdn+xml\r\n\r\n<imdn/>", to=MINE) == 400


async def test_what_a_private_message_asks_for_is_told_and_of_a_public_one_nothing(place: Place) -> None:
    asks = (
        "NS: imdn <urn:ietf:params:imdn>",
        "imdn.Message-ID: p1",
        "imdn.Disposition-Notification: negative-delivery, display",
    )
    place.hears(*asks)
    place.hears(*asks, to=MINE)
    public, private = place.seen.of(Posted)
    assert public.receipts == frozenset()
    assert private.receipts == frozenset({Receipt.FAILED, Receipt.DISPLAYED})
