import asyncio

import pytest

from crossroom.focus.interface import Answer, Invitation, Outcome
from crossroom.room.address import Nickname
from crossroom.room.commands import SetRole
from crossroom.room.configuration import Configuration
from crossroom.room.events import Joined, Left
from crossroom.room.reasons import Departure, Reason
from crossroom.room.standing import JoiningMethod, Role
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from peers.sip_subscription import sipfrag_status
from unit.conference.face_world import TEA, World, facing

DEE = "sip:dee@xmpp.example"
CY = "sip:cy@sip.example"


async def open_room(world: World) -> None:
    """A room in which everybody sees everybody's address; Bob owns it."""
    bob, _ = await world.xmpp("Bob")
    await bob.configure(Configuration(is_anonymous=False))


async def rung_at(world: World, name: str) -> SipParticipant:
    peer = await world.endpoint(name)
    await peer.ua.register()
    return peer


# -- inviting ----------------------------------------------------------------------------------------------


async def test_a_sip_user_is_called_by_the_room_and_the_referrer_hears_how_it_goes() -> None:
    async with facing() as world:
        await open_room(world)
        ana, cy = await world.sip("Ana"), await rung_at(world, "Cy")
        response = await ana.refer(CY, headers=[("Subject", "join us")])
        assert response.status == 200
        await ana.expects_sipfrag(100)
        invitation = await cy.expects_invite()
        assert invitation.invite.is_from_focus
        assert invitation.invite.from_uri == TEA
        assert invitation.invite.request.get("Subject") == "join us"
        invitation.ring()
        ringing = await ana.expects_sipfrag(180)
        assert ringing.get("Subscription-State").startswith("active")
        await invitation.accept("Cy")
        final = await ana.expects_sipfrag(200)
        assert final.get("Subscription-State").startswith("terminated;reason=noresource")
        await ana.expects_roster("Ana", "Bob", "Cy")


async def test_who_was_called_is_shown_as_called_and_by_whom() -> None:
    async with facing() as world:
        await open_room(world)
        _, seen = await world.xmpp("Dee")
        ana, cy = await world.sip("Ana"), await rung_at(world, "Cy")
        await ana.refer(CY)
        await (await cy.expects_invite()).accept("Cy")
        joined = (await seen.until(lambda r: "cy" in str(r.of(Joined)[-1].occupant.address))).of(Joined)[-1]
        assert joined.occupant.joining is JoiningMethod.DIALED_OUT
        assert str(joined.occupant.referred_by) == "sip:ana@sip.example" or "ana@sip.example" in str(
            joined.occupant.referred_by
        )


async def test_a_referred_by_is_copied_unmodified_where_addresses_are_shown() -> None:
    async with facing() as world:
        await open_room(world)
        ana, cy = await world.sip("Ana"), await rung_at(world, "Cy")
        odd = '"Ana of  Tea" <sip:ana@sip.example;x=1>;cid="20398823.2UWQFN309shb3@ana"'
        headers = [ana.ua.contact(), ("Refer-To", f"<{CY}>"), ("Referred-By", odd)]
        assert (await ana.ua.request(ana.ua.new_request("REFER", TEA, headers))).status == 200
        invitation = await cy.expects_invite()
        assert invitation.invite.request.get("Referred-By") == odd
        await invitation.reject()


async def test_nobody_invites_in_somebody_elses_name() -> None:
    async with facing() as world:
        await open_room(world)
        ana = await world.sip("Ana")
        for named, status in (
            ("<sip:boss@sip.example>", 403),
            ("<tel:+15551234>", 403),
            (f"<{TEA};gr=Bob>", 403),
            (f"<{TEA};gr=Ana>", 200),
        ):
            headers = [ana.ua.contact(), ("Refer-To", f"<{DEE}>"), ("Referred-By", named)]
            response = await ana.ua.request(ana.ua.new_request("REFER", TEA, headers))
            assert response.status == status, named
        assert len(world.xmpp_network.asked) == 1


