"""A reverse proxy as web servers are one: ends TLS, says where the client is, and passes everything on."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

HOST = "127.0.0.1"


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the other end went away in the middle: so does this one
    finally:
        writer.close()


@asynccontextmanager
async def reverse_proxy(tls: ssl.SSLContext, upstream: int, client: str) -> AsyncIterator[int]:
    """Listen on a free port for who is to be taken for `client`; give the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n")
        inner_reader, inner_writer = await asyncio.open_connection(HOST, upstream)
        inner_writer.write(head + f"X-Forwarded-For: {client}\r\n".encode())
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass_on(reader, inner_writer))
            group.create_task(_pass_on(inner_reader, writer))

    server = await asyncio.start_server(serve, HOST, 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
