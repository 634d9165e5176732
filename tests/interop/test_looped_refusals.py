"""A join that fails on its way through the proxy: the XMPP user is told why (docs/mapping.md §4.2), and nothing stays.

A scripted participant stands where Kamailio looks for the rooms, and answers as a focus would not.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from interop.crossroom_server import RunningServer, crossroom_server
from interop.looped_world import ROOM, ROOM_URI, Looped
from peers.crossroom import Domain
from peers.kamailio import Kamailio, kamailio
from peers.process import free_port
from peers.prosody import Prosody
from peers.sdp_text import ChatMedia
from peers.sip_participant import SipParticipant
from peers.transcript import DEFAULT_TIMEOUT
from peers.xmpp_stanza import MUC, RoomPresence
from peers.xmpp_user import XmppUser

pytestmark = pytest.mark.interop

JOIN_SECONDS = 2
NOWHERE = 9
QUICK = f"[limits]\njoin_seconds = {JOIN_SECONDS}"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A server whose looped domain is answered for by `focus`."""

    transport: str
    proxy: Kamailio
    running: RunningServer
    focus: SipParticipant
    bob: XmppUser

    async def refused(self, condition: str, *, within: float = DEFAULT_TIMEOUT) -> RoomPresence:
        """Wait until Bob's join is refused with that condition, from the nickname he asked for.

        within: seconds until nothing of it may be left.
        """
        answer = await self.bob.presences.take(lambda p: p.room == ROOM, wanted="answering the join")
        assert (answer.type, answer.error, answer.nick) == ("error", condition, "Bob")
        assert answer.element.find(f"{MUC}x") is not None
        await self.running.is_empty(within=within)
        return answer


@pytest.fixture(params=["udp", "tcp"])
async def elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, xmpp_server: Prosody
) -> AsyncIterator[Elsewhere]:
    transport: str = request.param
    async with AsyncExitStack() as undo:
        focus = await undo.enter_async_context(
            SipParticipant("tea", "conference.example", transport=transport)
        )
        focus.ua.contact_parameters = ";isfocus"
        proxy = await undo.enter_async_context(
            kamailio(tmp_path, crossroom_port=focus.ua.transport.port, crossroom_transport=transport)
        )
        focus.ua.server = proxy.address
        running = await undo.enter_async_context(
            crossroom_server(
                tmp_path,
                xmpp=xmpp_server,
                domains=[Domain(kind="looped")],
                outbound_proxy=f"{proxy.route};transport={transport}",
                extra=QUICK,
            )
        )
        bob = await undo.enter_async_context(xmpp_server.user("bob"))
        yield Elsewhere(transport, proxy, running, focus, bob)
        await running.is_empty()


@pytest.mark.parametrize(
    ("status", "condition"),
    [
        (302, "redirect"),
        (403, "forbidden"),
        (404, "item-not-found"),
        (408, "remote-server-timeout"),
        (410, "gone"),
        (480, "service-unavailable"),
        (486, "service-unavailable"),
        (488, "not-acceptable"),
        (500, "internal-server-error"),
        (603, "service-unavailable"),
    ],
)
async def test_refusal_of_the_focus_is_told_by_its_condition(
    elsewhere: Elsewhere, status: int, condition: str
) -> None:
    elsewhere.bob.send_join(ROOM, "Bob")
    await (await elsewhere.focus.expects_invite()).reject(status)
    await elsewhere.refused(condition)


async def test_whoever_answers_without_isfocus_is_no_conference(elsewhere: Elsewhere) -> None:
    elsewhere.focus.ua.contact_parameters = ""
    elsewhere.bob.send_join(ROOM, "Bob")
    invite = (await elsewhere.focus.expects_invite()).invite
    media = ChatMedia(
        path=f"msrp://127.0.0.1:{NOWHERE}/one;tcp", host="127.0.0.1", port=NOWHERE, setup="passive"
    )
    call = await invite.accept(str(media))
    await elsewhere.refused("service-unavailable")
    await call.expects_bye()


async def test_an_answer_without_chat_is_not_acceptable(elsewhere: Elsewhere) -> None:
    elsewhere.bob.send_join(ROOM, "Bob")
    call = await (await elsewhere.focus.expects_invite()).accept_without_chat()
    await elsewhere.refused("not-acceptable")
    await call.expects_bye()


async def test_a_chat_address_that_nobody_listens_at_is_not_found(elsewhere: Elsewhere) -> None:
    elsewhere.bob.send_join(ROOM, "Bob")
    invite = (await elsewhere.focus.expects_invite()).invite
    port = free_port()
    media = ChatMedia(
        path=f"msrp://127.0.0.1:{port}/nobody;tcp", host="127.0.0.1", port=port, setup="passive"
    )
    call = await invite.accept(str(media))
    await elsewhere.refused("remote-server-not-found")
    await call.expects_bye()


async def test_a_chat_that_nobody_answers_times_out(elsewhere: Elsewhere) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel connects, and nobody ever reads
        port = silent.getsockname()[1]
        elsewhere.bob.send_join(ROOM, "Bob")
        invite = (await elsewhere.focus.expects_invite()).invite
        media = ChatMedia(
            path=f"msrp://127.0.0.1:{port}/silent;tcp", host="127.0.0.1", port=port, setup="passive"
        )
        call = await invite.accept(str(media))
        await elsewhere.refused("remote-server-timeout")
        await call.expects_bye()


async def test_a_focus_that_only_rings_is_given_up(elsewhere: Elsewhere) -> None:
    elsewhere.bob.send_join(ROOM, "Bob")
    invitation = await elsewhere.focus.expects_invite()
    invitation.ring()
    await elsewhere.refused("remote-server-timeout")
    await invitation.expects_cancel()


async def test_a_user_who_leaves_while_it_rings_is_acknowledged_and_the_call_is_cancelled(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.bob.send_join(ROOM, "Bob")
    invitation = await elsewhere.focus.expects_invite()
    invitation.ring()
    elsewhere.bob.room, elsewhere.bob.nick = ROOM, "Bob"
    await elsewhere.bob.leave()
    await invitation.expects_cancel()
    await elsewhere.running.is_empty()


async def test_a_proxy_that_is_down_is_told(elsewhere: Elsewhere) -> None:
    await elsewhere.proxy.program.crash()
    elsewhere.bob.send_join(ROOM, "Bob")
    if elsewhere.transport == "tcp":
        await elsewhere.refused("remote-server-not-found")
    else:
        # RFC 3261 §9.1, §17.1.1.2: without any answer there is nothing to cancel, and the INVITE ends by timer B (32 s)
        await elsewhere.refused("remote-server-timeout", within=40.0)


async def test_a_nickname_in_use_refuses_the_join_and_leaves_nothing(looped_world: Looped) -> None:
    ana, bob, dora = looped_world.ana, looped_world.bob, looped_world.dora
    await ana.join(ROOM_URI, "Ana")
    await bob.join(ROOM, "Bob")
    await ana.expects_roster("Ana", "Bob")
    held = looped_world.running.server.tables()
    for nickname in ("Ana", "Bob"):
        await dora.expects_refused_join(ROOM, nickname, "conflict")
    await dora.join(ROOM, "Dora")
    await dora.expects_roster("Ana", "Bob", "Dora")
    await dora.leave()
    await ana.expects_roster("Ana", "Bob")
    await looped_world.running.holds(held)
