"""A real program run for a test: in its own folder, on loopback, its output kept, ended by its process id.

No tasks: asyncio's subprocess callbacks collect the output. The program leads a process group of its own, so
that what it forks ends with it.
"""

import asyncio
import itertools
import os
import re
import secrets
import shutil
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pytest

from peers.transcript import DEFAULT_TIMEOUT, Transcript

FIXED_PORTS = range(16_384, 32_768)  # Linux: net.ipv4.ip_local_port_range begins at 32768
NEXT_PORTS = itertools.count(
    secrets.randbelow(len(FIXED_PORTS))
)  # in turn: two programs never get the same one
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def need(program: str) -> str:
    """Return the path of a program; skip the test when it is not installed (see scripts/install-test-packages)."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed: run scripts/install-test-packages")
    return found


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody uses now, neither by TCP nor by UDP.

    It is below the ports that the system gives to outgoing connections: none of those takes it before it is listened at.
    """
    while True:
        port = FIXED_PORTS[next(NEXT_PORTS) % len(FIXED_PORTS)]
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((host, port))
                udp.bind((host, port))
            except OSError:
                continue
            return port


class Program(asyncio.SubprocessProtocol):
    """One run of a program. `output` holds stdout and stderr as they come."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.transcript = Transcript(name)
        self.output = ""
        self.folder = folder
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._news = asyncio.Event()
        self._ended = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.transcript.note(" ".join(self._command))
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self,
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=self.folder,
            env=self._environment,
            start_new_session=True,
        )
        self._transport = transport
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        print(self.transcript)  # noqa: T201 - pytest shows it when the test fails, and only then

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    async def stop(self, *, within: float = 12.0) -> None:
        """End it: SIGTERM, and SIGKILL to its whole group when it does not go."""
        if not self._ended.is_set():
            self._transport.terminate()
            try:
                async with asyncio.timeout(within):
                    await self._ended.wait()
            except TimeoutError:
                self.transcript.note("did not end by itself")
                os.killpg(self.pid, signal.SIGKILL)
                await self._ended.wait()
        self._transport.close()

    async def crash(self) -> None:
        """End it without a warning, with all it forked."""
        os.killpg(self.pid, signal.SIGKILL)
        await self._ended.wait()

    async def restart(self, *, ready: str, within: float = 20.0) -> None:
        """Run it again after its end, with the same command, until it prints `ready`."""
        self._transport.close()
        self.output = ""
        self._ended.clear()
        await self.__aenter__()
        await self.until_output(ready, within=within)

    async def until_output(self, pattern: str, *, within: float = DEFAULT_TIMEOUT) -> re.Match[str]:
        """Wait until the output matches; PeerFailure when it does not or the program ends."""
        await self.until(lambda: self._ended.is_set() or self._found(pattern) is not None, within=within)
        found = self._found(pattern)
        if found is None:
            raise self.transcript.failure(f"did not print {pattern!r} within {within:g} s")
        return found

    def _found(self, pattern: str) -> re.Match[str] | None:
        return re.search(pattern, self.output)

    async def until(self, claim: Callable[[], bool], *, within: float) -> bool:
        """Wait until `claim()` holds, asked again after each output; return whether it does."""
        try:
            async with asyncio.timeout(within):
                while not claim():
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def until_ended(self, *, within: float = DEFAULT_TIMEOUT) -> int:
        """Wait for the end; return the exit status."""
        try:
            async with asyncio.timeout(within):
                await self._ended.wait()
        except TimeoutError:
            raise self.transcript.failure(f"still runs after {within:g} s") from None
        return self._transport.get_returncode() or 0

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        text = data.decode("utf-8", "backslashreplace")
        self.output += text
        self.transcript.received(f"output {fd}", text)
        self.wake()

    def process_exited(self) -> None:
        self.transcript.note(f"ended with {self._transport.get_returncode()}")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        # comes after process_exited and after the last output
        self._ended.set()
        self.wake()

    def wake(self) -> None:
        """Let all waits look again."""
        self._news.set()
        self._news.clear()
