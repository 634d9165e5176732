"""What peers that are broken, hurried or hostile send, one test each (docs/conformance.md, msrp-14).

A real endpoint over loopback sockets where that is the point; the parts that need none are asked directly.
"""

import asyncio
import socket
import tracemalloc
from dataclasses import replace

import pytest

from crossroom.machine import Malformed
from crossroom.msrp.chunk import Flag, MsrpRequest, MsrpResponse
from crossroom.msrp.message import SharedBody
from crossroom.msrp.reassembly import Inbox, InboxLimits, TooLarge
from crossroom.msrp.receiving import SessionLimits
from crossroom.msrp.stream import StreamReader
from crossroom.msrp.uri import parse_path
from crossroom.net.msrp_face import EndReason, MsrpListen, Outcome, ReceivedMessage, Report, Result
from crossroom.net.msrp_session import MsrpSession
from unit.net.msrp_stage import PEER, PLAIN, Ear, Stage, answer, frame, staged, until


def chunk(  # noqa: PLR0913, PLR0917 -- the parts of a chunk
    session: MsrpSession, tid: str, message: str, span: str, body: str, flag: str = "+", *headers: str
) -> str:
    whole = frame(session, tid, "SEND", f"Message-ID: {message}", f"Byte-Range: {span}", *headers, body=body)
    return whole.removesuffix("$\r\n") + flag + "\r\n"


async def test_octets_that_come_one_by_one_are_understood_all_the_same() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        octets = frame(session, "one1", "SEND", "Message-ID: m1", body="slowly") + frame(
            session, "two2", "NICKNAME", 'Use-Nickname: "Ana"'
        )
        for octet in octets.encode():
            wire.write(bytes([octet]))
            await asyncio.sleep(0)
        assert [await wire.status(), await wire.status()] == [200, 200]
        assert (await ear.message()).body == b"slowly"
        assert await ear.heard() == "Ana"


def test_a_stream_cut_in_two_anywhere_gives_the_same_frames() -> None:
    session = "msrp://a.example:2855/x;tcp"
    octets = (
        frame(session, "one1", "SEND", "Message-ID: m1", body="a\r\n-------one")
        + frame(session, "two2", "200 OK")
        + frame(session, "thr3", "REPORT", "Message-ID: m1", "Status: 000 200 OK")
    ).encode()
    whole = StreamReader().receive_data(octets)
    assert [type(item) for item in whole] == [MsrpRequest, MsrpResponse, MsrpRequest]
    for cut in range(len(octets) + 1):
        reader = StreamReader()
        assert reader.receive_data(octets[:cut]) + reader.receive_data(octets[cut:]) == whole


async def test_two_messages_in_one_read_are_two() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(
            frame(session, "one1", "SEND", "Message-ID: m1", body="a"),
            frame(session, "two2", "SEND", "Message-ID: m2", body="b"),
        )
        assert [(await ear.message()).body, (await ear.message()).body] == [b"a", b"b"]
        assert [await wire.status(), await wire.status()] == [200, 200]


@pytest.mark.parametrize(
    "body",
    [
        "before\r\n-------other$\r\nafter",  # somebody else's
        "before\r\n-------tid1\r\nafter",  # its own without a flag
        "before\r\n-------tid1$after",  # its own without a line end
        "before\r\n-------tid1x$\r\nafter",  # one that begins like it
        "before -------tid1$\r\nafter",  # not at the beginning of a line
        "\r\n\r\n-------",
    ],
)
async def test_what_looks_like_an_end_line_in_the_body_is_body(body: str) -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(frame(session, "tid1", "SEND", "Message-ID: m1", body=body))
        assert (await ear.message()).body == body.encode()
        assert await wire.status() == 200


async def test_a_transaction_id_that_is_used_again_is_a_new_transaction() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        for message in ("m1", "m2"):
            wire.write(frame(session, "same", "SEND", f"Message-ID: {message}", body=message))
            assert await wire.status() == 200
            assert (await ear.message()).id == message
        # a second answer to a transaction of ours is to nobody
        results: asyncio.Queue[Result] = asyncio.Queue()
        session.send("text/plain", b"x", on_result=results.put_nowait)
        sent = await wire.frame()
        wire.write(
            answer(sent), answer(sent, 481), frame(session, "last", "SEND", "Message-ID: m3", body="x")
        )
        assert (await results.get()).outcome is Outcome.ACCEPTED
        assert (await ear.message()).id == "m3"
        assert results.empty()
        assert session.is_bound