async def test_where_addresses_are_hidden_the_invited_learns_the_occupant_and_no_more() -> None:
    async with facing() as world:
        await world.xmpp("Bob")
        ana, cy = await world.sip("Ana"), await rung_at(world, "Cy")
        await ana.refer(CY)
        invitation = await cy.expects_invite()
        assert invitation.invite.request.get("Referred-By") == "<sip:tea@conference.example;gr=Ana>"
        await invitation.reject()


@pytest.mark.parametrize(("status", "told"), [(603, 603), (486, 486), (404, 404), (500, 500)])
async def test_a_refusal_of_the_called_is_what_the_referrer_is_told(status: int, told: int) -> None:
    async with facing() as world:
        ana, cy = await world.sip("Ana"), await rung_at(world, "Cy")
        await ana.refer(CY)
        await (await cy.expects_invite()).reject(status)
        await ana.expects_sipfrag(told)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(Answer.ACCEPTED), 200),
        (Outcome(Answer.DECLINED, Reason.DECLINED), 603),
        (Outcome(Answer.FAILED, Reason.TIMED_OUT), 408),
        (Outcome(Answer.WITHDRAWN), 487),
    ],
)
async def test_an_xmpp_user_is_asked_on_the_own_network(outcome: Outcome, status: int) -> None:
    async with facing() as world:

        def answer(invitation: Invitation) -> Outcome:
            invitation.progress("alerting")
            return outcome

        world.xmpp_network.answer = answer
        ana = await world.sip("Ana")
        await ana.refer(DEE)
        await ana.expects_sipfrag(status)
        [asked] = world.xmpp_network.asked
        assert (asked.invitee.user, asked.invitee.domain, asked.room.user) == ("dee", "xmpp.example", "tea")


async def test_an_xmpp_uri_is_understood() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        await ana.refer("xmpp:dee@xmpp.example")
        await ana.expects_sipfrag(200)
        assert world.xmpp_network.asked[0].invitee.user == "dee"


async def test_without_refer_sub_nothing_is_told() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        response = await ana.refer(DEE, headers=[("Refer-Sub", "false")])
        assert response.get("Refer-Sub") == "false"
        await world.until(lambda: bool(world.xmpp_network.asked))
        assert ana.referral is not None
        assert ana.referral.statuses == []


async def test_inside_the_call_several_refers_are_told_apart_by_their_id() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        call = ana.seat.call
        assert call is not None
        for name in ("dee", "eve"):
            response = await call.request(
                "REFER", [ana.ua.contact(), ("Refer-To", f"<sip:{name}@xmpp.example>")]
            )
            assert response.status == 200
        finals = [
            await call.notifies.take(lambda n: sipfrag_status(n) == 200, wanted="final") for _ in range(2)
        ]
        assert len({notify.get("Event") for notify in finals}) == 2
        assert all(";id=" in notify.get("Event") for notify in finals)
        assert [asked.invitee.user for asked in world.xmpp_network.asked] == ["dee", "eve"]


@pytest.mark.parametrize(("sender", "status"), [("sip:ana@sip.example", 200), ("sip:eve@sip.example", 403)])
async def test_a_target_dialog_names_the_own_call_and_makes_nobody_somebody_else(
    sender: str, status: int
) -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        call = ana.seat.call
        assert call is not None
        ours = call.dialog.local.rpartition("tag=")[2]
        theirs = call.dialog.remote.rpartition("tag=")[2]
        # RFC 4538 §6: local and remote as whoever is asked sees them
        named = f"{call.dialog.call_id};local-tag={theirs};remote-tag={ours}"
        headers = [ana.ua.contact(), ("Refer-To", f"<{DEE}>"), ("Target-Dialog", named)]
        response = await ana.ua.request(ana.ua.new_request("REFER", TEA, headers, sender=sender))
        assert response.status == status
        if status == 200:
            await world.until(lambda: bool(world.xmpp_network.asked))
        assert [asked.invitee.user for asked in world.xmpp_network.asked] == (
            ["dee"] if status == 200 else []
        )


