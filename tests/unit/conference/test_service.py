import asyncio
from dataclasses import replace

import pytest

from contract.focus_contract import said
from crossroom.config.schema import Domain, Limits, Notices, Sip
from crossroom.focus.interface import Answer, Invitation, Outcome
from crossroom.room.address import Address, MessageId, Network, Nickname
from crossroom.room.commands import SetAffiliation, SetRole
from crossroom.room.configuration import Configuration
from crossroom.room.events import Ended, Posted, SubjectChanged
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation, Role
from peers.quirks import PLAIN
from peers.sip_call import start_invite
from peers.sip_message import parameters
from peers.sip_participant import SipParticipant
from peers.sip_subscription import refer, subscribe
from unit.conference.face_world import DOMAIN, TEA, facing

NOWHERE = "sip:tea@nowhere.example"


# -- OPTIONS and the rest ----------------------------------------------------------------------------------


async def test_a_room_that_is_there_says_that_it_is_a_conference() -> None:
    async with facing() as world:
        await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        response = await ana.ua.options(TEA)
        assert response.status == 200
        assert "isfocus" in parameters(response.get("Contact"))
        assert "conference" in response.get("Allow-Events")


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("sip:conference.example", 200),  # the server itself
        ("sip:empty@conference.example", 404),
        (NOWHERE, 404),
        ("sips:tea@conference.example", 416),
        ("sip:%0a@conference.example", 400),
    ],
)
async def test_options_answers_for_what_it_is_asked_about(uri: str, status: int) -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        response = await ana.ua.options(uri)
        assert response.status == status
        assert "isfocus" not in parameters(response.get("Contact"))


async def test_page_mode_messages_have_no_place_in_a_room() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        response = await ana.ua.message(TEA, "hello")
        assert response.status == 405
        assert "INVITE" in response.get("Allow")


async def test_users_register_where_no_proxy_knows_them() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        assert (await ana.ua.register()).status == 200


async def test_a_registration_too_many_is_refused_and_logged() -> None:
    async with facing(limits=Limits(sip_contacts=1)) as world:
        ana, laptop = await world.endpoint("Ana"), await world.endpoint("Ana")
        await ana.ua.register()
        request = laptop.ua.new_request("REGISTER", "sip:sip.example", [laptop.ua.contact()], to=laptop.aor)
        assert (await laptop.ua.request(request)).status == 403
        [line] = world.logged("registration refused")
        assert (line["reason"], line["person"]) == ("403", "sip:ana@sip.example")


async def test_a_flood_of_requests_is_one_line_in_the_log() -> None:
    async with facing(limits=Limits(sip_trusted_burst=3, sip_trusted_rate=0.001)) as world:
        ana = await world.endpoint("Ana")
        statuses = [(await ana.ua.options("sip:conference.example")).status for _ in range(10)]
        assert statuses == [200] * 3 + [503] * 7
        world.server.sip.turned_away.tell()
        world.server.sip.turned_away.tell()
        assert [line["count"] for line in world.logged("sip requests turned away")] == [7]


async def test_register_is_not_for_us_where_a_proxy_knows_the_users() -> None:
    proxied = Sip(listen=["udp://127.0.0.1:0"], outbound_proxy="sip:127.0.0.1:9;lr")
    async with facing(sip=proxied) as world:
        ana = await world.endpoint("Ana")
        request = ana.ua.new_request("REGISTER", "sip:sip.example", [ana.ua.contact()], to=ana.aor)
        assert (await ana.ua.request(request)).status == 405


# -- INVITE ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        (NOWHERE, 404),
        ("sips:tea@conference.example", 416),
        ("sip:%0a@conference.example", 400),
        ("sip:conference.example", 404),
    ],
)
async def test_a_call_to_what_is_no_room_is_refused(uri: str, status: int) -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        attempt = await start_invite(ana.ua, uri, "v=0\r\n")
        assert (await attempt.final()).status == status


async def test_one_person_begins_only_so_many_rooms() -> None:
    async with facing(limits=Limits(rooms_per_person=1)) as world:
        ana = await world.sip("Ana")
        response = await ana.expects_refused_join("sip:coffee@conference.example", 480)
        assert (response.start, response.get("Retry-After")) == ("SIP/2.0 480 Too Many Rooms", "60")
        [line] = world.logged("join refused")
        assert line["reason"].startswith("too-many-rooms")