async def test_a_storm_of_chunks_is_stopped_and_the_session_goes_on() -> None:
    limits = SessionLimits(inbox=InboxLimits(max_chunks=100, max_partials=4))
    async with staged(replace(PLAIN, session=limits)) as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(*(chunk(session, f"tid{n}", "many", f"{n + 1}-*/*", "x") for n in range(101)))
        assert [await wire.status() for _ in range(101)] == [200] * 100 + [413]
        # and so are messages that are begun and never ended
        wire.write(*(chunk(session, f"beg{n}", f"begun{n}", "1-*/9", "x") for n in range(5)))
        assert [await wire.status() for _ in range(5)] == [200] * 4 + [413]
        wire.write(chunk(session, "end0", "begun0", "2-9/9", "12345678", "$"))
        assert await wire.status() == 200
        assert (await ear.message()).body == b"x12345678"


@pytest.mark.parametrize(
    "span", ["1-*/4294967296", "4294967297-*/*", "9223372036854775807-*/*", "1-1/99999999999999999999"]
)
async def test_a_byte_range_beyond_all_bounds_costs_nothing(span: str) -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(chunk(session, "tid1", "huge", span, "x"))
        assert await wire.status() == (400 if len(span) > 23 else 413)
        wire.write(frame(session, "tid2", "SEND", "Message-ID: small", body="x"))
        assert await wire.status() == 200
        assert (await ear.message()).id == "small"


async def test_an_abort_in_the_middle_leaves_nothing_and_the_id_may_begin_again() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(
            chunk(session, "tid1", "m1", "1-5/10", "first"),
            chunk(session, "tid2", "m1", "6-*/10", "", "#"),
            chunk(session, "tid3", "m1", "1-6/6", "second", "$"),
        )
        assert [await wire.status() for _ in range(3)] == [200, 200, 200]
        assert (await ear.message()).body == b"second"


async def test_of_chunks_that_overlap_the_last_received_wins() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        wire.write(
            chunk(session, "tid1", "m1", "7-9/9", "ghi", "$"),
            chunk(session, "tid2", "m1", "1-4/9", "XXXX"),
            chunk(session, "tid3", "m1", "3-8/9", "cdefYY"),
            chunk(session, "tid4", "m1", "1-2/9", "ab"),
        )
        assert (await ear.message()).body == b"XXcdefYYi"
        # what repeats a message that is whole is answered and not shown
        assert [await wire.status() for _ in range(4)] == [200] * 4
        assert ear.told.empty()


async def test_sessions_that_share_a_connection_keep_their_chunks_apart() -> None:
    async with staged() as stage:
        ears = Ear(), Ear()
        first, wire = await stage.bound(ears[0])
        second = stage.endpoint.open(ears[1])
        second.expect(parse_path(PEER))
        wire.write(frame(second, "bind"))
        assert await wire.status() == 200
        assert await ears[1].heard() == "bound"
        wire.write(
            chunk(first, "tid1", "same", "1-2/4", "on"),
            chunk(second, "tid2", "same", "1-2/4", "tw"),
            chunk(first, "tid3", "same", "3-4/4", "e!", "$"),
            chunk(second, "tid4", "same", "3-4/4", "o!", "$"),
        )
        assert [(await ear.message()).body for ear in ears] == [b"one!", b"two!"]
        first.close()
        wire.write(frame(second, "tid5", "SEND", "Message-ID: after", body="still here"))
        assert (await ears[1].message()).body == b"still here"


async def test_a_report_may_come_before_the_response() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        results: asyncio.Queue[Result] = asyncio.Queue()
        message = session.send("text/plain", b"x", success_report=True, on_result=results.put_nowait)
        sent = await wire.frame()
        wire.write(
            frame(
                session, "rep1", "REPORT", f"Message-ID: {message}", "Byte-Range: 1-1/1", "Status: 000 200 OK"
            ),
            answer(sent),
        )
        report = await ear.heard()
        assert isinstance(report, Report)
        assert (report.message_id, report.status) == (message, 200)
        assert (await results.get()).outcome is Outcome.ACCEPTED


async def test_a_response_after_the_timeout_changes_nothing() -> None:
    async with staged() as stage:
        session, wire = await stage.bound(Ear())
        results: asyncio.Queue[Result] = asyncio.Queue()
        session.send("text/plain", b"x", on_result=results.put_nowait)
        sent = await wire.frame()
        stage.later(31)
        assert (await results.get()).outcome is Outcome.TIMED_OUT
        wire.write(answer(sent), answer(sent, 415), frame(session, "after", "SEND", body="x"))
        assert await wire.status() == 400  # the Message-ID is missing, which shows that it was read
        assert results.empty()
        session.send("text/plain", b"y")
        assert "\r\ny\r\n" in await wire.frame()


async def test_a_session_that_has_ended_is_481() -> None:
    async with staged() as stage:
        session, _ = await stage.bound(Ear())
        session.close()
        wire = await stage.wire()
        wire.write(frame(session, "tid1", "SEND", "Message-ID: m1", body="hello?"))
        assert await wire.status() == 481


