"""What we write, read by tshark's MSRP dissector: it shares no code with us and must see the same frame."""

import shutil
import subprocess
from pathlib import Path

import pytest

from crossroom.config.schema import Msrp, Tls
from crossroom.msrp.chunk import MsrpRequest, MsrpResponse
from crossroom.msrp.message import Message, SharedBody, Transfer
from crossroom.msrp.receiving import carrying, report_on
from crossroom.msrp.sending import Sending
from crossroom.msrp.session_events import MessageReceived
from crossroom.msrp.stream import StreamReader
from crossroom.msrp.uri import MsrpUri
from peers.sip_participant import SipParticipant
from peers.tls import Authority
from peers.tshark import capture
from peers.tshark_streams import followed, frames_of
from unit.conference.face_world import TEA, World, facing

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="the Debian package tshark is not installed"),
]

US, THEM = "msrp://127.0.0.1:2855/c0123456789abcdef0123;tcp", "msrp://ua.sip.example:2855/Xy;tcp"
FIELDS = (
    "msrp.method",
    "msrp.status.code",
    "msrp.transaction.id",
    "msrp.to.path",
    "msrp.from.path",
    "msrp.messageid",
    "msrp.byte.range",
    "msrp.content.type",
    "msrp.cnt.flg",
)


def written() -> list[bytes]:
    """One of everything that a session writes."""
    sending = Sending(US, "cabcdef0123456789abcd", 30.0)
    sending.set_remote((MsrpUri.parse(THEM),))
    transfer = sending.begin(Message("m1", "text/plain", b"x" * 5000, success_report=True))
    assert isinstance(transfer, Transfer)
    chunks = [sending.send_chunk(transfer, 2048, 0.0) for _ in range(3)]
    report = report_on(MessageReceived(1, Message("m2", "text/plain", b"hi"), THEM), 200, "", US, "tttt")
    wrapper = b"From: <sip:a@b>\r\nTo: <sip:c@b>\r\n\r\nContent-Type: text/plain\r\n\r\n"
    return [
        sending.bind(0.0),
        sending.set_nickname('Al "X"', 0.0),
        sending.send_shared(
            SharedBody("message/cpim", b"To: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nhi"), 0.0
        ),
        *chunks,
        bytes(MsrpResponse("tttt", 413, THEM, US, "Stop Sending")),
        bytes(report),
        bytes(carrying(report, wrapper)),
    ]


def seen_by_us(octets: bytes) -> tuple[str, ...]:
    (frame,) = StreamReader().receive_data(octets)
    assert isinstance(frame, MsrpRequest | MsrpResponse)
    headers = dict(frame.headers)
    return (
        frame.method if isinstance(frame, MsrpRequest) else "",
        str(frame.status) if isinstance(frame, MsrpResponse) else "",
        frame.transaction_id,
        frame.to_path,
        frame.from_path,
        headers.get("Message-ID", ""),
        headers.get("Byte-Range", ""),
        headers.get("Content-Type", ""),
        str(frame.flag) if isinstance(frame, MsrpRequest) else "$",
    )


def seen_by_tshark(frames: list[bytes], folder: Path) -> list[tuple[str, ...]]:
    capture = folder / "written.pcap"
    dump = "".join(f"000000 {frame.hex(' ')}\n\n" for frame in frames)
    subprocess.run(
        ["text2pcap", "-q", "-T", "2855,2855", "-", str(capture)],
        input=dump.encode(),
        check=True,
        capture_output=True,
    )
    fields = [option for field in FIELDS for option in ("-e", field)]
    command = [
        "tshark",
        "-r",
        str(capture),
        "-d",
        "tcp.port==2855,msrp",
        "-T",
        "fields",
        "-E",
        "occurrence=f",
        *fields,
    ]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return [tuple(line.split("\t")) for line in listed.stdout.splitlines()]


def test_another_dissector_reads_what_we_write(tmp_path: Path) -> None:
    frames = written()
    assert seen_by_tshark(frames, tmp_path) == [seen_by_us(frame) for frame in frames]


# -- whole sessions, captured -------------------------------------------------------------------------------

TALK = "thé " * 3000
"""Some 15 000 octets: chunks of the speaker's, and one of ours that could be interrupted."""


