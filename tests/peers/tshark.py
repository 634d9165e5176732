"""The wire as Wireshark's dissectors read it: capture loopback ports during a test, decode afterwards.

dumpcap writes to a pipe, so that a marker datagram of ours, seen in its output, proves that the capture has begun
and that everything sent before the end has arrived.
"""

import asyncio
import csv
import io
import secrets
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from peers.process import Program, free_port, need

LOOPBACK = "lo"
OUR_PROTOCOLS = ("sip", "msrp", "xmpp")
ERROR = 0x00800000  # Wireshark's expert severity


def is_stream_end(frame: Mapping[str, str]) -> bool:
    """Whether a complaint is about `</stream:stream>`, which every XMPP stream ends with and no dissector likes."""
    return frame["_ws.col.Info"] == "STREAM END" and frame["_ws.expert.message"] == "Closing an unopened tag"


class Dumpcap(Program):
    """dumpcap; `pcap` grows while it captures."""

    def __init__(self, command: list[str], folder: Path) -> None:
        super().__init__("dumpcap", command, folder)
        self.pcap = bytearray()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self.pcap += data
            self.wake()
        else:
            super().pipe_data_received(fd, data)

    async def until_captured(self, port: int) -> None:
        """Send marker datagrams to `port` until one is in the capture."""
        marker = f"marker {secrets.token_hex(8)}".encode()
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for _ in range(20):
                sender.sendto(marker, ("127.0.0.1", port))
                if await self.until(lambda: marker in self.pcap, within=0.5):
                    return
        raise self.transcript.failure("captures nothing")


class Capture:
    """A running capture of some loopback ports; decode() after stop()."""

    def __init__(
        self,
        dumpcap: Dumpcap,
        path: Path,
        marker_port: int,
        decode_as: Mapping[int, str],
        keylog: Path | None,
    ) -> None:
        self._dumpcap = dumpcap
        self._path = path
        self._marker_port = marker_port
        self._decode_as = decode_as
        self._keylog = keylog

    async def stop(self) -> "Decoded":
        """Wait until all traffic so far is in the capture, end it, return what can be asked about it."""
        await self._dumpcap.until_captured(self._marker_port)
        self._path.write_bytes(self._dumpcap.pcap)
        await self._dumpcap.stop()
        return Decoded(self._path, self._decode_as, self._keylog)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A capture file and how to read it: port to "sip", "msrp", "xmpp", or "http" for what begins as HTTP.

    "msrps" is MSRP over TLS, with the secrets that a peer wrote into `keylog` (ssl.SSLContext.keylog_filename).
    """

    path: Path
    decode_as: Mapping[int, str]
    keylog: Path | None = None

    async def fields(self, display_filter: str, *names: str) -> list[dict[str, str]]:
        """Return one dict per frame that passes the filter: field name to value (several joined by "|")."""
        command = [need("tshark"), "-n", "-r", str(self.path), "-2", "-Y", display_filter]
        command += ["-o", f"tls.keylog_file:{self.keylog}"] if self.keylog else []
        for port, protocol in self.decode_as.items():
            if protocol == "msrps":
                command += ["-d", f"tcp.port=={port},tls"]
                continue
            for transport in ("tcp", "udp") if protocol == "sip" else ("tcp",):
                command += ["-d", f"{transport}.port=={port},{protocol}"]
        command += [
            "-T",
            "fields",
            "-E",
            "header=y",
            "-E",
            "separator=,",
            "-E",
            "quote=d",
            "-E",
            "aggregator=|",
        ]
        command += [argument for name in names for argument in ("-e", name)]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            output, complaint = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"tshark: {complaint.decode()}")
        return list(csv.DictReader(io.StringIO(output.decode())))

    async def malformed_frames(self, protocols: Iterable[str] = OUR_PROTOCOLS) -> list[dict[str, str]]:
        """Return the frames of our protocols that a dissector calls malformed or in error; [] is good."""
        ours = " || ".join(protocols)
        found = await self.fields(
            f"({ours}) && (_ws.malformed || _ws.expert.severity >= {ERROR})",
            "frame.number",
            "_ws.col.Protocol",
            "_ws.col.Info",
            "_ws.expert.message",
        )
        return [frame for frame in found if not is_stream_end(frame)]

    async def count(self, display_filter: str) -> int:
        """Return how many frames pass the filter."""
        return len(await self.fields(display_filter, "frame.number"))


@asynccontextmanager
async def capture(
    folder: Path, decode_as: Mapping[int, str], keylog: Path | None = None
) -> AsyncIterator[Capture]:
    """Capture the loopback traffic of those ports (each to "sip", "msrp", "msrps" or "xmpp") from now on.

    The ports may be unknown at first: `decode_as` is read again when the capture is decoded, and with an empty
    mapping everything on loopback is captured.
    """
    marker_port = free_port()
    ports = " or ".join(f"port {port}" for port in (*decode_as, marker_port))
    command = [need("dumpcap"), "-i", LOOPBACK, "-P", "-w", "-", "-q"]
    command += ["-f", ports] if decode_as else []
    async with Dumpcap(command, folder) as dumpcap:
        await dumpcap.until_output("(?i)capturing on|file:")
        await dumpcap.until_captured(marker_port)
        yield Capture(dumpcap, folder / "capture.pcap", marker_port, decode_as, keylog)