async def test_a_session_cannot_be_taken_over_from_another_connection() -> None:
    async with staged() as stage:
        ear = Ear()
        session, owner = await stage.bound(ear)
        thief = await stage.wire()
        thief.write(
            frame(session, "tid1", "SEND", "Message-ID: m1", body="it is me"),
            frame(session, "tid2", "NICKNAME", 'Use-Nickname: "Ana"'),
            frame(session, "tid3", "REPORT", "Message-ID: m1", "Status: 000 413 Stop"),
            frame(session, "tid4", "200 OK"),
        )
        assert [await thief.status(), await thief.status()] == [506, 506]
        session.send("text/plain", b"for the owner")
        assert "for the owner" in await owner.frame()
        assert ear.told.empty()


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b'"' + b"n" * 1023 + b'"', 200),
        (b'"' + "é".encode() * 511 + b'x"', 200),
        (b'"' + b"n" * 1024 + b'"', 424),
        (b'"' + "é".encode() * 512 + b'"', 424),
        (b'"caf\xe9"', 424),
        (b'"\xf0\x9f\x8d"', 424),
        (b'"a\\nb"', 424),
        (b'"a', 424),
        (b'"\x00"', 400),
    ],
    ids=[
        "1023 octets",
        "1023 octets of UTF-8",
        "1024",
        "1024 of UTF-8",
        "Latin-1",
        "half a character",
        "escape",
        "open",
        "NUL",
    ],
)
async def test_a_nickname_is_utf_8_of_1_to_1023_octets(value: bytes, status: int) -> None:
    async with staged() as stage:
        session, wire = await stage.bound(Ear())
        before, after = frame(session, "nick", "NICKNAME", "Use-Nickname: @").encode().split(b"@")
        wire.write(before + value + after)
        assert await wire.status() == status
        wire.write(frame(session, "last", "NICKNAME", 'Use-Nickname: "Ana"'))
        assert await wire.status() == 200


async def test_a_half_closed_connection_ends_its_sessions_at_once() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        results: asyncio.Queue[Result] = asyncio.Queue()
        session.send("text/plain", b"unanswered", on_result=results.put_nowait)
        await wire.frame()
        wire.writer.write_eof()
        assert (await results.get()).outcome is Outcome.LOST
        assert await ear.heard() is EndReason.CONNECTION_LOST
        assert await wire.is_closed()


async def test_a_reset_connection_ends_its_sessions_at_once() -> None:
    async with staged() as stage:
        ear = Ear()
        _, wire = await stage.bound(ear)
        raw = wire.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        wire.writer.transport.abort()
        assert await ear.heard() is EndReason.CONNECTION_LOST
        await until(lambda: not stage.endpoint.connections)


async def test_paths_of_ipv6_literals_are_the_same_however_they_are_written() -> None:
    async with staged(replace(PLAIN, listen=(MsrpListen("::1", 0),))) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear)
        session.expect(parse_path("msrp://[2001:db8::1]:2855/peer;tcp"))
        ours = session.local_path[0]
        assert str(ours).startswith("msrp://[::1]:")
        wire = await stage.wire()
        spelled = str(ours).replace("[::1]", "[0:0:0:0:0:0:0:1]")
        for tid, path in (("tid1", str(ours)), ("tid2", spelled)):
            wire.write(
                frame(path, tid, "SEND", f"Message-ID: {tid}", body="x").replace(
                    PEER, "msrp://[2001:DB8::1]:2855/peer;tcp"
                )
            )
            response = await wire.frame()
            assert " 200 " in response
            assert "To-Path: msrp://[2001:DB8::1]:2855/peer;tcp\r\n" in response
        session.send("text/plain", b"back")
        assert "To-Path: msrp://[2001:db8::1]:2855/peer;tcp\r\n" in await wire.frame()


async def test_the_case_of_scheme_host_and_transport_does_not_matter_and_that_of_the_session_does() -> None:
    async with staged() as stage:
        session = stage.endpoint.open(Ear())
        session.expect(parse_path(PEER))
        wire = await stage.wire()
        local = session.local_path[0]
        shouted = f"MSRP://127.0.0.1:{local.port}/{local.session_id};TCP"
        wire.write(frame(shouted, "tid1"))
        assert await wire.status() == 200
        wire.write(frame(shouted.replace(local.session_id, local.session_id.swapcase()), "tid2"))
        assert await wire.status() == 481


async def test_an_end_line_without_its_flag_is_no_end() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        # in a body it is content, and the frame goes on to the next end-line
        wire.write(
            frame(session, "tid1", "SEND", "Message-ID: m1", body="a").replace("tid1$\r\n", "tid1\r\n")
        )
        wire.write("more\r\n-------tid1$\r\n")
        assert (await ear.message()).body == b"a\r\n-------tid1\r\nmore"
        assert await wire.status() == 200
        # in a head it can be nothing else, and where the next frame begins nobody knows
        wire.write(
            frame(session, "tid2", "NICKNAME", 'Use-Nickname: "x"').replace("tid2$", "tid2"),
            frame(session, "tid3"),
        )
        assert await ear.heard() is EndReason.MALFORMED
        assert await wire.is_closed()


