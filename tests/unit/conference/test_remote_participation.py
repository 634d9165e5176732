import asyncio

import pytest

from contract.focus_contract import said
from crossroom.bodies.imdn import Imdn, Kind
from crossroom.conference.remote_participation import RemoteParticipation
from crossroom.focus.interface import Answer, Features
from crossroom.room.address import Address, MessageId, Network, Nickname
from crossroom.room.commands import Draft, SetAffiliation, SetRole
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.events import ComposingChanged, Ended, Left, Posted, Renamed
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Affiliation, Role
from peers.foreign_room import FocusQuirks
from unit.conference.remote_world import abroad, named


async def test_what_is_said_comes_back_once_and_reaches_the_others() -> None:
    async with abroad() as world:
        ana = await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        assert await bob.post(said("hello", "k7")) == "k7"
        await ana.expects_message("hello")
        await ana.say("hi")
        posted = await seen.first(Posted, 2)
        assert seen.of(Posted)[0].id == "k7"
        assert posted.author.nickname == "Ana"
        await bob.leave()


async def test_what_the_focus_refuses_is_refused_and_not_reflected() -> None:
    async with abroad() as world:
        bob, seen = await world.join("Bob")
        member = world.there.member("tea", "sip:bob@xmpp.example")
        for status, reason in (
            (403, Reason.NOT_ALLOWED),
            (413, Reason.TOO_LARGE),
            (415, Reason.UNSUPPORTED_CONTENT),
        ):
            member.session.answer_with = status
            with pytest.raises(Refused) as refusal:
                await bob.post(said("no"))
            assert refusal.value.reason is reason
        assert not seen.of(Posted)
        await bob.leave()


async def test_a_private_message_goes_to_its_recipient_and_is_not_reflected() -> None:
    async with abroad() as world:
        ana = await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        await ana.expects_roster("Ana", "Bob")
        await ana.say("psst", to="Bob")
        assert (await seen.first(Posted)).to == "Bob"
        cy = await world.neighbour("Cy")
        await bob.post(said("only you", to="Ana"))
        await bob.post(said("all of you"))
        assert (await ana.expects_message()).text == "only you"
        assert (await cy.expects_message()).text == "all of you"
        with pytest.raises(Refused) as refusal:
            await bob.post(said("psst", to="Nobody"))
        assert refusal.value.reason is Reason.NO_SUCH_PARTICIPANT
        await bob.leave()


async def test_where_private_messages_are_off_none_is_sent() -> None:
    async with abroad(FocusQuirks(chatroom="nickname")) as world:
        bob, _ = await world.join("Bob")
        with pytest.raises(Refused) as refusal:
            await bob.post(said("psst", to="Bob"))
        assert refusal.value.reason is Reason.PRIVATE_MESSAGES_OFF
        await bob.leave()


async def test_what_sip_cannot_carry_is_refused() -> None:
    async with abroad() as world:
        bob, _ = await world.join("Bob")
        with pytest.raises(Refused) as refusal:
            await bob.post(Draft(MessageId("m"), None, Native(Network.XMPP, b"<x/>")))
        assert refusal.value.reason is Reason.UNSUPPORTED_CONTENT
        await bob.leave()


async def test_typing_goes_both_ways() -> None:
    async with abroad() as world:
        ana = await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        await bob.compose(Composing.COMPOSING)
        assert (await ana.seat.session.received.take()).content_type.startswith("message/cpim")
        await ana.type("active")
        assert (await seen.first(ComposingChanged)).state is Composing.COMPOSING
        await bob.leave()


async def test_another_nickname_is_taken_or_refused() -> None:
    async with abroad() as world:
        await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        await bob.rename(named("Bobby"))
        assert (await seen.first(Renamed)).occupant.nickname == "Bobby"
        with pytest.raises(Refused) as refusal:
            await bob.rename(named("Ana"))
        assert refusal.value.reason is Reason.NICKNAME_TAKEN
        await bob.leave()


async def test_somebody_is_asked_in_by_refer_and_the_outcome_is_the_last_notify() -> None:
    async with abroad() as world:
        bob, _ = await world.join("Bob")
        told: list[str] = []
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(bob.invite(Address("cy", "xmpp.example"), "join us", told.append))
            call = await world.face.calls.get()
            assert "bob@xmpp.example" in (call.request.headers.get("Referred-By") or "")
            call.ring()
            call.reject(603)
        assert asking.result().answer is Answer.DECLINED
        await bob.leave()


