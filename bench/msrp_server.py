"""The product in a process of its own, for msrp_switch.py: all of it, with rates that a benchmark may have.

Run: python bench/msrp_server.py [certificate key]; prints the ports of SIP and MSRP, ends with its standard input.
With PROFILE=FILE in the environment it writes a profile there.
"""

import asyncio
import cProfile
import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable

import structlog
import uvloop

from crossroom.config.schema import Configuration, Domain, Limits, Msrp, MsrpOffer, Sip, Tls
from crossroom.server import Crossroom, settle


def configuration(arguments: list[str]) -> Configuration:
    files = Tls(certificate=arguments[0], key=arguments[1]) if arguments else Tls()
    return Configuration(
        domains=[Domain("conference.example")],
        sip=Sip(listen=["tcp://127.0.0.1:0"]),
        msrp=Msrp(
            listen=["tls://127.0.0.1:0" if arguments else "tcp://127.0.0.1:0"],
            offer=MsrpOffer.TLS if arguments else MsrpOffer.TCP,
        ),
        tls=files,
        # what a person may do in a second is no measure of the machine
        limits=Limits(occupant_rate=1e9, occupant_burst=10**9, join_rate=1e9, join_burst=10**9),
    )


def tidy() -> None:
    """Keep nothing but what is in use, no garbage, no free lists of the C library; tell how many objects that is."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
    print(sys.getallocatedblocks(), flush=True)


async def serve(settings: Configuration, ports: Callable[[Crossroom], list[int]]) -> None:
    """Run until standard input ends; `ports` are told first."""
    server = Crossroom(settings, structlog.stdlib.get_logger())
    await server.start()
    settle()
    print(*ports(server), flush=True)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, tidy)
    loop.add_reader(0, lambda: None if os.read(0, 1) else ended.set())
    await ended.wait()
    await server.stop()


def run(settings: Configuration, ports: Callable[[Crossroom], list[int]]) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if "PROFILE" in os.environ:
        profile = cProfile.Profile()
        profile.runcall(uvloop.run, serve(settings, ports))
        profile.dump_stats(os.environ["PROFILE"])
    else:
        uvloop.run(serve(settings, ports))


if __name__ == "__main__":
    run(
        configuration(sys.argv[1:]),
        lambda server: [server.sip.listening[0].port, server.msrp.listening[0].port],
    )
