"""Many at once in one hosted room: every word arrives everywhere, once, and nothing is left afterwards."""

import asyncio

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.sip_participant import SipParticipant

pytestmark = pytest.mark.interop

SIP_USERS, WORDS = 8, 25


async def test_what_many_say_at_once_arrives_everywhere_once(hosted: Evening) -> None:
    bob, dora = await hosted.xmpp("bob"), await hosted.xmpp("dora")
    await bob.join(ROOM, "Bob")
    await dora.join(ROOM, "Dora")
    users = [await hosted.sip(f"u{n}", transport=("udp", "tcp")[n % 2]) for n in range(SIP_USERS)]
    async with asyncio.TaskGroup() as joining:
        for user in users:
            joining.create_task(user.join(SIP_ROOM, user.name))
    names = [user.name for user in users]
    for user in users:
        await user.expects_roster("Bob", "Dora", *names)

    async def talk(user: SipParticipant) -> None:
        for number in range(WORDS):
            await user.say(f"{user.name} {number}")

    async with asyncio.TaskGroup() as talking:
        for user in users:
            talking.create_task(talk(user))
        for number in range(WORDS):
            talking.create_task(bob.say(f"Bob {number}"))
    said = sorted(f"{name} {number}" for name in (*names, "Bob") for number in range(WORDS))
    for reader in (bob, dora):
        heard = [(await reader.expects_message()).text or "" for _ in said]
        assert sorted(heard) == said
    for user in users:
        others = [text for text in said if not text.startswith(f"{user.name} ")]
        read = [(await user.expects_message()).text for _ in others]
        assert sorted(read) == others
    async with asyncio.TaskGroup() as leaving:
        for user in users:
            leaving.create_task(user.leave())
    await bob.expects_roster("Bob", "Dora")


async def test_coming_and_going_leaves_nothing_behind(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    for _ in range(10):
        await ana.join(SIP_ROOM, "Ana")
        await bob.join(ROOM, "Bob")
        await ana.expects_roster("Ana", "Bob")
        await bob.leave()
        await ana.leave()
        await hosted.running.is_empty()