@pytest.mark.parametrize(
    ("refer_to", "status"),
    [
        ("<http://web.example/>", 416),
        ("<sips:dee@xmpp.example>", 416),
        (f"<{TEA}>", 482),
        ("<sip:dee@xmpp.example;method=MESSAGE>", 501),
        ("<sip:%0a@xmpp.example>", 400),
    ],
)
async def test_what_cannot_be_carried_out_is_refused_at_once(refer_to: str, status: int) -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        response = await _refer(ana, refer_to)
        assert response.status == status
        assert not world.xmpp_network.asked


async def test_two_referred_by_are_refused() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        twice = [("Referred-By", "<sip:ana@sip.example>"), ("Referred-By", "<sip:cy@sip.example>")]
        assert (await _refer(ana, f"<{DEE}>", *twice)).status == 400


async def _refer(
    peer: SipParticipant, refer_to: str, *headers: tuple[str, str], room: str = TEA
) -> SipMessage:
    standard = [peer.ua.contact(), ("Refer-To", refer_to)]
    return await peer.ua.request(peer.ua.new_request("REFER", room, [*standard, *headers]))


async def test_strangers_may_not_let_the_room_ring_at_others() -> None:
    async with facing() as world:
        await world.sip("Ana")
        eve = await world.endpoint("Eve")
        assert (await _refer(eve, f"<{DEE}>")).status == 403
        assert (await _refer(eve, f"<{DEE}>", room="sip:tea@nowhere.example")).status == 404
        assert (await _refer(eve, f"<{DEE}>", room="sips:tea@conference.example")).status in {400, 416}
        assert not world.xmpp_network.asked


async def test_who_may_not_invite_is_told_in_the_last_notify() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        await bob.configure(Configuration(anyone_invites=False))
        ana = await world.sip("Ana")
        await ana.refer(DEE)
        await ana.expects_sipfrag(403)


async def test_the_referrer_that_leaves_withdraws_nothing_of_the_rooms() -> None:
    async with facing() as world:
        release = asyncio.Event()
        ana = await world.sip("Ana")
        await ana.refer(DEE)
        await ana.leave()
        release.set()
        await world.until(lambda: world.server.conference.tables()["seats"] == 0)


# -- removing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_quirky", [False, True])
async def test_a_moderator_removes_by_refer_with_bye(*, is_quirky: bool) -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        cy = await world.sip("Cy")
        bob, seen = await world.xmpp("Bob")
        await ana.expects_roster("Ana", "Bob", "Cy")
        for name, uri in (("Cy", CY), ("Bob", "sip:tea@conference.example;gr=Bob")):
            value = f"<{uri}>;method=BYE" if is_quirky else f"<{uri};method=BYE>"
            message = ana.ua.new_request("REFER", TEA, [ana.ua.contact(), ("Refer-To", value)])
            assert (await ana.ua.request(message)).status == 200
            await ana.expects_roster(*({"Ana", "Bob"} if name == "Cy" else {"Ana"}))
        assert 'cause=403;text="Kicked' in (await cy.expects_removed()).get("Reason")
        assert [left.departure for left in seen.of(Left)] == [Departure.KICKED] * 2
        assert bob is not None


async def test_who_may_not_remove_is_told_403_and_nobody_goes() -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await ana.refer("sip:tea@conference.example;gr=Bob", method="BYE")
        await ana.expects_sipfrag(403)
        assert not seen.of(Left)
        assert bob.endpoint


async def test_removing_nobody_is_told_404() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        await ana.refer("sip:tea@conference.example;gr=Nobody", method="BYE")
        await ana.expects_sipfrag(404)


async def test_asking_for_the_own_bye_is_leaving() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        await ana.refer("sip:tea@conference.example;gr=Ana", method="BYE")
        await ana.expects_removed()
        assert (await seen.first(Left)).departure is Departure.LEFT


async def test_a_moderator_of_the_other_network_gives_the_right_to_remove() -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        ana, cy = await world.sip("Ana"), await world.sip("Cy")
        await bob.moderate(SetRole(bob.endpoint, Nickname("Ana"), Role.MODERATOR))
        await ana.refer("sip:tea@conference.example;gr=Cy", method="BYE")
        await ana.expects_sipfrag(200)
        await cy.expects_removed()
        assert (await seen.first(Left)).by == "Ana"
