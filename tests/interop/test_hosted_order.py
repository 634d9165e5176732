"""Nothing is lost in the moment of joining, and everybody sees one order."""

import asyncio

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.sip_participant import SipParticipant

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_message_in_the_same_segment_as_the_bind_is_heard(hosted: Evening, transport: str) -> None:
    ana, bob = await hosted.sip("ana", transport=transport), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana", right_behind="quicker than my nickname")
    await bob.expects_message("quicker than my nickname")


async def test_live_messages_wait_for_the_subject_of_who_joins(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join(SIP_ROOM, "Cy")
    said = [f"{number}" for number in range(40)]

    async def talk(user: SipParticipant, texts: list[str]) -> None:
        for text in texts:
            await user.say(text)

    async with asyncio.TaskGroup() as talking:
        talking.create_task(talk(ana, said))
        talking.create_task(bob.join(ROOM, "Bob", history=50))
    await bob.expects_message(said[-1])
    heard = [m for m in bob.messages.items if m.text in said or m.is_subject]
    subject = next(index for index, m in enumerate(heard) if m.is_subject)
    assert all(m.delayed for m in heard[:subject])
    assert not [m for m in heard[subject:] if m.delayed]
    texts = [m.text for m in heard if m.text]
    assert texts == said[-len(texts) - 1 : -1]
    for text in said:
        await cy.expects_message(text)


async def test_a_sip_user_who_joins_in_the_middle_misses_nothing(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    said = [f"{number}" for number in range(40)]

    async def talk() -> None:
        for text in said:
            await bob.say(text)

    async with asyncio.TaskGroup() as talking:
        talking.create_task(talk())
        talking.create_task(ana.join(SIP_ROOM, "Ana"))
    await bob.expects_message(said[-1])
    heard = [(await ana.expects_message(sender="Bob")).text]
    while heard[-1] != said[-1]:
        heard.append((await ana.expects_message(sender="Bob")).text)
    assert heard == said[-len(heard) :]
    assert len(heard) >= 20  # what was said before is history: the 20 last messages


async def test_everybody_sees_one_order(hosted: Evening) -> None:
    ana, cy = await hosted.sip("ana"), await hosted.sip("cy", transport="tcp")
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    for sip in (ana, cy):
        await sip.join(SIP_ROOM, sip.name.title())
    await bob.join(ROOM, "Bob")
    await dora.join(ROOM, "Dora")
    async with asyncio.TaskGroup() as talking:
        for number in range(15):
            for user in (ana, cy, bob, dora):
                talking.create_task(user.say(f"{number}"))
    orders = []
    for user in (bob, dora):
        heard = [await user.expects_message() for _ in range(60)]
        orders.append([(m.sender, m.text) for m in heard])
    assert orders[0] == orders[1]
    for user in (ana, cy):
        shown = [await user.expects_message() for _ in range(45)]
        assert [(m.sender, m.text) for m in shown] == [
            pair for pair in orders[0] if pair[0] != user.seat.nickname
        ]


async def test_two_users_who_want_one_nickname_at_once_do_not_both_get_it(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    bob.send_raw(f'<presence to="{ROOM}/Teapot"/>')
    status = await seat.session.nickname("Teapot")
    mine = await bob.presences.take(
        lambda p: p.type == "error" or (p.nick == "Teapot" and p.type == ""), wanted="answering the new nick"
    )
    assert (status == 425) is (110 in mine.codes)
    assert (status == 200) is (mine.error == "conflict" or 110 not in mine.codes)
