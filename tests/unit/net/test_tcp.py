"""net/tcp.py over real loopback sockets, in clear and over TLS."""

import asyncio
import ssl

import pytest
import trustme

from crossroom.net.tcp import READ_AT_ONCE, Connection, StreamListener


class Hoard:
    """A StreamUser that keeps what it is given, piece by piece."""

    def __init__(self) -> None:
        self.read_buffer = memoryview(bytearray(READ_AT_ONCE))
        self.pieces: list[bytes] = []
        self.lost = asyncio.Event()

    def data_received(self, _connection: Connection, data: bytes) -> None:
        self.pieces.append(data)

    def connection_lost(self, _connection: Connection) -> None:
        self.lost.set()

    def accept(self) -> Connection:
        return Connection(self, 1, outgoing=False, max_unsent=1000)


@pytest.mark.parametrize("is_secure", [False, True], ids=["clear", "tls"])
async def test_a_backlog_is_read_in_pieces_so_that_others_have_their_turn(*, is_secure: bool) -> None:
    server, client = None, None
    if is_secure:
        authority = trustme.CA()
        server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
        authority.issue_cert("127.0.0.1").configure_cert(server)
        authority.configure_trust(client)
    hoard = Hoard()
    listener = await StreamListener.listen("127.0.0.1", 0, hoard.accept, server)
    _, writer = await asyncio.open_connection(*listener.address, ssl=client)
    sent = bytes(range(256)) * 1000
    writer.write(sent)
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(5):
        await hoard.lost.wait()
    await listener.close()
    assert b"".join(hoard.pieces) == sent
    assert max(len(piece) for piece in hoard.pieces) <= READ_AT_ONCE
