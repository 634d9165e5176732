"""Two whole agents over real loopback sockets."""

import asyncio
from dataclasses import replace

import pytest

from crossroom.net.sip import SipAgent
from crossroom.net.sip_session import CallFailed, EndedSession, InviteSession
from crossroom.net.sip_subscription import SubscribeFailed
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission, Admit, Challenge, Refuse
from crossroom.sip.answer import (
    Account,
    Body,
    OutgoingCall,
    OutgoingRefer,
    OutgoingRequest,
    OutgoingSubscription,
    Rejection,
)
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from sip_faces import RecordingFace, addr, agent_on_loopback

ANA = addr("Ana <sip:ana@sip.example>")
ROOM = addr("<sip:tea@conference.example>")


def call_to(caller: SipAgent, callee: SipAgent, transport: str, body: bytes = b"offer") -> OutgoingCall:
    target = callee.contact_uri("tea", transport)
    return OutgoingCall(target, ANA, ROOM, NameAddr(caller.contact_uri("ana", transport)), body)


async def established(
    caller: SipAgent, callee: SipAgent, face: RecordingFace, transport: str = "UDP"
) -> tuple[InviteSession, InviteSession]:
    outgoing = await caller.invite(call_to(caller, callee, transport))
    incoming = await face.calls.get()
    theirs = await incoming.accept(b"answer")
    return await outgoing.outcome(), theirs


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
async def test_a_call_is_answered_and_ended_by_the_caller(transport: str) -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        outgoing = await caller.invite(call_to(caller, callee, transport))
        incoming = await face.calls.get()
        assert incoming.request.body == b"offer"
        assert incoming.source.transport == transport
        incoming.contact = incoming.contact.with_param("isfocus")
        incoming.ring()
        provisional = await anext(aiter(outgoing))
        assert provisional.status == 180
        assert provisional.contact is not None
        assert provisional.contact.params.has("isfocus")
        confirmed = asyncio.Event()
        theirs = await incoming.accept(b"answer")
        theirs.on_confirmed = lambda _body: confirmed.set()
        ours = await outgoing.outcome()
        assert ours.peer_body == b"answer"
        assert ours.remote_contact.params.has("isfocus")
        await confirmed.wait()
        ended: asyncio.Queue[EndedSession] = asyncio.Queue()
        theirs.on_ended = ended.put_nowait
        await ours.bye('SIP;cause=200;text="done"')
        assert await ended.get() == EndedSession("bye", 0, 'SIP;cause=200;text="done"')
        assert callee.core.stack.dialogs == {}
        assert caller.core.stack.dialogs == {}


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
async def test_ringing_is_acknowledged_where_that_is_required(transport: str) -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        call = call_to(caller, callee, transport)
        outgoing = await caller.invite(replace(call, headers=(("Require", "100rel"),)))
        incoming = await face.calls.get()
        progress = aiter(outgoing)
        for status in (180, 183):  # the second one waits for the PRACK of the first
            incoming.ring(status)
        statuses = [(await anext(progress)).status for _ in range(2)]
        assert statuses == [180, 183]
        theirs = await incoming.accept(b"answer")
        assert (await outgoing.outcome()).peer_body == b"answer"
        await theirs.bye()


class Roster:
    """What a subscriber is told."""

    def full(self) -> Body:
        return Body(b"full", "application/conference-info+xml")

    def due(self) -> Body | None:
        return Body(b"partial", "application/conference-info+xml")

    def ended(self, reason: str) -> None:
        """The far side tells why."""


async def test_a_refused_call_raises_its_status() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        outgoing = await caller.invite(call_to(caller, callee, "UDP"))
        (await face.calls.get()).reject(404, headers=(("X-Why", "no such room"),))
        with pytest.raises(CallFailed) as failed:
            await outgoing.outcome()
        assert failed.value.status == 404
        assert failed.value.response is not None
        assert failed.value.response.headers.get("X-Why") == "no such room"
        assert callee.core.stack.dialogs == {}


