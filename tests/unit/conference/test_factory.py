"""The conference factory (RFC 4579 §5.4): every call to it makes a room, and the Contact says which."""

from crossroom.config.schema import Domain
from crossroom.room.address import Address
from crossroom.room.events import Posted
from peers.sip_message import parameters
from peers.sip_participant import SipParticipant
from peers.sip_subscription import refer, subscribe
from unit.conference.face_world import DOMAIN, facing

FACTORY = f"sip:New@{DOMAIN}"
WITH_FACTORY = Domain(DOMAIN, factory="new")


async def made_by(user: SipParticipant, factory: str = FACTORY) -> str:
    """Call the factory; the name of the room that it made."""
    seat = await user.join(factory, subscribe=False)
    assert seat.call is not None
    name = seat.call.dialog.target.removeprefix("sip:").partition("@")[0]
    seat.room = f"sip:{name}@{factory.partition('@')[2]}"
    return name


def contact_of(user: SipParticipant) -> str:
    assert user.seat.call is not None
    return user.seat.call.dialog.target


async def test_every_call_to_the_factory_makes_a_room_that_nobody_can_guess() -> None:
    async with facing(domain=WITH_FACTORY) as world:
        ana, cy = await world.endpoint("Ana"), await world.endpoint("Cy")
        names = [await made_by(ana), await made_by(cy)]
        assert len({*names, "new"}) == 3
        assert all(len(name) > 16 for name in names)
        await ana.say("only I hear this")
        await ana.leave()
        await cy.leave()


async def test_the_contact_is_the_new_conference_and_works_by_itself() -> None:
    async with facing(domain=WITH_FACTORY) as world:
        ana, cy = await world.endpoint("Ana"), await world.endpoint("Cy")
        name = await made_by(ana)
        assert ana.seat.call is not None
        assert "isfocus" in parameters(ana.seat.call.remote_contact)
        response, subscription = await subscribe(ana.ua, contact_of(ana))
        assert response.status == 200
        await cy.join(contact_of(ana), "Cy")
        await subscription.until(
            lambda: len(subscription.roster.users) == 2, within=5, otherwise=lambda: "Cy is not in the roster"
        )
        bob, seen = await world.xmpp("Bob", Address(name, DOMAIN))
        await ana.say("hello")
        await seen.first(Posted)
        assert seen.texts == ["hello"]
        response, _ = await refer(ana.ua, contact_of(ana), "<sip:nobody@sip.example>")
        assert response.status == 200
        await bob.leave()


async def test_a_contact_leads_to_its_room_although_it_names_no_domain() -> None:
    async with facing(others=(Domain("other.example", factory="new"),)) as world:
        ana = await world.endpoint("Ana")
        name = await made_by(ana, "sip:new@other.example")
        response, subscription = await subscribe(ana.ua, contact_of(ana))
        assert response.status == 200
        await world.xmpp("Bob", Address(name, "other.example"))
        await subscription.until(
            lambda: len(subscription.roster.users) == 2,
            within=5,
            otherwise=lambda: "Bob is not in the roster",
        )


async def test_who_may_not_begin_rooms_gets_none_from_the_factory() -> None:
    async with facing(domain=Domain(DOMAIN, factory="new", creators=["cy@sip.example"])) as world:
        ana = await world.endpoint("Ana")
        response = await ana.expects_refused_join(FACTORY, 403)
        assert response.start == "SIP/2.0 403 May Not Create Rooms"


async def test_the_factory_is_no_conference_itself() -> None:
    async with facing(domain=WITH_FACTORY) as world:
        ana = await world.endpoint("Ana")
        response = await ana.ua.options(FACTORY)
        assert response.status == 200
        assert "isfocus" not in parameters(response.get("Contact"))
        response, _ = await subscribe(ana.ua, FACTORY)
        assert response.status == 403
