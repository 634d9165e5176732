"""Two views of one room, as endpoints see them: who sees addresses changes while everybody is there."""

from datetime import UTC, datetime

from contract.focus_contract import said
from crossroom.conference.conference import Conference
from crossroom.conference.roster_entry import EntityForm
from crossroom.room.address import Address, MessageId, Nickname
from crossroom.room.commands import SetRole
from crossroom.room.configuration import Configuration
from crossroom.room.standing import Role
from peers.sip_participant import SipParticipant
from unit.conference.face_world import ROOM, facing
from unit.conference.roster_world import ANA, BOB, joined, occupant

NOW = datetime(2026, 2, 3, 10, tzinfo=UTC)


def entities(peer: SipParticipant) -> dict[str, str]:
    assert peer.seat.subscription is not None
    return {user.name: user.entity for user in peer.seat.subscription.roster.users.values()}


async def moved(peer: SipParticipant) -> None:
    """The subscription ends with the request to subscribe again, and that is done."""
    assert peer.seat.subscription is not None
    end = await peer.seat.subscription.expects_end()
    assert end.get("Subscription-State") == "terminated;reason=deactivated"
    await peer.seat.subscribe()


async def test_who_becomes_moderator_subscribes_again_and_sees_addresses() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        await bob.set_subject("Kettles", MessageId("s1"))
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        await ana.expects_roster("Ana", "Bob", "Cy")
        assert entities(ana)["Bob"].endswith("@anonymous.conference.example")
        await bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.MODERATOR))
        await moved(ana)
        assert entities(ana) == {
            "Ana": "sip:ana@sip.example",
            "Bob": "sip:bob@xmpp.example",
            "Cy": "sip:cy@sip.example",
        }
        assert ana.seat.subscription is not None
        assert ana.seat.subscription.roster.subject == "Kettles"
        assert entities(cy)["Bob"].endswith("@anonymous.conference.example")
        await world.xmpp("Dee")
        await ana.expects_roster("Ana", "Bob", "Cy", "Dee")
        await cy.expects_roster("Ana", "Bob", "Cy", "Dee")
        assert entities(ana)["Dee"] == "sip:dee@xmpp.example"
        await bob.post(said("psst", to="Ana"))
        assert (await ana.expects_message("psst")).from_uri == "sip:bob@xmpp.example"


async def test_who_is_moderator_no_more_sees_no_addresses_any_more() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.MODERATOR))
        await moved(ana)
        await bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.PARTICIPANT))
        await moved(ana)
        assert "bob" not in entities(ana)["Bob"]
        await world.xmpp("Dee")
        await ana.expects_roster("Ana", "Bob", "Dee")
        assert "dee" not in entities(ana)["Dee"]


async def test_a_room_that_stops_hiding_addresses_moves_everybody() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        people = [await world.sip(name) for name in ("Ana", "Cy")]
        await bob.configure(Configuration(is_anonymous=False))
        for one in people:
            await moved(one)
            assert entities(one)["Bob"] == "sip:bob@xmpp.example"
        await bob.configure(Configuration(is_anonymous=True))
        for one in people:
            await moved(one)
            assert "bob" not in entities(one)["Bob"]


async def test_a_roster_that_nobody_fed_for_a_while_shows_no_ghosts() -> None:
    async with facing() as world:
        owner = await world.sip("Ana")  # sees addresses
        plain = await world.sip("Cy")
        bob, _ = await world.xmpp("Bob")
        await plain.expects_roster("Ana", "Bob", "Cy")
        await plain.leave()
        await owner.expects_roster("Ana", "Bob")
        await bob.leave()
        await owner.expects_roster("Ana")
        late = await world.sip("Dee")
        await late.expects_roster("Ana", "Dee")


async def test_a_renamed_participant_is_found_by_the_new_name() -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        await ana.rename("Annie")
        await cy.expects_roster("Annie", "Cy")
        await cy.say("psst", to="Annie")
        await ana.expects_message("psst", private=True)


def test_a_copy_and_a_notice_are_made_once() -> None:
    conference = Conference(ROOM, EntityForm.TOKEN, lambda: NOW)
    first = conference.notice("Welcome")
    assert conference.notice("Welcome") is first
    assert conference.notice("Goodbye") is not first


def test_names_that_pass_for_the_room_or_for_others_are_reserved() -> None:
    conference = Conference(Address("tea", "conf.example"), EntityForm.TOKEN, lambda: NOW)
    conference.persons[object()] = ANA
    conference.enter("seat", sees_addresses=True)
    conference.report(joined(occupant("Bob", BOB)), sees_addresses=True)
    for name in ("TEA", "tea@conf.example", "Bob@XMPP.example", "xmpp:bob@xmpp.example", "ana@sip.example"):
        assert conference.is_reserved(Nickname(name), Address("eve", "sip.example")), name
    assert not conference.is_reserved(Nickname("Bob"), Address("eve", "sip.example"))
    assert not conference.is_reserved(Nickname("ana@sip.example"), ANA)


async def test_a_move_of_somebody_who_has_gone_is_no_trouble() -> None:
    conference = Conference(Address("tea", "conf.example"), EntityForm.TOKEN, lambda: NOW)
    conference.enter("seat", sees_addresses=False)
    conference.move("seat", sees_addresses=True)
    conference.leave("seat")
    conference.leave("seat")
    assert conference.subscriptions == 0
