"""Re-INVITEs of one session, from an endpoint that shares no code with us."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from crossroom.room.events import Posted
from peers.sdp_text import read_media
from peers.seat import Seat
from peers.sip_call import SDP, Call
from peers.sip_client import ClientTransaction
from peers.sip_participant import SipParticipant
from unit.conference.face_world import TEA, facing

AUDIO = "m=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n"


async def test_every_line_of_a_new_offer_is_answered_and_the_chat_goes_on() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        [before] = read_media(call.remote_sdp)
        # RFC 3264 §6: "the answer MUST contain exactly the same number of "m=" lines as the offer"
        assert (await call.reinvite(str(ana.media(ana.seat)) + AUDIO)).status == 200
        chat, audio = read_media(call.remote_sdp)
        assert (audio.kind, audio.port) == ("audio", 0)
        assert (chat.kind, chat.port) == ("message", before.port)
        assert chat.attributes["path"] == before.attributes["path"]
        assert chat.attributes["setup"] == before.attributes["setup"]
        await ana.say("still here")
        await carl.expects_message("still here")
        await ana.leave()
        await carl.leave()


async def test_an_endpoint_on_hold_is_sent_nothing_until_it_takes_up_again() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        offer = str(ana.media(ana.seat))
        assert (await call.reinvite(f"{offer}a=inactive\r\n")).status == 200
        assert "a=inactive" in call.remote_sdp
        await carl.say("not for you")
        assert (await call.reinvite(offer)).status == 200
        assert "a=sendrecv" in call.remote_sdp
        await carl.say("for you")
        assert (await ana.expects_message()).text == "for you"
        await ana.leave()
        await carl.leave()


async def test_the_same_offer_again_gets_the_same_answer() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        call = ana.seat.call
        assert call is not None
        before = call.remote_sdp
        assert (await call.reinvite(str(ana.media(ana.seat)))).status == 200
        assert call.remote_sdp == before  # RFC 3264 §8: the same description keeps its version
        await ana.leave()


async def test_without_an_offer_what_stands_is_offered_and_the_chat_goes_on() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        [before] = read_media(call.remote_sdp)
        # RFC 3261 §14.2: the offer is in the 2xx, the answer in the ACK
        assert (await call.reinvite_without_offer(str(ana.media(ana.seat, setup="active")))).status == 200
        [offered] = read_media(call.remote_sdp)
        assert offered.attributes["path"] == before.attributes["path"]
        assert offered.attributes["setup"] == "actpass"  # RFC 6135 §4.2: never passive in an offer
        await ana.say("still here")
        await carl.expects_message("still here")
        await carl.say("so am I")
        await ana.expects_message("so am I")
        await ana.leave()
        await carl.leave()


async def test_without_an_offer_every_line_that_was_there_is_offered() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        call = ana.seat.call
        assert call is not None
        chat = str(ana.media(ana.seat, setup="active"))
        head, _, message = chat.partition("m=message")
        assert (await call.reinvite(f"{head}{AUDIO}m=message{message}")).status == 200
        answer = f"{head}{AUDIO.replace('40000', '0')}m=message{message}"
        assert (await call.reinvite_without_offer(answer)).status == 200
        assert [media.kind for media in read_media(call.remote_sdp)] == ["audio", "message"]
        await ana.say("still here")
        await ana.leave()


async def test_without_an_offer_a_lost_chat_is_offered_anew() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        seat, call = ana.seat, ana.seat.call
        assert call is not None
        [before] = read_media(call.remote_sdp)
        seat.session.close()
        await seat.session.expects_closed()
        await world.until(lambda: len(world.server.msrp.sessions) == 1)
        seat.session = ana.msrp.new_session()
        assert (await call.reinvite_without_offer(str(ana.media(seat, setup="active")))).status == 200
        [offered] = read_media(call.remote_sdp)
        assert offered.attributes["path"] != before.attributes["path"]
        await seat.connect(offered.attributes["path"])
        await ana.say("back again")
        await carl.expects_message("back again")
        await ana.leave()
        await carl.leave()


async def test_an_answer_with_another_path_gets_a_session_of_its_own() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        seat, call = ana.seat, ana.seat.call
        assert call is not None
        old, seat.session = seat.session, ana.msrp.new_session()
        call.answer_offer = lambda _: str(ana.media(seat, setup="active"))
        assert (await call.reinvite_without_offer(str(ana.media(seat, setup="active")))).status == 200
        offer = await call.offers.take()  # the old session is bound already: another one is offered
        await old.expects_closed()
        await seat.connect(read_media(offer.text)[0].attributes["path"])
        await carl.say("there you are")
        await ana.expects_message("there you are")
        await ana.leave()
        await carl.leave()


async def test_an_ack_without_an_answer_changes_nothing() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        assert (await call.reinvite_without_offer("")).status == 200
        await ana.say("still here")
        await carl.expects_message("still here")
        await ana.leave()
        await carl.leave()


async def test_a_new_offer_while_we_still_connect_to_the_last_one_costs_nobody_the_seat() -> None:
    async with facing() as world, AsyncExitStack() as undo:
        # its first new path leads to where nobody answers: we are still waiting when it offers another one
        def ignore(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            undo.callback(writer.close)

        deaf = await asyncio.start_server(ignore, "127.0.0.1", 0)
        undo.push_async_callback(deaf.wait_closed)
        undo.callback(deaf.close)
        port = deaf.sockets[0].getsockname()[1]
        ana, carl = await world.sip("Ana", setup="passive"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        offer = ana.media(ana.seat, setup="passive")
        nowhere = replace(offer, path=f"msrp://127.0.0.1:{port}/nowhere;tcp", port=port, version=2)
        assert (await call.reinvite(str(nowhere))).status == 200
        await world.until(lambda: len(world.server.msrp.connections) == 2)
        await _moved(ana, call, version=3)
        await carl.say("still there?")
        await ana.expects_message("still there?")
        assert not call.byes.items
        await ana.leave()
        await carl.leave()


async def test_a_connection_that_breaks_before_it_is_bound_may_be_repaired_too() -> None:
    async with facing() as world, AsyncExitStack() as undo:

        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"$")
            writer.transport.abort()

        broken = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        undo.push_async_callback(broken.wait_closed)
        undo.callback(broken.close)
        port = broken.sockets[0].getsockname()[1]
        ana, carl = await world.sip("Ana", setup="passive"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        offer = ana.media(ana.seat, setup="passive")
        breaking = replace(offer, path=f"msrp://127.0.0.1:{port}/breaks;tcp", port=port, version=2)
        assert (await call.reinvite(str(breaking))).status == 200
        await world.until(lambda: len(world.server.msrp.sessions) == 1)
        await carl.say("are you there?")
        await _moved(ana, call, version=3)
        await ana.expects_message("are you there?")
        assert not call.byes.items
        await ana.leave()
        await carl.leave()


async def test_a_chat_that_was_offered_anew_and_never_answered_goes_with_the_call() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        ana.seat.session.close()
        await ana.seat.session.expects_closed()
        await world.until(lambda: len(world.server.msrp.sessions) == 1)
        message = call.dialog.request("INVITE")  # without an offer, and without an ACK for what is offered
        message.headers.append(ana.ua.contact())
        assert (await ana.ua.finish(await ana.ua.start(message))).status == 200
        assert len(world.server.msrp.sessions) == 2
        await call.bye()
        await world.until(lambda: len(world.server.msrp.sessions) == 1)
        await carl.leave()


async def test_an_endpoint_that_has_forgotten_its_session_may_offer_a_new_one() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        seat, call = ana.seat, ana.seat.call
        assert call is not None
        # it moves, and what crosses its offer meets a session that it knows no more
        del ana.msrp.sessions[seat.session.id]
        await carl.say("crossing")
        await world.until(lambda: len(world.server.msrp.sessions) == 1)
        await carl.say("in the gap")
        seat.session = ana.msrp.new_session()
        response = await call.reinvite(str(ana.media(seat, setup="active")))
        assert response.status == 200
        await seat.connect(read_media(response.text)[0].attributes["path"])
        await ana.expects_message("crossing")
        await ana.expects_message("in the gap")
        assert not call.byes.items
        await ana.leave()
        await carl.leave()


async def test_an_offer_that_crosses_one_of_ours_waits_for_its_answer() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        asked = await _asked_for_an_offer(ana, call)
        # RFC 6337 §4.3: a new offer while another one waits for its answer
        assert (await call.reinvite(str(ana.media(ana.seat)))).status == 491
        await _answered(ana, call, asked)
        await carl.say("as before")
        await ana.expects_message("as before")
        await ana.leave()
        await carl.leave()


async def test_an_offered_chat_that_is_lost_before_it_is_answered_harms_nobody() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        seat, call = ana.seat, ana.seat.call
        assert call is not None
        seat.session.answer_with = None
        await carl.say("unanswered")
        await world.until(lambda: any(one.machine.unanswered for one in world.server.msrp.sessions))
        seat.session.close()
        await seat.session.expects_closed()
        await world.until(lambda: len(world.server.msrp.sessions) == 1)
        await carl.say("in the gap")
        seat.session = ana.msrp.new_session()
        asked = await _asked_for_an_offer(ana, call)
        [offered] = read_media(_text(asked))
        await seat.session.connect(offered.attributes["path"], bind=False)
        seat.session.write(seat.session.bind_frame())
        await world.until(lambda: any(session._connection for session in world.server.msrp.sessions[1:]))
        seat.session.close()
        await world.until(lambda: len(world.server.msrp.sessions) == 1)
        await _answered(ana, call, asked)
        seat.session = ana.msrp.new_session()
        response = await call.reinvite(str(ana.media(seat, setup="active")))
        assert response.status == 200
        await seat.connect(read_media(response.text)[0].attributes["path"])
        await ana.expects_message("unanswered")
        await ana.expects_message("in the gap")
        [own] = [one for one in world.server.conference._premises.registry if one.person.user == "ana"]
        assert own.chat._recovery is None  # nobody waits for a repair any more
        await ana.leave()
        await carl.leave()


async def _asked_for_an_offer(ana: SipParticipant, call: Call) -> ClientTransaction:
    """Send a re-INVITE without an offer, and keep the ACK back."""
    message = call.dialog.request("INVITE")
    message.headers.append(ana.ua.contact())
    transaction = await ana.ua.start(message)
    assert (await ana.ua.finish(transaction)).status == 200
    return transaction


async def _answered(ana: SipParticipant, call: Call, asked: ClientTransaction) -> None:
    """Send the ACK with an answer in it."""
    ack = call.dialog.request("ACK", cseq=int(asked.request.get("CSeq").split()[0]))
    ack.headers.append(SDP)
    ack.body = str(ana.media(ana.seat, setup="active")).encode()
    await ana.ua.send_ack(asked, ack)


def _text(asked: ClientTransaction) -> str:
    assert asked.final is not None
    return asked.final.text


async def test_what_came_on_the_old_session_while_a_new_one_was_offered_is_not_taken_twice() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        _, seen = await world.xmpp("Bob")
        seat, call = ana.seat, ana.seat.call
        assert call is not None
        old, seat.session = seat.session, ana.msrp.new_session()
        body, heard = seat.wrapped("only once"), asyncio.Event()

        def answer(_: str) -> str:  # our new session is offered already: the old one still takes this
            old.write(*old.send_frames("message/cpim", body, message_id="same"))
            heard.set()
            return str(ana.media(seat, setup="active"))

        call.answer_offer = answer
        assert (await call.reinvite_without_offer(str(ana.media(seat, setup="active")))).status == 200
        await heard.wait()
        offer = await call.offers.take()
        await old.expects_closed()
        await seat.connect(read_media(offer.text)[0].attributes["path"])
        assert await seat.session.send("message/cpim", body, message_id="same") == 200
        await ana.say("and on")
        await seen.first(Posted, 2)
        assert seen.texts == ["only once", "and on"]
        await ana.leave()


async def _moved(ana: SipParticipant, call: Call, version: int) -> None:
    """Offer a path that works, and be connected to."""
    ana.sit(Seat(ana.ua, ana.msrp.new_session(), TEA, "Ana", ana.quirks))
    ana.seat.call = call
    offer = replace(ana.media(ana.seat, setup="passive"), version=version)
    assert (await call.reinvite(str(offer))).status == 200
    await ana.seat.session.listen(read_media(call.remote_sdp)[0].attributes["path"])