async def test_a_cancelled_call_tells_both_ends() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        outgoing = await caller.invite(call_to(caller, callee, "TCP"))
        incoming = await face.calls.get()
        gone = asyncio.Event()
        incoming.on_cancelled = gone.set
        incoming.ring()
        await anext(aiter(outgoing))
        outgoing.cancel()
        await gone.wait()
        with pytest.raises(CallFailed) as failed:
            await outgoing.outcome()
        assert failed.value.status == 487
        with pytest.raises(CallFailed):
            await incoming.accept(b"too late")


async def test_a_callee_may_hang_up_and_a_reinvite_changes_the_session() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        ours, theirs = await established(caller, callee, face)
        ours.on_reinvite = lambda request: Body(b"answer to " + request.body)
        assert await theirs.reinvite(b"second offer") == b"answer to second offer"
        ours.on_reinvite = lambda _offer: Rejection(488)
        with pytest.raises(CallFailed) as failed:
            await theirs.reinvite(b"third offer")
        assert failed.value.status == 488
        assert theirs.ended is None
        await theirs.bye()
        await ours.bye()
        assert ours.ended == EndedSession("bye", 0, "")


async def test_a_large_request_leaves_udp() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        # both transports of the callee must share a port for the same URI to work over either
        target = callee.contact_uri("tea", "TCP").without_params("transport")
        wanted = OutgoingCall(target, ANA, ROOM, NameAddr(caller.contact_uri("ana")), b"x" * 2000)
        outgoing = await caller.invite(wanted)
        incoming = await face.calls.get()
        assert incoming.source.transport == "TCP"
        incoming.reject(486)
        with pytest.raises(CallFailed):
            await outgoing.outcome()


async def test_a_large_request_falls_back_to_udp_where_nobody_takes_tcp() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        outgoing = await caller.invite(call_to(caller, callee, "UDP", b"x" * 2000))
        incoming = await face.calls.get()
        assert incoming.source.transport == "UDP"
        incoming.reject(486)
        with pytest.raises(CallFailed):
            await outgoing.outcome()


async def test_a_subscription_is_notified_refreshed_and_left() -> None:
    face = RecordingFace()
    seen: asyncio.Queue[tuple[bytes, str, str]] = asyncio.Queue()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        wanted = OutgoingSubscription(
            callee.contact_uri("tea"), ANA, ROOM, NameAddr(caller.contact_uri("ana")), "conference"
        )
        subscribing = asyncio.get_running_loop().create_task(
            caller.subscribe(wanted, lambda *what: seen.put_nowait(what))
        )
        incoming = await face.subscriptions.get()
        assert incoming.package == "conference"
        notifier = incoming.accept(3600, Roster())
        async with await subscribing as session:
            assert await seen.get() == (b"full", "application/conference-info+xml", "active")
            notifier.notify(
                b"partial", "application/conference-info+xml"
            )  # now, or when the first is answered
            assert (await seen.get())[0] == b"partial"
            session.refresh()
            assert (await seen.get())[0] == b"full"
        assert (await seen.get())[2] == "terminated"
        assert session.ended == "timeout"
        assert caller.core.stack.dialogs == {}


async def test_a_terminated_subscription_tells_the_subscriber_why() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        wanted = OutgoingSubscription(
            callee.contact_uri("tea"), ANA, ROOM, NameAddr(caller.contact_uri("ana")), "conference"
        )
        subscribing = asyncio.get_running_loop().create_task(caller.subscribe(wanted, lambda *_what: None))
        notifier = (await face.subscriptions.get()).accept(3600, Roster())
        session = await subscribing
        ended: asyncio.Queue[str] = asyncio.Queue()
        session.on_ended = ended.put_nowait
        notifier.terminate("noresource")
        assert await ended.get() == "noresource"


async def test_an_unknown_event_package_is_refused_with_489() -> None:
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(RecordingFace()) as callee:
        wanted = OutgoingSubscription(
            callee.contact_uri("tea"), ANA, ROOM, NameAddr(caller.contact_uri("ana")), "presence"
        )
        with pytest.raises(SubscribeFailed) as failed:
            await caller.subscribe(wanted, lambda *_what: None)
        assert failed.value.status == 489


