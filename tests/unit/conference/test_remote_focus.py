import asyncio

import pytest

from contract.focus_contract import Recorder, person
from crossroom.conference.remote_focus import RemoteSettings
from crossroom.focus.interface import Features
from crossroom.room.address import Address
from crossroom.room.commands import Joiner
from crossroom.room.content import Composing
from crossroom.room.events import Ended, Joined, Posted
from crossroom.room.reasons import Departure, Reason, Refused
from peers.foreign_room import FocusQuirks, ForeignRoom
from peers.sdp_text import read_media
from unit.conference.remote_world import ROOM, Abroad, abroad, named

QUICK = RemoteSettings(roster_seconds=0.05)


async def refused(quirks: FocusQuirks, settings: RemoteSettings | None = None) -> Refused:
    """A join that must fail, and leave nothing on either side."""
    async with abroad(quirks, settings) as world:
        recorder = Recorder()
        with pytest.raises(Refused) as refusal:
            await world.focus.join(ROOM, person("Bob"), recorder)
        assert recorder.events == []
        await emptied(world)
    return refusal.value


async def emptied(world: Abroad) -> None:
    async with asyncio.timeout(10):
        while world.msrp.sessions or world.sip.core.stack.dialogs:  # noqa: ASYNC110 -- a table tells nobody
            await asyncio.sleep(0)


async def test_a_join_brings_the_roster_and_the_own_line_last() -> None:
    async with abroad() as world:
        await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        assert [line.occupant.nickname for line in seen.of(Joined)] == ["Ana", "Bob"]
        assert Features.NICKNAMES in bob.features
        await bob.leave()
        assert seen.of(Ended)
        await emptied(world)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, Reason.NOT_FOUND),
        (403, Reason.NOT_ALLOWED),
        (486, Reason.BUSY),
        (488, Reason.UNSUPPORTED_CONTENT),
    ],
)
async def test_a_refused_invite_is_a_refused_join(status: int, reason: Reason) -> None:
    assert (await refused(FocusQuirks(refuses_joins=status))).reason is reason


async def test_what_answers_and_is_no_conference_is_left_again() -> None:
    assert (await refused(FocusQuirks(isfocus=False))).reason is Reason.NOT_A_CONFERENCE


async def test_a_taken_nickname_refuses_whoever_insists_and_nobody_else() -> None:
    assert (await refused(FocusQuirks(refuses_nicknames=425))).reason is Reason.NICKNAME_TAKEN
    async with abroad(FocusQuirks(refuses_nicknames=425)) as world:
        bob, seen = await world.join("Bob", insists=False)
        assert seen.of(Joined)[-1].occupant.endpoint == bob.endpoint
        await bob.leave()


async def test_a_nickname_refused_for_another_reason_refuses_the_join() -> None:
    assert (await refused(FocusQuirks(refuses_nicknames=424))).reason is Reason.NICKNAME_INVALID


async def test_a_conference_without_nicknames_and_private_messages_says_so_in_the_features() -> None:
    async with abroad(FocusQuirks(chatroom="")) as world:
        bob, _ = await world.join("Bob")
        assert not bob.features & (Features.NICKNAMES | Features.PRIVATE_MESSAGES)
        await bob.leave()


async def test_without_a_roster_one_is_in_all_the_same() -> None:
    async with abroad(FocusQuirks(refuses_subscriptions=489)) as world:
        bob, seen = await world.join("Bob")
        assert [line.occupant.nickname for line in seen.of(Joined)] == ["Bob"]
        await bob.leave()


async def test_a_late_roster_is_waited_for_and_then_no_more() -> None:
    async with abroad(FocusQuirks(holds_notifies=True), QUICK) as world:
        bob, seen = await world.join("Bob")
        assert [line.occupant.nickname for line in seen.of(Joined)] == ["Bob"]
        world.there.release_notifies()
        await world.neighbour("Ana")
        await seen.until(lambda r: r.nicknames == ["Ana", "Bob"])
        await bob.leave()


async def test_a_foreign_roster_without_versions_is_followed() -> None:
    async with abroad(FocusQuirks(writes_version=False, writes_xcon_nickname=False)) as world:
        bob, seen = await world.join("Bob")
        ana = await world.neighbour("Ana")
        await seen.until(lambda r: r.nicknames == ["Ana", "Bob"])
        await ana.leave()
        await seen.until(lambda r: r.nicknames == ["Bob"])
        await bob.leave()


async def test_an_address_that_sip_cannot_write_is_refused_before_anything_is_sent() -> None:
    async with abroad() as world:
        joiner = Joiner(Address("bob", "bad domain.example"), named("Bob"))
        with pytest.raises(Refused) as refusal:
            await world.focus.join(ROOM, joiner, Recorder())
        assert refusal.value.reason is Reason.MALFORMED


