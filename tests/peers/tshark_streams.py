"""TCP streams as Wireshark reassembles, and where it has the key log decrypts, them: octets of both directions.

Its MSRP dissector reads one frame of a segment only; so the streams are cut into frames here (by their end-lines,
as RFC 4975 section 7.3.1 says, with none of the product's code), and each frame is shown to the dissector alone.
"""

import asyncio
import re

from peers.process import need
from peers.tshark import Decoded

START = re.compile(rb"MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}) ")


async def followed(decoded: Decoded, layer: str) -> list[tuple[bytes, bytes]]:
    """The streams of a capture by layer "tcp" or "tls": what was sent by who connected, and by who was called."""
    found = await decoded.fields(layer, "tcp.stream")
    return [
        await _followed(decoded, layer, number) for number in sorted({each["tcp.stream"] for each in found})
    ]


def frames_of(stream: bytes) -> list[bytes]:
    """The frames of one direction; ValueError for what is no MSRP."""
    frames = []
    while stream:
        start = START.match(stream)
        end = re.search(b"\r\n-------" + re.escape(start[1]) + rb"[$+#]\r\n", stream) if start else None
        if end is None:
            raise ValueError(f"no MSRP frame: {stream[:80]!r}")
        frames.append(stream[: end.end()])
        stream = stream[end.end() :]
    return frames


async def _followed(decoded: Decoded, layer: str, number: str) -> tuple[bytes, bytes]:
    command = [need("tshark"), "-n", "-r", str(decoded.path), "-q", "-z", f"follow,{layer},raw,{number}"]
    command += ["-o", f"tls.keylog_file:{decoded.keylog}"] if decoded.keylog else []
    for port, protocol in decoded.decode_as.items():
        command += ["-d", f"tcp.port=={port},tls"] if protocol == "msrps" else []
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, complaint = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"tshark: {complaint.decode()}")
    text = output.decode()
    lines = [line for line in text.splitlines() if re.fullmatch("\t?[0-9a-f]+", line)]
    # what node 1 said is indented
    said = (
        bytes.fromhex("".join(line for line in lines if not line.startswith("\t"))),
        bytes.fromhex("".join(line.strip() for line in lines if line.startswith("\t"))),
    )
    first = re.search(r"^Node 0: .*:(\d+)$", text, re.MULTILINE)
    is_called_first = first is not None and int(first[1]) in decoded.decode_as
    return (said[1], said[0]) if is_called_first else said
