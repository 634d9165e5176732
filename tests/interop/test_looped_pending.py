"""A focus that calls an XMPP user: through Kamailio comes an INVITE that waits for what the user does.

Cy plays the focus of a room, with isfocus on the Contact and Referred-By.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interop.looped_world import ROOM, ROOM_URI, Looped, looped
from peers.sdp_text import ChatMedia
from peers.sip_call import OutgoingInvite, start_invite
from peers.sip_client import Headers

pytestmark = pytest.mark.interop

REFERRED_BY = [("Referred-By", "<sip:ana@sip.example>"), ("Subject", "tea is ready")]


@pytest.fixture(params=["udp", "tcp"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Looped]:
    """A looped deployment in which an invited person may think for two seconds; Cy is a focus."""
    async with looped(tmp_path, request.param, extra="[limits]\ninvitation_seconds = 2") as made:
        made.cy.ua.contact_parameters = ";isfocus"
        yield made


async def call_from_focus(
    world: Looped, target: str = "sip:dora@xmpp.example", headers: Headers = REFERRED_BY
) -> OutgoingInvite:
    msrp = world.cy.msrp
    offer = str(ChatMedia(path=msrp.new_session().path, host=msrp.host, port=msrp.port))
    return await start_invite(world.cy.ua, target, offer, headers, sender=ROOM_URI)


async def test_the_user_is_asked_by_a_mediated_invitation_that_names_who_referred(world: Looped) -> None:
    attempt = await call_from_focus(world)
    await attempt.expects_progress(180)
    invitation = await world.dora.expects_invitation()
    assert invitation.room == ROOM
    assert invitation.received.sender == ""
    assert (invitation.inviter, invitation.reason) == ("ana@sip.example", "tea is ready")
    await invitation.decline("not now")
    assert (await attempt.final()).status == 603
    await world.running.is_empty()


async def test_nobody_invites_in_the_name_of_a_room_of_others(world: Looped) -> None:
    asserted = (("P-Asserted-Identity", "<sip:eve@sip.example>"),)
    attempt = await call_from_focus(world, headers=asserted)
    assert (await attempt.final()).status == 403
    await world.running.is_empty()


async def test_without_referred_by_the_room_itself_invites(world: Looped) -> None:
    attempt = await call_from_focus(world, headers=())
    invitation = await world.dora.expects_invitation()
    assert invitation.inviter == ROOM
    await invitation.decline()
    assert (await attempt.final()).status == 603


async def test_joining_answers_the_call_that_waits(world: Looped) -> None:
    attempt = await call_from_focus(world)
    await world.dora.expects_invitation()
    world.dora.send_join(ROOM, "Dora")
    response = await attempt.final()
    assert response.status == 200
    assert "sip:dora@xmpp.example;gr=peer" in response.get("Contact")
    call = await attempt.established(response)
    # nobody ever binds the chat: the seat is given up, and the user may come in by a call of her own
    await call.bye()
    await world.dora.presences.take(lambda p: p.room == ROOM and p.type == "error", wanted="of a failed join")
    await world.running.is_empty()


async def test_no_answer_in_time_is_480(world: Looped) -> None:
    attempt = await call_from_focus(world)
    await world.dora.expects_invitation()
    assert (await attempt.final()).status == 480
    await world.running.is_empty()


async def test_a_user_who_does_not_exist_is_480(world: Looped) -> None:
    attempt = await call_from_focus(world, "sip:nobody@xmpp.example")
    assert (await attempt.final()).status == 480
    await world.running.is_empty()


async def test_cancel_withdraws_it_and_a_later_join_is_a_call_of_its_own(world: Looped) -> None:
    attempt = await call_from_focus(world)
    await attempt.expects_progress(180)
    invitation = await world.dora.expects_invitation()
    assert (await attempt.cancel()).status == 200
    assert (await attempt.final()).status == 487
    await world.running.is_empty()
    await invitation.accept("Dora")
    await world.dora.expects_roster("Dora")


async def test_a_call_without_isfocus_is_for_nobody(world: Looped) -> None:
    world.cy.ua.contact_parameters = ""
    attempt = await call_from_focus(world)
    assert (await attempt.final()).status == 404
