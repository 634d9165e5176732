"""Child processes whose cost is measured: told lines, answering lines; what they used of CPU and memory."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme


class Process:
    """A child that is told lines and answers lines."""

    def __init__(self, *command: str) -> None:
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.child.stdout
        found = self.child.stdout.readline()
        assert found, "the child ended"
        return found

    def ask(self, order: str, *numbers: float) -> dict[str, float]:
        assert self.child.stdin
        self.child.stdin.write(" ".join([order, *map(str, numbers)]) + "\n")
        self.child.stdin.flush()
        found: dict[str, float] = json.loads(self.line())
        return found

    @property
    def cpu_seconds(self) -> float:
        """User and system, of all threads, to the nanosecond."""
        tasks = Path(f"/proc/{self.child.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    @property
    def resident(self) -> int:
        """Octets of memory in use."""
        return int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1]) * 4096

    def end(self) -> None:
        assert self.child.stdin
        self.child.stdin.close()
        assert self.child.stdout
        self.child.stdout.close()
        self.child.wait()


@contextmanager
def running(*command: str) -> Iterator[Process]:
    process = Process(*command)
    try:
        yield process
    finally:
        process.end()


def certificate(folder: Path) -> list[str]:
    """Make a certificate for 127.0.0.1; gives its file and its key's."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    files = [folder / "certificate.pem", folder / "key.pem"]
    files[0].write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    files[1].write_bytes(issued.private_key_pem.bytes())
    return [str(each) for each in files]
