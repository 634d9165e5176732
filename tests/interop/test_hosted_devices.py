"""One user with several devices, and names that are not plain ASCII."""

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening

pytestmark = pytest.mark.interop


async def test_two_clients_of_one_xmpp_user_are_one_occupant(hosted: Evening) -> None:
    ana = await hosted.sip("ana")
    phone, laptop = await hosted.xmpp("bob", resource="phone"), await hosted.xmpp("bob", resource="laptop")
    await ana.join(SIP_ROOM, "Ana")
    await phone.join(ROOM, "Bob")
    await laptop.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Bob")
    await ana.say("to both")
    await phone.expects_message("to both", "Ana")
    await laptop.expects_message("to both", "Ana")
    await ana.say("to both in private", to="Bob")
    await phone.expects_message("to both in private", "Ana", private=True)
    await laptop.expects_message("to both in private", "Ana", private=True)
    await phone.leave()
    await laptop.say("still here")
    await ana.expects_message("still here", "Bob")
    await ana.expects_roster("Ana", "Bob")


async def test_a_second_device_of_a_sip_user_hears_the_first(hosted: Evening) -> None:
    desk, mobile = await hosted.sip("ana"), await hosted.sip("ana", transport="tcp")
    bob = await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await desk.join(SIP_ROOM, "Ana")
    await mobile.join(SIP_ROOM, "Ana on the road")
    await desk.say("from the desk")
    await mobile.expects_message("from the desk")
    await bob.expects_message("from the desk")
    await bob.say("to both")
    await desk.expects_message("to both")
    await mobile.expects_message("to both")
    await mobile.leave()
    await desk.say("alone again")
    await bob.expects_message("alone again")


async def test_the_same_device_that_calls_again_takes_its_seat_over(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    first = await ana.join(SIP_ROOM, "Ana", subscribe=False)
    await bob.expects_presence("Ana")
    await ana.join(SIP_ROOM, "Ana")
    assert first.call is not None
    assert (await first.call.expects_bye()).get("Reason").startswith("SIP;cause=200")
    await ana.say("restarted")
    await bob.expects_message("restarted", "Ana")
    await bob.expects_roster("Ana", "Bob")
    assert not [p for p in bob.presences.items if p.nick == "Ana" and p.type == "unavailable"]


@pytest.mark.parametrize("nickname", ["Zoë", "茶 好き", 'Ana "Tea" \\ M.', "a/b@c;d=e", "<Ana & Co>", "🍵"])
async def test_any_nickname_passes_both_ways(hosted: Evening, nickname: str) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, nickname)
    await bob.expects_roster("Bob", nickname)
    await ana.expects_roster("Bob", nickname)
    await ana.say("hello")
    await bob.expects_message("hello", nickname)
    await bob.say("psst", to=nickname)
    await ana.expects_message("psst", "Bob", private=True)
    await ana.rename("Plain")
    await bob.expects_roster("Bob", "Plain")
    await bob.rename(nickname)
    await ana.expects_roster("Plain", nickname)
    await ana.say("psst yourself", to=nickname)
    await bob.expects_message("psst yourself", "Plain", private=True)


ROOMS = {
    "zoë": "zo%C3%AB",
    "tea\\20time": "tea%20time",
    "ann\\26co": "ann&co",
    "d\\27arc": "d'arc",
    "50%": "50%25",
    "чай": "%D1%87%D0%B0%D0%B9",
}


@pytest.mark.parametrize(("localpart", "user"), ROOMS.items())
async def test_a_room_with_any_name_is_one_room(hosted: Evening, localpart: str, user: str) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    room = f"{localpart}@conference.example"
    await bob.join(room, "Bob")
    await ana.join(f"sip:{user}@conference.example", "Ana")
    await bob.expects_roster("Ana", "Bob")
    await ana.expects_roster("Ana", "Bob")
    await ana.say("found it")
    await bob.expects_message("found it", "Ana")
    await bob.say("welcome")
    await ana.expects_message("welcome", "Bob")


async def test_rooms_do_not_hear_each_other(hosted: Evening) -> None:
    ana, cy, bob = await hosted.sip("ana"), await hosted.sip("cy"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana")
    await cy.join("sip:coffee@conference.example", "Cy")
    await bob.join(ROOM, "Bob")
    await bob.join("coffee@conference.example", "Bob")
    await ana.say("tea")
    await bob.expects_message("tea", "Ana")
    await bob.say("coffee")
    assert (await cy.expects_message(sender="Bob")).text == "coffee"
    assert not [m for m in ana.seat.session.received.items if b"coffee" in m.body]
