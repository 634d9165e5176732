"""What we write, read by tshark's MSRP dissector: it shares no code with us and must see the same frame."""

import shutil
import subprocess
from pathlib import Path

import pytest

from crossroom.msrp.chunk import MsrpRequest, MsrpResponse
from crossroom.msrp.message import Message, SharedBody, Transfer
from crossroom.msrp.receiving import report_on
from crossroom.msrp.sending import Sending
from crossroom.msrp.session_events import MessageReceived
from crossroom.msrp.stream import StreamReader
from crossroom.msrp.uri import MsrpUri

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
    report = report_on(MessageReceived(1, Message("m2", "text/plain", b"hi"), THEM), 200, "", US)
    return [
        sending.bind(0.0),
        sending.set_nickname('Al "X"', 0.0),
        sending.send_shared(
            SharedBody("message/cpim", b"To: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nhi"), 0.0
        ),
        *chunks,
        bytes(MsrpResponse("tttt", 413, THEM, US, "Stop Sending")),
        bytes(MsrpRequest("tttt", report.method, report.to_path, report.from_path, report.headers)),
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
