"""What is said of an address that cannot be had, whichever event loop says it."""

import asyncio
import errno
import gc
import socket
from collections.abc import Callable

import pytest
import uvloop

from crossroom.net.listening import listening_on, why
from crossroom.net.tcp import StreamListener
from crossroom.net.udp import UdpSocket

LOOPS = [
    (transport, new_loop)
    for transport in ("TCP", "UDP")
    for new_loop in (asyncio.new_event_loop, uvloop.new_event_loop)
]
NewLoop = Callable[[], asyncio.AbstractEventLoop]


def refused(new_loop: NewLoop, transport: str, host: str, port: int) -> str:
    async def bind() -> None:
        with listening_on(transport, host, port):
            if transport == "UDP":
                await UdpSocket.bind(host, port, lambda *_: None)
            else:
                await StreamListener.listen(host, port, lambda: pytest.fail("nobody connects"))

    with asyncio.Runner(loop_factory=new_loop) as runner, pytest.raises(OSError, match="://") as error:
        runner.run(bind())
    gc.collect()  # a socket that was left open is a ResourceWarning by now, which fails the test
    return str(error.value)


@pytest.mark.parametrize(("transport", "new_loop"), LOOPS)
def test_an_address_that_is_taken_is_named(transport: str, new_loop: NewLoop) -> None:
    kind = socket.SOCK_DGRAM if transport == "UDP" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if transport == "TCP":
            other.listen()
        port = other.getsockname()[1]
        where = f"{transport.lower()}://127.0.0.1:{port}"
        assert refused(new_loop, transport, "127.0.0.1", port) == f"{where}: another program listens there"


@pytest.mark.parametrize(("transport", "new_loop"), LOOPS)
def test_an_address_of_another_machine_is_said_to_be_one(transport: str, new_loop: NewLoop) -> None:
    expected = f"{transport.lower()}://192.0.2.7:0: this machine has no such address"
    assert refused(new_loop, transport, "192.0.2.7", 0) == expected


@pytest.mark.parametrize(("transport", "new_loop"), LOOPS)
def test_a_name_without_an_address_is_said_to_be_one(transport: str, new_loop: NewLoop) -> None:
    assert refused(new_loop, transport, "256.0.0.1", 0).endswith("no address is known for this name")


def test_what_uvloop_says_of_a_udp_address_is_understood() -> None:
    said = OSError("could not bind to local_addr ('127.0.0.1', 5060)")
    said.__cause__ = OSError(errno.EACCES, "Permission denied")
    assert why(said) == "this user may not take it; ports below 1024 need a privilege"
    assert why(OSError("something else")) == "something else"
