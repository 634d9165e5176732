import asyncio
from unittest.mock import patch

import pytest

from contract.focus_contract import said
from crossroom.config.schema import Limits
from crossroom.net.msrp_face import ReceivedMessage
from crossroom.net.sparse_log import LINES
from crossroom.room.address import Nickname
from crossroom.room.commands import Destroy, SetRole
from crossroom.room.events import ComposingChanged, Joined, Posted, Renamed, RoomEvent, SubjectChanged
from crossroom.room.reasons import Reason, Refused
from crossroom.room.room import Room
from crossroom.room.standing import Role
from peers.msrp_frame import MsrpFrame
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from unit.conference.face_world import ROOM, TEA, World, facing

OTHER = "sip:cake@conference.example"


async def named(world: World, name: str, display_name: str) -> SipParticipant:
    """Somebody in the room who has asked for no nickname."""
    peer = await world.endpoint(name)
    peer.ua.display_name = display_name
    await peer.join(TEA)
    return peer


# -- nicknames ---------------------------------------------------------------------------------------------


async def test_a_nickname_is_taken_and_seen_by_all() -> None:
    async with facing() as world:
        ana = await named(world, "Ana", "Ana of Tea")
        _, seen = await world.xmpp("Bob")
        await ana.rename("Annie")
        renamed = await seen.first(Renamed)
        assert (renamed.old, renamed.occupant.nickname) == ("Ana of Tea", "Annie")
        await ana.expects_roster("Annie", "Bob")


async def test_an_empty_nickname_gives_back_the_one_of_the_display_name() -> None:
    async with facing() as world:
        ana = await named(world, "Ana", "Ana of Tea")
        await ana.rename("Annie")
        await ana.rename("")
        await ana.expects_roster("Ana of Tea")


async def test_an_empty_nickname_gives_one_near_it_where_somebody_has_it_by_now() -> None:
    async with facing() as world:
        ana = await named(world, "Ana", "Ana of Tea")
        await ana.rename("Annie")
        cy = await world.sip("Cy")
        await cy.rename("ana OF tea")
        await ana.rename("")
        await cy.expects_roster("Ana of Tea 2", "ana OF tea")


async def test_without_a_display_name_the_user_part_is_the_first_nickname() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        await ana.rename("")
        await ana.expects_roster("ana")


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("bob", 425),  # RFC 7701 §7.1: in use, whatever the case
        ("Tea", 425),  # the room's own name
        ("tea@conference.example", 425),
        ("sip:cy@sip.example", 425),
        ("CY@sip.example", 425),
        ("bob@xmpp.example", 200),  # semi-anonymous: nobody here by SIP may know this address
        ("ana@sip.example", 200),  # the own address
        ("Zoë \U0001f375", 200),
        (" ", 424),
    ],
)
async def test_a_nickname_is_checked(wanted: str, status: int) -> None:
    async with facing() as world:
        await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await world.sip("Cy")
        await ana.rename(wanted, expect=status)


async def test_the_address_of_an_xmpp_user_is_reserved_where_it_is_shown() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")  # who begins a room is its moderator, and sees addresses
        await world.xmpp("Bob")
        await ana.expects_roster("Ana", "Bob")
        await ana.rename("bob@xmpp.example", expect=425)


async def test_a_nickname_that_is_no_quoted_string_is_taken_all_the_same() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        assert await ana.seat.session.nickname("Annie", quoted=False) == 200
        await ana.expects_roster("Annie")


async def test_who_is_out_of_the_room_is_answered_so() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        [seat] = list(world.server.conference._premises.registry)
        await world.server.focus.end(seat.conference.room)
        with pytest.raises(Refused) as refused:
            seat.seated()
        assert refused.value.reason is Reason.NOT_IN_ROOM
        assert "cause=410" in (await ana.expects_removed()).get("Reason")


# -- messages ----------------------------------------------------------------------------------------------