@pytest.mark.parametrize(("status", "reason"), [(403, Reason.NOT_ALLOWED), (405, Reason.UNSUPPORTED)])
async def test_a_refer_that_is_refused_refuses_the_invitation(status: int, reason: Reason) -> None:
    async with abroad(FocusQuirks(refuses_refers=status)) as world:
        bob, _ = await world.join("Bob")
        with pytest.raises(Refused) as refusal:
            await bob.invite(Address("cy", "xmpp.example"))
        assert refusal.value.reason is reason
        with pytest.raises(Refused) as malformed:
            await bob.invite(Address("cy", "bad domain.example"))
        assert malformed.value.reason is Reason.MALFORMED
        await bob.leave()


async def test_of_moderation_only_a_removal_can_be_asked_for() -> None:
    async with abroad(FocusQuirks(refuses_refers=403)) as world:
        ana = await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        for order in (
            SetRole(bob.endpoint, named("Ana"), Role.MODERATOR),
            SetAffiliation(bob.endpoint, Address("ana", "sip.example"), Affiliation.OUTCAST),
        ):
            with pytest.raises(Refused) as unsupported:
                await bob.moderate(order)
            assert unsupported.value.reason is Reason.UNSUPPORTED
        with pytest.raises(Refused) as refusal:
            await bob.moderate(SetRole(bob.endpoint, named("Ana"), Role.NONE))
        assert refusal.value.reason is Reason.NOT_ALLOWED
        assert not seen.of(Left)
        assert ana.seat.call is not None
        await bob.leave()


async def every_other_call(bob: RemoteParticipation) -> list[Reason]:
    reasons = []
    for call in (
        bob.set_subject("Tea", MessageId("s")),
        bob.set_presence(Native(Network.XMPP, b"")),
        bob.configure(Configuration()),
        bob.destroy(),
        bob.affiliations(),
    ):
        with pytest.raises(Refused) as refusal:
            await call
        reasons.append(refusal.value.reason)
    return reasons


async def test_what_no_conference_can_do_is_refused() -> None:
    async with abroad() as world:
        bob, _ = await world.join("Bob")
        assert set(await every_other_call(bob)) == {Reason.UNSUPPORTED}
        await bob.leave()


async def test_after_the_end_every_call_refuses() -> None:
    async with abroad() as world:
        bob, seen = await world.join("Bob")
        await bob.leave("bye")
        assert seen.of(Ended)[0].text == "bye"
        for call in (bob.leave(), bob.post(said("late")), bob.compose(Composing.COMPOSING)):
            with pytest.raises(Refused) as refusal:
                await call
            assert refusal.value.reason is Reason.NOT_IN_ROOM


async def test_a_post_that_waits_when_the_chat_is_lost_is_refused() -> None:
    async with abroad() as world:
        bob, seen = await world.join("Bob")
        member = world.there.member("tea", "sip:bob@xmpp.example")
        member.session.answer_with = None
        async with asyncio.TaskGroup() as tasks:
            posting = tasks.create_task(_reason_of(bob, Content("text/plain", "lost")))
            async with asyncio.timeout(5):
                while not any(session.machine.unanswered for session in world.msrp.sessions):  # noqa: ASYNC110 -- no event
                    await asyncio.sleep(0)
            member.session.close()
        assert posting.result() is Reason.TIMED_OUT
        assert not seen.of(Posted)
        await seen.first(Ended)


async def _reason_of(bob: RemoteParticipation, content: Content) -> Reason:
    with pytest.raises(Refused) as refusal:
        await bob.post(Draft(MessageId("m1"), content))
    return refusal.value.reason


async def test_a_receipt_goes_out_as_an_imdn_where_private_messages_do() -> None:
    async with abroad() as world:
        ana = await world.neighbour("Ana")
        bob, seen = await world.join("Bob")
        assert Features.RECEIPTS in bob.features
        await ana.expects_roster("Ana", "Bob")
        await ana.say("psst", to="Bob")
        asked = await seen.first(Posted)
        await bob.acknowledge(asked.id, Receipt.DISPLAYED, asked.author.nickname)
        message = await ana.expects_message(private=True)
        assert message.content_type == "message/imdn+xml"
        imdn = Imdn.from_bytes(message.text.encode())
        assert (imdn.message_id, imdn.kind, imdn.status) == (asked.id, Kind.DISPLAY, "displayed")
        with pytest.raises(Refused) as refusal:
            await bob.acknowledge(asked.id, Receipt.DISPLAYED, Nickname("Nobody"))
        assert refusal.value.reason is Reason.NO_SUCH_PARTICIPANT
        await bob.leave()


async def test_where_private_messages_are_off_there_are_no_receipts() -> None:
    async with abroad(FocusQuirks(chatroom="nickname")) as world:
        bob, _ = await world.join("Bob")
        assert Features.RECEIPTS not in bob.features
        with pytest.raises(Refused) as refusal:
            await bob.acknowledge(MessageId("p1"), Receipt.DELIVERED, Nickname("Bob"))
        assert refusal.value.reason is Reason.PRIVATE_MESSAGES_OFF
        await bob.leave()