@pytest.mark.parametrize("inside", [False, True])
async def test_a_refer_reports_progress_until_its_final_status(*, inside: bool) -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        session = (await established(caller, callee, face))[0] if inside else None
        refer = OutgoingRefer(
            callee.contact_uri("tea"),
            ANA,
            ROOM,
            NameAddr(caller.contact_uri("ana")),
            addr("<sip:bob@sip.example>"),
        )
        referring = asyncio.get_running_loop().create_task(caller.refer(refer, session))
        incoming = await face.refers.get()
        assert str(incoming.refer_to.uri) == "sip:bob@sip.example"
        assert (incoming.session is not None) is inside
        progress = incoming.accept()
        outcome = await referring
        progress.notify(180)
        progress.final(200, "OK")
        assert (await outcome.final()).status == 200
        statuses = [status.status async for status in outcome]
        assert statuses[-1] == 200
        if session is not None:
            await session.bye()


async def test_a_refer_without_subscription_is_over_with_its_answer() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        refer = OutgoingRefer(
            callee.contact_uri("tea"),
            ANA,
            ROOM,
            NameAddr(caller.contact_uri("ana")),
            addr("<sip:bob@sip.example>"),
            headers=(("Refer-Sub", "false"),),
        )
        referring = asyncio.get_running_loop().create_task(caller.refer(refer))
        incoming = await face.refers.get()
        incoming.accept().final(200)
        outcome = await referring
        assert (await outcome.final()).status == 200
        assert callee.core.stack.dialogs == {}


async def test_options_are_answered_with_what_we_can() -> None:
    face = RecordingFace()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        asking = asyncio.get_running_loop().create_task(
            caller.request(OutgoingRequest("OPTIONS", callee.contact_uri("tea", "TCP"), ANA))
        )
        (await face.requests.get()).respond(200)
        response = await asking
        assert response.status == 200
        assert "SUBSCRIBE" in response.allow
        assert response.contact is not None


async def test_a_challenged_caller_answers_with_its_credentials() -> None:
    def policy(_request: Request, _flow: Flow, proven: str | None) -> Admission:
        if proven is None:
            return Challenge(("conference.example",), lambda user, _realm: {"ana": "secret"}.get(user))
        return Admit(proven) if proven == "ana@conference.example" else Refuse(403)

    face = RecordingFace(policy=policy)
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        wanted = OutgoingRequest(
            "MESSAGE", callee.contact_uri("tea"), ANA, body=b"hi", content_type="text/plain"
        )
        assert (await caller.request(wanted)).status == 401
        wrong = OutgoingRequest("MESSAGE", wanted.target, ANA, credentials=Account("ana", "guess"))
        assert (await caller.request(wrong)).status == 401
        right = OutgoingRequest("MESSAGE", wanted.target, ANA, credentials=Account("ana", "secret"))
        asking = asyncio.get_running_loop().create_task(caller.request(right))
        incoming = await face.requests.get()
        assert incoming.identity == "ana@conference.example"
        incoming.respond(200)
        assert (await asking).status == 200


async def test_nothing_is_left_after_stop() -> None:
    face = RecordingFace()
    before = asyncio.all_tasks()
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        await established(caller, callee, face, "TCP")
    assert asyncio.all_tasks() == before


async def test_a_fault_in_the_face_stops_one_event_only() -> None:
    face = RecordingFace()
    faults: asyncio.Queue[object] = asyncio.Queue()
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: faults.put_nowait(context["exception"])
    )
    async with agent_on_loopback(RecordingFace()) as caller, agent_on_loopback(face) as callee:
        face.identity = lambda _request, _source, _proven: 1 / 0  # type: ignore[method-assign,assignment,return-value]  # a fault
        broken = asyncio.get_running_loop().create_task(  # awaited below
            caller.request(OutgoingRequest("MESSAGE", callee.contact_uri("tea", "TCP"), ANA))
        )
        assert isinstance(await faults.get(), ZeroDivisionError)
        del face.identity
        asking = asyncio.get_running_loop().create_task(  # awaited below
            caller.request(OutgoingRequest("OPTIONS", callee.contact_uri("tea"), ANA))
        )
        (await face.requests.get()).respond(200)
        assert (await asking).status == 200
        broken.cancel()