async def test_content_reaches_other_sip_endpoints_octet_by_octet() -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        odd = 'Content-Type: text/plain;  charset="utf-8"\r\nX-Own: 1\r\n\r\n  caf\u00e9 \x01 <&>\n'.encode()
        head = f'From: "Ana" <{ana.aor}>\r\nTo: <{TEA}>\r\n\r\n'.encode()
        assert await ana.seat.session.send("message/cpim", head + odd) == 200
        message = (await cy.expects_message(sender="Ana")).message
        assert message.body.partition(b"\r\n\r\n")[2] == odd


async def test_the_sender_gets_no_copy_and_the_own_other_devices_do() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        laptop = await world.endpoint("Ana")
        await laptop.join(TEA, "Ana")
        await ana.say("from the phone")
        await laptop.expects_message("from the phone")
        await laptop.say("from the laptop")
        assert (await ana.expects_message()).text == "from the laptop"


async def test_a_private_message_reaches_every_device_of_its_recipient_and_nobody_else() -> None:
    async with facing() as world:
        ana, cy, dee = [await world.sip(name) for name in ("Ana", "Cy", "Dee")]
        laptop = await world.endpoint("Cy")
        await laptop.join(TEA, "Cy")
        await ana.expects_roster("Ana", "Cy", "Dee")
        await ana.say("psst", to="Cy")
        for device in (cy, laptop):
            await device.expects_message("psst", private=True)
        await ana.say("loud")
        assert (await dee.expects_message()).text == "loud"


@pytest.mark.parametrize("content_type", ["text/plain", "application/im-iscomposing+xml"])
async def test_a_report_about_what_is_private_names_author_and_recipient_as_the_author_did(
    content_type: str,
) -> None:
    async with facing() as world:
        ana, _ = await world.sip("Ana"), await world.sip("Cy")
        await ana.expects_roster("Ana", "Cy")
        document = (
            '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>'
        )
        addresses = f'From: "Ana \u00e0 \\"Tea\\"" <{ana.aor}>\r\nTo: "Cy" <{ana.seat.uri_of("Cy")}>\r\n'
        content = f"DateTime: 2026-11-28T12:00:00Z\r\n\r\nContent-Type: {content_type}\r\n\r\n{document}"
        body, session = f"{addresses}{content}".encode(), ana.seat.session
        assert await session.send("message/cpim", body, message_id="m1", success_report=True) == 200
        report = await session.expects_report("m1")
        assert report.get("Content-Type") == "message/cpim"
        assert report.body == f"{addresses}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n".encode()


async def test_a_report_about_what_is_for_everybody_carries_nothing() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        session, body = ana.seat.session, ana.seat.wrapped("loud")
        assert await session.send("message/cpim", body, message_id="m1", success_report=True) == 200
        report = await session.expects_report("m1")
        assert (report.get("Content-Type"), report.body) == ("", None)


async def test_a_private_message_to_an_xmpp_user_and_back() -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        await ana.expects_roster("Ana", "Bob", "Cy")
        await ana.say("psst", to="Bob")
        posted = await seen.first(Posted)
        assert posted.to == "Bob"
        await bob.post(said("hush", to="Ana"))
        await ana.expects_message("hush", "Bob", private=True)
        assert not cy.seat.session.received.items


async def test_a_private_message_to_an_endpoint_that_takes_none_is_answered_428() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await world.sip("Cy", chatroom="nickname")
        await ana.expects_roster("Ana", "Bob", "Cy")
        await ana.say("psst", to="Cy", expect=428)
        with pytest.raises(Refused) as refused:
            await bob.post(said("psst", to="Cy"))
        assert refused.value.reason is Reason.PRIVATE_MESSAGES_UNSUPPORTED


async def test_what_the_room_refuses_is_answered_with_its_status() -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.VISITOR))
        await ana.say("no voice", expect=403)
        await bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.PARTICIPANT))
        await ana.say("voice")
        await seen.first(Posted)
        assert seen.texts == ["voice"]


