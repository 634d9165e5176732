"""net/msrp*.py over real loopback sockets: binding, refusals, slow readers, TLS, the end."""

import asyncio
import re
from dataclasses import replace
from hashlib import sha256

import pytest
import structlog

from crossroom.msrp.chunk import FailureReport
from crossroom.msrp.stream import StreamLimits
from crossroom.msrp.uri import MsrpUri, parse_path
from crossroom.net.clock import VirtualClock
from crossroom.net.ids import SeededIds
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_connection import BufferedConnection, MsrpConnection, connection_class
from crossroom.net.msrp_face import (
    EndReason,
    Fingerprint,
    MsrpListen,
    MsrpUnreachable,
    Outcome,
    ReceivedMessage,
    Report,
    Result,
    SharedBody,
)
from unit.net.msrp_stage import PEER, PLAIN, Ear, Wire, answer, frame, staged, tls_settings, until


async def test_send_and_nickname_in_the_segment_of_the_binding_send_are_not_lost() -> None:
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        session.expect(parse_path(PEER))
        wire = await stage.wire()
        wire.write(
            frame(session, "bind"),
            frame(session, "text", "SEND", "Message-ID: m1", body="hi"),
            frame(session, "nick", "NICKNAME", "Use-Nickname: Bob Bobson"),
            frame(session, "nick2", "NICKNAME", 'Use-Nickname: "Taken"'),
        )
        assert [await wire.status() for _ in range(4)] == [200, 200, 200, 425]
        assert await ear.heard() == "bound"
        assert (await ear.message()).body == b"hi"
        assert [await ear.heard(), await ear.heard()] == ["Bob Bobson", "Taken"]


async def test_real_message_may_be_the_first_and_binding_is_told_before_it() -> None:
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        session.expect(parse_path(PEER))
        wire = await stage.wire()
        wire.write(frame(session, "text", "SEND", "Message-ID: m1", body="hi"))
        assert await wire.status() == 200
        assert await ear.heard() == "bound"
        assert (await ear.message()).id == "m1"
        assert session.is_bound


async def test_what_comes_before_the_answer_is_known_is_held_and_not_lost() -> None:
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        wire = await stage.wire()
        wire.write(frame(session, "bind"), frame(session, "text", "SEND", "Message-ID: m1", body="hi"))
        await until(lambda: bool(stage.endpoint.connections))
        wire.write(frame("msrp://x:1/unknown;tcp", "mark"))
        assert await wire.status() == 481  # everything before it was read
        assert ear.told.empty()
        session.expect(parse_path(PEER))
        assert [await wire.status(), await wire.status()] == [200, 200]
        assert [await ear.heard(), (await ear.message()).body] == ["bound", b"hi"]


async def test_flood_before_the_answer_is_known_ends_the_session() -> None:
    async with staged(replace(PLAIN, max_held=2)) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        wire = await stage.wire()
        wire.write(*(frame(session, f"bind{n}", "SEND", f"Message-ID: {n}", body="x") for n in range(3)))
        assert await ear.heard() is EndReason.FLOODED


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("msrp://127.0.0.1:1/nobody;tcp", 481),
        ("{us} msrp://behind:1/x;tcp", 481),
        ("{ws}", 481),
        ("http://x", 400),
    ],
)
async def test_request_for_nobody_is_refused(to: str, status: int) -> None:
    async with staged() as stage:
        us = str(stage.endpoint.open(Ear()).local_path[0])
        wire = await stage.wire()
        wire.write(frame(to.format(us=us, ws=us.replace(";tcp", ";ws")), "tttt"))
        assert await wire.status() == status


async def test_authority_of_the_to_path_does_not_matter() -> None:
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        session.expect(parse_path(PEER))
        wire = await stage.wire()
        for number in range(70):
            wire.write(frame(f"msrp://nat{number}:1/{session.local_path[0].session_id};tcp", "tttt"))
            assert await wire.status() == 200


