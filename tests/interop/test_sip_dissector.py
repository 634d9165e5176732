"""What we write, read by tshark's SIP dissector: it shares no code with us and must see the same message."""

import shutil
import subprocess
from pathlib import Path

import pytest

from crossroom.sip.message import Request, Response, parse_datagram
from vectors.sip.torture import GOOD

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="the Debian package tshark is not installed"),
]

FIELDS = ("sip.Method", "sip.Status-Code", "sip.Call-ID", "sip.from.tag", "sip.CSeq.seq", "sip.CSeq.method")
# The dissector takes no white space around `=`, which RFC 3261 §25.1 allows and a copied field keeps, and no
# CSeq method that begins with a punctuation mark.
BEYOND_IT = ("white space", "every character")
VECTORS = [vector for vector in GOOD if not vector.name.startswith(BEYOND_IT)]


def seen_by_us(message: Request | Response) -> tuple[str, ...]:
    return (
        message.method if isinstance(message, Request) else "",
        str(message.status) if isinstance(message, Response) else "",
        message.call_id,
        message.from_.tag or "",
        str(message.cseq.number),
        message.cseq.method,
    )


def seen_by_tshark(messages: list[bytes], folder: Path) -> list[tuple[str, ...]]:
    capture = folder / "written.pcap"
    dump = "".join(f"000000 {message.hex(' ')}\n\n" for message in messages)
    subprocess.run(
        ["text2pcap", "-q", "-u", "5060,5060", "-", str(capture)],
        input=dump.encode(),
        check=True,
        capture_output=True,
    )
    fields = [option for field in FIELDS for option in ("-e", field)]
    listed = subprocess.run(
        ["tshark", "-r", str(capture), "-T", "fields", *fields], check=True, capture_output=True, text=True
    )
    return [tuple(line.split("\t")) for line in listed.stdout.splitlines()]


def test_another_dissector_reads_what_we_write(tmp_path: Path) -> None:
    messages = [parse_datagram(vector.octets) for vector in VECTORS]
    readable = [message for message in messages if isinstance(message, Request | Response)]
    assert len(readable) == len(VECTORS)
    seen = seen_by_tshark([bytes(message) for message in readable], tmp_path)
    assert seen == [seen_by_us(message) for message in readable]