async def test_a_conference_that_does_not_answer_in_time_is_given_up() -> None:
    async with abroad(settings=RemoteSettings(join_seconds=0.05)) as world:
        world.there.ua.answer_with["INVITE"] = 180
        with pytest.raises(Refused) as refusal:
            await world.join("Bob")
        assert refusal.value.reason is Reason.TIMED_OUT


async def test_a_user_who_loses_patience_withdraws_the_call() -> None:
    async with abroad() as world:
        world.there.ua.answer_with["INVITE"] = 180
        async with asyncio.TaskGroup() as tasks:
            joining = tasks.create_task(world.join("Bob"))
            await world.there.ua.requests.take(lambda request: request.method == "INVITE")
            joining.cancel()
        assert joining.cancelled()


async def test_a_room_elsewhere_describes_itself_by_options() -> None:
    async with abroad() as world:
        description = await world.focus.describe(ROOM)
        assert description.room == ROOM
        assert await world.focus.rooms(ROOM.domain) == ()
        world.there.ua.answer_with["OPTIONS"] = 404
        with pytest.raises(Refused) as refusal:
            await world.focus.describe(ROOM)
        assert refusal.value.reason is Reason.NOT_FOUND


async def test_a_conference_that_hangs_up_ends_the_seat_with_its_reason() -> None:
    async with abroad() as world:
        _, seen = await world.join("Bob")
        reason = 'SIP;cause=403;text="Kicked by Ana: enough"'
        await world.there.remove("tea", "sip:bob@xmpp.example", [("Reason", reason)])
        ended = await seen.first(Ended)
        assert (ended.departure, ended.text) == (Departure.KICKED, "enough")
        await emptied(world)


async def test_a_hang_up_without_reason_is_nobodys_kick() -> None:
    async with abroad() as world:
        _, seen = await world.join("Bob")
        await world.there.remove("tea", "sip:bob@xmpp.example")
        assert (await seen.first(Ended)).departure is Departure.LINK_LOST
        await emptied(world)


async def test_a_lost_chat_ends_the_seat_and_the_call() -> None:
    async with abroad() as world:
        _, seen = await world.join("Bob")
        member = world.there.member("tea", "sip:bob@xmpp.example")
        member.session.close()
        assert (await seen.first(Ended)).departure is Departure.LINK_LOST
        assert seen.of(Posted) == []
        await emptied(world)


async def test_an_invite_of_a_focus_is_taken_as_the_users_own_session() -> None:
    async with abroad() as world:
        async with asyncio.TaskGroup() as tasks:
            world.there.rooms["tea"] = ForeignRoom()
            dialling = tasks.create_task(world.there.invite("tea", "sip:bob@xmpp.example"))
            call = await world.face.calls.get()
            recorder = Recorder("Bob")
            bob = await world.focus.take(call, ROOM, person("Bob"), recorder)
        assert dialling.result() == 200
        assert recorder.of(Joined)[-1].occupant.endpoint == bob.endpoint  # whatever that focus calls us
        await bob.leave()
        await emptied(world)


async def test_an_invite_without_a_chat_cannot_be_taken() -> None:
    async with abroad() as world:
        world.there._media = lambda *_args, **_how: "v=0\r\n"  # type: ignore[method-assign] # the script of this test
        async with asyncio.TaskGroup() as tasks:
            dialling = tasks.create_task(world.there.invite("tea", "sip:bob@xmpp.example"))
            call = await world.face.calls.get()
            with pytest.raises(Refused) as refusal:
                await world.focus.take(call, ROOM, person("Bob"), Recorder())
        assert refusal.value.reason is Reason.UNSUPPORTED_CONTENT
        assert dialling.result() == 488


async def test_a_conference_may_refresh_its_call_by_reinvite() -> None:
    async with abroad() as world:
        bob, _ = await world.join("Bob")
        member = world.there.member("tea", "sip:bob@xmpp.example")
        call = member.call
        assert call is not None
        [before], ours = read_media(call.remote_sdp), call.local_sdp
        path = before.attributes["path"]
        # RFC 4028 §10: the same offer again, or none at all
        assert (await call.reinvite(ours)).status == 200
        assert read_media(call.remote_sdp)[0].attributes["path"] == path
        assert (await call.reinvite_without_offer(ours)).status == 200
        [offered] = read_media(call.remote_sdp)
        assert (offered.attributes["path"], offered.attributes["setup"]) == (path, "actpass")
        assert (await call.reinvite(f"{ours}m=audio 4000 RTP/AVP 0\r\n")).status == 200
        assert [media.port == 0 for media in read_media(call.remote_sdp)] == [False, True]
        elsewhere = ours.replace("TCP/MSRP", "TCP/TLS/MSRP").replace("msrp:", "msrps:")
        assert [(await call.reinvite(sdp)).status for sdp in (elsewhere, "no description")] == [488, 488]
        await bob.compose(Composing.COMPOSING)
        await bob.leave()
        await emptied(world)
