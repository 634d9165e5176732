"""The product as operators run it: `crossroom serve -c FILE` in a process of its own, on free loopback ports.

Nothing is imported from it: the file and the sockets are its only interfaces here.
"""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from peers.process import Program, free_port
from peers.prosody import Prosody

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one server listens; known before it starts, so that others can be told."""

    sip: int
    msrp: int
    entry: int

    @classmethod
    def free(cls) -> "Ports":
        """Return ports that nobody uses now."""
        return cls(free_port(), free_port(), free_port())

    @property
    def sip_address(self) -> tuple[str, int]:
        return HOST, self.sip

    @property
    def entry_address(self) -> tuple[str, int]:
        """Where XMPP clients without a server log in anonymously."""
        return HOST, self.entry


@dataclass(frozen=True, slots=True)
class Domain:
    """One [[domains]] table."""

    name: str = "conference.example"
    kind: str = "hosted"


def configuration(  # noqa: PLR0913 - the parts of a configuration are its arguments
    ports: Ports,
    *,
    domains: Sequence[Domain] = (Domain(),),
    xmpp: Prosody | None = None,
    outbound_proxy: str = "",
    extra: str = "",
    sip_listen: Sequence[str] = (),
    msrp_listen: Sequence[str] = (),
    sip: str = "",
) -> str:
    """Return a configuration file; SIP users are at sip.example, XMPP users at xmpp.example.

    sip_listen, msrp_listen: further listeners. sip: further lines of [sip].
    """
    lines = ['[server]\nlog_level = "debug"']
    lines += [f'[[domains]]\nname = "{domain.name}"\nkind = "{domain.kind}"' for domain in domains]
    lines.append('[networks]\n"sip.example" = "sip"\n"xmpp.example" = "xmpp"')
    listen = [f"udp://{HOST}:{ports.sip}", f"tcp://{HOST}:{ports.sip}", *sip_listen]
    lines.append(f'[sip]\nlisten = {listen}\noutbound_proxy = "{outbound_proxy}"\n{sip}')
    lines.append(f"[msrp]\nlisten = {[f'tcp://{HOST}:{ports.msrp}', *msrp_listen]}")
    lines.append(f'[xmpp.entry]\nlisten = "tcp://{HOST}:{ports.entry}"\ndomain = "anonymous.localhost"')
    if xmpp:
        link = f'connect = "tcp://{HOST}:{xmpp.component_port}"\nsecret = "{xmpp.secret}"'
        lines.append(f'[[xmpp.component]]\ndomain = "{xmpp.room_domain}"\n{link}')
    return "\n".join([*lines, extra, ""])


@asynccontextmanager
async def crossroom(folder: Path, text: str, *, ready: str = "ready") -> AsyncIterator[Program]:
    """Run a server with that configuration in `folder`, from when it prints `ready` on."""
    path = folder / "crossroom.toml"
    path.write_text(text)
    command = [sys.executable, "-m", "crossroom", "serve", "-c", str(path)]
    async with Program("crossroom", command, folder) as program:
        await program.until_output(ready, within=20)
        yield program