async def test_who_may_not_begin_a_room_is_told_403_and_enters_one_that_is_there() -> None:
    async with facing(domain=Domain(DOMAIN, creators=["*@xmpp.example"])) as world:
        ana = await world.endpoint("Ana")
        response = await ana.expects_refused_join(TEA, 403)
        assert response.start == "SIP/2.0 403 May Not Create Rooms"
        await world.xmpp("Bob")
        await ana.join(TEA, "Ana")
        await ana.expects_roster("Ana", "Bob")


async def test_who_begins_a_room_by_sip_moderates_it_and_everybody_in_it_sets_the_subject() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        bob, seen = await world.xmpp("Bob")
        await bob.set_subject("Leaves", MessageId("s1"))
        assert (await seen.until(lambda one: one.of(SubjectChanged)[-1].by == "Bob")).of(SubjectChanged)[
            -1
        ].subject == "Leaves"
        with pytest.raises(Refused):
            await bob.configure(Configuration())
        await ana.leave()
        again = await world.sip("Ana")
        assert (await again.refer(f"{TEA};gr=Bob", method="BYE")).status == 200
        assert (await seen.first(Ended)).departure is Departure.KICKED


async def test_a_caller_whose_address_nobody_can_have_is_refused() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        attempt = await start_invite(ana.ua, TEA, "v=0\r\n", sender="sips:ana@sip.example")
        assert (await attempt.final()).status == 400


async def test_who_calls_while_the_server_closes_is_told_to_come_back() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        cy = await world.endpoint("Cy")
        await world.server.conference.close()
        response = await cy.expects_refused_join(TEA, 503)
        assert response.get("Retry-After") == "60"
        assert "cause=503" in (await ana.expects_removed()).get("Reason")


# -- the Reason of every goodbye (mapping 3.14) ---------------------------------------------------------------


async def test_a_kick_is_told_with_who_and_why() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.NONE, "enough"))
        assert (await ana.expects_removed()).get("Reason") == 'SIP;cause=403;text="Kicked by Bob: enough"'


async def test_a_ban_is_told_and_keeps_out_of_the_room_and_the_roster() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        who = Address("ana", "sip.example", network=Network.SIP)
        await bob.moderate(SetAffiliation(bob.endpoint, who, Affiliation.OUTCAST, "spam"))
        assert (await ana.expects_removed()).get("Reason") == 'SIP;cause=403;text="Banned by Bob: spam"'
        assert ana.seat.subscription is not None
        end = await ana.seat.subscription.expects_end()
        assert end.get("Subscription-State").startswith("terminated;reason=")
        await ana.expects_refused_join(TEA, 403)
        assert (await subscribe(ana.ua, TEA))[0].status in {403, 404}


async def test_a_room_that_becomes_members_only_and_one_that_loses_a_member_say_so() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        who = Address("cy", "sip.example", network=Network.SIP)
        await bob.moderate(SetAffiliation(bob.endpoint, who, Affiliation.MEMBER))
        await bob.configure(Configuration(is_members_only=True))
        assert "cause=403" in (reason := (await ana.expects_removed()).get("Reason"))
        assert "members only" in reason
        await bob.moderate(SetAffiliation(bob.endpoint, who, Affiliation.NONE))
        assert "No longer a member" in (await cy.expects_removed()).get("Reason")


async def test_a_destroyed_room_says_so_and_ends_the_rosters() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await bob.destroy("done")
        assert (await ana.expects_removed()).get(
            "Reason"
        ) == 'SIP;cause=410;text="The room was closed by Bob: done"'
        assert ana.seat.subscription is not None
        end = await ana.seat.subscription.expects_end()
        assert end.get("Subscription-State") == "terminated;reason=noresource"
        assert ana.seat.subscription.roster.deleted


async def test_a_session_that_was_replaced_is_told_so() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        first = ana.seat
        await ana.join(TEA, "Ana")
        assert first.call is not None
        bye = await first.call.expects_bye()
        assert bye.get("Reason") == 'SIP;cause=200;text="Replaced by a new session"'
        await ana.expects_roster("Ana")


