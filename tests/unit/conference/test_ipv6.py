"""A whole evening over IPv6, with an endpoint that shares no code with us: join, talk, be invited, leave."""

import asyncio

import pytest

from crossroom.config.schema import Msrp, Sip
from crossroom.focus.interface import Answer
from crossroom.room.address import Address, Network
from peers.sip_participant import SipParticipant
from unit.conference.face_world import TEA, World, facing

HERE = "::1"
ANA = Address("ana", "sip.example", network=Network.SIP)


async def endpoint(world: World, name: str, transport: str) -> SipParticipant:
    listening = world.server.sip.listening
    server = next((each.host, each.port) for each in listening if each.transport == transport.upper())
    peer = SipParticipant(name, "sip.example", server=server, transport=transport, host=HERE)
    return await world.undo.enter_async_context(peer)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_people_meet_and_are_invited(transport: str) -> None:
    sip, msrp = Sip(listen=["udp://[::1]:0", "tcp://[::1]:0"]), Msrp(listen=["tcp://[::1]:0"])
    async with facing(sip=sip, msrp=msrp) as world:
        ana = await endpoint(world, "ana", transport)
        carl = await endpoint(world, "carl", transport)
        await carl.join(TEA, "Carl")
        await ana.ua.register()
        bob, _ = await world.xmpp("Bob")
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(bob.invite(ANA))
            await (await ana.expects_invite()).accept("Ana")
        assert asking.result().answer is Answer.ACCEPTED
        await ana.say("from one colon to another")
        assert (await carl.expects_message()).text == "from one colon to another"
        await ana.leave()
        await carl.leave()