async def test_encrypted_text_and_what_is_no_cpim_is_refused_415() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        await ana.say("?OTRv3?", expect=415)
        assert await ana.seat.session.send("text/plain", b"bare") == 415


async def test_a_message_for_somebody_elses_room_is_answered_404() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        body = ana.seat.wrapped("hello", to=OTHER)
        assert await ana.seat.session.send("message/cpim", body) == 404


async def test_a_message_in_the_name_of_another_is_answered_403() -> None:
    async with facing() as world:
        ana, _ = await world.sip("Ana"), await world.sip("Cy")
        body = ana.seat.wrapped("hello", sender="sip:cy@sip.example")
        assert await ana.seat.session.send("message/cpim", body) == 403


async def test_an_anonymous_caller_is_shown_to_nobody_by_address() -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        cy = await world.sip("Cy")
        shy = await world.endpoint("Shy")
        await shy.join(TEA, headers=[("Privacy", "id")], subscribe=False)
        joined = (await seen.first(Joined, 3)).occupant
        assert joined.address is None  # although Bob is a moderator
        assert "shy" not in joined.nickname.lower()
        await shy.say("guess who")
        message = await cy.expects_message("guess who")
        for text in (message.from_uri, message.sender):
            assert "shy" not in text.lower()
        assert seen.texts[-1] == "guess who"
        notices = b"".join(notify.body for notify in _notifies(cy))
        assert b"shy" not in notices.lower()
        await bob.leave()


def _notifies(peer: SipParticipant) -> list[SipMessage]:
    assert peer.seat.subscription is not None
    return list(peer.seat.subscription.notifies.items)


async def test_requests_of_one_endpoint_are_carried_out_in_the_order_of_asking() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        _, seen = await world.xmpp("Bob")
        session = ana.seat.session
        frames = [f for n in range(5) for f in session.send_frames("message/cpim", ana.seat.wrapped(f"{n}"))]
        frames.insert(2, session.frame("NICKNAME", ("Use-Nickname", '"Annie"')))
        session.write(*frames)
        statuses = await asyncio.gather(*(session.response_to(frame) for frame in frames))
        assert set(statuses) == {200}
        await seen.first(Posted, 5)
        assert [post.author.nickname for post in seen.of(Posted)] == ["Ana"] * 2 + ["Annie"] * 3
        assert seen.texts == ["0", "1", "2", "3", "4"]


async def test_a_flood_of_refused_messages_is_a_few_lines_in_the_log() -> None:
    async with facing(limits=Limits(occupant_burst=5, occupant_rate=0.001)) as world:
        ana = await world.sip("Ana", subscribe=False)
        for number in range(4):  # the nickname was the first act
            await ana.say(f"m{number}")
        for number in range(30):
            await ana.say(f"too many {number}", expect=413)
        lines = world.logged("limit reached")
        assert len(lines) == LINES
        assert {line["reason"] for line in lines} == {"rate-exceeded"}
        assert {(line["person"], line["room"]) for line in lines} == {("ana@sip.example", str(ROOM))}


async def test_a_message_that_is_too_large_is_a_line_in_the_log() -> None:
    async with facing(limits=Limits(message_octets=1000)) as world:
        ana = await world.sip("Ana", subscribe=False)
        for _ in range(3):
            await ana.say("x" * 1500, expect=413)
        assert [line["reason"] for line in world.logged("limit reached")] == ["message-octets"] * 3


# -- one after another ---------------------------------------------------------------------------------------


def saying(peer: SipParticipant, text: str, **how: str) -> MsrpFrame:
    """The SEND of one text."""
    [frame] = peer.seat.session.send_frames("message/cpim", peer.seat.wrapped(text, **how))
    return frame


TYPES = '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>'