async def test_a_fault_of_ours_ends_the_room_with_500() -> None:
    async with facing(notices=Notices()) as world:
        ana = await world.sip("Ana")
        [room] = list(world.server.focus._hosting)
        world.server.focus._hosting._fail(room, RuntimeError("a defect"))
        assert "cause=500" in (await ana.expects_removed()).get("Reason")
        [fault] = world.faults
        assert fault["event"].endswith("ended by a fault")
        world.log.remove(fault)


# -- SUBSCRIBE ---------------------------------------------------------------------------------------------


async def test_only_who_is_in_the_room_gets_its_roster() -> None:
    async with facing() as world:
        await world.sip("Ana")
        eve = await world.endpoint("Eve")
        assert (await subscribe(eve.ua, TEA))[0].status == 403
        assert (await subscribe(eve.ua, "sip:empty@conference.example"))[0].status == 403
        assert (await subscribe(eve.ua, NOWHERE))[0].status == 404
        assert (await subscribe(eve.ua, "sips:tea@conference.example"))[0].status == 416
        assert world.server.conference.tables()["subscriptions"] == 1  # Ana's own


@pytest.mark.parametrize(
    "limits", [Limits(sip_person_subscriptions=2), Limits(sip_person_subscriptions=9, sip_subscriptions=2)]
)
async def test_subscriptions_of_one_person_and_of_one_room_are_bounded(limits: Limits) -> None:
    async with facing(limits=limits) as world:
        ana = await world.sip("Ana")
        response, second = await subscribe(ana.ua, TEA)
        assert response.status == 200
        refused, _ = await subscribe(ana.ua, TEA)
        assert (refused.status, refused.get("Retry-After")) == (480, "30")
        [line] = world.logged("subscription refused")
        assert (line["room"], line["reason"]) == ("tea@conference.example", "rate-exceeded")
        assert "ana@sip.example" in line["person"]
        assert (await second.refresh()).status == 200  # who is subscribed stays so
        assert (await second.refresh(expires=0)).status == 200
        await second.expects_end()
        assert (await subscribe(ana.ua, TEA))[0].status == 200


async def test_each_person_has_subscriptions_of_their_own() -> None:
    async with facing(limits=Limits(sip_person_subscriptions=1)) as world:
        await world.sip("Ana")
        await world.sip("Cy")
        assert world.server.conference.tables()["subscriptions"] == 2


async def test_who_hides_is_told_from_others_who_hide_by_the_device() -> None:
    async with facing() as world:
        one, other = [
            await world.undo.enter_async_context(
                SipParticipant("anonymous", "anonymous.invalid", server=world.sip_address)
            )
            for _ in range(2)
        ]
        await one.join(TEA, "One", subscribe=False)
        for peer, status in ((other, 403), (one, 200)):
            assert (await subscribe(peer.ua, TEA))[0].status == status
        assert (await refer(other.ua, TEA, f"<{TEA};gr=One;method=BYE>"))[0].status == 403


async def test_a_subscription_that_overtakes_the_join_is_refused() -> None:
    async with facing() as world:
        gate = world.slow_down()
        ana = await world.endpoint("Ana")
        attempt = await ana.start_join(TEA)
        await gate.entered.wait()
        assert (await subscribe(ana.ua, TEA))[0].status == 403
        gate.open.set()
        call = await attempt.call()
        response, subscription = await subscribe(ana.ua, TEA)
        assert response.status == 200
        assert response.get("Contact").endswith(";isfocus")
        await subscription.notifies.take()
        assert subscription.roster.names == {"ana"}
        await call.bye()


async def test_a_subscription_ends_when_the_last_seat_of_its_person_is_gone() -> None:
    async with facing() as world:
        await world.sip("Cy")
        ana = await world.sip("Ana")
        laptop = await world.endpoint("Ana")
        await laptop.join(TEA, "Ana")
        subscription = ana.seat.subscription
        assert subscription is not None
        assert ana.seat.call is not None
        await ana.seat.call.bye()
        await laptop.expects_roster("Ana", "Cy")
        assert not subscription.is_over
        assert laptop.seat.call is not None
        await laptop.seat.call.bye()
        end = await subscription.expects_end()
        assert end.get("Subscription-State") == "terminated;reason=rejected"