async def test_session_bound_to_another_connection_is_refused() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        other = await stage.wire()
        other.write(frame(session, "hijk", "SEND", "Message-ID: m1", body="hi"))
        assert await other.status() == 506
        wire.write(frame(session, "mine", "SEND", "Message-ID: m2", body="hi"))
        assert await wire.status() == 200
        assert (await ear.message()).id == "m2"


RELAYED = "msrp://relay.example:2855/s1;tcp msrp://peer.example:2855/peer;tcp"


async def test_who_is_behind_a_relay_is_sent_small_chunks_only() -> None:
    async with staged() as stage:
        session, wire = await stage.bound(Ear())
        session.expect(parse_path(RELAYED))
        session.send_shared(SharedBody("text/plain", b"x" * 2049, failure_report=FailureReport.NO))
        session.send("text/plain", b"y" * 5000, failure_report="no")
        sent = [await wire.frame() for _ in range(5)]
        assert all(f"To-Path: {RELAYED}\r\n" in each for each in sent)
        bodies = [each.split("\r\n\r\n")[1].partition("\r\n-------")[0] for each in sent]
        assert sorted(len(body) for body in bodies) == [1, 904, 2048, 2048, 2048]


async def test_a_relay_may_come_by_another_connection_than_ours() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        session.expect(parse_path(RELAYED))
        other = await stage.wire()
        other.write(frame(session, "newc", "SEND", "Message-ID: m1", body="hi"))
        assert await other.status() == 200
        assert (await ear.message()).id == "m1"
        session.send("text/plain", b"by the new one")
        assert "by the new one" in await other.frame()
        assert await wire.is_closed()
        assert session.is_bound