async def test_ten_thousand_chunks_of_one_octet_are_one_message() -> None:
    async with staged() as stage:
        ear = Ear()
        session, wire = await stage.bound(ear)
        text = "".join(chr(97 + n % 26) for n in range(10_000))
        flags = ["+"] * 9_999 + ["$"]
        octets = "".join(
            chunk(
                session,
                f"t{n:05}",
                "m1",
                f"{n + 1}-{n + 1}/10000",
                text[n],
                flags[n],
                "Failure-Report: partial",
            )
            for n in range(10_000)
        )
        wire.write(octets)
        async with asyncio.timeout(30):
            told = await ear.told.get()
        assert isinstance(told, ReceivedMessage)
        assert told.body == text.encode()


def test_chunks_in_reverse_are_a_message_and_chunks_with_ever_more_gaps_are_refused() -> None:
    """The worst orders there are: in the one every chunk touches the next, in the other none does."""

    def piece(start: int, flag: Flag = Flag.MORE) -> MsrpRequest:
        headers = (("Message-ID", "m1"), ("Byte-Range", f"{start}-{start}/*"), ("Content-Type", "a/b"))
        return MsrpRequest("tttt", "SEND", "x", "y", headers, b"%c" % (97 + start % 26), flag)

    inbox = Inbox(InboxLimits())
    assert inbox.add(piece(2_000, Flag.COMPLETE), 0.0) is None
    pieces = [inbox.add(piece(start), 0.0) for start in range(1_999, 0, -1)]
    assert pieces[-1] == ("a/b", b"".join(b"%c" % (97 + start % 26) for start in range(1, 2_001)))
    gaps = Inbox(InboxLimits(max_runs=10))
    for start in range(1, 21, 2):
        assert gaps.add(piece(start), 0.0) is None
    with pytest.raises(TooLarge):
        gaps.add(piece(21), 0.0)
    assert "m1" not in gaps


def test_garbage_ends_the_stream_and_nothing_after_it_is_read() -> None:
    reader = StreamReader()
    assert reader.receive_data(b"GET / HTTP/1.1\r\n\r\n") == [Malformed("no MSRP start line")]
    assert reader.receive_data(frame("msrp://a:1/x;tcp", "tid1").encode()) == []


async def test_who_speaks_something_else_is_cut_off_and_costs_nobody_anything() -> None:
    async with staged() as stage:
        session, good = await stage.bound(Ear())
        for greeting in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 100):
            assert await _is_cut_off(stage, greeting)
        good.write(frame(session, "tid1", "SEND", "Message-ID: m1", body="x"))
        assert await good.status() == 200


async def _is_cut_off(stage: Stage, octets: bytes) -> bool:
    wire = await stage.wire()
    wire.write(octets)
    return await wire.is_closed()


async def test_every_address_of_a_host_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 4975 §6.2: in the order of the resolver; the first ones are dead here."""
    async with staged() as stage:
        port = stage.endpoint.listening[0].port
        asked: list[tuple[object, object]] = []

        async def resolve(host: object, service: object, **_: object) -> list[object]:
            asked.append((host, service))
            dead = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))]
            dead += [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.9", port))]  # type: ignore[list-item] # IPv4
            return [*dead, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        listener, caller = stage.endpoint.open(Ear()), stage.endpoint.open(Ear())
        listener.expect(caller.local_path)
        path = str(listener.local_path[0]).replace("127.0.0.1", "ua.sip.example")
        await caller.connect(parse_path(path))
        assert caller.is_bound
        assert asked == [("ua.sip.example", port)]


async def test_memory_is_bounded_while_a_reader_stalls_with_64_messages_in_flight() -> None:
    settings = replace(PLAIN, high_water=20_000, max_queue_octets=400_000, max_queue_messages=10_000)
    async with staged(settings) as stage:
        ear = Ear()
        session, _ = await stage.bound(ear)
        tracemalloc.start()
        try:
            size = 0
            while session.closed is None:
                for _ in range(64):
                    session.send_shared(SharedBody("message/cpim", bytes(1000)))
                await asyncio.sleep(0)
                if not size and session.is_congested:
                    size, _ = tracemalloc.get_traced_memory()
                    tracemalloc.reset_peak()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert await ear.heard() is EndReason.CONGESTED
        # nearly full as it was, the queue takes no more than what it may hold, and each message with its own overhead
        assert peak - size < settings.max_queue_octets