async def test_the_conference_goes_on_when_its_last_sip_user_leaves_and_is_not_called_deleted() -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        subscription, call = ana.seat.subscription, ana.seat.call
        assert subscription is not None
        assert call is not None
        await call.bye()
        end = await subscription.expects_end()
        # RFC 4575 §3.5: participants only; RFC 6665 §4.1.3: who was one has lost the right
        assert end.get("Subscription-State") == "terminated;reason=rejected"
        assert not subscription.roster.deleted
        await bob.post(said("still here"))
        await seen.first(Posted)


async def test_when_the_very_last_one_leaves_the_conference_is_deleted() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        subscription, call = ana.seat.subscription, ana.seat.call
        assert subscription is not None
        assert call is not None
        await call.bye()
        end = await subscription.expects_end()
        assert end.get("Subscription-State") == "terminated;reason=noresource"
        assert subscription.roster.deleted


async def test_the_end_of_a_room_is_the_same_to_every_subscriber() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        people = [await world.sip(name) for name in ("Ana", "Cy", "Dee")]
        await bob.destroy("done")
        for person in people:
            subscription = person.seat.subscription
            assert subscription is not None
            end = await subscription.expects_end()
            assert end.get("Subscription-State") == "terminated;reason=noresource"
            assert subscription.roster.deleted


async def test_a_shutdown_asks_subscribers_to_come_again_and_calls_no_conference_deleted() -> None:
    async with facing() as world:
        await world.xmpp("Bob")
        people = [await world.sip(name) for name in ("Ana", "Cy")]
        stopping = asyncio.get_running_loop().create_task(world.server.stop())
        for person in people:
            subscription = person.seat.subscription
            assert subscription is not None
            end = await subscription.expects_end()
            assert end.get("Subscription-State") == "terminated;reason=probation;retry-after=60"
            assert not subscription.roster.deleted
            assert (await person.expects_removed()).get("Reason").startswith("SIP;cause=503")
        await stopping


async def test_a_roster_is_not_to_be_had_while_the_service_goes_down() -> None:
    async with facing() as world:
        ana = await world.sip("Ana", subscribe=False)
        world.server.conference._is_closing = True
        response, _ = await subscribe(ana.ua, TEA)
        assert (response.status, response.get("Retry-After")) == (503, "60")


# -- reaching people ---------------------------------------------------------------------------------------


async def test_who_is_nowhere_to_be_found_cannot_be_invited() -> None:
    async with facing() as world:
        room = Address("tea", DOMAIN)
        invitee = Address("ana", "sip.example", network=Network.SIP)
        outcome = await world.server.conference.invite(Invitation(room, invitee))
        assert outcome.answer is Answer.FAILED
        assert outcome.reason in {Reason.NOT_FOUND, Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.REMOTE_FAULT}
        assert isinstance(outcome, Outcome)
        assert world.server.conference.tables()["conferences"] == 0


@pytest.mark.parametrize(
    ("agent", "states"), [("Blinking 5", "partial"), ("Newer", "partial"), ("Old 3", "full")]
)
async def test_user_agents_that_read_no_changes_are_sent_whole_rosters(agent: str, states: str) -> None:
    sip = Sip(listen=["udp://127.0.0.1:0"], whole_rosters=["Old 3", "Blink "])
    async with facing(sip=sip) as world:
        ana = await world.endpoint("Ana", quirks=replace(PLAIN, user_agent=agent))
        await ana.join(TEA, "Ana")
        await ana.expects_roster("Ana")
        await world.xmpp("Bob")
        await ana.expects_roster("Ana", "Bob")
        assert ana.seat.subscription is not None
        last = ana.seat.subscription.notifies.items[-1].body
        assert f' state="{states}"'.encode() in last.partition(b"<conference-state")[0]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("application/conference-info+xml", 200),
        ("text/html, application/*;q=0.5", 200),
        ("text/html", 406),
        ("", 406),
        ("*/*, application/conference-info+xml;q=0", 406),
        ("not a type", 400),
    ],
)
async def test_a_roster_goes_to_who_accepts_its_type(accept: str | None, status: int) -> None:
    async with facing() as world:
        ana = await world.sip("Ana", subscribe=False)
        headers = [ana.ua.contact(), ("Event", "conference"), ("Expires", "0")]
        headers += [] if accept is None else [("Accept", accept)]
        response = await ana.ua.request(ana.ua.new_request("SUBSCRIBE", TEA, headers))
        assert response.status == status
        if status == 406:
            assert response.get("Accept") == "application/conference-info+xml"
        await ana.leave()