async def test_a_relay_may_come_before_it_has_bound_us() -> None:
    relay: list[Wire] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay.append(Wire(reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        path = (MsrpUri("127.0.0.1", port, "s1"), *parse_path(PEER))
        async with asyncio.TaskGroup() as connecting:
            connecting.create_task(session.connect(path))
            await until(lambda: bool(relay))
            binding = await relay[0].frame()
            other = await stage.wire()
            other.write(frame(session, "soon", "SEND", "Message-ID: m1", body="hi"))
            assert "200 OK" in await relay[0].frame()  # the connection that we opened stays ours
            relay[0].write(answer(binding))
        assert [await ear.heard(), (await ear.message()).id] == ["bound", "m1"]
        other.write(frame(session, "then", "SEND", "Message-ID: m2", body="ho"))
        assert await other.status() == 200  # now it moves
        assert (await ear.message()).id == "m2"
        assert await relay[0].is_closed()
        await relay[0].close()
    server.close()
    await server.wait_closed()


async def test_failure_report_no_suppresses_the_refusal() -> None:
    async with staged() as stage:
        wire = await stage.wire()
        nobody = "msrp://127.0.0.1:1/nobody;tcp"
        wire.write(frame(nobody, "tttt", "SEND", "Failure-Report: no"), frame(nobody, "uuuu", "REPORT"))
        wire.write(frame(nobody, "vvvv", "200 OK"), frame(nobody, "wwww", "AUTH"))
        assert (await wire.frame()).startswith("MSRP wwww 481")


async def test_bad_head_is_400_and_an_unknown_method_501_and_the_session_goes_on() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(frame(session, "bad1", "SEND", "no colon here"), frame(session, "bad2", "DANCE"))
        wire.write(frame("msrp://x:1/nobody;tcp", "bad3", "SEND", "no colon here"))
        wire.write("MSRP bad4 SEND\r\nnothing at all\r\n-------bad4$\r\n")
        wire.write(frame(session, "good", "SEND", "Message-ID: m1\r\nX-Unknown: y", body="hi"))
        assert [await wire.status() for _ in range(4)] == [400, 501, 400, 200]
        assert (await ear.message()).body == b"hi"


async def test_lost_framing_closes_the_connection_and_says_why() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write("GET / HTTP/1.1\r\n\r\n", frame(session, "late"))
        assert await wire.is_closed()
        assert await ear.heard() is EndReason.MALFORMED
        assert not stage.endpoint.sessions


async def test_oversized_chunk_is_413_and_the_session_goes_on() -> None:
    async with staged(replace(PLAIN, stream=StreamLimits(max_body=100))) as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(frame(session, "big1", "SEND", "Message-ID: m1", body="x" * 101), frame(session, "bind"))
        wire.write(frame("msrp://x:1/nobody;tcp", "big2", "SEND", "Message-ID: m1", body="x" * 101))
        assert [await wire.status() for _ in range(3)] == [413, 200, 481]


async def test_decision_may_come_later_and_its_report_later_still() -> None:
    async with staged() as stage:
        ear = Ear(status=None)
        session, wire = await stage.bound(ear)
        wire.write(frame(session, "text", "SEND", "Message-ID: m1", "Success-Report: yes", body="hi"))
        message = await ear.message()
        assert message.wants_report
        message.respond(200, report=False)
        assert await wire.status() == 200
        message.report()
        assert "Status: 000 200 OK" in await wire.frame()
        message.respond(403)
        wire.write(frame(session, "next", "SEND", "Message-ID: m2", body="hi"))
        (await ear.message()).respond(404, "Nobody here")
        assert "404 Nobody here" in await wire.frame()


async def test_message_is_sent_and_its_result_told() -> None:
    async with staged() as stage:
        session, wire = await stage.bound(Ear())
        results: asyncio.Queue[Result] = asyncio.Queue()
        assert session.send("text/plain", b"hi", message_id="m1", on_result=results.put_nowait) == "m1"
        sent = await wire.frame()
        assert "Message-ID: m1\r\nByte-Range: 1-2/2\r\nContent-Type: text/plain\r\n\r\nhi\r\n" in sent
        wire.write(answer(sent))
        assert (await results.get()).outcome is Outcome.ACCEPTED
        session.send("text/plain", b"hi", message_id="m2", on_result=results.put_nowait)
        wire.write(answer(await wire.frame(), 415))
        assert (await results.get()).status == 415
        session.send("text/plain", b"hi", message_id="m3", on_result=results.put_nowait)
        assert (await results.get()).status == 415
        session.close()
        session.send("text/html", b"hi", message_id="m4", on_result=results.put_nowait)
        assert (await results.get()).outcome is Outcome.LOST


async def test_shared_copy_that_fails_or_stays_unanswered_is_reported() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        shared = SharedBody("message/cpim", b"hi")
        for _ in range(3):
            session.send_shared(shared)
        one, two, _ = [await wire.frame() for _ in range(3)]
        wire.write(answer(one), answer(two, 403))
        told = await ear.heard()
        assert isinstance(told, Report)
        assert told.status == 403
        stage.later(30)
        told = await ear.heard()
        assert isinstance(told, Report)
        assert told.status == 408


async def test_copies_that_timed_out_on_a_silent_connection_are_sent_again_after_the_repair() -> None:
    # the network of the peer is gone without a word: nothing tells us but that it answers no more
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        session.send_shared(SharedBody("message/cpim", b"unheard"))
        await wire.frame()
        stage.later(1)
        stage.later(31)
        assert isinstance(await ear.heard(), Report)
        wire.writer.transport.abort()
        assert await ear.heard() is EndReason.CONNECTION_LOST
        assert [message.body for message in session.undelivered] == [b"unheard"]


async def test_copies_that_a_peer_heard_and_did_not_answer_are_not_sent_again() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        session.send_shared(SharedBody("message/cpim", b"ignored"))
        await wire.frame()
        stage.later(1)
        stage.later(31)
        assert isinstance(await ear.heard(), Report)
        wire.write(frame(session, "tttt", "SEND", "Message-ID: m1", body="I am here"))
        await ear.message()
        stage.later(1)
        wire.writer.transport.abort()
        assert await ear.heard() is EndReason.CONNECTION_LOST
        assert session.undelivered == ()


async def test_endpoint_that_leaves_too_many_copies_unanswered_is_given_up() -> None:
    async with staged(replace(PLAIN, max_queue_messages=3)) as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        for _ in range(4):
            session.send_shared(SharedBody("message/cpim", b"unheard"))
            await wire.frame()
        stage.later(1)
        stage.later(31)
        told = [await ear.heard() for _ in range(5)]
        assert told[4] is EndReason.UNRESPONSIVE
        assert session.closed is EndReason.UNRESPONSIVE


async def test_nothing_is_sent_before_the_session_is_bound_and_then_all_in_order() -> None:
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        session.expect(parse_path(PEER))
        session.send("text/plain", b"one", failure_report="no")
        session.send_shared(SharedBody("text/plain", b"two"))
        session.send_shared(SharedBody("text/plain", b"x" * 20000))
        session.send("text/plain", b"three", failure_report="no")
        wire = await stage.wire()
        wire.write(frame(session, "bind"))
        assert await wire.status() == 200
        frames = [await wire.frame() for _ in range(5)]
        assert ["one" in frames[0], "two" in frames[1], "1-*/20000" in frames[2]] == [True] * 3
        assert "three" in frames[3]  # the long one stepped back for it
        assert "16385-*/20000" in frames[4]


async def frames_until(wire: Wire, body: str) -> list[str]:
    """The frames that come, up to the last chunk of the message of these letters."""
    found = [await wire.frame()]
    while not (f"\r\n{body}" in found[-1] and found[-1].endswith("$\r\n")):
        found.append(await wire.frame())
    return found


async def test_long_message_is_interrupted_for_answers_and_for_other_messages() -> None:
    """RFC 4975 §7.1.1: both wait for the chunk that is being written, not for the message."""
    async with staged(replace(PLAIN, max_queue_octets=20_000_000, high_water=50_000)) as stage:
        session, wire = await stage.bound(Ear())
        session.send("text/plain", b"L" * 10_000_000)
        session.send("text/plain", b"short")
        wire.write(frame(session, "said", "SEND", "Message-ID: m1", body="meanwhile"))
        frames = await frames_until(wire, "L")
        answered = next(n for n, each in enumerate(frames) if each.startswith("MSRP said 200"))
        short = next(n for n, each in enumerate(frames) if "\r\nshort\r\n" in each)
        assert 0 < short < len(frames) // 2
        assert 0 < answered < len(frames) // 2
        chunks = [each for each in frames if "\r\nL" in each]
        starts = [int(each.partition("Byte-Range: ")[2].partition("-")[0]) for each in chunks]
        sizes = [each.count("L") for each in chunks]
        assert starts == [1 + sum(sizes[:n]) for n in range(len(chunks))]
        assert [each[-3] for each in chunks] == ["+"] * (len(chunks) - 1) + ["$"]


async def test_sessions_on_one_connection_take_turns_with_their_long_messages() -> None:
    async with staged(replace(PLAIN, high_water=50_000)) as stage:
        first, wire = await stage.bound(Ear())
        second = stage.endpoint.open(Ear())
        second.expect(parse_path(PEER))
        wire.write(frame(second, "bind"))
        assert await wire.status() == 200
        for session, letter in ((first, b"x"), (second, b"y")):
            session.send("text/plain", letter * 1_000_000)
        order = "".join(each.partition("\r\n\r\n")[2][0] for each in await frames_until(wire, "y"))
        assert order.count("xx") + order.count("yy") <= 8  # what had been written before both had something
        assert len(order) == 2 * -(-1_000_000 // 16_384)


async def test_peer_behind_a_relay_is_written_to_by_its_whole_path_and_answered_at_the_relay() -> None:
    """RFC 4975 §7.2: a SEND is answered to the previous hop, a REPORT goes along the whole From-Path."""
    path = "msrp://relay.example:2855/r;tcp msrp://ua.example:2855/u;tcp"
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        session.expect(parse_path(path))
        wire = await stage.wire()
        for tid, method, header in (
            ("send", "SEND", "Message-ID: m1\r\nSuccess-Report: yes"),
            ("nick", "NICKNAME", 'Use-Nickname: "Ana"'),
        ):
            body = "hi" if method == "SEND" else None
            wire.write(frame(session, tid, method, header, body=body).replace(PEER, path))
        answered, reported, named = [await wire.frame() for _ in range(3)]
        assert answered.startswith("MSRP send 200")
        assert "\r\nTo-Path: msrp://relay.example:2855/r;tcp\r\n" in answered
        assert " REPORT\r\n" in reported
        assert f"\r\nTo-Path: {path}\r\n" in reported
        assert f"\r\nTo-Path: {path}\r\n" in named
        session.send("text/plain", b"x")
        sent = await wire.frame()
        assert f"\r\nTo-Path: {path}\r\n" in sent
        # a relay splits it, or gives up on it: the REPORT is about the whole message
        message = sent.partition("Message-ID: ")[2].partition("\r\n")[0]
        wire.write(
            frame(session, "gone", "REPORT", f"Message-ID: {message}", "Status: 000 408 x").replace(
                PEER, path
            )
        )
        assert [await ear.heard(), (await ear.message()).id, await ear.heard()] == ["bound", "m1", "Ana"]
        report = await ear.heard()
        assert isinstance(report, Report)
        assert (report.message_id, report.status) == (message, 408)


async def test_failed_long_message_is_aborted_on_the_wire() -> None:
    async with staged(replace(PLAIN, high_water=10000)) as stage:
        session, wire = await stage.bound(Ear())
        results: asyncio.Queue[Result] = asyncio.Queue()
        session.send("text/plain", b"x" * 3_000_000, message_id="m1", on_result=results.put_nowait)
        never = session.send("text/plain", b"short", message_id="m2")
        first = await wire.frame()
        wire.write(answer(first, 413))
        assert (await results.get()).status == 413
        flags: list[str] = []
        while not flags or flags[-1] == "+":
            each = await wire.frame()
            if f"Message-ID: {never}" not in each:
                flags.append(each[-3])
        assert flags[-1] == "#"


async def test_slow_reader_is_dropped_and_nobody_else_notices() -> None:
    settings = replace(PLAIN, high_water=20000, max_queue_octets=200_000, max_queue_messages=500)
    async with staged(settings) as stage:
        slow, quick = Ear(), Ear()
        asleep, _ = await stage.bound(slow)
        awake, wire = await stage.bound(quick)
        shared = SharedBody("message/cpim", b"x" * 10000)
        sent = 0
        was_congested = False
        while asleep.closed is None:
            asleep.send_shared(shared)
            awake.send_shared(shared)
            was_congested |= asleep.is_congested
            sent += 1
            assert "x" * 10000 in await wire.frame()
        assert await slow.heard() is EndReason.CONGESTED
        assert was_congested
        assert (slow.warnings, quick.warnings) == (1, 0)
        assert awake.closed is None
        assert quick.told.empty()
        asleep.send_shared(shared)  # nothing happens any more
        await until(lambda: len(stage.endpoint.connections) <= 2)
        stage.later(1)
        await until(lambda: len(stage.endpoint.connections) == 1)


async def test_reader_who_does_not_even_read_answers_is_dropped() -> None:
    async with staged(replace(PLAIN, high_water=1000, max_queue_octets=5000)) as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        request = frame(session, "ping").encode() * 500
        for _ in range(1000):
            wire.write(request)
            await asyncio.sleep(0)
            if session.closed:
                break
        assert await ear.heard() in {EndReason.CONGESTED, EndReason.CONNECTION_LOST}
        wire.writer.transport.abort()


async def test_lost_connection_is_told_at_once_with_what_was_unanswered() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        results: asyncio.Queue[Result] = asyncio.Queue()
        session.send("text/plain", b"hi", on_result=results.put_nowait)
        await wire.frame()
        naming = asyncio.gather(session.set_nickname("Bob"))
        await wire.frame()
        wire.writer.transport.abort()
        assert (await results.get()).outcome is Outcome.LOST
        assert [*await naming] == [481]
        assert await ear.heard() is EndReason.CONNECTION_LOST
        assert await session.set_nickname("Bob") == 481


async def test_connection_lost_while_connecting_is_told_by_connect_alone() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"$")
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with staged() as stage:
        ear = Ear()
        with pytest.raises(MsrpUnreachable):
            await stage.endpoint.open(ear).connect((MsrpUri("127.0.0.1", port, "x"),))
        assert ear.told.empty()
        assert not stage.endpoint.sessions
    server.close()
    await server.wait_closed()


async def test_transaction_ids_of_each_session_begin_with_64_random_bits_or_more() -> None:
    async with staged() as stage:
        pairs = []
        for _ in range(2):
            session, wire = await stage.bound(Ear())
            for _ in range(2):
                session.send("text/plain", b"x")
            pairs.append([(await wire.frame()).split()[1] for _ in range(2)])
        every = [each for pair in pairs for each in pair]
        assert len(set(every)) == 4
        assert all(re.fullmatch("[A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}", each) for each in every)
        seeds = {each[:17] for each in every}  # a letter, and 16 hexadecimal digits
        assert len(seeds) == 2
        assert all(re.fullmatch("[a-z][0-9a-f]{16}", seed) for seed in seeds)
        assert len({seed[1:5] for seed in seeds}) == 2


async def test_every_session_has_a_uri_of_its_own_on_the_listener() -> None:
    async with staged(replace(PLAIN, advertise="198.51.100.7")) as stage:
        uris = [stage.endpoint.open(Ear()).local_path[0] for _ in range(50)]
        assert len({uri.session_id for uri in uris}) == 50
        assert {(uri.host, uri.port) for uri in uris} == {("198.51.100.7", stage.endpoint.listening[0].port)}
        assert all(len(uri.session_id) > 20 for uri in uris)  # 80 random bits and a letter


async def test_passive_session_that_nobody_binds_is_given_up() -> None:
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        stage.later(100)
        assert session.closed is None  # the answer may take its time
        session.expect(parse_path(PEER))
        stage.later(31)
        assert await ear.heard() is EndReason.NEVER_BOUND


async def test_connection_that_names_no_session_is_closed() -> None:
    async with staged() as stage:
        wire = await stage.wire()
        await until(lambda: bool(stage.endpoint.connections))
        stage.later(31)
        assert await wire.is_closed()


async def test_silence_is_broken_by_a_keepalive_and_its_silence_ends_the_session() -> None:
    async with staged(replace(PLAIN, keepalive_seconds=120)) as stage:
        ear = Ear()
        _, wire = await stage.bound(ear)
        stage.later(119)
        stage.later(121)
        keepalive = await wire.frame()
        assert "SEND" in keepalive
        assert "Content-Type" not in keepalive
        stage.later(30)
        assert await ear.heard() is EndReason.UNRESPONSIVE


async def test_face_that_fails_costs_its_own_session_only() -> None:
    class Faulty(Ear):
        def on_message(self, message: ReceivedMessage) -> int | None:
            raise RuntimeError(message.id)

    async with staged() as stage:
        ear, other = Faulty(), Ear()
        session, wire = await stage.bound(ear)
        beside = stage.endpoint.open(other)
        beside.expect(parse_path(PEER))
        wire.write(frame(beside, "bind"), frame(session, "text", "SEND", "Message-ID: m1", body="hi"))
        wire.write(frame(beside, "text", "SEND", "Message-ID: m2", body="still here"))
        assert await ear.heard() is EndReason.FAULT
        assert await other.heard() == "bound"
        assert (await other.message()).body == b"still here"


async def test_two_endpoints_talk_and_share_one_connection() -> None:
    async with staged() as here, staged() as there:
        ears = [Ear() for _ in range(4)]
        listeners = [there.endpoint.open(ear) for ear in ears[:2]]
        callers = [here.endpoint.open(ear) for ear in ears[2:]]
        for listener, caller in zip(listeners, callers, strict=True):
            listener.expect(caller.local_path)
            await caller.connect(listener.local_path)
        assert len(here.endpoint.connections) == 1
        assert [await ear.heard() for ear in ears] == ["bound"] * 4
        callers[0].send("text/plain", b"x" * 100_000, success_report=True)
        callers[1].send("text/plain", b"short")
        assert [len((await ear.message()).body) for ear in ears[:2]] == [100_000, 5]
        assert isinstance(await ears[2].heard(), Report)
        assert await callers[0].set_nickname("Bob") == 200
        callers[0].close()
        assert len(here.endpoint.connections) == 1
        callers[1].close()
        assert await ears[0].heard() == "Bob"
        assert {await ear.heard() for ear in ears[:2]} == {EndReason.CONNECTION_LOST}
        assert ears[2].told.empty()


async def test_peer_that_knows_one_session_per_connection_gets_a_second_connection() -> None:
    wires: list[Wire] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        wires.append(wire)
        first = ""
        while not reader.at_eof():
            try:
                request = await wire.frame()
            except asyncio.IncompleteReadError:
                break
            first = first or request.split("\r\n")[1]
            wire.write(answer(request, 200 if request.split("\r\n")[1] == first else 506))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with staged() as stage:
        for name in ("one", "two"):
            session = stage.endpoint.open(Ear())
            await session.connect((MsrpUri("127.0.0.1", port, name),))
            assert session.is_bound
        assert len(wires) == 2
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("status", [403, 481])
async def test_connecting_fails_when_the_binding_is_refused(status: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        wire.write(answer(await wire.frame(), status))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with staged() as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        with pytest.raises(MsrpUnreachable) as failure:
            await session.connect(parse_path("msrp://elsewhere.example:1/x;tcp"), address=("127.0.0.1", port))
        assert failure.value.status == status
        assert session.closed is EndReason.CLOSED
        assert ear.told.empty()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("msrp://127.0.0.1:9/x;tcp", "nobody can connect to"),
        ("msrp://127.0.0.1/x;tcp", "nobody can connect to"),
        ("msrp://127.0.0.1:2855/x;ws", "nobody can connect to"),
        ("msrp://127.0.0.1:1/x;tcp", "127.0.0.1:1: "),  # tried, and refused by the system
        ("msrp://nowhere.invalid:2855/x;tcp", "nowhere.invalid:2855: "),
    ],
)
async def test_connecting_to_nobody_fails_and_leaves_nothing(path: str, why: str) -> None:
    async with staged() as stage:
        session = stage.endpoint.open(Ear())
        with pytest.raises(MsrpUnreachable, match=why):
            await session.connect(parse_path(path))
        assert not stage.endpoint.sessions
        assert not stage.endpoint.connections


async def test_too_many_connections_are_refused() -> None:
    async with staged(replace(PLAIN, max_connections=1)) as stage:
        await stage.wire()
        await until(lambda: bool(stage.endpoint.connections))
        assert await (await stage.wire()).is_closed()


async def test_stopping_tells_every_session_and_leaves_no_socket() -> None:
    async with staged() as stage:
        ear = Ear()
        _, wire = await stage.bound(ear)
        await stage.endpoint.stop()
        assert await ear.heard() is EndReason.STOPPED
        assert await wire.is_closed()
        assert not stage.endpoint.connections
        assert not stage.endpoint.listening
        with pytest.raises(LookupError):
            stage.endpoint.open(ear)


async def test_address_in_use_is_told_at_start_and_nothing_listens() -> None:
    async with staged() as stage:
        taken = replace(PLAIN, listen=(MsrpListen("127.0.0.1", 0), stage.endpoint.listening[0]))
        other = MsrpEndpoint(taken, VirtualClock(), SeededIds(2), structlog.stdlib.get_logger())
        with pytest.raises(OSError, match="another program listens there"):
            await other.start()
        assert not other.listening


async def test_replacement_does_not_show_a_message_twice() -> None:
    async with staged() as stage:
        ear, again = Ear(), Ear()
        session, wire = await stage.bound(ear)
        wire.write(frame(session, "text", "SEND", "Message-ID: m1", body="hi"))
        assert await wire.status() == 200
        session.close()
        replacement = stage.endpoint.open(again, replaces=session)
        replacement.expect(parse_path(PEER))
        wire = await stage.wire()
        wire.write(frame(replacement, "text", "SEND", "Message-ID: m1", body="hi"))
        wire.write(frame(replacement, "next", "SEND", "Message-ID: m2", body="more"))
        assert [await wire.status(), await wire.status()] == [200, 200]
        assert await again.heard() == "bound"
        assert (await again.message()).id == "m2"


async def test_tls_session_works_and_is_verified_by_name() -> None:
    settings, _ = tls_settings()
    async with staged(settings) as stage:
        ear = Ear()
        listener, caller = (stage.endpoint.open(each, secure=True) for each in (ear, Ear()))
        listener.expect(caller.local_path)
        assert str(listener.local_path[0]).startswith("msrps://")
        await caller.connect(listener.local_path)
        caller.send("text/plain", b"x" * 300_000)
        assert await ear.heard() == "bound"
        assert len((await ear.message()).body) == 300_000
        stranger = stage.endpoint.open(Ear(), secure=True)
        port = listener.local_path[0].port
        with pytest.raises(MsrpUnreachable):
            await stranger.connect(
                parse_path(f"msrps://wrong.example:{port}/x;tcp"), address=("127.0.0.2", port or 0)
            )


@pytest.mark.parametrize("is_right", [True, False])
async def test_fingerprint_decides_about_a_certificate_nobody_vouches_for(*, is_right: bool) -> None:
    settings, der = tls_settings()
    digest = sha256(der if is_right else b"other").hexdigest().upper()
    colons = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    fingerprints = (Fingerprint("md5", "00"), Fingerprint("SHA-256", colons))
    async with staged(replace(settings, client_tls=None)) as stage:
        listener, caller = (stage.endpoint.open(Ear(), secure=True) for _ in range(2))
        listener.expect(caller.local_path)
        if is_right:
            await caller.connect(listener.local_path, fingerprints=fingerprints)
            assert caller.is_bound
        else:
            with pytest.raises(MsrpUnreachable):
                await caller.connect(listener.local_path, fingerprints=fingerprints)


async def test_session_announced_as_tls_is_not_taken_in_the_clear() -> None:
    settings, _ = tls_settings()
    async with staged(replace(settings, listen=settings.listen[::-1])) as stage:
        session = stage.endpoint.open(Ear(), secure=True)
        session.expect(parse_path(PEER))
        wire = await stage.wire()
        wire.write(frame(session, "bind"))
        assert await wire.status() == 481


async def test_secure_listener_without_certificate_is_refused() -> None:
    settings = replace(PLAIN, listen=(MsrpListen("127.0.0.1", 0, is_secure=True),))
    endpoint = MsrpEndpoint(settings, VirtualClock(), SeededIds(1), structlog.stdlib.get_logger())
    with pytest.raises(ValueError, match="certificate"):
        await endpoint.start()


async def test_connections_read_into_the_buffer_that_is_there_already() -> None:
    loop = asyncio.get_running_loop()
    is_uvloop = type(loop).__module__.startswith("uvloop")
    assert connection_class(loop, is_secure=False) is (MsrpConnection if is_uvloop else BufferedConnection)
    assert connection_class(loop, is_secure=True) is BufferedConnection