async def test_what_comes_in_one_segment_is_done_in_its_order() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        _, seen = await world.xmpp("Bob")
        session = ana.seat.session
        frames = [
            saying(ana, "one"),
            saying(ana, TYPES, content_type="application/im-iscomposing+xml"),
            saying(ana, "two"),
            session.frame("NICKNAME", ("Use-Nickname", '"Annie"')),
            saying(ana, "three"),
        ]
        session.write(*frames)
        for frame in frames:
            await session.expects_response(frame, 200)
        told = [type(event) for event in seen.events if not isinstance(event, Joined | SubjectChanged)]
        assert told == [Posted, ComposingChanged, Posted, Renamed, Posted]
        assert [event.author.nickname for event in seen.of(Posted)] == ["Ana", "Ana", "Annie"]


async def test_for_whom_something_is_is_read_when_its_turn_has_come() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")  # who begins a room sees addresses
        bob, seen_by_bob = await world.xmpp("Bob")
        cy, seen_by_cy = await world.xmpp("Cy")
        await ana.expects_roster("Ana", "Bob", "Cy")
        [seat] = list(world.server.conference._premises.registry)
        body = ana.seat.wrapped(
            TYPES, to=ana.seat.uri_of("Bob"), content_type="application/im-iscomposing+xml"
        )
        answered = asyncio.Event()
        typing = ReceivedMessage(
            "m1",
            "message/cpim",
            body,
            wants_report=False,
            _respond=lambda *_: answered.set(),
            _report=lambda *_: None,
        )
        assert seat.chat.on_message(typing) is None
        # both at once, before anything else has its turn
        await bob.rename(Nickname("Bobby"))
        await cy.rename(Nickname("Bob"))
        await answered.wait()
        assert len(seen_by_bob.of(ComposingChanged)) == 1
        assert not seen_by_cy.of(ComposingChanged)


async def test_a_message_that_ends_its_own_room_costs_nobody_more_than_the_room() -> None:
    """A `deliver` may call back at once (docs/focus.md, 7): the seat ends while its own message is read."""
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        _, seen = await world.xmpp("Bob")
        [room] = list(world.server.focus._hosting)

        def end(event: RoomEvent) -> None:
            if isinstance(event, Posted):
                world.server.focus._hosting.perform(room, Destroy(None))

        seen.on_event = end
        ana.seat.session.write(saying(ana, "the end"), saying(ana, "and more"))
        for peer in (ana, cy):
            assert "cause=410" in (await peer.expects_removed()).get("Reason")
        assert seen.texts == ["the end"]
        await world.until(lambda: not world.server.msrp.sessions)


async def test_typing_that_ends_its_own_room_leaves_no_timer() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        _, seen = await world.xmpp("Bob")
        [room] = list(world.server.focus._hosting)
        [seat] = list(world.server.conference._premises.registry)

        def end(event: RoomEvent) -> None:
            if isinstance(event, ComposingChanged):
                world.server.focus._hosting.perform(room, Destroy(None))

        seen.on_event = end
        ana.seat.session.write(saying(ana, TYPES, content_type="application/im-iscomposing+xml"))
        await ana.expects_removed()
        await world.until(lambda: not world.server.msrp.sessions)
        assert seat.chat.requests is not None
        assert len(seat.chat.requests.typing) == 0


async def test_a_fault_of_the_room_in_a_message_ends_its_seats_and_is_told_once() -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        with patch.object(Room, "handle", side_effect=ZeroDivisionError):
            ana.seat.session.write(saying(ana, "boom"), saying(ana, "and more"))
            for peer in (ana, cy):
                assert "cause=500" in (await peer.expects_removed()).get("Reason")
        await world.until(lambda: not world.server.msrp.sessions)
        [fault] = world.faults
        assert fault["event"].endswith("ended by a fault")
        world.log.remove(fault)


async def test_a_message_that_nobody_can_read_for_a_defect_of_ours_costs_its_own_seat_only() -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        with patch("crossroom.conference.switch.plain_text", side_effect=ZeroDivisionError):
            ana.seat.session.write(saying(ana, "boom"))
            await ana.expects_removed()
        await cy.say("still here")
        await cy.expects_roster("Cy")
        [fault] = world.faults
        assert fault["event"] == "msrp face failed"
        world.log.remove(fault)
