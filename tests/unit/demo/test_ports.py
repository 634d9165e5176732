"""Which ports the demo takes."""

import socket

import pytest

from crossroom.demo.ports import HOST, port_for


@pytest.mark.parametrize("kinds", [("tcp",), ("tcp", "udp")])
def test_a_port_that_is_free_is_taken(kinds: tuple[str, ...]) -> None:
    free = port_for(0, *kinds)
    assert free > 0
    assert port_for(free, *kinds) == free


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_one_kind_has_not_free_is_replaced(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((HOST, 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        busy = other.getsockname()[1]
        assert port_for(busy, "tcp", "udp") != busy
