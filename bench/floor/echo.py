"""The least that a connection of a Python server costs: uvloop, one shared read buffer, every octet sent back.

Run: python bench/floor/echo.py [certificate key]; prints its port, ends with its standard input.
"""

import asyncio
import ctypes
import gc
import os
import signal
import ssl
import sys
from typing import cast

import uvloop

BUFFER = memoryview(bytearray(262144))


class Echo(asyncio.BufferedProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's have no base class

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- ours has one size
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.transport.write(bytes(BUFFER[:nbytes]))


def tidy() -> None:
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
    print(sys.getallocatedblocks(), flush=True)


async def main() -> None:
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1:])
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(Echo, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_signal_handler(signal.SIGUSR1, tidy)
    loop.add_reader(0, lambda: None if os.read(0, 1) else ended.set())
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(main())
