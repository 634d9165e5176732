"""SIP requests to hosted rooms that are no plain join: questions, offers late and withdrawn, foreign dialogs."""

import pytest

from interop.hosted_evening import ROOM, SIP_ROOM, Evening
from peers.sip_call import start_invite
from peers.sip_message import parameters
from peers.sip_subscription import subscribe

pytestmark = pytest.mark.interop


async def test_options_shows_a_focus(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    response = await ana.ua.options(SIP_ROOM)
    assert response.status == 200
    assert "isfocus" in parameters(response.get("Contact"))
    for method in ("INVITE", "SUBSCRIBE", "REFER", "BYE"):
        assert method in response.get("Allow")
    assert {"conference", "refer"} <= {event.strip() for event in response.get("Allow-Events").split(",")}


async def test_options_to_no_room_is_answered_404(hosted: Evening) -> None:
    ana = await hosted.sip("ana")
    assert (await ana.ua.options("sip:nowhere@conference.example")).status == 404


async def test_a_page_message_to_a_room_is_not_allowed(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    response = await ana.ua.message(SIP_ROOM, "hello?")
    assert response.status == 405
    assert "INVITE" in response.get("Allow")


async def test_a_roster_is_for_who_is_in_the_room(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    response, _ = await subscribe(ana.ua, SIP_ROOM)
    assert response.status == 403


async def test_an_offer_may_come_with_the_ack(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    attempt = await start_invite(ana.ua, SIP_ROOM, "")
    response = await attempt.final()
    assert response.status == 200
    assert "m=message" in response.text
    call = await attempt.established(response)
    await call.expects_bye()  # an ACK without the answer that it owes
    await bob.expects_roster("Bob")


@pytest.mark.parametrize("offer", ["", "m=audio 40000 RTP/AVP 0\r\n"])
async def test_an_offer_without_chat_is_answered_488_with_a_warning(hosted: Evening, offer: str) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    sdp = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{offer}"
    response = await (await start_invite(ana.ua, SIP_ROOM, sdp)).final()
    assert response.status == 488
    assert response.get("Warning")
    await bob.expects_roster("Bob")


async def test_a_bye_for_no_call_is_answered_481(hosted: Evening) -> None:
    ana = await hosted.sip("ana")
    message = ana.ua.new_request("BYE", SIP_ROOM, to=SIP_ROOM)
    message.put("To", f"<{SIP_ROOM}>;tag=nobody")
    assert (await ana.ua.request(message)).status == 481


async def test_an_unknown_extension_is_refused_by_420(hosted: Evening) -> None:
    ana = await hosted.sip("ana")
    response = await ana.expects_refused_join(SIP_ROOM, 420, headers=[("Require", "time-travel")])
    assert response.get("Unsupported") == "time-travel"


async def test_a_room_in_a_foreign_domain_is_not_ours(hosted: Evening) -> None:
    ana = await hosted.sip("ana")
    await ana.expects_refused_join("sip:tea@elsewhere.example", 403, 404)


async def test_a_refresh_of_the_roster_brings_the_whole_roster(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    seat = await ana.join(SIP_ROOM, "Ana")
    subscription = seat.subscription
    assert subscription is not None
    await ana.expects_roster("Ana", "Bob")
    subscription.notifies.items.clear()
    assert (await subscription.refresh()).status == 200
    notify = await subscription.notifies.take(wanted="after the refresh")
    assert 'state="full"' in notify.text  # RFC 4575 §4.6: what repairs a gap
    assert notify.text.count("<user ") == 2


async def test_the_subject_of_the_first_invite_is_that_of_the_room(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await ana.join(SIP_ROOM, "Ana", headers=[("Subject", "Tea at five")])
    await bob.join(ROOM, "Bob")
    await bob.expects_subject("Tea at five")


async def test_a_roster_can_be_fetched_once(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana", subscribe=False)
    response, fetched = await subscribe(ana.ua, SIP_ROOM, expires=0)
    assert response.status in {200, 202}
    notify = await fetched.expects_end()
    assert 'state="full"' in notify.text
    assert fetched.roster.names == {"Ana", "Bob"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Event", "weather"), ("Accept", "application/conference-info+xml")], 489),
        ([("Accept", "application/conference-info+xml")], 489),
        ([("Event", "conference"), ("Accept", "text/html")], 406),
    ],
)
async def test_a_subscription_to_something_else_is_refused(
    hosted: Evening, headers: list[tuple[str, str]], status: int
) -> None:
    ana = await hosted.sip("ana")
    await ana.join(SIP_ROOM, "Ana")
    message = ana.ua.new_request("SUBSCRIBE", SIP_ROOM, [ana.ua.contact(), ("Expires", "600"), *headers])
    response = await ana.ua.request(message)
    assert response.status == status
    if status == 489:
        assert "conference" in response.get("Allow-Events")


async def test_a_request_that_is_repeated_is_answered_the_same_and_carried_out_once(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    await bob.join(ROOM, "Bob")
    await ana.join(SIP_ROOM, "Ana")
    await ana.expects_roster("Ana", "Bob")
    message = ana.ua.new_request(
        "REFER", SIP_ROOM, [ana.ua.contact(), ("Refer-To", "<sip:bob@xmpp.example>")]
    )
    first = await ana.ua.request(message)
    again = ana.ua.expect_response(message)
    await ana.ua.send_raw(bytes(message))
    second = await again.responses.take(wanted="to the repetition")
    assert (first.status, first.get("To")) == (second.status, second.get("To"))
    await (await bob.expects_invitation()).decline()
    await bob.say("done")
    await ana.expects_message("done")
    assert not [m for m in bob.messages.items if m.extension("invite") is not None]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_crowd_fits_into_the_roster(hosted: Evening, transport: str) -> None:
    first = await hosted.sip("user0", transport=transport)
    await first.join(SIP_ROOM, "A long nickname, number 0")
    others = [await hosted.sip(f"user{number}", transport=transport) for number in range(1, 15)]
    for number, user in enumerate(others, 1):
        await user.join(SIP_ROOM, f"A long nickname, number {number}")
    names = [f"A long nickname, number {number}" for number in range(15)]
    for user in (first, *others):
        await user.expects_roster(*names)
    await first.say("hello everybody")
    for user in others:
        await user.expects_message("hello everybody", names[0])
    for user in others:
        await user.leave()
    await first.expects_roster(names[0])


async def test_one_user_agent_may_be_in_two_rooms(hosted: Evening) -> None:
    ana, bob = await hosted.sip("ana"), await hosted.xmpp("bob")
    tea = await ana.join(SIP_ROOM, "Ana")
    coffee = await ana.join("sip:coffee@conference.example", "Ana")
    await bob.join(ROOM, "Bob")
    await tea.say("in the tea room")
    await bob.expects_message("in the tea room", "Ana")
    await coffee.leave()
    await tea.say("still in the tea room")
    await bob.expects_message("still in the tea room", "Ana")
    await tea.leave()
