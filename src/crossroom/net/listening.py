"""Why an address cannot be listened on, in words for whoever chose it."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_REASONS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "this user may not take it; ports below 1024 need a privilege",
}


@contextmanager
def listening_on(transport: str, host: str, port: int) -> Iterator[None]:
    """Let an OSError of the block say which address it is about, and why."""
    try:
        yield
    except OSError as error:
        shown = f"[{host}]" if ":" in host else host
        raise OSError(f"{transport.lower()}://{shown}:{port}: {why(error)}") from error


def why(error: OSError) -> str:
    """The reason of a failed bind or connect, whichever event loop says it."""
    if isinstance(error, socket.gaierror):
        return "no address is known for this name"
    cause = error.__cause__
    if error.errno is None and isinstance(cause, OSError):  # uvloop wraps what the system said
        return why(cause)
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)
