"""Which ports the demo takes on loopback: the standard ones where they are free, else any that are."""

import socket

HOST = "127.0.0.1"
_ATTEMPTS = 20

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def port_for(wanted: int, *kinds: str) -> int:
    """A port that is free for all these kinds (tcp, udp): the wanted one, if it is; 0 wants none of its own.

    Raises OSError when no port can be had.
    """
    last = OSError("no free port on loopback")
    for port in (wanted, *([0] * _ATTEMPTS)):
        try:
            return _bound(port, kinds)
        except OSError as error:
            last = error
    raise last


def _bound(port: int, kinds: tuple[str, ...]) -> int:
    """Take the port for a moment, with all kinds at once."""
    taken: list[socket.socket] = []
    try:
        for kind in kinds:
            one = socket.socket(socket.AF_INET, _KINDS[kind])
            taken.append(one)
            if kind == "tcp":
                # as the server will: a connection that was closed a moment ago does not count
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((HOST, port))
            port = one.getsockname()[1]
        return port
    finally:
        for one in taken:
            one.close()