async def captured(folder: Path, *, secure: bool) -> list[tuple[bytes, bytes]]:
    """Everything that has a form of its own on an MSRP connection, as it was on the wire of each of two."""
    authority, keylog = Authority(), folder / "keys.log"
    certificate, key = authority.files(folder, "localhost")
    msrp = Msrp(listen=[f"{'tls' if secure else 'tcp'}://127.0.0.1:0"])
    tls = Tls(str(certificate), str(key)) if secure else Tls()
    async with facing(msrp=msrp, tls=tls) as world:
        port = world.server.msrp.listening[0].port
        async with capture(folder, {port: "msrps" if secure else "msrp"}, keylog if secure else None) as wire:
            ana, cy = [await _seated(world, authority, name, keylog, secure=secure) for name in ("Ana", "Cy")]
            await ana.say(TALK, chunk=2048)
            await cy.expects_message(TALK)
            await _interrupted(ana)
            await cy.expects_message("begun, interrupted, and ended")
            await _aborted(ana)
            await ana.expects_roster("Ana", "Cy")
            await ana.say("psst", to="Cy")
            await cy.expects_message("psst", private=True)
            await ana.rename('Anna "the cup"')
            await ana.rename("Cy", expect=425)
            seen = await wire.stop()
    return await followed(seen, "tls" if secure else "tcp")


async def _seated(
    world: World, authority: Authority, name: str, keylog: Path, *, secure: bool
) -> SipParticipant:
    tls = authority.peer(f"{name.lower()}.example", server_name="localhost") if secure else None
    if tls is not None:
        tls.unverified_client.keylog_filename = str(keylog)
    peer = await world.endpoint(name, tls=tls)
    await peer.join(TEA, name)
    return peer


async def _interrupted(peer: SipParticipant) -> None:
    """A chunk that says `*` for its end and is cut off by another message (RFC 4975 section 5.1)."""
    session = peer.seat.session
    body = peer.seat.wrapped("begun, interrupted, and ended")
    ranges = (f"1-*/{len(body)}", f"101-{len(body)}/{len(body)}")
    frames = [
        session.frame(
            "SEND",
            ("Message-ID", "interrupted1"),
            ("Byte-Range", span),
            ("Content-Type", "message/cpim"),
            body=part,
            flag=flag,
        )
        for span, part, flag in zip(ranges, (body[:100], body[100:]), "+$", strict=True)
    ]
    between = session.send_frames("message/cpim", peer.seat.wrapped("in between"))
    session.write(frames[0], *between, frames[1])
    for each in (*frames, *between):
        await session.expects_response(each, 200)


async def _aborted(peer: SipParticipant) -> None:
    session = peer.seat.session
    head = (("Message-ID", "aborted1"), ("Byte-Range", "1-*/9000"), ("Content-Type", "message/cpim"))
    frame = session.frame("SEND", *head, body=b"From: <", flag="#")
    session.write(frame)
    await session.expects_response(frame, 200)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS with its key log"])
async def test_another_dissector_reads_whole_sessions_as_we_do(tmp_path: Path, *, secure: bool) -> None:
    anas, cys = await captured(tmp_path, secure=secure)
    by_ana, to_ana, by_cy, to_cy = (frames_of(stream) for stream in (*anas, *cys))
    everything = [*by_ana, *to_ana, *by_cy, *to_cy]
    seen = seen_by_tshark(everything, tmp_path)
    assert seen == [seen_by_us(frame) for frame in everything]
    said, heard = seen[: len(by_ana)], seen[len(everything) - len(to_cy) :]
    # chunks, one of them interrupted by a whole message, one aborted
    flags = [(flag, span) for method, *_, span, _, flag in said if method == "SEND" and span]
    assert [flag for flag, _ in flags[: flags.index(("#", "1-*/9000"))]].count("+") >= 8
    assert any(flag == "+" and span.startswith("1-*/") for flag, span in flags)
    # the switch says the whole again, in a chunk that could be interrupted
    spans = [span for method, *_, span, _, _ in heard if method == "SEND"]
    assert any(span.startswith("1-*/") for span in spans)
    # nicknames, and their answers
    assert [method for method, *_ in said].count("NICKNAME") == 3
    assert "425" in [status for _, status, *_ in seen]
    # a private message is on the wires of two
    assert [sum(b"psst" in frame for frame in each) for each in (by_ana, to_ana, by_cy, to_cy)] == [
        1,
        0,
        0,
        1,
    ]


async def test_without_its_key_log_a_tls_session_shows_nothing(tmp_path: Path) -> None:
    authority = Authority()
    certificate, key = authority.files(tmp_path, "localhost")
    async with facing(msrp=Msrp(listen=["tls://127.0.0.1:0"]), tls=Tls(str(certificate), str(key))) as world:
        port = world.server.msrp.listening[0].port
        async with capture(tmp_path, {port: "msrps"}) as wire:
            ana = await _seated(world, authority, "Ana", tmp_path / "elsewhere.log", secure=True)
            await ana.say("secretly")
            seen = await wire.stop()
    assert await seen.count("tls.handshake.type == 2") == 1
    assert await followed(seen, "tls") == [(b"", b"")]
    assert b"secretly" not in seen.path.read_bytes()
