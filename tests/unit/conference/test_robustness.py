"""What hostile or old user agents say in a room, one test each (docs/conformance.md, msrp-14)."""

import pytest

from crossroom.bodies.cpim import CpimMessage
from crossroom.conference.switch import copy_of
from crossroom.muc.messages import text_of
from crossroom.room.address import ArchiveId, MessageId
from crossroom.room.content import Content
from crossroom.room.events import Posted
from unit.conference.face_world import TEA, facing
from unit.conference.roster_world import occupant


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        ("", 403),
        ("From: <tel:+123>\r\n", 403),
        ("From: \r\n", 400),
        ("From: Ana\r\n", 400),
        ("From: <sip:ana@sip.example> x\r\n", 400),
    ],
)
async def test_cpim_without_a_from_that_can_be_read_is_refused(sender: str, status: int) -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        body = f"{sender}To: <{TEA}>\r\n\r\nContent-Type: text/plain\r\n\r\nwho am I?"
        assert await ana.seat.session.send("message/cpim", body.encode()) == status
        await ana.say("me again")
        assert (await cy.expects_message()).text == "me again"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b", "\x00"])
def test_no_nickname_can_begin_a_header_of_a_copy(end: str) -> None:
    nickname = f'Ana"{end}To: <sip:eve@evil.example>{end}{end}'
    posted = Posted(occupant(nickname), MessageId("m1"), ArchiveId("a1"), 0.0, Content("text/plain", "hi"))
    copy = copy_of(posted, "sip:ana@sip.example", TEA).shared.body
    read = CpimMessage.from_bytes(copy)
    assert read.sender is not None
    assert read.sender.name == nickname
    assert [each.uri for each in read.to] == [TEA]
    head = copy.partition(b"\r\n\r\n")[0]
    assert [line.split(b":")[0] for line in head.split(b"\r\n")] == [
        b"From",
        b"To",
        b"DateTime",
        b"NS",
        b"imdn.Message-ID",
    ]
    assert not {b"\n", b"\r"} & set(head.replace(b"\r\n", b""))


@pytest.mark.parametrize(
    "name", ["A\\r\\nTo: <sip:eve@evil.example>", 'A\\"> <sip:eve@evil.example', "A\\u000d\\u000aX: y"]
)
async def test_a_formal_name_with_a_line_end_in_it_changes_nothing(name: str) -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        head = f'From: "{name}" <{ana.aor}>\r\nTo: <{TEA}>\r\n\r\n'
        body = f"{head}Content-Type: text/plain\r\n\r\nhello"
        assert await ana.seat.session.send("message/cpim", body.encode()) == 200
        message = await cy.expects_message("hello")
        assert (message.sender, message.to_uri) == ("Ana", TEA)


async def test_latin_1_is_read_for_the_room_and_carried_as_it_is() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        content = "Content-Type: text/plain; charset=ISO-8859-1\r\n\r\nGr\xfc\xdfe".encode("latin-1")
        body = f"From: <{ana.aor}>\r\nTo: <{TEA}>\r\n\r\n".encode() + content
        assert await ana.seat.session.send("message/cpim", body) == 200
        posted = await seen.first(Posted)
        assert posted.content == Content("text/plain", "Gr\xfc\xdfe")
        carried = (await cy.expects_message()).message.body
        assert carried.endswith(content)


@pytest.mark.parametrize("bomb", ["<a b='", "<!--", "<div>", "<script>", "&#9999999999;"])
async def test_an_html_bomb_is_an_ordinary_message(bomb: str) -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        html = "tea " + bomb * (60_000 // len(bomb))
        await ana.seat.say(html, content_type="text/html")
        posted = await seen.first(Posted)
        assert posted.content is not None
        assert text_of(posted.content).startswith("tea")
        assert (await cy.expects_message()).text == html


@pytest.mark.parametrize(
    ("total", "taken"),
    [
        (None, 0),  # the total in the first Byte-Range says it
        ("*", 32),  # 65 536 octets, which is all that is taken
        (90_000, 0),
        (20_000, 32),  # a total that lies: what came is counted
    ],
)
async def test_a_chunked_message_that_grows_too_large_is_413_and_the_next_is_taken(
    total: int | str | None, taken: int
) -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        session = ana.seat.session
        frames = session.send_frames(
            "message/cpim", ana.seat.wrapped("x" * 100_000), chunk=2_048, total=total
        )
        session.write(*frames)
        statuses = [await session.response_to(each) for each in frames]
        assert statuses == [200] * taken + [413] * (len(frames) - taken)
        await ana.say("shorter")
        assert (await cy.expects_message()).text == "shorter"
